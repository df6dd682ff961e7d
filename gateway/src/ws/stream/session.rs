//! One connection: shared messages in, the same bytes out, and its end.

use std::sync::Arc;

use axum::extract::ws::{Utf8Bytes, WebSocket};
use schemas::instrument::SymbolKind;
use schemas::report::Directory;

use crate::call::App;
use crate::wire::clock::TimeUnit;
use crate::ws::life::{self, Due, End, LAGGED, Life, STOPPING};
use crate::ws::stream::control;
use crate::ws::stream::inbox::{Inbox, Sender};
use crate::ws::stream::names::StreamName;

/// Messages in one write.
const BATCH: usize = 256;
/// Messages of a client in a second: ten times what Binance allows.
const PACE: u32 = 50;
/// The most streams of one connection.
const STREAMS_MAX: usize = 1_024;

/// What the URL of a connection asks for.
#[derive(Debug)]
pub struct Opening {
    pub streams: Vec<(String, StreamName)>,
    /// Whether events are wrapped with the name of their stream.
    pub is_combined: bool,
    pub unit: TimeUnit,
    /// What the names of symbols mean.
    pub product: SymbolKind,
}

/// What one connection listens to, and how it wants to hear it.
pub struct Subscriptions {
    app: Arc<App>,
    sender: Sender,
    names: Vec<String>,
    unit: TimeUnit,
    product: SymbolKind,
    pub is_combined: bool,
}

/// Why streams were not added; then none of them was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotAdded {
    /// The first name that is not served.
    Unknown(String),
    /// More than a connection may have.
    TooMany,
}

/// Reads names, each once.
///
/// # Errors
/// [`NotAdded`].
pub fn read_names(
    (directory, product): (&Directory, SymbolKind),
    names: &[String],
    has: &[String],
) -> Result<Vec<(String, StreamName)>, NotAdded> {
    let mut read: Vec<(String, StreamName)> = Vec::new();
    for name in names {
        let stream = StreamName::parse(directory, product, name);
        let stream = stream.ok_or_else(|| NotAdded::Unknown(name.clone()))?;
        if has.contains(name) || read.iter().any(|(other, _)| other == name) {
            continue;
        }
        if has.len() + read.len() == STREAMS_MAX {
            return Err(NotAdded::TooMany);
        }
        read.push((name.clone(), stream));
    }
    Ok(read)
}

impl Subscriptions {
    /// Adds streams; those it has already stay as they are.
    ///
    /// # Errors
    /// [`NotAdded`], and then nothing was added.
    pub fn add(&mut self, directory: &Directory, names: &[String]) -> Result<(), NotAdded> {
        let streams = read_names((directory, self.product), names, &self.names)?;
        self.listen(streams);
        Ok(())
    }

    fn listen(&mut self, streams: Vec<(String, StreamName)>) {
        for (name, stream) in streams {
            let hub = &self.app.hub;
            hub.listen(&self.sender, self.unit, (&name, stream));
            self.names.push(name);
        }
    }

    /// Takes streams off; unknown names are none of them.
    pub fn remove(&mut self, names: &[String]) {
        let (hub, sender) = (&self.app.hub, &self.sender);
        let manner = (self.unit, self.product == SymbolKind::Perpetual);
        self.names.retain(|name| {
            let goes = names.contains(name);
            if goes {
                hub.leave(sender.id, manner, name);
            }
            !goes
        });
    }

    /// The names, in order of subscription.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        let manner = (self.unit, self.product == SymbolKind::Perpetual);
        for name in &self.names {
            self.app.hub.leave(self.sender.id, manner, name);
        }
    }
}

/// A connection under way.
struct Session {
    subscriptions: Subscriptions,
    inbox: Inbox,
    out: Vec<Utf8Bytes>,
}

/// Serves a connection until it ends.
pub async fn run(app: Arc<App>, opening: Opening, mut socket: WebSocket) {
    let mut life = Life::begin(&app.parts.sockets, PACE);
    let (sender, inbox) = app.hub.connect();
    let mut subscriptions = Subscriptions {
        app,
        sender,
        names: Vec::new(),
        unit: opening.unit,
        product: opening.product,
        is_combined: opening.is_combined,
    };
    subscriptions.listen(opening.streams);
    let mut session = Session {
        subscriptions,
        inbox,
        out: Vec::new(),
    };
    let end = loop {
        let step = session.step(&mut socket, &mut life).await;
        let sent = life::send_all(&mut socket, &mut session.out).await;
        if let Err(end) = step.and(sent) {
            break end;
        }
    };
    drop(session);
    life::close(socket, end).await;
}

impl Session {
    /// Waits for the next thing and turns it into messages.
    async fn step(&mut self, socket: &mut WebSocket, life: &mut Life) -> Result<(), End> {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(message)) => {
                    if let Some(text) = life.hear(message)? {
                        let directory = self.subscriptions.app.parts.queries.directory();
                        let reply = control::handle(&mut self.subscriptions, &directory, &text);
                        self.out.push(reply.into());
                    }
                    Ok(())
                }
                Some(Err(_)) | None => Err(None),
            },
            message = self.inbox.recv() => {
                let is_combined = self.subscriptions.is_combined;
                let mut next = Some(message.ok_or(LAGGED)?);
                while let Some(message) = next {
                    self.out.push(message.text(is_combined));
                    let has_room = self.out.len() < BATCH;
                    next = if has_room { self.inbox.try_recv() } else { None };
                }
                Ok(())
            }
            due = life.due() => match due? {
                Due::Ping => life::ping(socket, self.subscriptions.app.parts.submit.now()).await,
                Due::Stop => {
                    self.out.push(self.last_words().into());
                    Err(STOPPING)
                }
            },
        }
    }

    fn last_words(&self) -> String {
        let now = self.subscriptions.app.parts.submit.now();
        let time = self.subscriptions.unit.print(now);
        let event = format!(r#"{{"e":"serverShutdown","E":{time}}}"#);
        if self.subscriptions.is_combined {
            format!(r#"{{"stream":"!serverShutdown","data":{event}}}"#)
        } else {
            event
        }
    }
}
