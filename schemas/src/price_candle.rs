//! Candles of what nobody trades: mark price, index price and premium.
//!
//! A value stands until the next one, so that a span without a change is flat at the value
//! before. Values are price units of the symbol, premiums are rates (1e-8).

use crate::event::Event;
use crate::ids::SymbolId;
use crate::market::Interval;
use crate::units::TimeNs;
use crate::wire::numbered;

numbered! {
    /// What a candle is of.
    PriceSeries { Mark = 0, Index = 1, Premium = 2 }
}

/// The values of a span of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PriceCandle {
    /// When the span began.
    pub open_time: TimeNs,
    pub open: i64,
    pub high: i64,
    pub low: i64,
    pub close: i64,
    /// How many values came within it.
    pub count: u64,
}

/// Which candles: ascending from `start`, or the newest before `end`; bounds of open times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PriceCandlePage {
    pub symbol: SymbolId,
    pub series: PriceSeries,
    pub interval: Interval,
    pub start: Option<TimeNs>,
    pub end: Option<TimeNs>,
    /// The newest candle holds this moment.
    pub now: TimeNs,
    pub limit: usize,
}

impl PriceCandle {
    /// A span's first value.
    pub fn new(open_time: TimeNs, value: i64) -> PriceCandle {
        PriceCandle {
            count: 1,
            ..PriceCandle::flat(open_time, value)
        }
    }

    /// A span in which nothing changed.
    pub fn flat(open_time: TimeNs, value: i64) -> PriceCandle {
        PriceCandle {
            open_time,
            open: value,
            high: value,
            low: value,
            close: value,
            count: 0,
        }
    }

    /// The next value of the span.
    pub fn add(&mut self, value: i64) {
        self.high = self.high.max(value);
        self.low = self.low.min(value);
        self.close = value;
        self.count += 1;
    }
}

/// The value that an event tells.
pub fn value_of(event: &Event) -> Option<(SymbolId, PriceSeries, i64)> {
    Some(match event {
        Event::MarkPriceChanged(it) => (it.symbol, PriceSeries::Mark, it.mark.0),
        Event::IndexPriceSet(it) => (it.symbol, PriceSeries::Index, it.price.0),
        Event::PremiumSampled(it) => (it.symbol, PriceSeries::Premium, it.premium.0),
        _ => return None,
    })
}
