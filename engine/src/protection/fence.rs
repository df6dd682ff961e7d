//! How far an order may trade, taken when it starts to walk.

use schemas::command::PlaceOrderV1;
use schemas::event::Event;
use schemas::instrument::{ExpiryReason, OrderStatus, OrderType, Side, TimeInForce};
use schemas::order_event::OrderExpiring;
use schemas::protection::BreakerTripped;
use schemas::units::{Price, Qty};

use crate::apply::Engine;
use crate::matching::taker::Taker;
use crate::trace::Trace;

/// BIPS in one.
const ONE: i128 = 10_000;

/// The last price that an order may trade at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fence {
    pub price: Price,
    /// It is the breaker's: who would trade beyond it may stop the symbol.
    pub trips: bool,
}

impl Fence {
    /// Beyond every price.
    #[inline]
    pub(crate) fn none(side: Side) -> Fence {
        let price = match side {
            Side::Buy => Price(i64::MAX),
            Side::Sell => Price::ZERO,
        };
        Fence {
            price,
            trips: false,
        }
    }

    /// The nearer one; of two at one price the breaker's.
    fn tighten(&mut self, side: Side, other: Fence) {
        let is_nearer = match side {
            Side::Buy => other.price < self.price,
            Side::Sell => other.price > self.price,
        };
        if is_nearer {
            *self = other;
        } else if other.price == self.price {
            self.trips |= other.trips;
        }
    }
}

/// The last price within so many BIPS of another; the price itself is always within.
fn within(side: Side, price: Price, bips: u32) -> Price {
    let (price, bips) = (i128::from(price.0), i128::from(bips));
    let bound = match side {
        Side::Buy => price * (ONE + bips) / ONE,
        Side::Sell => {
            let product = price * (ONE - bips).max(0);
            product / ONE + i128::from(product % ONE != 0)
        }
    };
    Price(i64::try_from(bound).unwrap_or(i64::MAX))
}

impl<T: Trace> Engine<T> {
    /// An order at the start of its walk, within its fence.
    #[inline]
    pub(crate) fn taker_of(&self, order: &PlaceOrderV1) -> Taker {
        let symbol = &self.state.symbols[order.symbol.0 as usize];
        let mut taker = Taker::new(order, symbol);
        taker.group = self.trade_group(order.account);
        if !self.state.guard.rules.is_empty() {
            taker.fence = self.fence(order);
        }
        taker
    }

    #[cold]
    fn fence(&self, order: &PlaceOrderV1) -> Fence {
        let side = order.side;
        let mut fence = Fence::none(side);
        let Some(rule) = self.state.guard.rules.get(&order.symbol) else {
            return fence;
        };
        let index = order.symbol.0 as usize;
        if let Some(reference) = self.reference_seen(index) {
            for (bips, trips) in [(rule.band, false), (rule.breaker, true)] {
                if bips != 0 {
                    let price = within(side, reference, bips);
                    fence.tighten(side, Fence { price, trips });
                }
            }
        }
        let best = self.state.books.best_price(order.symbol, side.opposite());
        if let Some(best) = best
            && order.order_type == OrderType::Market
            && rule.market_depth != 0
        {
            let price = within(side, best, rule.market_depth);
            let depth = Fence {
                price,
                trips: false,
            };
            fence.tighten(side, depth);
        }
        fence
    }

    /// The reference price, calculated if it is not known.
    fn reference_seen(&self, index: usize) -> Option<Price> {
        let symbol = &self.state.symbols[index];
        let mean = match symbol.percent.minutes {
            0 => None,
            minutes => self.state.windows[index].mean_seen(self.state.now, minutes),
        };
        mean.or(symbol.last_trade)
    }

    /// Whether a walk ended because of the fence: it wants more, and who is next would have
    /// been met without it.
    pub(crate) fn meets_fence(&self, taker: &Taker) -> Option<Price> {
        if taker.fence == Fence::none(taker.side) || taker.expired_in_match {
            return None;
        }
        let next = self
            .state
            .books
            .best_price(taker.market.symbol, taker.side.opposite())?;
        let would_trade = match taker.side {
            Side::Buy => next <= taker.limit,
            Side::Sell => next >= taker.limit,
        };
        (would_trade && !taker.is_satisfied()).then_some(next)
    }

    /// What is left expires; at the breaker the symbol stops, and a limit order that may
    /// rest waits for the auction in the book.
    ///
    /// Who stops a symbol has staked something on it: what is left stands in the auction, or
    /// it has bought all there was within the bound. An order that merely asked expires.
    #[cold]
    pub(crate) fn finish_at_fence(&mut self, taker: &Taker, next: Price) {
        let symbol = taker.market.symbol;
        let may_rest =
            taker.order_type != OrderType::Market && taker.time_in_force == TimeInForce::Gtc;
        if taker.fence.trips && (may_rest || taker.executed != Qty::ZERO) {
            self.out.push(Event::BreakerTripped(BreakerTripped {
                symbol,
                order: taker.order,
                bound: taker.fence.price,
                met: next,
            }));
            self.call_auction(symbol);
            if may_rest {
                return self.finish_walk(taker);
            }
        }
        self.out.push(Event::OrderExpiring(OrderExpiring {
            symbol,
            order: taker.order,
            account: taker.account,
            reason: ExpiryReason::PriceRange,
        }));
        match taker.aside {
            true => self.end_aside(taker, OrderStatus::Expired),
            false => self.end_taker(taker, OrderStatus::Expired),
        }
    }
}
