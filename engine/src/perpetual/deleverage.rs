//! Auto-deleveraging: the best ranked position of the other side is closed instead.
//!
//! Rank = profit percent x margin ratio as exact fractions, compared by cross products of
//! 512 bits. Who could not pay the difference to the mark price is closed only as far as he
//! can. If nobody is left, the insurance account takes the rest, whatever it has: then the
//! venue owes, and no client does.

use std::cmp::Ordering;

use schemas::ids::{AccountId, SymbolId};
use schemas::instrument::OrderStatus;
use schemas::margin;
use schemas::perpetual::{PositionSide, TakeoverCause};
use schemas::ranking::Rank;
use schemas::units::{Price, Qty};

use super::liquidate::Surrender;
use crate::apply::Engine;
use crate::matching::cancel::Ending;
use crate::matching::carried::Work;
use crate::trace::Trace;

/// What is left to give away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deleverage {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub side: PositionSide,
    pub qty: Qty,
    pub price: Price,
}

impl<T: Trace> Engine<T> {
    /// Gives the rest away, one counterparty after the other.
    pub(crate) fn deleverage(&mut self, mut it: Deleverage) {
        while it.qty.0 > 0 {
            if self.is_full() {
                return self.state.work.push_front(Work::Deleverage(it));
            }
            self.steps += 1;
            let Some((chosen, side, able)) = self.best_ranked(&it) else {
                let rest = it.surrender(it.qty);
                return self.take_over(&rest, AccountId::INSURANCE, TakeoverCause::Insurance);
            };
            if self.cancel_one_on(chosen, it.symbol) {
                continue;
            }
            let contract = &self.state.perpetuals.contracts[&it.symbol];
            let theirs = contract.leg(chosen, side).holding.size.0.abs();
            let qty = Qty(it.qty.0.min(theirs).min(able));
            let part = it.surrender(qty);
            self.take_over(&part, chosen, TakeoverCause::Deleveraging);
            it.qty.0 -= qty.0;
        }
    }

    fn cancel_one_on(&mut self, account: AccountId, symbol: SymbolId) -> bool {
        let seats = &self.state.seats;
        let Some(seat) = seats.with_orders(&self.state.tags, account, symbol) else {
            return false;
        };
        let first = self.state.seats.get(seat).head;
        self.end_resting(first, Ending::of(OrderStatus::Canceled));
        true
    }

    /// The highest rank on the other side (tie: lower account, long before short), with the
    /// lots that its pool can give up at that price.
    fn best_ranked(&self, it: &Deleverage) -> Option<(AccountId, PositionSide, i64)> {
        let contract = &self.state.perpetuals.contracts[&it.symbol];
        let market = &self.state.symbols[it.symbol.0 as usize].market;
        let scale = self.state.assets[usize::from(market.quote.0)].scale;
        let one = 10_i128.pow(scale.into());
        let size = contract.leg(it.account, it.side).holding.size.0;
        let mut best: Option<(Rank, AccountId, PositionSide, i64)> = None;
        for (account, desk) in contract.all_desks() {
            if account == it.account {
                continue;
            }
            for side in PositionSide::ALL {
                let leg = &desk.legs[*side as usize];
                let theirs = leg.holding.size.0;
                if theirs == 0 || (theirs > 0) == (size > 0) {
                    continue;
                }
                let sums = self.pool(self.pool_of(account, it.symbol, *side));
                let able = self.able_lots(it, theirs.signum(), sums.balance());
                let cannot_pay = able == 0 || self.would_owe((account, *side), it);
                if cannot_pay && !account.is_venue() {
                    continue;
                }
                let able = if account.is_venue() { i64::MAX } else { able };
                let rank = Rank::new(&sums.ranked(), contract.profit(leg, market), one);
                let is_better = best
                    .as_ref()
                    .is_none_or(|(highest, ..)| rank.compare(highest) == Ordering::Greater);
                if is_better {
                    best = Some((rank, account, *side, able));
                }
            }
        }
        best.map(|(_, account, side, able)| (account, side, able))
    }

    /// Whether an isolated position that is worth less than nothing would be closed whole:
    /// nothing else stands behind it.
    fn would_owe(&self, (account, side): (AccountId, PositionSide), it: &Deleverage) -> bool {
        let contract = &self.state.perpetuals.contracts[&it.symbol];
        let market = &self.state.symbols[it.symbol.0 as usize].market;
        if !contract.desk(account).is_some_and(|desk| desk.isolated) {
            return false;
        }
        let holding = contract.leg(account, side).holding;
        let (size, unit) = (i128::from(holding.size.0), market.quote_per_tick_lot);
        let value = margin::value(size, it.price, unit).map_or(0, |value| value.0);
        let left = holding.isolated.0 + value - holding.cost.0;
        i128::from(it.qty.0) >= size.abs() && left < 0
    }

    /// Lots that a pool can close at the price with its balance staying at zero or above.
    fn able_lots(&self, it: &Deleverage, sign: i64, balance: i128) -> i64 {
        let contract = &self.state.perpetuals.contracts[&it.symbol];
        let market = &self.state.symbols[it.symbol.0 as usize].market;
        let mark = contract.mark.unwrap_or(Price::ZERO);
        let unit = market.quote_per_tick_lot;
        let at = |price| margin::value(sign.into(), price, unit).map_or(0, |value| value.0);
        // What one lot loses when it is closed at the price instead of the mark.
        let loss = at(mark) - at(it.price);
        match loss {
            ..=0 => i64::MAX,
            loss => i64::try_from(balance.max(0) / loss).unwrap_or(i64::MAX),
        }
    }
}

impl Deleverage {
    fn surrender(&self, qty: Qty) -> Surrender {
        Surrender {
            account: self.account,
            symbol: self.symbol,
            side: self.side,
            qty,
            price: self.price,
        }
    }
}
