//! What lies beside trading under `/sapi/v1` and `/dapi/v1`, one file for each group.
//!
//! Bots ask for it when they start. What does not exist here is an empty list where the
//! dialect has a list, and else refused with one clear code.

pub mod capital;
pub mod asset;
pub mod transfer;
pub mod account;
pub mod empty;
