//! The REST endpoints, one file each, named as Binance names them.
//!
//! A handler parses, submits and formats; it knows neither books nor balances.

pub mod ping;
pub mod time;
pub mod new_order;
