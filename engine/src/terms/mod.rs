//! Orders with terms: contingent, trailing, iceberg, labelled, and those of lists.
//!
//! Such an order is *special*: it lies in the slab of the books with [`extras`] beside it.
//! From acceptance until it rests it is *aside*: on its owner's seat, in the index and in the
//! look-up of client order ids, but in no queue. There it sleeps, waits for the working
//! order of its list, or walks as a taker. A plain order pays one flag for all of this.
//!
//! Reading order: `admit`, `place`, `iceberg`, `ends`, `countdown`, `section`.
//!
//! [`extras`]: crate::book::extras

pub mod admit;
pub mod place;
pub mod iceberg;
pub mod ends;
pub mod countdown;
pub mod section;

use std::collections::{BTreeMap, VecDeque};

use schemas::ids::{AccountId, ClientOrderId, OrderListId, SymbolId};
use schemas::report::OrderRules;
use schemas::units::TimeNs;

use crate::lists::OrderList;
use crate::triggers::trigger_book::TriggerBook;

/// Open orders of an account on a symbol that have filters of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SpecialCounts {
    /// Contingent, whether they sleep or work.
    pub algo: u32,
    pub iceberg: u32,
    pub lists: u32,
}

/// The state of everything that plain orders do not have.
#[derive(Default, Debug)]
pub struct Terms {
    /// By symbol.
    pub(crate) books: Vec<TriggerBook>,
    /// By symbol.
    pub(crate) rules: Vec<OrderRules>,
    /// Symbols whose queue of set-off orders is not empty and may run, in turn.
    pub(crate) firing: VecDeque<SymbolId>,
    pub(crate) counts: BTreeMap<(AccountId, SymbolId), SpecialCounts>,
    /// Open lists.
    pub(crate) lists: BTreeMap<OrderListId, OrderList>,
    pub(crate) list_clients: BTreeMap<(AccountId, ClientOrderId), OrderListId>,
    /// Lists ever made.
    pub(crate) lists_made: u64,
    /// By due time and arrival in the count of all timers.
    pub(crate) countdowns: BTreeMap<(TimeNs, u64), (AccountId, SymbolId)>,
    pub(crate) countdown_of: BTreeMap<(AccountId, SymbolId), (TimeNs, u64)>,
}

impl Terms {
    /// Makes room for the next symbol.
    pub(crate) fn add_symbol(&mut self) {
        self.books.push(TriggerBook::default());
        self.rules.push(OrderRules::default());
    }

    #[inline]
    pub(crate) fn book(&mut self, symbol: SymbolId) -> &mut TriggerBook {
        &mut self.books[symbol.0 as usize]
    }

    pub(crate) fn counts_of(&self, account: AccountId, symbol: SymbolId) -> SpecialCounts {
        let counts = self.counts.get(&(account, symbol));
        counts.copied().unwrap_or_default()
    }

    /// Changes the counts of an account on a symbol; nothing is kept when all are zero.
    pub(crate) fn count(
        &mut self,
        (account, symbol): (AccountId, SymbolId),
        change: impl FnOnce(&mut SpecialCounts),
    ) {
        let counts = self.counts.entry((account, symbol)).or_default();
        change(counts);
        if *counts == SpecialCounts::default() {
            self.counts.remove(&(account, symbol));
        }
    }

    /// The queue of a symbol has something to do.
    pub(crate) fn set_firing(&mut self, symbol: SymbolId) {
        if !self.firing.contains(&symbol) {
            self.firing.push_back(symbol);
        }
    }
}
