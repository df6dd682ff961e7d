//! The composition root: wiring only. A branch of business logic here is a defect.
//!
//! It alone knows every crate: it opens a data directory, runs the pipeline, and puts the
//! gateway, the read models, the follower and the administration around it. It is a library
//! so that tests and benches reach the pipeline.
//!
//! Reading order: `config`, `node` (recover and start), `pipeline` (the way of a command),
//! `serve` (the edges), then `commands` (one file per subcommand).

#![forbid(unsafe_code)]

pub mod failure;
pub mod logging;
pub mod config;
pub mod roles;
pub mod decimal;
pub mod pipeline;
pub mod fault;
pub mod genesis;
pub mod node;
pub mod follower;
pub mod past;
pub mod sinks;
pub mod outlets;
#[cfg(feature = "kafka")]
pub mod inbox;
pub mod history;
pub mod history_counts;
pub mod market_history;
pub mod perpetual_history;
pub mod history_servers;
pub mod reconcile;
pub mod history_copy;
pub mod live_config;
pub mod user_events;
pub mod index;
pub mod reads;
pub mod keyring;
pub mod admin;
pub mod telemetry;
pub mod edge;
pub mod serve;
pub mod restore;
pub mod feed;
pub mod demo;
pub mod load;
pub mod commands;
