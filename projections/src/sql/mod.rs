//! The read models in SQL: SQLite by default, MySQL and MariaDB by address.
//!
//! One transaction a batch holds its rows and the cursor, which is a row moved
//! `WHERE next = old`: a second writer is noticed and leaves no trace. Absent on purpose:
//! an object mapper, and any statement that only one of the databases understands outside
//! `dialect`.
//!
//! Reading order: `tables` and `schemas/sql` (what is stored), `fold` (events to rows) with
//! `ledger`, `candles` and `perpetual`, `sink` (the projection), `memory`, `shard`; beneath them
//! `database`, `dialect`, `migrate`, `server`.

pub mod tables;
pub mod perpetual_tables;
pub mod fold;
pub mod perpetual;
pub mod ledger;
pub mod candles;
pub mod sink;
pub mod memory;
pub mod shard;
pub mod database;
pub mod dialect;
pub mod migrate;
pub mod server;
pub mod file;
