//! Pages of an account's orders and trades: the dialect's rule, and how history joins.
//!
//! With `from` or `start` a page is the first `limit` from there on; without them it is
//! the newest `limit`. Both come in ascending order of ids. Times are those of the order's
//! acceptance and of the trade, both ends included.

use crate::ids::{AccountId, ClientOrderId, EventId, OrderId, OrderListId, SymbolId, TradeId};
use crate::order_change::{AmendmentReport, PreventedReport};
use crate::report::{OrderListReport, OrderReport, TradeReport};
use crate::units::TimeNs;

/// Which orders of an account and symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderPage {
    pub account: AccountId,
    pub symbol: SymbolId,
    /// From this id on, ascending; without it and without `start` the newest.
    pub from: Option<OrderId>,
    pub start: Option<TimeNs>,
    pub end: Option<TimeNs>,
    pub limit: usize,
}

/// Which trades of an account and symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TradePage {
    pub account: AccountId,
    pub symbol: SymbolId,
    /// Only the trades of this order.
    pub order: Option<OrderId>,
    /// From this id on, ascending; without it and without `start` the newest.
    pub from: Option<TradeId>,
    pub start: Option<TimeNs>,
    pub end: Option<TimeNs>,
    pub limit: usize,
}

/// Which order lists of an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListPage {
    pub account: AccountId,
    /// From this id on, ascending; without it and without `start` the newest.
    pub from: Option<OrderListId>,
    pub start: Option<TimeNs>,
    pub end: Option<TimeNs>,
    pub limit: usize,
}

/// Which amendments of one order, from the oldest on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AmendmentPage {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub order: OrderId,
    /// From this one on.
    pub from: EventId,
    pub limit: usize,
}

/// Which prevented matches of an account and symbol, from the oldest on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PreventedPage {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub of: PreventedOf,
    pub limit: usize,
}

/// Prevented matches are asked for one by one, or by order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PreventedOf {
    Match(EventId),
    /// Those of an order on either side, from a match on.
    Order(OrderId, EventId),
}

/// A list by number (zero = not given), by the client's id (empty = not given), or by both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListRef {
    pub list: OrderListId,
    pub list_client: ClientOrderId,
}

impl ListPage {
    /// Whether the page counts from its start; else from the newest back.
    pub fn ascends(&self) -> bool {
        self.from.is_some() || self.start.is_some()
    }

    /// Whether a list belongs on the page, its limit apart.
    pub fn holds(&self, list: &OrderListReport) -> bool {
        list.account == self.account
            && self.from.is_none_or(|from| from <= list.list)
            && is_within(list.created, self.start, self.end)
    }
}

fn is_within(time: TimeNs, start: Option<TimeNs>, end: Option<TimeNs>) -> bool {
    start.is_none_or(|start| start <= time) && end.is_none_or(|end| time <= end)
}

impl OrderPage {
    /// Whether the page counts from its start; else from the newest back.
    pub fn ascends(&self) -> bool {
        self.from.is_some() || self.start.is_some()
    }

    /// Whether an order belongs on the page, its limit apart.
    pub fn holds(&self, order: &OrderReport) -> bool {
        order.account == self.account
            && order.symbol == self.symbol
            && self.from.is_none_or(|from| from <= order.order)
            && is_within(order.created, self.start, self.end)
    }

    /// Joins the page read from history with the page read from the views; where both
    /// have an order, the views are newer. To miss nothing, read the views first.
    pub fn merge(&self, history: Vec<OrderReport>, present: Vec<OrderReport>) -> Vec<OrderReport> {
        let joined = join(history, present, |order| order.order.0);
        cut(joined, self.limit, self.ascends())
    }
}

impl TradePage {
    /// Whether the page counts from its start; else from the newest back.
    pub fn ascends(&self) -> bool {
        self.from.is_some() || self.start.is_some()
    }

    /// Whether a trade belongs on the page, its limit apart.
    pub fn holds(&self, trade: &TradeReport) -> bool {
        let is_own = trade.taker_account == self.account || trade.maker_account == self.account;
        let of_order = self.order.is_none_or(|order| {
            (trade.taker_order == order && trade.taker_account == self.account)
                || (trade.maker_order == order && trade.maker_account == self.account)
        });
        is_own
            && of_order
            && trade.symbol == self.symbol
            && self.from.is_none_or(|from| from <= trade.trade)
            && is_within(trade.time, self.start, self.end)
    }

    /// As [`OrderPage::merge`].
    pub fn merge(&self, history: Vec<TradeReport>, present: Vec<TradeReport>) -> Vec<TradeReport> {
        let joined = join(history, present, |trade| trade.trade.0);
        cut(joined, self.limit, self.ascends())
    }
}

impl AmendmentPage {
    /// Whether an amendment belongs on the page, its limit apart.
    pub fn holds(&self, amendment: &AmendmentReport) -> bool {
        (amendment.account, amendment.symbol) == (self.account, self.symbol)
            && amendment.order == self.order
            && self.from <= amendment.id
    }

    /// As [`OrderPage::merge`].
    pub fn merge(
        &self,
        history: Vec<AmendmentReport>,
        present: Vec<AmendmentReport>,
    ) -> Vec<AmendmentReport> {
        let joined = join(history, present, |amendment| amendment.id.0);
        cut(joined, self.limit, true)
    }
}

impl PreventedPage {
    /// The id from which on the page looks.
    pub fn from(&self) -> EventId {
        match self.of {
            PreventedOf::Match(id) | PreventedOf::Order(_, id) => id,
        }
    }

    /// Whether a match belongs on the page, its limit apart.
    pub fn holds(&self, met: &PreventedReport) -> bool {
        let is_meant = match self.of {
            PreventedOf::Match(id) => met.id == id,
            PreventedOf::Order(order, from) => met.concerns(order) && from <= met.id,
        };
        (met.account, met.symbol) == (self.account, self.symbol) && is_meant
    }

    /// As [`OrderPage::merge`].
    pub fn merge(
        &self,
        history: Vec<PreventedReport>,
        present: Vec<PreventedReport>,
    ) -> Vec<PreventedReport> {
        let joined = join(history, present, |met| met.id.0);
        cut(joined, self.limit, true)
    }
}

/// Both lists by ascending id; the second wins where both have one.
fn join<T>(history: Vec<T>, present: Vec<T>, id: impl Fn(&T) -> u64) -> Vec<T> {
    let mut joined = Vec::with_capacity(history.len() + present.len());
    let mut history = history.into_iter().peekable();
    for newer in present {
        while let Some(older) = history.next_if(|older| id(older) < id(&newer)) {
            joined.push(older);
        }
        while history.next_if(|older| id(older) == id(&newer)).is_some() {}
        joined.push(newer);
    }
    joined.extend(history);
    joined
}

fn cut<T>(mut list: Vec<T>, limit: usize, ascends: bool) -> Vec<T> {
    if ascends {
        list.truncate(limit);
    } else if limit < list.len() {
        list.drain(..list.len() - limit);
    }
    list
}
