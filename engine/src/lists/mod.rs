//! Order lists: one cancels the other, one triggers the other, and both.
//!
//! A list knows its orders by number and which of them are open. The orders tell it what
//! becomes of them (`legs`), and it ends or places the others in the same command.
//!
//! ```text
//! OCO    above ─┐ touched: the other one expires
//!        below ─┘
//! OTO    working ── filled ──▶ pending is placed          working ended: pending expires
//! OTOCO  working ── filled ──▶ above and below, an OCO
//! OPO    an OTO or OTOCO whose pending orders sell what the working one bought (`purse`)
//! ```
//!
//! Reading order: `place`, `legs`, `purse`, `paying`, `section`.

pub mod place;
pub mod legs;
pub mod purse;
pub mod paying;
pub mod section;

use schemas::ids::{AccountId, ClientOrderId, OrderId, SymbolId};
use schemas::instrument::ContingencyType;

/// Where the quantities of a list's pending orders come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sizes {
    /// From the command.
    Written,
    /// From what the working order buys.
    Bought,
}

/// One open list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderList {
    pub symbol: SymbolId,
    pub account: AccountId,
    /// Empty = none.
    pub client: ClientOrderId,
    pub contingency: ContingencyType,
    /// As placed; 0 beyond the list's legs.
    pub orders: [OrderId; 3],
    /// One bit for each order that has not ended.
    pub open: u8,
}

impl OrderList {
    /// Which of its orders that is.
    pub fn index_of(&self, order: OrderId) -> usize {
        let index = self.orders.iter().position(|known| *known == order);
        index.expect("a list knows its orders")
    }

    /// Whether that order has not ended.
    pub fn is_open(&self, index: usize) -> bool {
        self.open & 1 << index != 0
    }

    /// The first of the two orders of which one cancels the other, if there are two.
    pub fn pair(&self) -> Option<usize> {
        match self.contingency {
            ContingencyType::Oco => Some(0),
            ContingencyType::Oto => None,
            ContingencyType::Otoco => Some(1),
        }
    }

    /// The other order of a pair.
    pub fn sibling(&self, index: usize) -> Option<usize> {
        let first = self.pair()?;
        match index.checked_sub(first)? {
            0 => Some(first + 1),
            _ => Some(first),
        }
    }

    /// Whether its orders beyond the first wait for the first to be filled.
    pub fn has_working(&self) -> bool {
        self.contingency != ContingencyType::Oco
    }
}
