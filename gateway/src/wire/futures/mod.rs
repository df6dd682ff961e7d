//! What only futures print: contracts, positions, margin.
//!
//! Numbers print as everywhere ([`crate::wire::decimal`]). Reading order: any.

pub mod exchange_info;
