//! Binance's own types: text in, text out.
//!
//! serde and decimal text live here and nowhere else; nothing here decides anything.
//! Reading order: numbers and names first, then requests, then answers.

pub mod decimal;
pub mod parameters;
pub mod names;
pub mod clock;
pub mod client_id;
pub mod grid;
pub mod page;
pub mod symbol_query;
pub mod order_target;
pub mod leg;
pub mod new_order;
pub mod order_events;
pub mod list_status;
pub mod user_events;
pub mod order_answer;
pub mod order_change;
pub mod order_list;
pub mod list_answer;
pub mod exchange_info;
pub mod market;
pub mod time_zone;
pub mod statistics;
pub mod candle;
pub mod wallet;
pub mod account;
pub mod search;
pub mod futures;
