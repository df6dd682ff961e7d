//! From an admitted order to trades: the walk through the opposite side.
//!
//! One function decides each step, [`taker::next_step`]; a simulation and the commit both
//! use it, so that what admission counted on is what happens. No balance is read here.
//!
//! Reading order: `taker`, `walk`, `parts`, `place`, `cancel`, `replace`,
//! `amend`, `carried`.

pub mod taker;
pub mod walk;
pub mod parts;
pub mod place;
pub mod cancel;
pub mod replace;
pub mod amend;
pub mod carried;
