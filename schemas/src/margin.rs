//! The arithmetic of margin, profit, funding and prices of perpetuals.
//!
//! The engine decides by these functions and edges print by them, so nobody has a second
//! formula. Integers only; each function names its rounding and who gains; `None` is an
//! overflow. Rates are in 1e-8, premiums in 1e-12.
//!
//! Reading order: [`Table`] (brackets), profit and margin, prices at which a position is
//! lost, premium and funding, the mark price.

use crate::perpetual::{Bracket, Holding};
use crate::units::{Amount, Price, Qty, RATE_ONE, Rate};

/// The denominator of a premium.
pub const PREMIUM_ONE: i128 = 1_000_000_000_000;
/// Interest pulls the premium by at most this, in 1e-12: 0.0005.
pub const FUNDING_CLAMP: i128 = 500_000_000;
/// Funding is at most this part (in hundredths) of the first bracket's maintenance rate.
const FUNDING_CAP_HUNDREDTHS: i128 = 75;
/// No amount that is worked with lies beyond this, so that products with rates fit.
const AMOUNT_MAX: i128 = 1 << 100;

/// A checked table of brackets with what each one's rate deducts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Table {
    brackets: Vec<Bracket>,
    /// By bracket, in 1e-8 of an atom: makes maintenance continuous at every floor.
    deductions: Vec<i128>,
}

impl Table {
    /// A table whose floors and rates rise and whose leverages do not.
    ///
    /// `deduction_n = deduction_(n-1) + floor_n x (rate_n - rate_(n-1))`, exact.
    pub fn new(brackets: &[Bracket]) -> Option<Table> {
        let first = brackets.first()?;
        let fits = |row: &Bracket| {
            row.max_leverage >= 1
                && row.maintenance.0 > 0
                && i128::from(row.maintenance.0) < RATE_ONE
                && row.floor.0 >= 0
                && row.floor.0 < AMOUNT_MAX
        };
        let rises = brackets.windows(2).all(|pair| {
            pair[0].floor < pair[1].floor
                && pair[0].maintenance < pair[1].maintenance
                && pair[0].max_leverage >= pair[1].max_leverage
        });
        if first.floor != Amount::ZERO || !brackets.iter().all(fits) || !rises {
            return None;
        }
        let mut deductions = vec![0_i128];
        for pair in brackets.windows(2) {
            let step = i128::from(pair[1].maintenance.0 - pair[0].maintenance.0);
            let before = deductions.last().copied().unwrap_or(0);
            deductions.push(before + pair[1].floor.0 * step);
        }
        Some(Table {
            brackets: brackets.to_vec(),
            deductions,
        })
    }

    /// By number.
    pub fn brackets(&self) -> &[Bracket] {
        &self.brackets
    }

    /// The bracket of a notional: a floor itself belongs to the bracket below it.
    #[inline]
    pub fn place(&self, notional: Amount) -> usize {
        let above = self.brackets.partition_point(|row| row.floor < notional);
        above.saturating_sub(1)
    }

    /// What a bracket's rate deducts, in whole atoms, rounded down (the dialect's `cum`).
    pub fn deduction(&self, place: usize) -> Amount {
        Amount(self.deductions[place].div_euclid(RATE_ONE))
    }

    /// Maintenance margin of a notional, rounded UP, to the venue.
    #[inline]
    pub fn maintenance_rounded_up(&self, notional: Amount) -> Amount {
        let place = self.place(notional);
        let rate = i128::from(self.brackets[place].maintenance.0);
        // notional < 2^100 and rate < 2^27.
        let product = notional.0 * rate - self.deductions[place];
        Amount(div_up(product, RATE_ONE))
    }

    /// The largest notional at a leverage; `None` = any, zero = the leverage is too high.
    pub fn notional_max(&self, leverage: u32) -> Option<Amount> {
        let allowed = self
            .brackets
            .partition_point(|row| row.max_leverage >= leverage);
        self.brackets.get(allowed).map(|row| row.floor)
    }

    /// The highest leverage of all.
    pub fn leverage_max(&self) -> u32 {
        self.brackets.first().map_or(1, |row| row.max_leverage)
    }

    /// The notional of the next lower bracket's cap; `None` in the lowest one.
    pub fn cap_below(&self, notional: Amount) -> Option<Amount> {
        match self.place(notional) {
            0 => None,
            place => Some(self.brackets[place].floor),
        }
    }

    /// The highest absolute funding rate, rounded down.
    pub fn funding_cap(&self) -> Rate {
        let rate = self.brackets.first().map_or(0, |row| row.maintenance.0);
        let cap = i128::from(rate) * FUNDING_CAP_HUNDREDTHS / 100;
        Rate(i64::try_from(cap).unwrap_or(i64::MAX))
    }
}

/// Toward plus infinity; the divisor is positive.
#[inline]
pub const fn div_up(number: i128, by: i128) -> i128 {
    let floor = number.div_euclid(by);
    if number.rem_euclid(by) == 0 {
        floor
    } else {
        floor + 1
    }
}

/// size x price in quote atoms, with the sign of the size; exact.
#[inline]
pub fn value(size: i128, price: Price, quote_per_tick_lot: u64) -> Option<Amount> {
    let lots = size.checked_mul(i128::from(price.0))?;
    let value = lots.checked_mul(i128::from(quote_per_tick_lot))?;
    (value.abs() < AMOUNT_MAX).then_some(Amount(value))
}

/// |size| x price in quote atoms; exact.
#[inline]
pub fn notional(size: Qty, price: Price, quote_per_tick_lot: u64) -> Option<Amount> {
    value(i128::from(size.0).abs(), price, quote_per_tick_lot)
}

/// Unrealised profit at a price: exact, since value and cost are whole atoms.
#[inline]
pub fn unrealised(holding: &Holding, price: Price, quote_per_tick_lot: u64) -> Option<Amount> {
    let value = value(i128::from(holding.size.0), price, quote_per_tick_lot)?;
    value.checked_sub(holding.cost)
}

/// Margin of a notional at a leverage, rounded UP, to the venue.
#[inline]
pub fn margin_rounded_up(notional: Amount, leverage: u32) -> Amount {
    Amount(div_up(notional.0, i128::from(leverage.max(1))))
}

/// The part of a cost that belongs to `part` of `size`, rounded toward zero, so that the
/// difference stays in what is left. `part` has the sign of `size` and is not larger.
#[inline]
pub fn released_cost(holding: &Holding, part: Qty) -> Option<Amount> {
    if part == holding.size {
        return Some(holding.cost);
    }
    share(holding.cost, part, holding.size)
}

/// amount x part / whole, rounded toward zero.
#[inline]
pub fn share(amount: Amount, part: Qty, whole: Qty) -> Option<Amount> {
    let product = amount.0.checked_mul(i128::from(part.0))?;
    product.checked_div(i128::from(whole.0)).map(Amount)
}

/// A price as an exact fraction of price units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExactPrice {
    pub numerator: i128,
    /// Positive.
    pub denominator: i128,
}

impl ExactPrice {
    /// Rounded down, or up; `None` below zero or out of range.
    pub fn rounded(&self, up: bool) -> Option<Price> {
        let price = match up {
            true => div_up(self.numerator, self.denominator),
            false => self.numerator.div_euclid(self.denominator),
        };
        i64::try_from(price).ok().filter(|it| *it >= 0).map(Price)
    }
}

/// The price at which `balance + profit` equals `rate x notional - deduction`, where
/// `balance` is everything else that backs the position. With rate and deduction zero it is
/// the bankruptcy price. `None` when flat or on overflow.
///
/// Long: `(cost - balance - deduction) / (size x (1 - rate))`;
/// short: `(balance + deduction - cost) / (|size| x (1 + rate))`.
pub fn price_of_loss(
    holding: &Holding,
    balance: Amount,
    (rate, deduction): (Rate, i128),
    quote_per_tick_lot: u64,
) -> Option<ExactPrice> {
    let size = i128::from(holding.size.0);
    let sign = size.signum();
    let left = holding
        .cost
        .0
        .checked_sub(balance.0)?
        .checked_mul(RATE_ONE)?;
    let numerator = left.checked_sub(deduction)?.checked_mul(sign)?;
    let factor = RATE_ONE - sign * i128::from(rate.0);
    let lots = size.abs().checked_mul(i128::from(quote_per_tick_lot))?;
    let denominator = lots.checked_mul(factor)?;
    (denominator > 0).then_some(ExactPrice {
        numerator,
        denominator,
    })
}

/// The mark price at which a position is liquidated, given what else backs it, in its
/// present bracket: the first whole price unit that does it.
pub fn liquidation_price(
    holding: &Holding,
    balance: Amount,
    (table, notional): (&Table, Amount),
    quote_per_tick_lot: u64,
) -> Option<Price> {
    let place = table.place(notional);
    let rate = table.brackets.get(place)?.maintenance;
    let deduction = table.deductions[place];
    let exact = price_of_loss(holding, balance, (rate, deduction), quote_per_tick_lot)?;
    exact
        .rounded(holding.size.0 < 0)
        .filter(|price| price.0 > 0)
}

/// `(max(0, bid - index) - max(0, index - ask)) / index` in 1e-12, rounded toward zero;
/// bid and ask are the impact prices, `None` where the book is too thin.
pub fn premium(bid: Option<Price>, ask: Option<Price>, index: Price) -> Option<i64> {
    if index.0 <= 0 {
        return None;
    }
    let above = bid.map_or(0, |bid| (bid.0 - index.0).max(0));
    let below = ask.map_or(0, |ask| (index.0 - ask.0).max(0));
    let product = (i128::from(above) - i128::from(below)) * PREMIUM_ONE;
    i64::try_from(product / i128::from(index.0)).ok()
}

/// Sum of weight x premium over the sum of weights, rounded toward zero; zero without any.
pub fn average_premium(weighted: i128, weights: i128) -> i64 {
    if weights == 0 {
        return 0;
    }
    i64::try_from(weighted / weights).unwrap_or(0)
}

/// `P + clamp(I - P, 0.0005)`, within the cap, rounded toward zero.
pub fn funding_rate(premium: i64, interest: Rate, cap: Rate) -> Rate {
    let premium = i128::from(premium);
    let finer = PREMIUM_ONE / RATE_ONE;
    let pull = i128::from(interest.0) * finer - premium;
    let rate = (premium + pull.clamp(-FUNDING_CLAMP, FUNDING_CLAMP)) / finer;
    let cap = i128::from(cap.0);
    let rate = rate.clamp(-cap, cap);
    Rate(i64::try_from(rate).unwrap_or(0))
}

/// What a position gets (negative: pays) at a funding rate: what is paid is rounded UP and
/// what is received DOWN, to the venue. Positive rates are paid by longs.
pub fn funding_payment(value: Amount, rate: Rate) -> Option<Amount> {
    let product = value.0.checked_mul(-i128::from(rate.0))?;
    // Toward minus infinity: a payment grows, a receipt shrinks.
    Some(Amount(product.div_euclid(RATE_ONE)))
}

/// The median of index x (1 + last funding x time left / interval), index + average basis,
/// and the last trade; a leg without input counts as the index. Rounded toward zero.
pub fn mark_price(index: Price, funding_leg: Option<Price>, legs: [Option<Price>; 2]) -> Price {
    let mut three = [
        funding_leg.unwrap_or(index),
        legs[0].unwrap_or(index),
        legs[1].unwrap_or(index),
    ];
    three.sort_unstable();
    three[1]
}

/// index x (1 + rate x left / interval), rounded toward zero.
pub fn funding_leg(index: Price, rate: Rate, (left_ns, interval_ns): (u64, u64)) -> Option<Price> {
    if interval_ns == 0 {
        return None;
    }
    let rate = i128::from(rate.0) * i128::from(left_ns.min(interval_ns));
    let product = i128::from(index.0).checked_mul(rate)?;
    let basis = product / (RATE_ONE * i128::from(interval_ns));
    i64::try_from(i128::from(index.0) + basis).ok().map(Price)
}

/// Lots that margin is held for: the position with its open orders of the worse side.
/// Reduce-only orders are not among them.
#[inline]
pub fn exposure(size: Qty, bids: i128, asks: i128) -> i128 {
    let size = i128::from(size.0);
    (size + bids).abs().max((size - asks).abs())
}
