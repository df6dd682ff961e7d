//! The names of streams: `btcusdt@depth@100ms`, `!ticker@arr`.

use schemas::market::{Interval, ZoneShift};
use schemas::report::{Directory, SymbolReport};

use crate::wire::names::Name;
use crate::wire::symbol_query::listed;
use crate::wire::time_zone::parse_zone;

/// What a stream tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Changed levels, gathered for so many milliseconds.
    Depth { every_ms: u64 },
    /// The best levels, when they changed within so many milliseconds.
    Levels { count: usize, every_ms: u64 },
    /// Every trade.
    Trade,
    /// Trades of one taker order at one price, as one.
    AggregateTrade,
    /// Every change of the best bid or ask.
    BookTicker,
    /// The running candle.
    Candle { interval: Interval, zone: ZoneShift },
    /// What the last 24 hours came to, in short.
    MiniTicker,
    /// What the last 24 hours came to.
    Ticker,
    /// What a window of so many hours came to.
    Window { hours: u64 },
    /// The mean price of the last minutes.
    AveragePrice,
}

/// A stream that is served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamName {
    /// Whose market it is about; `None` for every listed symbol.
    pub symbol: Option<SymbolReport>,
    pub kind: Kind,
}

impl StreamName {
    /// Reads a name; `None` for a symbol or a stream that is not served.
    pub fn parse(directory: &Directory, name: &str) -> Option<StreamName> {
        if let Some(all) = name.strip_prefix('!') {
            let kind = match all {
                "bookTicker" => Kind::BookTicker,
                _ => match all.strip_suffix("@arr")? {
                    "miniTicker" => Kind::MiniTicker,
                    "ticker" => Kind::Ticker,
                    window => window_of(window)?,
                },
            };
            return Some(StreamName { symbol: None, kind });
        }
        let (symbol, kind) = name.split_once('@')?;
        let kind = parse_kind(kind)?;
        if symbol.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        let mut symbols = listed(directory);
        let symbol = symbols.find(|listed| listed.name.as_str().eq_ignore_ascii_case(symbol))?;
        let symbol = Some(symbol);
        Some(StreamName { symbol, kind })
    }
}

fn parse_kind(text: &str) -> Option<Kind> {
    let plain = match text {
        "trade" => Some(Kind::Trade),
        "aggTrade" => Some(Kind::AggregateTrade),
        "bookTicker" => Some(Kind::BookTicker),
        "miniTicker" => Some(Kind::MiniTicker),
        "ticker" => Some(Kind::Ticker),
        "avgPrice" => Some(Kind::AveragePrice),
        _ => window_of(text),
    };
    if plain.is_some() {
        return plain;
    }
    if let Some(candle) = text.strip_prefix("kline_") {
        let (interval, zone) = match candle.split_once('@') {
            None => (candle, ZoneShift::UTC),
            Some((interval, zone)) => (interval, parse_zone(zone)?),
        };
        let interval = Interval::parse(interval)?;
        return Some(Kind::Candle { interval, zone });
    }
    let (what, every_ms) = match text.split_once('@') {
        None | Some((_, "1000ms")) => (text.trim_end_matches("@1000ms"), 1_000),
        Some((what, "100ms")) => (what, 100),
        Some(_) => return None,
    };
    Some(match what {
        "depth" => Kind::Depth { every_ms },
        "depth5" => Kind::Levels { count: 5, every_ms },
        "depth10" => Kind::Levels {
            count: 10,
            every_ms,
        },
        "depth20" => Kind::Levels {
            count: 20,
            every_ms,
        },
        _ => return None,
    })
}

fn window_of(text: &str) -> Option<Kind> {
    let hours = match text {
        "ticker_1h" => 1,
        "ticker_4h" => 4,
        "ticker_1d" => 24,
        _ => return None,
    };
    Some(Kind::Window { hours })
}

/// The names in a path or a `streams` parameter; a number is only a client's own label.
pub fn split(text: &str) -> Vec<String> {
    let segments = text.split('/').filter(|segment| !segment.is_empty());
    let named = segments.filter(|segment| !segment.bytes().all(|byte| byte.is_ascii_digit()));
    named.map(str::to_owned).collect()
}
