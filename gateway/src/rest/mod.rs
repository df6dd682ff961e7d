//! The REST endpoints, one file each, named as Binance names them.
//!
//! A handler parses, submits and formats; it knows neither books nor balances.
//! Reading order: `new_order`, which every other trade endpoint leans on, then any.

pub mod ping;
pub mod time;
pub mod exchange_info;
pub mod depth;
pub mod trades;
pub mod historical_trades;
pub mod agg_trades;
pub mod klines;
pub mod avg_price;
pub mod execution_rules;
pub mod auction;
pub mod ticker_24hr;
pub mod ticker;
pub mod ticker_trading_day;
pub mod ticker_price;
pub mod book_ticker;
pub mod new_order;
pub mod test_order;
pub mod query_order;
pub mod cancel_order;
pub mod cancel_open_orders;
pub mod cancel_replace;
pub mod amend_order;
pub mod order_amendments;
pub mod open_orders;
pub mod all_orders;
pub mod my_trades;
pub mod my_prevented_matches;
pub mod account;
pub mod account_commission;
pub mod order_list;
pub mod countdown_cancel_all;
pub mod rate_limit_order;
pub mod my_filters;
pub mod smart_routing;
pub mod sapi;
pub mod user_events;
pub mod openapi;
pub mod udf;
pub mod search;
pub mod futures;
