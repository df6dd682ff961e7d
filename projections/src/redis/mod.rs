//! Redis by address: the newest prices, books and day tickers for many gateways.
//!
//! Keys, values and channels stand in `schemas/redis/README.md`. Numbers are whole units or
//! decimal text, never a float: a book is a sorted set whose members all have score 0, so
//! that Redis sorts them as text, a price of 19 digits first. Absent on purpose: history,
//! accounts, and anything that could not be made again from the event log.
//!
//! Reading order: `settings`, `markets` (events folded into what changed), `texts` (how it
//! is written), `stored` (how it is read back), `sink`.

pub mod settings;
pub(crate) mod markets;
pub(crate) mod texts;
mod stored;
pub mod sink;
