//! The market streams: raw at `/ws`, wrapped at `/stream`.
//!
//! One task for each connection, and no state beyond it. The queue in front of a
//! connection is bounded: who reads too slowly is cut with a reason, never waited for.
//! Reading order: `names`, `upgrade`, `session` (the loop), `control`, then the streams.

pub mod names;
pub mod upgrade;
pub mod session;
pub mod control;
pub mod subscriptions;
pub mod depth_stream;
pub mod trade_stream;
pub mod book_ticker_stream;
