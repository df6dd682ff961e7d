//! `SYMBOL@depth`: changed levels, gathered for 100 or 1,000 ms; `SYMBOL@depth5` the best.
//!
//! A message of the first kind holds the absolute quantity of each level that changed since
//! the message before, so `U` is always the `u` before plus one and a client can check for
//! gaps.

use std::collections::BTreeMap;

use schemas::report::{Depth, Level, MarketUpdate};
use schemas::units::{Price, Qty, TimeNs};
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::grid::Grid;
use crate::wire::market::{Pairs, pairs};

/// One message.
#[derive(Serialize)]
pub struct DepthEvent<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    /// When the last of the changes happened; of futures alone.
    #[serde(rename = "T", skip_serializing_if = "Option::is_none")]
    time: Option<u64>,
    s: &'a str,
    #[serde(rename = "U")]
    first_update: u64,
    u: u64,
    /// The `u` of the message before; of futures alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pu: Option<u64>,
    b: Pairs,
    a: Pairs,
}

/// Levels that changed since the last message.
#[derive(Debug, Default)]
pub struct Gathered {
    bids: BTreeMap<Price, Qty>,
    asks: BTreeMap<Price, Qty>,
    /// First and last update id; `None` when nothing changed.
    updates: Option<(u64, u64)>,
    time: TimeNs,
}

impl Gathered {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.updates.is_none()
    }

    /// Adds what one command changed.
    pub fn absorb(&mut self, update: &MarketUpdate) {
        if update.last_update < update.first_update {
            return;
        }
        let first = self.updates.map_or(update.first_update, |(first, _)| first);
        self.updates = Some((first, update.last_update));
        self.time = update.time;
        self.bids.extend(update.bids.iter().copied());
        self.asks.extend(update.asks.iter().copied());
    }

    /// The message, best levels first.
    pub fn event<'a>(&self, grid: &'a Grid, unit: TimeUnit) -> DepthEvent<'a> {
        let (first_update, last_update) = self.updates.unwrap_or_default();
        let bids: Vec<Level> = self
            .bids
            .iter()
            .rev()
            .map(|(price, qty)| (*price, *qty))
            .collect();
        let asks: Vec<Level> = self
            .asks
            .iter()
            .map(|(price, qty)| (*price, *qty))
            .collect();
        DepthEvent {
            e: "depthUpdate",
            event_time: unit.print(self.time),
            time: (!grid.is_spot()).then(|| unit.print(self.time)),
            s: grid.name(),
            first_update,
            u: last_update,
            // Numbers have no gap, so the message before ended right there.
            pu: (!grid.is_spot()).then(|| first_update.saturating_sub(1)),
            b: pairs(grid, &bids),
            a: pairs(grid, &asks),
        }
    }

    /// The best levels as futures tell them: a message that names the changes since the one
    /// before, with the levels as they are now.
    pub fn levels<'a>(
        &self,
        grid: &'a Grid,
        (unit, now): (TimeUnit, TimeNs),
        depth: &Depth,
    ) -> DepthEvent<'a> {
        let first = self.updates.map_or(depth.last_update, |(first, _)| first);
        let time = if self.is_empty() { now } else { self.time };
        DepthEvent {
            e: "depthUpdate",
            event_time: unit.print(now),
            time: Some(unit.print(time)),
            s: grid.name(),
            first_update: first,
            u: depth.last_update,
            pu: Some(first.saturating_sub(1)),
            b: pairs(grid, &depth.bids),
            a: pairs(grid, &depth.asks),
        }
    }

    /// Forgets what was sent.
    pub fn start_over(&mut self) {
        self.bids.clear();
        self.asks.clear();
        self.updates = None;
    }
}
