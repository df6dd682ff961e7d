//! Simulated traders, so that a newcomer sees a living book at once.
//!
//! Everything is drawn from one seed: a reference price that wanders, a market maker that
//! keeps a ladder around it, and takers who come in bursts. They are clients like any
//! other: they hand commands to the port and read nothing but answers.
//!
//! Reading order: `dice`, `traders`.

pub mod dice;
pub mod traders;
