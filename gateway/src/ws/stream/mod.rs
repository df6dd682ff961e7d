//! The market streams: raw at `/ws`, wrapped at `/stream`.
//!
//! ```text
//! market updates ──► hub ──► one text for each message ──► inboxes of the connections
//!                     ▲ every 100 ms: what has gathered
//! ```
//!
//! A message is made and serialised once, however many listen; a connection only forwards
//! shared bytes. Depth is gathered between messages; a connection whose inbox is full is
//! cut with a reason, never waited for.
//!
//! Reading order: `names`, `open`, `session` (a connection), `control`, `hub`, `feed` (what
//! one stream gathers), then the messages.

pub mod names;
pub mod open;
pub mod session;
pub mod control;
pub mod inbox;
pub mod hub;
pub mod feed;
pub mod depth;
pub mod trades;
pub mod forced;
pub mod tickers;
pub mod candle;
