//! Admission: every check that can refuse an order. Reads only.
//!
//! No check stands anywhere else: past admission a command cannot fail.
//!
//! Reading order: `admit`, `filters`, `corridor`, `reference_price`, `order_counts`,
//! `requests`, `seats`.

pub mod admit;
pub mod filters;
pub mod corridor;
pub mod reference_price;
pub mod order_counts;
pub mod requests;
pub mod seats;
