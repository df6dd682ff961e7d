//! Open quantity by price of one symbol.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use schemas::instrument::Side;
use schemas::report::{Depth, Level};
use schemas::units::{Price, Qty};

/// Both sides by level, and how often a level has changed.
#[derive(Default)]
pub(crate) struct Book {
    bids: BTreeMap<Price, Qty>,
    asks: BTreeMap<Price, Qty>,
    last_update: u64,
}

impl Book {
    /// Moves the open quantity of a level by `change`; a level at zero is gone.
    #[inline]
    pub(crate) fn change(&mut self, side: Side, price: Price, change: Qty) {
        self.last_update += 1;
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        match levels.entry(price) {
            Entry::Vacant(level) => {
                debug_assert!(0 < change.0, "a level below zero at {price:?}");
                if 0 < change.0 {
                    level.insert(change);
                }
            }
            Entry::Occupied(mut level) => {
                let left = level.get().0 + change.0;
                debug_assert!(0 <= left, "a level below zero at {price:?}");
                if left <= 0 {
                    level.remove();
                } else {
                    level.get_mut().0 = left;
                }
            }
        }
    }

    /// Open quantity at a price; zero when there is no such level.
    pub(crate) fn at(&self, side: Side, price: Price) -> Qty {
        let levels = match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        };
        levels.get(&price).copied().unwrap_or_default()
    }

    #[inline]
    pub(crate) fn best_bid(&self) -> Option<Level> {
        self.bids
            .last_key_value()
            .map(|(price, qty)| (*price, *qty))
    }

    #[inline]
    pub(crate) fn best_ask(&self) -> Option<Level> {
        self.asks
            .first_key_value()
            .map(|(price, qty)| (*price, *qty))
    }

    #[inline]
    pub(crate) fn last_update(&self) -> u64 {
        self.last_update
    }

    /// Only for what a snapshot brings back.
    pub(crate) fn set_last_update(&mut self, last_update: u64) {
        self.last_update = last_update;
    }

    pub(crate) fn depth(&self, limit: usize) -> Depth {
        let level = |(price, qty): (&Price, &Qty)| (*price, *qty);
        Depth {
            last_update: self.last_update,
            bids: self.bids.iter().rev().take(limit).map(level).collect(),
            asks: self.asks.iter().take(limit).map(level).collect(),
        }
    }
}
