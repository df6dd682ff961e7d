//! `/api/v1/udf`: what chart libraries ask of a data feed (TradingView's UDF).
//!
//! Times are whole seconds, prices and volumes are JSON numbers with exactly the decimals
//! that the market has. Marks, quotes and groups are not offered, as `config` says.
//! Reading order: `config`, `symbols`, `search`, `history`, `time`.

pub mod config;
pub mod symbols;
pub mod search;
pub mod history;
pub mod time;

use schemas::market::Interval;

/// How chart libraries call the intervals.
const RESOLUTIONS: [(&str, Interval); 16] = [
    ("1S", Interval::Second),
    ("1", Interval::Minute),
    ("3", Interval::Minutes3),
    ("5", Interval::Minutes5),
    ("15", Interval::Minutes15),
    ("30", Interval::Minutes30),
    ("60", Interval::Hour),
    ("120", Interval::Hours2),
    ("240", Interval::Hours4),
    ("360", Interval::Hours6),
    ("480", Interval::Hours8),
    ("720", Interval::Hours12),
    ("1D", Interval::Day),
    ("3D", Interval::Days3),
    ("1W", Interval::Week),
    ("1M", Interval::Month),
];

/// The interval of a resolution; a letter alone means one of it.
fn interval(resolution: &str) -> Option<Interval> {
    let whole = match resolution {
        "S" | "D" | "W" | "M" => format!("1{resolution}"),
        other => other.to_owned(),
    };
    let found = RESOLUTIONS.iter().find(|(name, _)| *name == whole);
    found.map(|(_, interval)| *interval)
}

/// Every resolution by name.
fn resolutions() -> [&'static str; 16] {
    RESOLUTIONS.map(|(name, _)| name)
}
