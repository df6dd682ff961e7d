//! What a window of trades came to, on its way out: the four tickers of price change.
//!
//! Windows begin on a full minute, as those of Binance's rolling ticker do; that of 24 hours
//! as well, so it is up to a minute longer. Within them every trade counts exactly. After
//! a window without trades all prices are that of the last trade; before the first trade
//! they are zero. Ids are -1 where there is no trade.

use schemas::market::{Candle, MarketWindow, Volume};
use schemas::units::{Price, Qty, TimeNs};
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::{Fixed, Percent};
use crate::wire::grid::Grid;
use crate::wire::market::best;
use schemas::report::Top;

/// One window's numbers, however they are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Statistics {
    /// All trades as one candle; flat without any.
    pub candle: Candle,
    /// The last price before the window; its first price when nothing traded before.
    pub previous_close: Price,
    pub last_qty: Qty,
}

/// When a window opens and closes, as it is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub open_time: u64,
    pub close_time: u64,
}

impl Span {
    /// From a moment until now.
    pub fn until_now(unit: TimeUnit, open: TimeNs, now: TimeNs) -> Span {
        Span {
            open_time: unit.print(open),
            close_time: unit.print(now),
        }
    }

    /// From a moment until right before another.
    pub fn until(unit: TimeUnit, open: TimeNs, next: TimeNs) -> Span {
        Span {
            open_time: unit.print(open),
            close_time: unit.print(next).saturating_sub(1),
        }
    }
}

impl Statistics {
    /// The numbers of a window.
    pub fn new(window: &MarketWindow) -> Statistics {
        let before = window.previous_close.unwrap_or(Price::ZERO);
        let candle = window
            .traded
            .unwrap_or_else(|| Candle::flat(TimeNs(0), before));
        let traded = window.last.filter(|_| window.traded.is_some());
        Statistics {
            candle,
            previous_close: window.previous_close.unwrap_or(candle.open),
            last_qty: traded.map_or(Qty::ZERO, |trade| trade.qty),
        }
    }

    /// From the first price to the last.
    pub fn change(&self) -> Price {
        Price(self.candle.close.0 - self.candle.open.0)
    }

    /// The same in percent of the first price.
    pub fn change_percent(&self) -> Percent {
        Percent::of(self.change().0.into(), self.candle.open.0.into())
    }

    /// Quote by base; the last price when nothing traded.
    pub fn average(&self, grid: &Grid) -> Fixed {
        average(grid, &self.candle)
    }

    /// The first and the last trade's ids, and how many there are.
    pub fn ids(&self) -> (i64, i64, u64) {
        let id = |id: u64| i64::try_from(id).unwrap_or(i64::MAX);
        let (first, last) = self
            .candle
            .trades
            .map_or((-1, -1), |(first, last)| (id(first.0), id(last.0)));
        (first, last, self.candle.count())
    }
}

/// Quote by base to 8 decimals, rounded half up; the close of a candle without trades.
pub fn average(grid: &Grid, candle: &Candle) -> Fixed {
    let Volume(volume) = candle.volume;
    Fixed::ratio(
        (candle.quote.0, grid.quote.scale),
        (volume, grid.symbol.qty_scale),
    )
    .unwrap_or_else(|| grid.price(candle.close))
}

/// The answer of ticker/24hr.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DayTicker<'a> {
    symbol: &'a str,
    price_change: Fixed,
    price_change_percent: Percent,
    weighted_avg_price: Fixed,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_close_price: Option<Fixed>,
    last_price: Fixed,
    last_qty: Fixed,
    #[serde(flatten)]
    best: Option<BestPrices>,
    open_price: Fixed,
    high_price: Fixed,
    low_price: Fixed,
    #[serde(flatten)]
    totals: Totals,
}

/// What only the ticker of spot has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BestPrices {
    bid_price: Fixed,
    bid_qty: Fixed,
    ask_price: Fixed,
    ask_qty: Fixed,
}

impl BestPrices {
    fn new(grid: &Grid, top: &Top) -> BestPrices {
        let (bid_price, bid_qty) = best(grid, top.bid);
        let (ask_price, ask_qty) = best(grid, top.ask);
        BestPrices {
            bid_price,
            bid_qty,
            ask_price,
            ask_qty,
        }
    }
}

/// The answer of ticker and ticker/tradingDay.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowTicker<'a> {
    symbol: &'a str,
    price_change: Fixed,
    price_change_percent: Percent,
    weighted_avg_price: Fixed,
    #[serde(flatten)]
    prices: Prices,
    #[serde(flatten)]
    totals: Totals,
}

/// The answer of each of the three with `type=MINI`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MiniTicker<'a> {
    symbol: &'a str,
    #[serde(flatten)]
    prices: Prices,
    #[serde(flatten)]
    totals: Totals,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Prices {
    open_price: Fixed,
    high_price: Fixed,
    low_price: Fixed,
    last_price: Fixed,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    volume: Fixed,
    quote_volume: Fixed,
    open_time: u64,
    close_time: u64,
    first_id: i64,
    last_id: i64,
    count: u64,
}

impl<'a> DayTicker<'a> {
    /// A window, of spot beside the book's best prices.
    pub fn new(grid: &'a Grid, statistics: &Statistics, top: &Top, span: Span) -> DayTicker<'a> {
        let is_spot = grid.is_spot();
        let Prices {
            open_price,
            high_price,
            low_price,
            last_price,
        } = Prices::new(grid, statistics);
        DayTicker {
            symbol: grid.name(),
            price_change: grid.price(statistics.change()),
            price_change_percent: statistics.change_percent(),
            weighted_avg_price: statistics.average(grid),
            prev_close_price: is_spot.then(|| grid.price(statistics.previous_close)),
            last_price,
            last_qty: grid.qty(statistics.last_qty),
            best: is_spot.then(|| BestPrices::new(grid, top)),
            open_price,
            high_price,
            low_price,
            totals: Totals::new(grid, statistics, span),
        }
    }
}

impl<'a> WindowTicker<'a> {
    /// A window.
    pub fn new(grid: &'a Grid, statistics: &Statistics, span: Span) -> WindowTicker<'a> {
        WindowTicker {
            symbol: grid.name(),
            price_change: grid.price(statistics.change()),
            price_change_percent: statistics.change_percent(),
            weighted_avg_price: statistics.average(grid),
            prices: Prices::new(grid, statistics),
            totals: Totals::new(grid, statistics, span),
        }
    }
}

impl<'a> MiniTicker<'a> {
    /// A window.
    pub fn new(grid: &'a Grid, statistics: &Statistics, span: Span) -> MiniTicker<'a> {
        MiniTicker {
            symbol: grid.name(),
            prices: Prices::new(grid, statistics),
            totals: Totals::new(grid, statistics, span),
        }
    }
}

impl Prices {
    fn new(grid: &Grid, statistics: &Statistics) -> Prices {
        let candle = &statistics.candle;
        Prices {
            open_price: grid.price(candle.open),
            high_price: grid.price(candle.high),
            low_price: grid.price(candle.low),
            last_price: grid.price(candle.close),
        }
    }
}

impl Totals {
    fn new(grid: &Grid, statistics: &Statistics, span: Span) -> Totals {
        let candle = &statistics.candle;
        let (first_id, last_id, count) = statistics.ids();
        Totals {
            volume: grid.volume(candle.volume),
            quote_volume: grid.quote(candle.quote),
            open_time: span.open_time,
            close_time: span.close_time,
            first_id,
            last_id,
            count,
        }
    }
}
