//! The rules of an ordinary limit order as ranges, calculated when one of them changes.
//!
//! ```text
//! PRICE_FILTER and PERCENT_PRICE_BY_SIDE ─▶ lowest..=highest price of each side
//! LOT_SIZE                               ─▶ smallest..=largest quantity
//! NOTIONAL                               ─▶ smallest..=largest notional of 64 bits
//! ```
//!
//! A corridor follows from the symbol and its reference price, so no snapshot holds it.
//! It only ever accepts: what lies outside is judged by `filters`, rule by rule, which
//! knows the reason. A rule that it cannot express makes it empty.

use schemas::instrument::{Side, SymbolKind, SymbolState};
use schemas::units::{Amount, Price, Qty};

use crate::risk::filters::{PRICE_MAX, is_multiple, step_of};
use crate::state::Symbol;

/// What an order that trades by price and quantity may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Corridor {
    /// Nanoseconds since 1970: from then on it has to be made anew.
    until: u64,
    /// By side, in price units: the lowest and the highest.
    prices: [(i64, i64); 2],
    tick: i64,
    /// In quantity units: the smallest and the largest.
    quantities: (i64, i64),
    step: i64,
    /// In quote atoms: the smallest and the largest.
    notionals: (u64, u64),
    quote_per_tick_lot: u64,
    /// Open orders of an account, the new one included; `u32::MAX` = no bound.
    pub max_num_orders: u32,
}

/// No price lies in it.
const NOWHERE: (i64, i64) = (1, 0);
/// Multipliers of PERCENT_PRICE_BY_SIDE are in 1e-4.
const PERCENT_ONE: i128 = 10_000;

impl Corridor {
    /// Has to be made before it is used.
    pub const UNKNOWN: Corridor = Corridor {
        until: 0,
        prices: [NOWHERE; 2],
        tick: 1,
        quantities: NOWHERE,
        step: 1,
        notionals: (0, 0),
        quote_per_tick_lot: 0,
        max_num_orders: 0,
    };

    /// The corridor of a symbol while its reference price is this, which it is `until` a
    /// time if nothing trades.
    pub fn of(symbol: &Symbol, reference: Option<Price>, until: u64) -> Corridor {
        let is_open = symbol.state == SymbolState::Trading && symbol.kind == SymbolKind::Spot;
        let percent = &symbol.percent;
        let prices = |up, down| match is_open {
            true => price_range(symbol, reference.map(|price| (price, up, down))),
            false => NOWHERE,
        };
        let bids = match symbol.max_position {
            Qty::ZERO => prices(percent.bid_up, percent.bid_down),
            _ => NOWHERE,
        };
        let asks = prices(percent.ask_up, percent.ask_down);
        let lot = &symbol.lot;
        let least = u64::try_from(symbol.notional.min.0).unwrap_or(u64::MAX);
        let most = match symbol.notional.max {
            Amount::ZERO => u64::MAX,
            max => u64::try_from(max.0).unwrap_or(u64::MAX),
        };
        Corridor {
            until,
            prices: [bids, asks],
            tick: symbol.price.tick.0.max(1),
            quantities: (lot.min.0.max(1), bound(lot.max.0)),
            step: step_of(symbol),
            notionals: (least, most),
            quote_per_tick_lot: symbol.market.quote_per_tick_lot,
            max_num_orders: match symbol.max_num_orders {
                0 => u32::MAX,
                bound => bound,
            },
        }
    }

    /// Whether it still says what the rules say.
    #[inline]
    pub fn is_known(&self, now_ns: u64) -> bool {
        now_ns < self.until
    }

    /// The notional of an order that lies within; `None` says nothing.
    #[inline]
    pub fn notional(&self, side: Side, price: Price, qty: Qty) -> Option<u64> {
        let (lowest, highest) = self.prices[side as usize];
        let (smallest, largest) = self.quantities;
        let lies_within = price.0 >= lowest
            && price.0 <= highest
            && qty.0 >= smallest
            && qty.0 <= largest
            && (self.tick == 1 || is_multiple(price.0, self.tick))
            && (self.step == 1 || is_multiple(qty.0, self.step));
        if !lies_within {
            return None;
        }
        let tick_lots = (price.0 as u64).checked_mul(qty.0 as u64)?;
        let notional = tick_lots.checked_mul(self.quote_per_tick_lot)?;
        let (least, most) = self.notionals;
        (notional >= least && notional <= most).then_some(notional)
    }
}

/// The prices for which both price filters hold.
fn price_range(symbol: &Symbol, percent: Option<(Price, u32, u32)>) -> (i64, i64) {
    let mut lowest = i128::from(symbol.price.min.0.max(1));
    let mut highest = i128::from(bound(symbol.price.max.0).min(PRICE_MAX.0));
    if let Some((reference, up, down)) = percent {
        let reference = i128::from(reference.0);
        let floor = reference * i128::from(down);
        lowest = lowest.max(floor.div_euclid(PERCENT_ONE) + i128::from(floor % PERCENT_ONE != 0));
        if up != 0 {
            highest = highest.min(reference * i128::from(up) / PERCENT_ONE);
        }
    }
    match (i64::try_from(lowest), i64::try_from(highest)) {
        (Ok(lowest), Ok(highest)) => (lowest, highest),
        _ => NOWHERE,
    }
}

/// A zero disables a bound.
fn bound(value: i64) -> i64 {
    if value == 0 { i64::MAX } else { value }
}

const _: () = assert!(size_of::<Corridor>() <= 128, "two cache lines");
