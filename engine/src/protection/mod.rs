//! What protects a symbol: bands, the breaker, the depth of market orders, call auctions
//! (ADR 0025).
//!
//! ```text
//! order walks ─ fence: its limit and the protection's ─ meets somebody beyond the fence
//!    of a band or depth ─▶ what is left expires
//!    of the breaker     ─▶ the symbol collects orders; when its time is over, or an operator
//!                          reopens it, one price uncrosses the book
//! ```
//!
//! All of it is off until a rule switches it on; then a snapshot has one section more.
//!
//! Reading order: `fence`, `auction`, `uncross`, `section`.

pub mod fence;
pub mod auction;
pub mod uncross;
pub mod section;

use std::collections::BTreeMap;

use schemas::ids::SymbolId;
use schemas::protection::Protection;

use crate::protection::auction::Auction;

/// The rules that are on, and the auctions that collect orders.
#[derive(Default, Debug)]
pub struct Guard {
    pub(crate) rules: BTreeMap<SymbolId, Protection>,
    pub(crate) auctions: BTreeMap<SymbolId, Auction>,
}

impl Guard {
    /// From now on; all zero switches it off.
    pub(crate) fn set(&mut self, symbol: SymbolId, protection: Protection) {
        if protection == Protection::default() {
            self.rules.remove(&symbol);
        } else {
            self.rules.insert(symbol, protection);
        }
    }
}
