//! What every connection has in common: pings, silence, age, pace, and how it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use futures_util::SinkExt;
use schemas::units::TimeNs;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

const PING_EVERY: Duration = Duration::from_secs(20);
/// Without any sign of life for so long a connection is cut.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// A message that cannot be written for so long belongs to nobody.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
const LIFE_MAX: Duration = Duration::from_secs(86_400);

/// Why a connection ends, told to the client; `None` when it is gone already.
pub type End = Option<(u16, &'static str)>;

/// Who reads too slowly misses nothing silently.
pub const LAGGED: End = Some((close_code::POLICY, "slow reader: messages were lost"));
/// The node goes down.
pub const STOPPING: End = Some((close_code::AWAY, "the node is stopping"));

/// All open connections, so that a clean stop can tell them and wait for them.
#[derive(Clone, Debug)]
pub struct Sockets {
    stopping: watch::Sender<bool>,
    open: Arc<AtomicUsize>,
}

impl Default for Sockets {
    fn default() -> Sockets {
        Sockets {
            stopping: watch::Sender::new(false),
            open: Arc::default(),
        }
    }
}

impl Sockets {
    /// Tells every connection, and waits until all are closed, at most so long.
    pub async fn close(&self, most: Duration) {
        self.stopping.send_replace(true);
        let deadline = Instant::now() + most;
        while self.count() != 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    fn enter(&self) -> Guard {
        self.open.fetch_add(1, Ordering::AcqRel);
        Guard(self.open.clone())
    }
}

/// Counts one connection as long as it lives.
#[derive(Debug)]
struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The clockwork of one connection.
#[derive(Debug)]
pub struct Life {
    stopping: watch::Receiver<bool>,
    ping: Interval,
    ends: Instant,
    heard: Instant,
    /// The running second, the messages in it, and the most there may be.
    second: (Instant, u32),
    pace: u32,
    _guard: Guard,
}

/// What is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// A ping is to be sent.
    Ping,
    /// The node is stopping: say so and end.
    Stop,
}

impl Life {
    /// A connection begins; it may send `pace` messages a second.
    pub fn begin(sockets: &Sockets, pace: u32) -> Life {
        let now = Instant::now();
        let mut ping = interval_at(now + PING_EVERY, PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Life {
            stopping: sockets.stopping.subscribe(),
            ping,
            ends: now + LIFE_MAX,
            heard: now,
            second: (now, 0),
            pace,
            _guard: sockets.enter(),
        }
    }

    /// Waits for the next thing that is due; may be dropped and called again.
    ///
    /// # Errors
    /// Why the connection ends: nothing was heard, or it is too old.
    pub async fn due(&mut self) -> Result<Due, End> {
        tokio::select! {
            now = self.ping.tick() => {
                if now - self.heard >= SILENCE_MAX {
                    Err(Some((close_code::POLICY, "no pong for a minute")))
                } else if self.ends <= now {
                    Err(Some((close_code::AWAY, "a connection lives for 24 hours")))
                } else {
                    Ok(Due::Ping)
                }
            }
            // An error means that the sender is gone: that is a stop too.
            _ = self.stopping.wait_for(|stop| *stop) => Ok(Due::Stop),
        }
    }

    /// Something came from the client; a text is given back.
    ///
    /// # Errors
    /// When the client goes, or sends what it should not, or too much.
    pub fn hear(&mut self, message: Message) -> Result<Option<Utf8Bytes>, End> {
        let now = Instant::now();
        self.heard = now;
        if now - self.second.0 >= Duration::from_secs(1) {
            self.second = (now, 0);
        }
        self.second.1 += 1;
        if self.second.1 > self.pace {
            return Err(Some((close_code::POLICY, "too many messages")));
        }
        match message {
            Message::Text(text) => Ok(Some(text)),
            Message::Binary(_) => Err(Some((close_code::UNSUPPORTED, "text messages only"))),
            Message::Ping(_) | Message::Pong(_) => Ok(None),
            Message::Close(_) => Err(None),
        }
    }
}

/// A ping with the venue's time, as Binance does.
///
/// # Errors
/// As [`send_all`].
pub async fn ping(socket: &mut WebSocket, now: TimeNs) -> Result<(), End> {
    let payload = now.as_millis().to_string();
    settle(timeout(SEND_TIMEOUT, socket.send(Message::Ping(payload.into()))).await)
}

/// Writes what has gathered, at once.
///
/// # Errors
/// When nothing can be written.
pub async fn send_all(socket: &mut WebSocket, out: &mut Vec<Utf8Bytes>) -> Result<(), End> {
    if out.is_empty() {
        return Ok(());
    }
    let send = async {
        for text in out.drain(..) {
            socket.feed(Message::Text(text)).await?;
        }
        socket.flush().await
    };
    settle(timeout(SEND_TIMEOUT, send).await)
}

/// Says why, if anyone is there to hear it, and waits a moment for the goodbye.
pub async fn close(mut socket: WebSocket, end: End) {
    let Some((code, reason)) = end else { return };
    tracing::debug!(code, reason, "socket closed");
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    let goodbye = async {
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    // A client that does not answer is left alone.
    drop(timeout(CLOSE_TIMEOUT, goodbye).await);
}

/// A write that failed ends the connection; one that took too long says so.
fn settle<T>(sent: Result<Result<(), axum::Error>, T>) -> Result<(), End> {
    match sent {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(None),
        Err(_) => Err(Some((
            close_code::POLICY,
            "slow reader: nothing could be written",
        ))),
    }
}
