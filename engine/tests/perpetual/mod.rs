//! Perpetual contracts: the arithmetic of others, drawn rules, and a naive model.
//!
//! Reading order: `world` (an engine with two contracts), `rules` (one rule a test),
//! `conditional`, `settlement`, `model` (recomputes everything from events), `streams`
//! (random commands
//! against it), `vectors`.

mod world;
mod rules;
mod conditional;
mod settlement;
mod model;
mod streams;
mod vectors;
