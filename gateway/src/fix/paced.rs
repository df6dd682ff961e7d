//! A reader that pauses while too many messages wait for their answers.
//!
//! The session layer ends a session whose messages it cannot hand over. So the socket is
//! simply not read while the backlog is long: TCP tells the client to wait.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, ReadBuf};

/// Messages that may wait before reading pauses; well below the sequencer's ring.
const HIGH: usize = 2_048;
/// Reading goes on when so few wait.
const LOW: usize = 1_024;

/// How many messages wait for their answers.
#[derive(Debug, Default)]
pub struct Backlog {
    count: AtomicUsize,
    reader: AtomicWaker,
}

impl Backlog {
    fn add(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
    }

    /// One was answered.
    pub fn done(&self) {
        if self.count.fetch_sub(1, Ordering::AcqRel) == LOW + 1 {
            self.reader.wake();
        }
    }

    /// One more waits, until the claim is dropped or whoever answers says [`Backlog::done`].
    pub fn claim(self: &Arc<Backlog>) -> Claim {
        self.add();
        Claim {
            backlog: Some(Arc::clone(self)),
        }
    }

    /// Whether everything that was claimed has been answered.
    pub fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    fn is_long(&self) -> bool {
        self.count.load(Ordering::Acquire) >= HIGH
    }
}

/// A place in the backlog.
#[derive(Debug)]
pub struct Claim {
    backlog: Option<Arc<Backlog>>,
}

impl Claim {
    /// The message is on its way to whoever answers it, and gives the place back.
    pub fn hand_over(mut self) {
        self.backlog = None;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(backlog) = &self.backlog {
            backlog.done();
        }
    }
}

/// The reading half of a connection.
#[derive(Debug)]
pub struct Paced<R> {
    reader: R,
    backlog: Arc<Backlog>,
}

impl<R> Paced<R> {
    /// Reads from `reader` while `backlog` is short.
    pub fn new(reader: R, backlog: Arc<Backlog>) -> Paced<R> {
        Paced { reader, backlog }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Paced<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let paced = self.get_mut();
        if paced.backlog.is_long() {
            paced.backlog.reader.register(context.waker());
            // It may have become short between the look and the registration.
            if paced.backlog.is_long() {
                return Poll::Pending;
            }
        }
        Pin::new(&mut paced.reader).poll_read(context, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::{Backlog, HIGH, LOW, Paced};
    use std::sync::Arc;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn reading_pauses_while_the_backlog_is_long() {
        let backlog = Arc::new(Backlog::default());
        let mut paced = Paced::new(&b"abc"[..], Arc::clone(&backlog));
        assert_eq!(paced.read_u8().await.expect("a byte"), b'a');
        for _ in 0..HIGH {
            backlog.add();
        }
        let reading = tokio::spawn(async move { paced.read_u8().await });
        tokio::task::yield_now().await;
        assert!(!reading.is_finished(), "a long backlog stops the reader");
        for _ in LOW..HIGH {
            backlog.done();
        }
        assert_eq!(reading.await.expect("no panic").expect("a byte"), b'b');
    }
}
