//! The outside → commands: a translator that remembers nothing.
//!
//! It speaks Binance's REST and stream dialect, checks who asks, hands commands to
//! [`submit::Submit`] and formats what comes back; reads go through [`queries::Queries`].
//! Absent on purpose: matching, balances, the journal, SQL. The only things kept
//! here are the request weight of an address and listen keys.
//!
//! Reading order: `router` (the table of routes), `serve` (the way of every request),
//! then one file of `rest`; `ws` for sockets, `fix` for FIX sessions,
//! `bulk` for what comes from a queue.
#![forbid(unsafe_code)]

pub mod router;
pub mod serve;
pub mod call;
pub mod submit;
pub mod traces;
pub mod queries;
pub mod user_events;
pub mod error;
pub mod hints;
pub mod limits;
pub mod listen_keys;
pub mod auth;
pub mod filters;
pub mod wire;
pub mod rest;
pub mod openapi;
pub mod connect;
pub mod ws;
pub mod fix;
pub mod bulk;
