//! What waits for one connection: shared messages, bounded.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::mpsc;

/// Messages that may wait for one connection; all its streams may speak at once a few times.
const WAITING: usize = 4_096;

/// One message of one stream, serialised once for everyone.
#[derive(Debug)]
pub struct Message {
    stream: Arc<str>,
    raw: Utf8Bytes,
    combined: OnceLock<Utf8Bytes>,
}

impl Message {
    /// A message of that stream.
    pub fn new(stream: Arc<str>, raw: String) -> Arc<Message> {
        Arc::new(Message {
            stream,
            raw: raw.into(),
            combined: OnceLock::new(),
        })
    }

    /// The bytes, wrapped with the stream's name or not.
    pub fn text(&self, is_combined: bool) -> Utf8Bytes {
        if !is_combined {
            return self.raw.clone();
        }
        let combined = || {
            let (stream, raw) = (&self.stream, self.raw.as_str());
            format!(r#"{{"stream":"{stream}","data":{raw}}}"#).into()
        };
        self.combined.get_or_init(combined).clone()
    }
}

/// The hub's end of a connection's inbox.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Tells connections apart.
    pub id: u64,
    messages: mpsc::Sender<Arc<Message>>,
    is_lagged: Arc<AtomicBool>,
}

/// The connection's end.
#[derive(Debug)]
pub struct Inbox {
    messages: mpsc::Receiver<Arc<Message>>,
    is_lagged: Arc<AtomicBool>,
}

/// An inbox for the connection of that number.
pub fn channel(id: u64) -> (Sender, Inbox) {
    let (sender, messages) = mpsc::channel(WAITING);
    let is_lagged = Arc::new(AtomicBool::new(false));
    let inbox = Inbox {
        messages,
        is_lagged: is_lagged.clone(),
    };
    let sender = Sender {
        id,
        messages: sender,
        is_lagged,
    };
    (sender, inbox)
}

impl Sender {
    /// Puts a message in; false when the connection is gone or has just been cut.
    pub fn send(&self, message: &Arc<Message>) -> bool {
        let sent = self.messages.try_send(message.clone()).is_ok();
        if !sent {
            self.is_lagged.store(true, Ordering::Release);
        }
        sent
    }

    /// Cuts the connection: something was lost before it could be put in.
    pub fn cut(&self) {
        self.is_lagged.store(true, Ordering::Release);
        // Whoever waits has to look; a full inbox looks anyway.
        drop(
            self.messages
                .try_send(Message::new("".into(), String::new())),
        );
    }
}

impl Inbox {
    /// The next message; `None` when the connection was cut. May be dropped and called again.
    pub async fn recv(&mut self) -> Option<Arc<Message>> {
        let message = self.messages.recv().await;
        message.filter(|_| !self.is_lagged.load(Ordering::Acquire))
    }

    /// The next message if there is one by now.
    pub fn try_recv(&mut self) -> Option<Arc<Message>> {
        let message = self.messages.try_recv().ok();
        message.filter(|_| !self.is_lagged.load(Ordering::Acquire))
    }
}
