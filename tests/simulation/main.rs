//! The node under faults, simulated: one seed, one history, on every machine.
//!
//! The real journal, recovery, snapshots, replay and engine run over a disk of memory
//! (`journal::simulation`) that forgets, tears, lies, fails and fills up. Clients send,
//! repeat, retry and give up; who works when is drawn. After every crash the node starts
//! by its own code, and what it has must be what the model, which knows the answers that
//! were given, expects.
//!
//! Absent on purpose: threads, sleeping, the wall clock, files of the machine (but for the
//! read models of `rows`, which have a database of their own).
//!
//! Reading order: `profile` (what a seed is about), `workload` and `whole` (what is sent),
//! `times`, `network`, `sinks` and `rows` (what is around the node), `world` (the steps),
//! `node` (the real code, driven), `model` and `timers` (what was promised), `start` (crash,
//! recovery, checks), `scan` (a second look at the disk), `shrink`, `kept`, `campaign` (many
//! seeds), then the tests; `fixtures` (released formats) shares the workload only.

#[path = "../../engine/tests/naive/mod.rs"]
mod naive;
#[path = "../../engine/tests/swarm.rs"]
mod swarm;
#[expect(dead_code, reason = "the engine's tests use more of it")]
#[path = "../../engine/tests/venue.rs"]
mod venue;

mod profile;
mod whole;
mod workload;
mod times;
mod network;
mod sinks;
mod rows;
mod model;
mod timers;
mod scan;
mod node;
mod world;
mod start;
mod shrink;
mod kept;
mod campaign;
mod canaries;
mod fixtures;
