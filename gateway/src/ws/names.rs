//! The names of streams: `btcusdt@depth@100ms`.

use schemas::report::{Directory, SymbolReport};

use crate::wire::symbol_query::listed;

/// What a stream tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Feed {
    /// Changed levels, gathered for so many milliseconds.
    Depth { every_ms: u64 },
    /// Every trade.
    Trade,
    /// Every change of the best bid or ask.
    BookTicker,
}

/// A stream of a listed symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamName {
    pub symbol: SymbolReport,
    pub feed: Feed,
}

impl StreamName {
    /// Reads a name; `None` for a symbol or a stream that is not served.
    pub fn parse(directory: &Directory, name: &str) -> Option<StreamName> {
        let (symbol, feed) = name.split_once('@')?;
        let feed = match feed {
            "depth" | "depth@1000ms" => Feed::Depth { every_ms: 1_000 },
            "depth@100ms" => Feed::Depth { every_ms: 100 },
            "trade" => Feed::Trade,
            "bookTicker" => Feed::BookTicker,
            _ => return None,
        };
        if symbol.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        let mut symbols = listed(directory);
        let symbol = symbols.find(|listed| listed.name.as_str().eq_ignore_ascii_case(symbol))?;
        Some(StreamName { symbol, feed })
    }
}

/// The names in a path or a `streams` parameter; a number is only a client's own label.
pub fn split(text: &str) -> Vec<String> {
    let segments = text.split('/').filter(|segment| !segment.is_empty());
    let named = segments.filter(|segment| !segment.bytes().all(|byte| byte.is_ascii_digit()));
    named.map(str::to_owned).collect()
}
