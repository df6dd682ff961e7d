//! Perpetual contracts: the arithmetic of others, drawn rules, and a naive model.
//!
//! Reading order: `world` (an engine with two contracts), `rules` (one rule a test),
//! `conditional`, `settlement`, `shortage`, `guards`, `model` (recomputes everything from events),
//! `streams` (random commands against it), `crashes` (identities over long streams), `vectors`.

mod world;
mod rules;
mod conditional;
mod settlement;
mod shortage;
mod guards;
mod model;
mod streams;
mod crashes;
mod vectors;
