//! Search: orders, trades, payments and what administration did, found by any of their words.
//!
//! Two sinks with the same documents: an index in the data directory (the default, no
//! server) and Elasticsearch or OpenSearch by address. Absent on purpose: full text in
//! prose; everything here is a name, a number or a time.
//!
//! Reading order: `entries` (what is found), `embedded`, `server`, `request` (what is asked).

pub mod entries;
mod stored;
mod http;
pub mod request;
pub mod embedded;
pub mod server;
