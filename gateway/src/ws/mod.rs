//! Sockets: market streams at `/ws` and `/stream`, those of futures at `/fstream`, `/public`,
//! `/market` and `/private`, the WebSocket API at `/ws-api/v3`.
//!
//! One task for each connection, and no state beyond it. What waits for a client is
//! bounded: who reads too slowly is cut with a reason, never waited for.
//! Reading order: `handshake`, `life` (what every connection has in common), then
//! `stream`, then `user_stream` (futures), then `api`.

pub mod life;
pub mod handshake;
pub mod stream;
pub mod user_stream;
pub mod api;
