//! Orders that take their price from the book (ADR 0029).
//!
//! ```text
//! at once          level of the book ─▶ price ─▶ admitted and placed as any order
//! set off, placed  until then reckoned with a price known beforehand;
//!                  then level ─▶ price ─▶ filters again ─▶ works, or expires
//! ```
//!
//! The state knows only the pegs of orders that wait; from the moment the book was read a
//! pegged order is one with a price like any other.
//!
//! Reading order: `place`, `list`, `section`.

pub mod place;
pub mod list;
pub mod section;

use std::collections::BTreeMap;

use schemas::command::PlaceOrderV1;
use schemas::event::Event;
use schemas::ids::{OrderId, SymbolId};
use schemas::instrument::{ExpiryReason, OrderType, Side, TimeInForce};
use schemas::order_command::OrderTerms;
use schemas::peg::{OrderPegged, Peg, PegPriceType};
use schemas::reject::RejectReason;
use schemas::units::Price;

use crate::apply::Engine;
use crate::trace::Trace;

/// The peg of an order that waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    pub peg: Peg,
    /// The worst price its owner accepts; zero = any.
    pub limit: Price,
}

/// Of waiting orders only.
pub(crate) type Pegs = BTreeMap<(SymbolId, OrderId), Waiting>;

/// Whether such an order may have such a peg.
fn check_peg(order: &PlaceOrderV1, peg: Peg) -> Result<(), RejectReason> {
    let primary = peg.price_type == PegPriceType::Primary;
    let fits = match order.order_type {
        OrderType::Limit => !primary || order.time_in_force == TimeInForce::Gtc,
        OrderType::LimitMaker => primary,
        OrderType::StopLossLimit | OrderType::TakeProfitLimit => true,
        _ => return Err(RejectReason::PegOrderType),
    };
    let is_known = peg.is_some() && peg.offset <= Peg::OFFSET_MAX;
    match (fits, is_known) {
        (_, false) => Err(RejectReason::InvalidOrder),
        (false, _) => Err(RejectReason::PegPriceType),
        (true, true) => Ok(()),
    }
}

/// The better one for the owner of the level's price and his own limit.
fn bounded(side: Side, limit: Price, level: Price) -> Price {
    match side {
        _ if limit == Price::ZERO => level,
        Side::Buy => level.min(limit),
        Side::Sell => level.max(limit),
    }
}

impl<T: Trace> Engine<T> {
    /// The price that the book gives an order now, as if the order `gone` had left it.
    ///
    /// # Errors
    /// PegLiquidity when there is no such level.
    fn price_pegged(
        &self,
        order: &PlaceOrderV1,
        (peg, limit): (Peg, Price),
        gone: Option<u32>,
    ) -> Result<Price, RejectReason> {
        let side = match peg.price_type {
            PegPriceType::Market => order.side.opposite(),
            _ => order.side,
        };
        let books = &self.state.books;
        let level = books.price_behind((order.symbol, side), peg.offset, gone);
        let level = level.ok_or(RejectReason::PegLiquidity)?;
        Ok(bounded(order.side, limit, level))
    }

    /// What an order that waits is reckoned with: its limit, its stop price, the last price,
    /// or what the book would give it now.
    fn price_until_pegged(
        &self,
        (order, terms): (&PlaceOrderV1, &OrderTerms),
        peg: Peg,
    ) -> Result<Price, RejectReason> {
        let own = (order.price != Price::ZERO).then_some(order.price);
        let last = self.state.symbols[order.symbol.0 as usize].last_trade;
        match own.or(terms.stop_price()).or(last) {
            Some(price) => Ok(price),
            None => self.price_pegged(order, (peg, Price::ZERO), None),
        }
    }

    /// Tells the price of an order, if it is one by a peg.
    pub(crate) fn tell_peg_taken(&mut self, handle: u32, waiting: Option<Waiting>) {
        if let Some(waiting) = waiting {
            let price = self.state.books.orders.get(handle).price;
            self.tell_pegged(handle, waiting, price);
        }
    }

    fn tell_pegged(&mut self, handle: u32, waiting: Waiting, price: Price) {
        let order = self.state.books.orders.get(handle);
        self.out.push(Event::OrderPegged(OrderPegged {
            symbol: order.symbol,
            order: order.id,
            account: order.account,
            peg: waiting.peg,
            limit: waiting.limit,
            price,
        }));
    }

    /// An order that waited goes to work: one that is pegged gets its price, which is for
    /// the caller to tell.
    ///
    /// # Errors
    /// Why it expires instead: the book lacks the level, or the price fails a filter.
    #[inline]
    pub(crate) fn take_peg(&mut self, handle: u32) -> Result<Option<Waiting>, ExpiryReason> {
        if self.state.pegs.is_empty() {
            return Ok(None);
        }
        self.read_book_for(handle)
    }

    #[cold]
    fn read_book_for(&mut self, handle: u32) -> Result<Option<Waiting>, ExpiryReason> {
        let order = self.state.books.orders.get(handle);
        let key = (order.symbol, order.id);
        let Some(waiting) = self.state.pegs.remove(&key) else {
            return Ok(None);
        };
        let mut order = self.asked_again(handle);
        let price = self.price_pegged(&order, (waiting.peg, waiting.limit), None);
        order.price = price.map_err(|_| ExpiryReason::InsufficientLiquidity)?;
        self.check_price_filters(&order)
            .map_err(|_| ExpiryReason::Rejected)?;
        self.state.books.orders.get_mut(handle).price = order.price;
        Ok(Some(waiting))
    }
}
