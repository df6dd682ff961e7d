//! The exchange as a function: commands in, events out.
//!
//! [`apply::Engine::apply`] is the only way state changes. It reads no clock, does no
//! I/O, draws no randomness, starts no thread, calculates with integers only and
//! iterates no hash map, so equal journals give equal states, byte for byte.
//!
//! Every command has the same shape: *admit* (reads only, may refuse), the point of no
//! return, *commit* (writes only, cannot refuse).
//!
//! Reading order: `apply`, `state`, `matching`, `risk`, `clearing`, `book`, `terms`,
//! `triggers`, `lists`, `protection`, `perpetual`, then the rest.
//!
//! **Invariant:** this crate depends on `schemas` and on nothing that can block.

#![forbid(unsafe_code)]
#![deny(clippy::float_arithmetic)]

pub mod apply;
pub mod state;
pub mod matching;
pub mod risk;
pub mod clearing;
pub mod book;
pub mod terms;
pub mod triggers;
pub mod lists;
pub mod pegs;
pub mod groups;
pub mod producers;
pub mod protection;
pub mod perpetual;
pub mod admin;
pub mod reads;
pub mod trace;
pub mod lookup;
pub mod foresee;
pub mod sections;
pub mod restore;
pub mod root;
pub mod chain;
pub mod invariants;
