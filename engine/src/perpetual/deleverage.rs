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

/// Profit percent x margin ratio: `profit / wallet x maintenance / equity`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rank {
    pub profit: u128,
    pub maintenance: u128,
    /// At least one unit of the asset.
    pub wallet: u128,
    /// Zero = the ratio is zero.
    pub equity: u128,
}

impl Rank {
    /// RULES, Perpetuals.
    pub fn new(sums: &super::pool::Sums, profit: i128, one: i128) -> Rank {
        let natural = |number: i128| u128::try_from(number).unwrap_or(0);
        Rank {
            profit: natural(profit),
            maintenance: natural(sums.maintenance),
            wallet: natural(sums.wallet.max(one)),
            equity: natural(sums.balance()),
        }
    }

    /// Whether it is higher, lower, or the same, exactly.
    pub fn compare(&self, other: &Rank) -> Ordering {
        let above = |it: &Rank| match it.equity {
            0 => (0, 0),
            _ => (it.profit, it.maintenance),
        };
        let below = |it: &Rank| (it.wallet, it.equity.max(1));
        let cross = |up: (u128, u128), down: (u128, u128)| product([up.0, up.1, down.0, down.1]);
        cross(above(self), below(other)).cmp(&cross(above(other), below(self)))
    }
}

/// The product of four numbers, most significant limb first.
fn product(factors: [u128; 4]) -> [u64; 8] {
    let mut limbs = [0_u64; 8];
    limbs[0] = 1;
    for factor in factors {
        let (low, high) = (factor as u64, (factor >> 64) as u64);
        let mut next = [0_u64; 8];
        for (shift, part) in [(0, low), (1, high)] {
            let mut carry = 0_u128;
            for (index, limb) in limbs.iter().take(8 - shift).enumerate() {
                let place = &mut next[index + shift];
                let sum = u128::from(*limb) * u128::from(part) + u128::from(*place) + carry;
                *place = sum as u64;
                carry = sum >> 64;
            }
        }
        limbs = next;
    }
    limbs.reverse();
    limbs
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
                if able == 0 && !account.is_venue() {
                    continue;
                }
                let able = if account.is_venue() { i64::MAX } else { able };
                let rank = Rank::new(&sums, contract.profit(leg, market), one);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_compare_exactly_where_no_fraction_of_128_bits_would() {
        let rank = |profit, maintenance, wallet, equity| Rank {
            profit,
            maintenance,
            wallet,
            equity,
        };
        let huge = u128::MAX;
        let more = rank(huge, huge, huge - 1, huge);
        let less = rank(huge - 1, huge, huge - 1, huge);
        assert_eq!(more.compare(&less), Ordering::Greater);
        assert_eq!(less.compare(&more), Ordering::Less);
        assert_eq!(more.compare(&more), Ordering::Equal);
        // 1/3 x 1/5 against 2/30 x 1/1.
        assert_eq!(
            rank(1, 1, 3, 5).compare(&rank(2, 1, 30, 1)),
            Ordering::Equal
        );
        // No equity: the ratio is zero.
        assert_eq!(rank(9, 9, 1, 0).compare(&rank(0, 1, 1, 1)), Ordering::Equal);
    }
}
