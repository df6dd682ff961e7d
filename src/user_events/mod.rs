//! What single accounts are told: live from the gate, and of the past by replay.
//!
//! Both are made by the same views from the same events, so an update of the past equals
//! the one that was told live. Absent on purpose: the wording of a dialect.
//!
//! Reading order: `feeds` (live), `past` (since an offset).

pub mod feeds;
pub mod past;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod list_tests;
