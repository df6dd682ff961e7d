//! Kafka: six topics and a cursor, moved together by transactions; commands that come in.
//!
//! Readers with `isolation.level=read_committed` see every message exactly once and in order
//! per key. A rebuild writes a new generation of the topics beside the old one. Absent on
//! purpose: consumer groups (nothing here shares work) and TLS (give `options` to a broker
//! that terminates it, or build librdkafka with it).
//!
//! Reading order: `settings`, `topics` (names, partitions, retention), `cursor` (who writes
//! and how far), `sink` (the transactions), `packed` (the other form of values), `reader`,
//! `inbox` and `feeder` (commands that come in), `client`, `diagnosis` (why brokers that
//! answer take nothing).

pub mod settings;
pub mod topics;
pub mod cursor;
mod diagnosis;
pub mod sink;
pub mod packed;
pub mod reader;
pub mod inbox;
pub mod feeder;
mod client;
