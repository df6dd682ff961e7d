//! Event log → the outside: each sink at its own pace, each with its own cursor.
//!
//! A projection reads the event log and nothing else, commits effects and cursor in one
//! atomic step, and can be thrown away and made again. Absent on purpose: the engine, the
//! gateway, and any way for a slow sink to slow trading.
//!
//! Reading order: `projection` (the trait), `opening` (where history is gone), `driver` (who
//! calls it), `orders` (events folded into rows), `sql` (SQLite, MySQL), `reads` (what history
//! answers), `reconcile` (rows against the journal), `names`, `document` and `telling` (events
//! in words for other systems), `kafka`, `search`, `redis`, `error`.

#![forbid(unsafe_code)]

pub mod opening;
pub mod projection;
pub mod driver;
pub mod orders;
pub mod sql;
mod rows;
pub mod reads;
pub mod market_reads;
pub mod order_change_reads;
pub mod perpetual_reads;
pub mod reconcile;
pub mod names;
pub mod document;
pub mod telling;
#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "search")]
pub mod search;
pub mod redis;
pub mod error;

#[cfg(test)]
mod tests;
