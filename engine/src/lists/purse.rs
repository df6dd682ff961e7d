//! One pays the other: what the working order of such a list buys is held for the pending
//! orders, trade by trade, until they are placed or the list ends (ADR 0033).
//!
//! ```text
//! trade of the working order ─▶ bought, less commission ─▶ purse (held)
//! working order FILLED ─▶ purse free ─▶ quantity in whole steps ─▶ pending orders hold it
//! list ends before      ─▶ purse free
//! ```
//!
//! A list has a purse from its acceptance until then, also while nothing is in it; by that
//! it is known as one of this kind.

use std::collections::BTreeMap;

use schemas::event::Event;
use schemas::ids::{AssetId, OrderId, OrderListId, SymbolId};
use schemas::instrument::{LotSize, OrderType, Side};
use schemas::order_event::OrderSized;
use schemas::reject::RejectReason;
use schemas::units::{Amount, Qty};

use crate::apply::Engine;
use crate::matching::taker::Taker;
use crate::state::{State, Symbol};
use crate::trace::Trace;

/// Base atoms by list.
pub(crate) type Purses = BTreeMap<OrderListId, Amount>;

impl<T: Trace> Engine<T> {
    /// An order, the taker or its maker, bought something, which is free by now. If it pays
    /// for others, it is held for them: all of it as long as the commission is covered by
    /// what else is free, else what is left of it. A rebate stays free.
    #[cold]
    #[inline(never)]
    pub(crate) fn fill_purse(&mut self, taker: &Taker, order: OrderId, (qty, fee): (Qty, Amount)) {
        let market = taker.market;
        let extras = self.state.books.orders.extras.get(&(market.symbol, order));
        let Some(id) = extras.and_then(|extras| extras.list) else {
            return;
        };
        if !self.state.purses.contains_key(&id) {
            return;
        }
        let account = self.state.terms.lists[&id].account;
        let bought = market.base_atoms(qty);
        let free = self.state.ledger.balance(account, market.base).free;
        // A taker of the same owner that sells has yet to pay with what is free meanwhile.
        let owed = match taker.side {
            Side::Sell if taker.account == account => taker.remaining_funds().1,
            _ => Amount::ZERO,
        };
        let kept = match Amount(free.0 - owed.0) >= bought {
            true => bought,
            false => Amount(bought.0 - fee.0.max(0)),
        };
        self.move_hold((account, market.base), kept);
        let purse = self.state.purses.get_mut(&id).expect("just seen");
        purse.0 += kept.0;
    }

    /// What was bought for the pending orders of a list is free again; `None` when the list
    /// has no purse, or none any more.
    pub(crate) fn empty_purse(&mut self, id: OrderListId) -> Option<Amount> {
        if self.state.purses.is_empty() {
            return None;
        }
        let bought = self.state.purses.remove(&id)?;
        let list = self.state.terms.lists[&id];
        let base: AssetId = self.state.symbols[list.symbol.0 as usize].market.base;
        self.move_hold((list.account, base), Amount(-bought.0));
        Some(bought)
    }

    /// The working order was filled: the pending orders get their quantity, if they came
    /// without one.
    ///
    /// # Errors
    /// The pending order that a filter refuses with it.
    pub(crate) fn size_pending(&mut self, id: OrderListId) -> Result<(), u32> {
        let Some(bought) = self.empty_purse(id) else {
            return Ok(());
        };
        let list = self.state.terms.lists[&id];
        let legs = (1..list.contingency.legs()).filter(|leg| list.is_open(*leg));
        let handles: Vec<u32> = legs
            .map(|leg| self.state.books.find(list.symbol, list.orders[leg]))
            .map(|handle| handle.expect("an open leg is in the index"))
            .collect();
        let orders = &self.state.books.orders;
        let types = handles.iter().map(|handle| orders.get(*handle).order_type);
        let by_market = types
            .map(OrderType::working)
            .any(|it| it == OrderType::Market);
        let symbol = &self.state.symbols[list.symbol.0 as usize];
        let qty = whole_steps(symbol, bought, by_market);
        for handle in &handles {
            self.check_size(*handle, qty).map_err(|_| *handle)?;
        }
        for handle in handles {
            self.state.books.orders.get_mut(handle).open = qty;
            self.state.books.orders.details_mut(handle).qty = qty;
            let order = self.state.books.orders.get(handle);
            self.out.push(Event::OrderSized(OrderSized {
                symbol: order.symbol,
                order: order.id,
                account: order.account,
                qty,
            }));
        }
        Ok(())
    }

    /// Every filter, for a pending order with the quantity that it is to get.
    fn check_size(&mut self, handle: u32, qty: Qty) -> Result<(), RejectReason> {
        let mut asked = self.asked_again(handle);
        asked.qty = qty;
        let replaced = self.replaced(Some(handle));
        if self.state.pegs.contains_key(&self.key_of(handle)) {
            // The book gives its price later, and the other filters are asked then.
            self.check_lot(&asked)?;
        } else {
            self.check_filters(&asked, replaced)?;
        }
        let counted = self.counted_without(asked.account, asked.symbol, Some(handle));
        let terms = self.state.books.orders.extras_mut(handle).terms;
        asked.order_type = self.state.books.orders.get(handle).order_type;
        if terms.iceberg_qty().is_some_and(|part| part >= qty) {
            return Err(RejectReason::IcebergTooLarge);
        }
        self.check_term_filters(&asked, &terms, counted)
    }

    fn key_of(&self, handle: u32) -> (SymbolId, OrderId) {
        let order = self.state.books.orders.get(handle);
        (order.symbol, order.id)
    }
}

/// The largest quantity that the lot filters let so many atoms sell.
fn whole_steps(symbol: &Symbol, bought: Amount, by_market: bool) -> Qty {
    let mut filters = vec![symbol.lot];
    if by_market {
        filters.push(symbol.market_lot);
    }
    let lots = bought.0 / i128::from(symbol.market.lot_atoms);
    let most = |filter: &LotSize| match filter.max.0 {
        0 => i128::MAX,
        max => i128::from(max),
    };
    let lots = filters.iter().map(most).fold(lots, i128::min);
    let steps = filters.iter().map(|filter| filter.step.0.max(1));
    let step = steps.map(i128::from).fold(1, least_common_multiple);
    Qty(i64::try_from(lots - lots % step).unwrap_or(i64::MAX))
}

/// Both positive and below 2^63, so that the product fits.
fn least_common_multiple(one: i128, other: i128) -> i128 {
    let (mut divisor, mut rest) = (one, other);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    one / divisor * other
}

/// A purse whose list has no order left that it could be for, if there is one.
pub(crate) fn without_pending(state: &State) -> Option<OrderListId> {
    let mut purses = state.purses.iter();
    let lost = purses.find(|(id, bought)| {
        let list = state.terms.lists.get(id);
        let has_pending = list.is_some_and(|list| {
            let legs = 1..list.contingency.legs();
            list.has_working() && legs.into_iter().any(|leg| list.is_open(leg))
        });
        !has_pending || bought.0 < 0
    });
    lost.map(|(id, _)| *id)
}
