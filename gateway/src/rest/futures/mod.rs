//! `/fapi`: the endpoints of USD-margined perpetuals that spot does not have, or has in
//! another shape.
//!
//! Where both have an endpoint in one shape (books, trades, candles, tickers) the handler
//! is the one of spot: a symbol's name means the product of the path
//! ([`crate::call::Call::product`]). Absent on purpose: margin, funding, liquidation, which
//! are the engine's.
//! Reading order: `exchange_info`, `new_order`, then any.

pub mod exchange_info;
pub mod market;
pub mod new_order;
pub mod modify_order;
pub mod orders;
pub mod batch_orders;
pub mod settings;
pub mod margin;
pub mod account;
pub mod history;
pub mod past_orders;
pub mod price_klines;
pub mod venue;
pub mod listen_key;
