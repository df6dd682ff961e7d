//! One connection: market updates in, messages out, and its end.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::SinkExt;
use schemas::report::MarketUpdate;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

use crate::call::App;
use crate::wire::clock::TimeUnit;
use crate::ws::control;
use crate::ws::subscriptions::{Format, Subscriptions};

/// How often gathered levels are looked at.
const FLUSH_EVERY: Duration = Duration::from_millis(100);
const PING_EVERY: Duration = Duration::from_secs(20);
/// Without any sign of life for so long a connection is cut.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// A message that cannot be written for so long belongs to nobody.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
const LIFE_MAX: Duration = Duration::from_secs(86_400);
const UPDATES_PER_WRITE_MAX: usize = 256;
/// Ten times what Binance allows.
const MESSAGES_PER_SECOND_MAX: u32 = 50;

/// What a connection listens to, and how it wants to hear it.
#[derive(Debug)]
pub struct Opening {
    pub subscriptions: Subscriptions,
    /// Whether events are wrapped with the name of their stream.
    pub combined: bool,
    pub unit: TimeUnit,
}

/// Why a connection ends, told to the client; `None` when it is gone already.
type End = Option<(u16, &'static str)>;

const LAGGED: End = Some((close_code::POLICY, "slow reader: messages were lost"));
const STOPPING: End = Some((close_code::AWAY, "the node is stopping"));

struct Session {
    app: Arc<App>,
    state: Opening,
    socket: WebSocket,
    updates: Receiver<Arc<MarketUpdate>>,
    flush: Interval,
    ping: Interval,
    heard: Instant,
    /// The running second, and the messages in it.
    second: (Instant, u32),
    out: Vec<String>,
}

/// Serves a connection until it ends.
pub async fn run(app: Arc<App>, state: Opening, socket: WebSocket) {
    let updates = app.parts.queries.market_updates();
    let now = Instant::now();
    let mut flush = interval_at(now + FLUSH_EVERY, FLUSH_EVERY);
    flush.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ping = interval_at(now + PING_EVERY, PING_EVERY);
    let out = Vec::new();
    let mut session = Session {
        app,
        state,
        socket,
        updates,
        flush,
        ping,
        heard: now,
        second: (now, 0),
        out,
    };
    let end = loop {
        if let Err(end) = session.step(now + LIFE_MAX).await {
            break end;
        }
        if let Err(end) = session.send_all().await {
            break end;
        }
    };
    session.close(end).await;
}

impl Session {
    /// Waits for the next thing and turns it into messages.
    async fn step(&mut self, life_ends: Instant) -> Result<(), End> {
        let format = Format {
            combined: self.state.combined,
            unit: self.state.unit,
        };
        let waits = self.state.subscriptions.waits();
        tokio::select! {
            message = self.socket.recv() => match message {
                Some(Ok(message)) => self.hear(message),
                Some(Err(_)) | None => Err(None),
            },
            update = self.updates.recv() => match update {
                Ok(update) => self.absorb(&update, format),
                Err(RecvError::Lagged(_)) => Err(LAGGED),
                Err(RecvError::Closed) => Err(STOPPING),
            },
            now = self.flush.tick(), if waits => {
                self.state.subscriptions.flush(now, format, &mut self.out);
                Ok(())
            }
            now = self.ping.tick() => self.ping(now).await,
            () = tokio::time::sleep_until(life_ends) => {
                Err(Some((close_code::AWAY, "a connection lives for 24 hours")))
            }
        }
    }

    /// One update, and those that came meanwhile, for one write.
    fn absorb(&mut self, update: &MarketUpdate, format: Format) -> Result<(), End> {
        self.state
            .subscriptions
            .absorb(update, format, &mut self.out);
        for _ in 1..UPDATES_PER_WRITE_MAX {
            match self.updates.try_recv() {
                Ok(update) => self
                    .state
                    .subscriptions
                    .absorb(&update, format, &mut self.out),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Lagged(_)) => return Err(LAGGED),
                Err(TryRecvError::Closed) => return Err(STOPPING),
            }
        }
        Ok(())
    }

    /// One message of the client.
    fn hear(&mut self, message: Message) -> Result<(), End> {
        let now = Instant::now();
        self.heard = now;
        if now - self.second.0 >= Duration::from_secs(1) {
            self.second = (now, 0);
        }
        self.second.1 += 1;
        if self.second.1 > MESSAGES_PER_SECOND_MAX {
            return Err(Some((close_code::POLICY, "too many messages")));
        }
        match message {
            Message::Text(text) => {
                let directory = self.app.parts.queries.directory();
                self.out
                    .push(control::handle(&mut self.state, &directory, &text));
                Ok(())
            }
            Message::Binary(_) => Err(Some((close_code::UNSUPPORTED, "text messages only"))),
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(None),
        }
    }

    async fn ping(&mut self, now: Instant) -> Result<(), End> {
        if now - self.heard >= SILENCE_MAX {
            return Err(Some((close_code::POLICY, "no pong for a minute")));
        }
        let payload = self.app.parts.submit.now().as_millis().to_string();
        let sent = timeout(
            SEND_TIMEOUT,
            self.socket.send(Message::Ping(payload.into())),
        );
        settle(sent.await)
    }

    /// Writes what has gathered, at once.
    async fn send_all(&mut self) -> Result<(), End> {
        if self.out.is_empty() {
            return Ok(());
        }
        let (socket, out) = (&mut self.socket, &mut self.out);
        let send = async {
            for text in out.drain(..) {
                socket.feed(Message::Text(text.into())).await?;
            }
            socket.flush().await
        };
        settle(timeout(SEND_TIMEOUT, send).await)
    }

    /// Says why, if anyone is there to hear it, and waits a moment for the goodbye.
    async fn close(mut self, end: End) {
        let Some((code, reason)) = end else { return };
        tracing::debug!(code, reason, "stream closed");
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        let goodbye = async {
            if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
                while let Some(Ok(_)) = self.socket.recv().await {}
            }
        };
        // A client that does not answer is left alone.
        drop(timeout(CLOSE_TIMEOUT, goodbye).await);
    }
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
