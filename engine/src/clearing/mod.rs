//! Money: the ledger, what a trade moves, and what the venue earns.
//!
//! No module but `ledger` writes a balance, and it does so in one function.
//!
//! Reading order: `ledger`, `fees`, `settle`.

pub mod ledger;
pub mod fees;
pub mod settle;
