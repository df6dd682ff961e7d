//! Everything whose truth is SQL, not the journal: today API keys and account names.
//!
//! Secrets lie in `DIR/keys.sqlite`, sealed under a master key that is not in it. Look-ups
//! are in memory; only changes touch the file. Absent on purpose: money, orders, HTTP and
//! any way to read a secret back through the administration. Users, KYC and the paperwork
//! of withdrawals come here later.
//!
//! Reading order: `keys` (what a key is), `public_key` (the half a client registers), `seal`
//! (how its secret lies on disk), `store`.

#![forbid(unsafe_code)]

pub mod keys;
pub mod public_key;
pub mod seal;
pub mod store;
pub mod error;

#[cfg(test)]
mod tests;
