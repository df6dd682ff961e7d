//! The contract with clients, over a venue that only records what it is handed.
//!
//! Nothing here matches an order: what the engine would say is written into each test.
//! Reading order: `venue`, then any.
#![forbid(unsafe_code)]

mod venue;
mod perpetual_venue;
mod client;
mod auth;
mod signatures;
mod limits;
mod help;
mod bad_input;
mod decimals;
mod orders;
mod cancels;
mod market;
mod protection;
mod statistics;
mod futures_market;
mod futures_orders;
mod futures_accounts;
mod futures_streams;
mod futures_session;
mod terms;
mod pegs;
mod lists;
mod paying_lists;
mod order_changes;
mod wallets;
mod accounts;
mod transport;
mod streams;
mod sessions;
mod user_events;
mod fix_client;
mod fix_session;
mod fix_orders;
mod fix_dictionary;
mod bulk;
mod fuzz;
