//! An append-only, checksummed, memory-mapped log of opaque frames.
//!
//! This crate moves bytes. It gives each record its dense number, keeps the disk
//! honest, and decides after a crash what is still true. Absent on purpose: any
//! notion of a command, an account or a price (a log that understands its content
//! cannot outlive it), any async runtime, and any repair of what was promised.
//!
//! Reading order: `frame`, `region`, `segment`, `files`, `disk`, `mark`, `lock`, then the two
//! threads beside the hot path, `sync` and `prepare`, then `writer`, `recovery`,
//! `open`, `reader`. `event_log` (with `event_reader`) and `snapshot_store` reuse the frame
//! and the file discipline for data that can be made again. `simulation`, behind a feature
//! that no shipped program has, is a disk of memory that breaks on request.
//!
//! **Invariant:** `unsafe` stands in `region` and `files` only, and each block says why
//! it holds.

pub mod frame;
mod region;
mod segment;
mod files;
mod disk;
pub mod mark;
pub mod lock;
pub mod bell;
pub mod sync;
mod prepare;
pub mod writer;
pub mod recovery;
pub mod open;
pub mod reader;
pub mod event_log;
pub mod event_reader;
pub mod snapshot_store;
pub mod error;
#[cfg(feature = "simulation")]
pub mod simulation;

#[cfg(test)]
mod tests;
