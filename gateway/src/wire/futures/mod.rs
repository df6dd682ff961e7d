//! What only futures print: contracts, positions, margin.
//!
//! Numbers print as everywhere ([`crate::wire::decimal`]). Reading order: `names`, then any.

pub mod names;
pub mod exchange_info;
pub mod new_order;
pub mod order;
pub mod market;
pub mod position;
pub mod account;
pub mod trade;
mod margin_call;
pub mod user_events;
