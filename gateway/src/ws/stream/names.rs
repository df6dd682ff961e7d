//! The names of streams: `btcusdt@depth@100ms`, `!ticker@arr`.

use schemas::instrument::SymbolKind;
use schemas::market::{Interval, ZoneShift};
use schemas::report::{Directory, SymbolReport};

use crate::wire::names::Name;
use crate::wire::symbol_query::listed_of;
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
    /// Every order by which a position was liquidated.
    ForcedOrder,
    /// Mark, index and funding of a perpetual, every so many milliseconds.
    MarkPrice { every_ms: u64 },
}

/// A stream that is served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamName {
    /// Whose market it is about; `None` for every listed symbol.
    pub symbol: Option<SymbolReport>,
    pub product: SymbolKind,
    pub kind: Kind,
}

impl StreamName {
    /// Whether it tells of perpetuals.
    pub fn is_futures(&self) -> bool {
        self.product == SymbolKind::Perpetual
    }

    /// Reads a name; `None` for a symbol of that product, or a stream, that is not served.
    pub fn parse(directory: &Directory, product: SymbolKind, name: &str) -> Option<StreamName> {
        let is_spot = product == SymbolKind::Spot;
        if let Some(all) = name.strip_prefix('!') {
            let kind = match all {
                "bookTicker" => Kind::BookTicker,
                "forceOrder@arr" if !is_spot => Kind::ForcedOrder,
                "markPrice@arr" if !is_spot => Kind::MarkPrice { every_ms: 3_000 },
                "markPrice@arr@1s" if !is_spot => Kind::MarkPrice { every_ms: 1_000 },
                _ => match all.strip_suffix("@arr")? {
                    "miniTicker" => Kind::MiniTicker,
                    "ticker" => Kind::Ticker,
                    window if is_spot => window_of(window)?,
                    _ => return None,
                },
            };
            return Some(StreamName {
                symbol: None,
                product,
                kind,
            });
        }
        let (symbol, kind) = name.split_once('@')?;
        let kind = match product {
            SymbolKind::Spot => parse_kind(kind)?,
            SymbolKind::Perpetual => futures_kind(kind)?,
        };
        if symbol.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        let mut symbols = listed_of(directory, product);
        let symbol = symbols.find(|listed| listed.name.as_str().eq_ignore_ascii_case(symbol))?;
        let symbol = Some(symbol);
        Some(StreamName {
            symbol,
            product,
            kind,
        })
    }
}

/// The streams of futures: their book speaks more often, and they have a mark price.
fn futures_kind(text: &str) -> Option<Kind> {
    let (what, pace) = text.split_once('@').unwrap_or((text, "250ms"));
    let every_ms = match pace {
        "100ms" => 100,
        "500ms" => 500,
        _ => 250,
    };
    let levels = |count| Some(Kind::Levels { count, every_ms });
    match what {
        _ if !matches!(pace, "100ms" | "250ms" | "500ms") => {}
        "depth" => return Some(Kind::Depth { every_ms }),
        "depth5" => return levels(5),
        "depth10" => return levels(10),
        "depth20" => return levels(20),
        _ => {}
    }
    match text {
        "forceOrder" => Some(Kind::ForcedOrder),
        "markPrice" => Some(Kind::MarkPrice { every_ms: 3_000 }),
        "markPrice@1s" => Some(Kind::MarkPrice { every_ms: 1_000 }),
        "trade" | "aggTrade" | "bookTicker" | "miniTicker" | "ticker" => parse_kind(text),
        _ if text.starts_with("kline_") => parse_kind(text),
        _ => None,
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
