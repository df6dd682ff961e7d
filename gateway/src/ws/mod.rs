//! Sockets: market streams at `/ws` and `/stream`, the WebSocket API at `/ws-api/v3`.
//!
//! One task for each connection, and no state beyond it. What waits for a client is
//! bounded: who reads too slowly is cut with a reason, never waited for.
//! Reading order: `handshake`, `life` (what every connection has in common), then
//! `stream`, then `api`.

pub mod life;
pub mod handshake;
pub mod stream;
pub mod api;
