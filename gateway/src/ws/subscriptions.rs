//! What one connection listens to.

use schemas::report::{Directory, MarketUpdate};
use serde::Serialize;
use tokio::time::Instant;

use crate::wire::clock::TimeUnit;
use crate::wire::grid::Grid;
use crate::ws::book_ticker_stream::BookTickerEvent;
use crate::ws::depth_stream::Gathered;
use crate::ws::names::{Feed, StreamName};
use crate::ws::trade_stream::TradeEvent;

/// The most streams of one connection.
const STREAMS_MAX: usize = 1_024;

/// The streams of one connection, by name.
#[derive(Debug, Default)]
pub struct Subscriptions {
    streams: Vec<Stream>,
}

#[derive(Debug)]
struct Stream {
    name: String,
    grid: Grid,
    feed: Feed,
    /// Levels that wait for their moment; only of a depth stream.
    gathered: Gathered,
}

/// Why streams were not added; then none of them was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotAdded {
    /// The first name that is not served.
    Unknown(String),
    /// More than a connection may have.
    TooMany,
}

/// How events leave a connection.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Wrapped as `{"stream":…,"data":…}`.
    pub combined: bool,
    pub unit: TimeUnit,
}

#[derive(Serialize)]
struct Wrapped<'a, T> {
    stream: &'a str,
    data: &'a T,
}

impl Format {
    /// One event as text.
    fn text(self, stream: &str, data: &impl Serialize) -> String {
        let text = if self.combined {
            serde_json::to_string(&Wrapped { stream, data })
        } else {
            serde_json::to_string(data)
        };
        text.expect("events have text keys only")
    }
}

impl Subscriptions {
    /// Adds streams; those it has already stay as they are.
    ///
    /// # Errors
    /// [`NotAdded`], and then nothing was added.
    pub fn add(&mut self, directory: &Directory, names: &[String]) -> Result<(), NotAdded> {
        let mut added: Vec<Stream> = Vec::new();
        for name in names {
            let parsed = StreamName::parse(directory, name);
            let parsed = parsed.ok_or_else(|| NotAdded::Unknown(name.clone()))?;
            if self
                .streams
                .iter()
                .chain(&added)
                .any(|stream| stream.name == *name)
            {
                continue;
            }
            if self.streams.len() + added.len() == STREAMS_MAX {
                return Err(NotAdded::TooMany);
            }
            added.push(Stream {
                name: name.clone(),
                grid: Grid::new(directory, parsed.symbol),
                feed: parsed.feed,
                gathered: Gathered::default(),
            });
        }
        self.streams.extend(added);
        Ok(())
    }

    /// Takes streams off; unknown names are none of them.
    pub fn remove(&mut self, names: &[String]) {
        self.streams.retain(|stream| !names.contains(&stream.name));
    }

    /// The names, in order of subscription.
    pub fn names(&self) -> Vec<&str> {
        self.streams
            .iter()
            .map(|stream| stream.name.as_str())
            .collect()
    }

    /// Whether gathered levels wait.
    pub fn waits(&self) -> bool {
        self.streams
            .iter()
            .any(|stream| !stream.gathered.is_empty())
    }

    /// Takes in what one command changed; what can be told at once goes to `out`.
    pub fn absorb(&mut self, update: &MarketUpdate, format: Format, out: &mut Vec<String>) {
        for stream in &mut self.streams {
            if stream.grid.symbol.symbol != update.symbol {
                continue;
            }
            match stream.feed {
                Feed::Depth { .. } => stream.gathered.absorb(update),
                Feed::Trade => {
                    for trade in &update.trades {
                        let event = TradeEvent::new(&stream.grid, format.unit, update.time, trade);
                        out.push(format.text(&stream.name, &event));
                    }
                }
                Feed::BookTicker if update.best_changed => {
                    let event = BookTickerEvent::new(&stream.grid, update);
                    out.push(format.text(&stream.name, &event));
                }
                Feed::BookTicker => (),
            }
        }
    }

    /// Gives the gathered levels whose moment has come to `out`.
    pub fn flush(&mut self, now: Instant, format: Format, out: &mut Vec<String>) {
        for stream in &mut self.streams {
            let Feed::Depth { every_ms } = stream.feed else {
                continue;
            };
            if stream.gathered.is_due(now, every_ms) {
                let event = stream.gathered.event(&stream.grid, format.unit);
                out.push(format.text(&stream.name, &event));
                stream.gathered.start_over(now);
            }
        }
    }
}
