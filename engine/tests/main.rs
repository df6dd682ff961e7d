//! What the engine does, from outside: one binary, one topic a module.
//!
//! Reading order: `venue` (an engine with names), the drawn scenarios in `drawn`, `naive`
//! (the venue said twice), `swarm` (random commands), `random_streams` (engine against
//! naive), `carried`, `determinism`, `planted_faults`, `terms`, `protection`, `perpetual`,
//! `oracle` (real order flow and the
//! tests of others).

#![expect(
    clippy::disallowed_methods,
    reason = "tests read oracle files and their environment"
)]

mod venue;
mod drawn;
mod naive;
mod swarm;
mod random_streams;
mod carried;
mod producers;
mod determinism;
mod planted_faults;
mod terms;
mod protection;
mod perpetual;
mod oracle;
