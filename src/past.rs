//! Answers made again by replay, for sinks whose event log was cut away or that begin where
//! a restored journal does.
//!
//! Reading order: [`NodeSource`], `replay`, `opening`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::apply::Stamp;
use journal::reader::Reader;
use projections::driver::BATCH;
use projections::error::SinkError;
use projections::opening::{OpenMarket, OpenOrder, Opening};
use projections::projection::{Answered, Batch, Source};
use replay_tool::error::ReplayError;
use replay_tool::replay::{Replayer, collect_skips, oldest_state, origin, start_state};
use schemas::ids::{Offset, SymbolId};
use schemas::market::{CandlePage, Interval, ZoneShift};
use schemas::units::TimeNs;
use views::Views;

/// Nanoseconds whose minutes an opening has.
const DAY_NS: u64 = 86_400_000_000_000;
/// Minutes of a day, with those that begin and end it.
const DAY_MINUTES: usize = 1_442;

/// The event log of this node, and its journal where that has been cut away.
pub struct NodeSource {
    dir: PathBuf,
    views: Arc<Views>,
}

impl NodeSource {
    /// Of a data directory and what its node answers from.
    pub fn new(dir: PathBuf, views: Arc<Views>) -> NodeSource {
        NodeSource { dir, views }
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Source for NodeSource {
    fn newest(&self) -> Offset {
        self.views.next()
    }

    fn begins(&self) -> Result<Offset, SinkError> {
        let origin = origin(&self.dir).map_err(|error| unread(&error))?;
        Ok(origin.first)
    }

    fn opening(&self) -> Result<Opening, SinkError> {
        opening(&self.dir)
    }

    fn replay(
        &self,
        span: (Offset, Offset),
        take: &mut dyn FnMut(Batch) -> bool,
    ) -> Result<(), SinkError> {
        replay(&self.dir, span, take)
    }
}

fn unread(error: &ReplayError) -> SinkError {
    SinkError::Refused {
        reason: format!("the past cannot be made again: {error}"),
        todo: "`replay-tool verify` says what is damaged".to_string(),
    }
}

/// Answers of the commands from `from` up to `to`, made again from the newest snapshot that
/// is not past `from`.
fn replay(
    dir: &Path,
    (from, to): (Offset, Offset),
    take: &mut dyn FnMut(Batch) -> bool,
) -> Result<(), SinkError> {
    let start = start_state(dir, Some(from)).map_err(|error| unread(&error))?;
    let skips = collect_skips(dir, start.next, None).map_err(|error| unread(&error))?;
    let mut reader = Reader::open(dir, start.next)?;
    let mut replayer = Replayer::new(start.engine, start.chain, skips);
    let mut piece = (from, Vec::new());
    while reader.position() < to {
        let Some(frame) = reader.next()? else {
            return Err(SinkError::Gap {
                begins: to,
                cursor: piece.0,
            });
        };
        let applied = replayer.step(&frame).map_err(|error| unread(&error))?;
        let Stamp { offset, time } = applied.stamp;
        if offset < from {
            continue;
        }
        let events = applied.events.to_vec();
        piece.1.push(Answered {
            offset,
            time,
            events,
        });
        let next = offset.next();
        if piece.1.len() < BATCH && next < to {
            continue;
        }
        let (from, commands) = std::mem::replace(&mut piece, (next, Vec::new()));
        if !take(Batch {
            from,
            next,
            commands,
        }) {
            return Ok(());
        }
    }
    Ok(())
}

/// What the oldest snapshot of a restored directory says of orders and markets.
fn opening(dir: &Path) -> Result<Opening, SinkError> {
    let start = oldest_state(dir).map_err(|error| unread(&error))?;
    let views = match Views::load(&start.views) {
        Some(views) => views,
        None if start.views.is_empty() => Views::new(),
        None => {
            return Err(SinkError::Refused {
                reason: format!("the views of snapshot {} do not read", start.next.0),
                todo: "restore the directory again".to_string(),
            });
        }
    };
    let mut opening = Opening {
        next: start.next,
        ..Opening::default()
    };
    for symbol in &views.directory().symbols {
        let standing = views.standing_orders(symbol.symbol);
        let orders = standing
            .into_iter()
            .map(|(report, rested)| OpenOrder { report, rested });
        opening.orders.extend(orders);
        let market = market(&views, symbol.symbol, start.engine.now());
        opening.markets.push(market);
    }
    Ok(opening)
}

fn market(views: &Views, symbol: SymbolId, now: TimeNs) -> OpenMarket {
    let depth = views.depth(symbol, usize::MAX).unwrap_or_default();
    let mut minutes = views.candles(&CandlePage {
        symbol,
        interval: Interval::Minute,
        zone: ZoneShift::UTC,
        start: Some(TimeNs(now.0.saturating_sub(DAY_NS))),
        end: None,
        now,
        limit: DAY_MINUTES,
    });
    minutes.retain(|minute| minute.trades.is_some());
    OpenMarket {
        symbol,
        price: views.last_price(symbol),
        bids: depth.bids,
        asks: depth.asks,
        minutes,
    }
}
