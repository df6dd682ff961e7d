//! Candles and summaries: what the trades of a span of time came to.
//!
//! Both follow from the trades and their times alone, so that a late start gives the same
//! rows as an early one. Journal time never goes back: per symbol only the newest span of
//! each interval can still change, and only that one is held in memory.

use schemas::ids::{AccountId, SymbolId};
use schemas::instrument::Side;
use schemas::market::{Candle, Interval, Volume, ZoneShift};
use schemas::report::TradeReport;
use schemas::units::{Amount, Price, TimeNs};

use crate::error::SinkError;
use crate::rows::{amount, whole};
use crate::sql::database::{Row, Value};

/// The intervals of summaries: an hour and a calendar day, UTC.
pub const SUMMARY_SPANS: [Interval; 2] = [Interval::Hour, Interval::Day];

/// The dialect's name of an interval.
pub fn span_name(interval: Interval) -> &'static str {
    match interval {
        Interval::Second => "1s",
        Interval::Minute => "1m",
        Interval::Minutes3 => "3m",
        Interval::Minutes5 => "5m",
        Interval::Minutes15 => "15m",
        Interval::Minutes30 => "30m",
        Interval::Hour => "1h",
        Interval::Hours2 => "2h",
        Interval::Hours4 => "4h",
        Interval::Hours6 => "6h",
        Interval::Hours8 => "8h",
        Interval::Hours12 => "12h",
        Interval::Day => "1d",
        Interval::Days3 => "3d",
        Interval::Week => "1w",
        Interval::Month => "1M",
    }
}

/// When the span that holds `time` began, UTC.
pub fn opened(interval: Interval, time: TimeNs) -> TimeNs {
    interval.start(time, ZoneShift::UTC)
}

/// A candle's row in `candles`.
pub fn candle_row(symbol: SymbolId, interval: Interval, candle: &Candle) -> [Value; 14] {
    let (first, last) = candle
        .trades
        .map_or((0, 0), |(first, last)| (first.0, last.0));
    [
        symbol.0.into(),
        span_name(interval).into(),
        candle.open_time.0.into(),
        candle.open.0.into(),
        candle.high.0.into(),
        candle.low.0.into(),
        candle.close.0.into(),
        candle.volume.0.into(),
        candle.quote.0.into(),
        candle.count().into(),
        candle.taker_volume.0.into(),
        candle.taker_quote.0.into(),
        first.into(),
        last.into(),
    ]
}

/// A candle from its row.
///
/// # Errors
/// [`SinkError::Row`] when a value does not fit.
pub fn candle(row: &Row) -> Result<Candle, SinkError> {
    use schemas::ids::TradeId;
    Ok(Candle {
        open_time: TimeNs(whole(row, "open_ns")?),
        open: Price(row.whole("open")?),
        high: Price(row.whole("high")?),
        low: Price(row.whole("low")?),
        close: Price(row.whole("close")?),
        volume: Volume(amount(row, "qty")?.0),
        quote: amount(row, "quote")?,
        taker_volume: Volume(amount(row, "taker_buy_qty")?.0),
        taker_quote: amount(row, "taker_buy_quote")?,
        trades: Some((
            TradeId(whole(row, "first_trade")?),
            TradeId(whole(row, "last_trade")?),
        )),
    })
}

/// Names one row of `trade_summary`, its interval apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SummaryKey {
    pub symbol: SymbolId,
    pub interval: Interval,
    pub open_time: TimeNs,
    pub account: AccountId,
}

/// What an account traded on a symbol in a span.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    pub trades: u64,
    pub bought_qty: Volume,
    pub bought_quote: Amount,
    pub sold_qty: Volume,
    pub sold_quote: Amount,
}

impl Summary {
    /// One side of a trade more.
    pub fn add(&mut self, trade: &TradeReport, side: Side) {
        self.trades += 1;
        let (qty, quote) = match side {
            Side::Buy => (&mut self.bought_qty, &mut self.bought_quote),
            Side::Sell => (&mut self.sold_qty, &mut self.sold_quote),
        };
        qty.0 += i128::from(trade.qty.0);
        quote.0 += trade.quote.0;
    }

    /// Another span joins this one.
    pub fn join(&mut self, other: &Summary) {
        self.trades += other.trades;
        self.bought_qty.0 += other.bought_qty.0;
        self.bought_quote.0 += other.bought_quote.0;
        self.sold_qty.0 += other.sold_qty.0;
        self.sold_quote.0 += other.sold_quote.0;
    }

    /// Bought and sold together: what rankings compare.
    pub fn turnover(&self) -> Amount {
        Amount(self.bought_quote.0 + self.sold_quote.0)
    }

    /// Its row in `trade_summary`.
    pub fn row(&self, key: &SummaryKey) -> [Value; 9] {
        [
            key.symbol.0.into(),
            span_name(key.interval).into(),
            key.open_time.0.into(),
            key.account.0.into(),
            self.trades.into(),
            self.bought_qty.0.into(),
            self.bought_quote.0.into(),
            self.sold_qty.0.into(),
            self.sold_quote.0.into(),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// [`SinkError::Row`] when a value does not fit.
    pub fn read(row: &Row) -> Result<Summary, SinkError> {
        Ok(Summary {
            trades: whole(row, "trades")?,
            bought_qty: Volume(amount(row, "bought_qty")?.0),
            bought_quote: amount(row, "bought_quote")?,
            sold_qty: Volume(amount(row, "sold_qty")?.0),
            sold_quote: amount(row, "sold_quote")?,
        })
    }
}
