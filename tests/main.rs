//! The whole system as its users meet it, and the rules of the tree.
//!
//! One test program, so that the venue is linked once. Absent on purpose: tests of one
//! crate alone; they lie in that crate.

mod tidy;
mod layering;

mod venue;
mod faults;
mod order_lifecycle;
mod hostile_input;
mod keys;
mod edge;
mod limits;
mod restart;
mod exit_codes;
mod metrics;
mod snapshot_restore;
mod order_changes;
mod power_loss;
mod full_disk;
mod read_models;
mod perpetual_history;
mod market_past;
mod own_book;
mod readers;
mod index_prices;
mod full_ring;
mod fairness;
mod auctions;
mod fuse;
mod pegs;
mod trade_groups;
mod paying_lists;
mod fix_sessions;
mod fix_orders;
mod servers;
mod telemetry;
mod outflow_redis;
#[cfg(all(feature = "kafka", feature = "search"))]
mod outflow;
