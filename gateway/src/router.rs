//! The table of routes: path, method, weight, who may, and the file that answers.
//!
//! Every request passes `serve`, which counts, checks and signs off; a handler only
//! parses, submits and formats.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::routing::any;
use schemas::instrument::SymbolKind;

use crate::auth::Caller;
use crate::call::{App, Call, Outcome, Parts};
use crate::connect::{Ports, connect};
use crate::queries::ApiKey;
use crate::rest;
use crate::rest::account_commission::account_commission;
use crate::rest::countdown_cancel_all::countdown_cancel_all;
use crate::rest::futures;
use crate::rest::historical_trades::historical_trades;
use crate::rest::my_prevented_matches::{self as prevented, my_prevented_matches};
use crate::rest::order_list;
use crate::rest::sapi;
use crate::rest::ticker_24hr::{self, ticker_24hr};
use crate::rest::ticker_trading_day::ticker_trading_day;
use crate::rest::user_events::user_events;
use crate::serve;
use crate::wire::parameters::Parameters;
use crate::ws;

/// A handler's answer to come.
pub type Handling<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Who may call, and what answers.
#[derive(Clone, Copy)]
pub enum Access {
    /// NONE: market data.
    Public(for<'a> fn(&'a Call) -> Handling<'a>),
    /// USER_DATA: a key that may read.
    Read(for<'a> fn(&'a Call, &'a Caller) -> Handling<'a>),
    /// USER_STREAM: a key that may read, shown and not proved.
    Stream(for<'a> fn(&'a Call, &'a Arc<ApiKey>) -> Handling<'a>),
    /// TRADE: a key that may trade.
    Trade(for<'a> fn(&'a Call, &'a Caller) -> Handling<'a>),
}

/// What a request costs.
pub type Weight = fn(&Parameters) -> u32;

/// One row of the table.
pub struct Route {
    pub path: &'static str,
    pub method: Method,
    pub weight: Weight,
    pub access: Access,
}

impl Route {
    /// What a symbol's name means on this path.
    pub fn product(&self) -> SymbolKind {
        match self.path.starts_with("/fapi/") {
            true => SymbolKind::Perpetual,
            false => SymbolKind::Spot,
        }
    }
}

/// A row: method, path, weight, access, handler.
macro_rules! row {
    ($method:ident $path:literal, $weight:expr, Public, $handler:path) => {
        Route {
            path: $path,
            method: Method::$method,
            weight: $weight,
            access: Access::Public(|call| Box::pin($handler(call))),
        }
    };
    ($method:ident $path:literal, $weight:expr, $access:ident, $handler:path) => {
        Route {
            path: $path,
            method: Method::$method,
            weight: $weight,
            access: Access::$access(|call, caller| Box::pin($handler(call, caller))),
        }
    };
}

/// Every REST endpoint.
pub static ROUTES: &[Route] = &[
    row!(GET "/api/v3/ping", |_| 1, Public, rest::ping::ping),
    row!(GET "/api/v3/time", |_| 1, Public, rest::time::time),
    row!(GET "/api/v3/exchangeInfo", |_| 20, Public, rest::exchange_info::exchange_info),
    row!(GET "/api/v3/depth", rest::depth::weight, Public, rest::depth::depth),
    row!(GET "/api/v3/trades", |_| 25, Public, rest::trades::trades),
    row!(GET "/api/v3/historicalTrades", |_| 25, Public, historical_trades),
    row!(GET "/api/v3/aggTrades", |_| 4, Public, rest::agg_trades::agg_trades),
    row!(GET "/api/v3/klines", |_| 2, Public, rest::klines::klines),
    row!(GET "/api/v3/uiKlines", |_| 2, Public, rest::klines::klines),
    row!(GET "/api/v3/avgPrice", |_| 2, Public, rest::avg_price::avg_price),
    row!(GET "/api/v3/executionRules", PER_RULE, Public, rest::execution_rules::execution_rules),
    row!(GET "/api/v1/auction", |_| 2, Public, rest::auction::auction),
    row!(GET "/api/v3/ticker/24hr", ticker_24hr::weight, Public, ticker_24hr),
    row!(GET "/api/v3/ticker", rest::ticker::weight, Public, rest::ticker::ticker),
    row!(GET "/api/v3/ticker/tradingDay", rest::ticker::weight, Public, ticker_trading_day),
    row!(GET "/api/v3/ticker/price", BY_SYMBOL, Public, rest::ticker_price::ticker_price),
    row!(GET "/api/v3/ticker/bookTicker", BY_SYMBOL, Public, rest::book_ticker::book_ticker),
    row!(POST "/api/v3/order", |_| 1, Trade, rest::new_order::new_order),
    row!(POST "/api/v3/order/test", TEST, Trade, rest::test_order::test_order),
    row!(GET "/api/v3/order", |_| 4, Read, rest::query_order::query_order),
    row!(DELETE "/api/v3/order", |_| 1, Trade, rest::cancel_order::cancel_order),
    row!(DELETE "/api/v3/openOrders", |_| 1, Trade, rest::cancel_open_orders::cancel_open_orders),
    row!(POST "/api/v3/order/cancelReplace", |_| 1, Trade, rest::cancel_replace::cancel_replace),
    row!(PUT "/api/v3/order/amend/keepPriority", |_| 4, Trade, rest::amend_order::amend_order),
    row!(GET "/api/v3/order/amendments", |_| 4, Read, rest::order_amendments::order_amendments),
    row!(GET "/api/v3/openOrders", rest::open_orders::weight, Read, rest::open_orders::open_orders),
    row!(GET "/api/v3/allOrders", |_| 20, Read, rest::all_orders::all_orders),
    row!(GET "/api/v3/myTrades", rest::my_trades::weight, Read, rest::my_trades::my_trades),
    row!(GET "/api/v3/myPreventedMatches", prevented::weight, Read, my_prevented_matches),
    row!(GET "/api/v3/account", |_| 20, Read, rest::account::account),
    row!(GET "/api/v1/userEvents", |_| rest::user_events::WEIGHT, Read, user_events),
    row!(GET "/api/v3/account/commission", |_| 20, Read, account_commission),
    row!(POST "/api/v3/orderList/oco", |_| 1, Trade, order_list::place::oco),
    row!(POST "/api/v3/order/oco", |_| 1, Trade, order_list::place::old_oco),
    row!(POST "/api/v3/orderList/oto", |_| 1, Trade, order_list::place::oto),
    row!(POST "/api/v3/orderList/otoco", |_| 1, Trade, order_list::place::otoco),
    row!(POST "/api/v3/orderList/opo", |_| 1, Trade, order_list::place::opo),
    row!(POST "/api/v3/orderList/opoco", |_| 1, Trade, order_list::place::opoco),
    row!(DELETE "/api/v3/orderList", |_| 1, Trade, order_list::cancel::cancel),
    row!(GET "/api/v3/orderList", |_| 4, Read, order_list::query::query),
    row!(GET "/api/v3/allOrderList", |_| 20, Read, order_list::query::all),
    row!(GET "/api/v3/openOrderList", |_| 6, Read, order_list::query::open),
    row!(POST "/api/v3/countdownCancelAll", |_| 10, Trade, countdown_cancel_all),
    row!(GET "/api/v3/rateLimit/order", |_| 40, Read, rest::rate_limit_order::rate_limit_order),
    row!(GET "/api/v3/myFilters", |_| 40, Read, rest::my_filters::my_filters),
    row!(GET "/api/v3/myAllocations", |_| 20, Read, rest::smart_routing::my_allocations),
    row!(POST "/api/v3/sor/order", |_| 1, Trade, rest::smart_routing::routed_order),
    row!(POST "/api/v3/sor/order/test", |_| 1, Trade, rest::smart_routing::routed_order),
    row!(GET "/sapi/v1/capital/config/getall", |_| 10, Read, sapi::capital::config),
    row!(GET "/sapi/v1/capital/deposit/address", |_| 10, Read, sapi::capital::no_wallets),
    row!(GET "/sapi/v1/capital/deposit/hisrec", |_| 1, Read, sapi::capital::no_wallets),
    row!(POST "/sapi/v1/capital/withdraw/apply", |_| 1, Trade, sapi::capital::no_wallets),
    row!(GET "/sapi/v1/capital/withdraw/history", |_| 1, Read, sapi::capital::no_wallets),
    row!(GET "/sapi/v1/asset/tradeFee", |_| 1, Read, sapi::asset::trade_fee),
    row!(GET "/sapi/v1/asset/transfer", |_| 1, Read, sapi::transfer::transfers),
    row!(POST "/sapi/v1/asset/transfer", |_| 1, Trade, sapi::transfer::transfer),
    row!(GET "/sapi/v1/margin/allPairs", |_| 1, Public, sapi::empty::margin_pairs),
    row!(GET "/sapi/v1/margin/isolated/allPairs", |_| 1, Public, sapi::empty::margin_pairs),
    row!(GET "/sapi/v1/account/status", |_| 1, Read, sapi::account::status),
    row!(GET "/sapi/v1/account/apiRestrictions", |_| 1, Read, sapi::account::restrictions),
    row!(GET "/sapi/v1/account/apiTradingStatus", |_| 1, Read, sapi::account::trading_status),
    row!(GET "/sapi/v1/system/status", |_| 1, Public, sapi::account::system_status),
    row!(GET "/dapi/v1/exchangeInfo", |_| 1, Public, sapi::empty::coin_margined_info),
    row!(GET "/fapi/v1/ping", |_| 1, Public, rest::ping::ping),
    row!(GET "/fapi/v1/time", |_| 1, Public, rest::time::time),
    row!(GET "/fapi/v1/exchangeInfo", |_| 1, Public, futures::exchange_info::exchange_info),
    row!(GET "/fapi/v1/depth", rest::depth::futures_weight, Public, rest::depth::depth),
    row!(GET "/fapi/v1/trades", |_| 5, Public, rest::trades::trades),
    row!(GET "/fapi/v1/historicalTrades", |_| 20, Public, historical_trades),
    row!(GET "/fapi/v1/aggTrades", |_| 20, Public, rest::agg_trades::agg_trades),
    row!(GET "/fapi/v1/klines", rest::klines::futures_weight, Public, rest::klines::klines),
    row!(GET "/fapi/v1/ticker/24hr", BY_PRICE, Public, ticker_24hr),
    row!(GET "/fapi/v1/ticker/price", ONE_OR_ALL, Public, rest::ticker_price::ticker_price),
    row!(GET "/fapi/v2/ticker/price", ONE_OR_ALL, Public, rest::ticker_price::ticker_price),
    row!(GET "/fapi/v1/ticker/bookTicker", PER_BOOK, Public, rest::book_ticker::book_ticker),
    row!(GET "/fapi/v1/premiumIndex", PREMIUM, Public, futures::market::premium_index),
    row!(GET "/fapi/v1/fundingRate", |_| 1, Public, futures::market::funding_rate),
    row!(GET "/fapi/v1/fundingInfo", |_| 1, Public, futures::market::funding_info),
    row!(GET "/fapi/v1/openInterest", |_| 1, Public, futures::market::open_interest),
    row!(GET "/fapi/v1/markPriceKlines", PRICES, Public, futures::price_klines::mark),
    row!(GET "/fapi/v1/indexPriceKlines", PRICES, Public, futures::price_klines::index),
    row!(GET "/fapi/v1/premiumIndexKlines", PRICES, Public, futures::price_klines::premium),
    row!(GET "/fapi/v1/constituents", |_| 2, Public, futures::venue::constituents),
    row!(GET "/fapi/v1/indexInfo", |_| 1, Public, futures::venue::index_info),
    row!(GET "/fapi/v1/insuranceBalance", |_| 1, Public, futures::venue::insurance_balance),
    row!(POST "/fapi/v1/order", |_| 1, Trade, futures::new_order::new_order),
    row!(POST "/fapi/v1/order/test", |_| 1, Trade, futures::new_order::test_order),
    row!(PUT "/fapi/v1/order", |_| 1, Trade, futures::modify_order::modify_order),
    row!(GET "/fapi/v1/order", |_| 1, Read, futures::orders::query),
    row!(DELETE "/fapi/v1/order", |_| 1, Trade, futures::orders::cancel),
    row!(POST "/fapi/v1/batchOrders", |_| 5, Trade, futures::batch_orders::place),
    row!(PUT "/fapi/v1/batchOrders", |_| 5, Trade, futures::batch_orders::modify),
    row!(DELETE "/fapi/v1/batchOrders", |_| 1, Trade, futures::batch_orders::cancel),
    row!(DELETE "/fapi/v1/allOpenOrders", |_| 1, Trade, futures::orders::cancel_all),
    row!(POST "/fapi/v1/countdownCancelAll", |_| 10, Trade, countdown_cancel_all),
    row!(GET "/fapi/v1/openOrder", |_| 1, Read, futures::orders::query_open),
    row!(GET "/fapi/v1/openOrders", futures::orders::weight, Read, futures::orders::open),
    row!(GET "/fapi/v1/allOrders", |_| 5, Read, futures::orders::all),
    row!(GET "/fapi/v1/forceOrders", FORCED, Read, futures::past_orders::force_orders),
    row!(GET "/fapi/v1/orderAmendment", |_| 1, Read, futures::past_orders::order_amendment),
    row!(GET "/fapi/v1/userTrades", |_| 5, Read, futures::history::user_trades),
    row!(POST "/fapi/v1/algoOrder", |_| 1, Trade, futures::new_order::new_algo_order),
    row!(GET "/fapi/v1/algoOrder", |_| 1, Read, futures::orders::query_algo),
    row!(DELETE "/fapi/v1/algoOrder", |_| 1, Trade, futures::orders::cancel_algo),
    row!(DELETE "/fapi/v1/algoOpenOrders", |_| 1, Trade, futures::orders::cancel_all_algo),
    row!(GET "/fapi/v1/openAlgoOrders", futures::orders::weight, Read, futures::orders::open_algo),
    row!(GET "/fapi/v1/allAlgoOrders", |_| 5, Read, futures::orders::all_algo),
    row!(POST "/fapi/v1/leverage", |_| 1, Trade, futures::settings::set_leverage),
    row!(POST "/fapi/v1/marginType", |_| 1, Trade, futures::settings::set_margin_type),
    row!(POST "/fapi/v1/positionSide/dual", |_| 1, Trade, futures::settings::set_position_mode),
    row!(GET "/fapi/v1/positionSide/dual", |_| 30, Read, futures::settings::position_mode),
    row!(GET "/fapi/v1/multiAssetsMargin", |_| 30, Read, futures::settings::multi_assets_margin),
    row!(POST "/fapi/v1/positionMargin", |_| 1, Trade, futures::margin::position_margin),
    row!(GET "/fapi/v1/positionMargin/history", |_| 1, Read, futures::margin::history),
    row!(GET "/fapi/v1/adlQuantile", |_| 5, Read, futures::margin::adl_quantile),
    row!(GET "/fapi/v1/leverageBracket", |_| 1, Read, futures::settings::leverage_bracket),
    row!(GET "/fapi/v1/symbolConfig", |_| 5, Read, futures::settings::symbol_config),
    row!(GET "/fapi/v1/accountConfig", |_| 5, Read, futures::settings::account_config),
    row!(GET "/fapi/v1/commissionRate", |_| 20, Read, futures::settings::commission_rate),
    row!(GET "/fapi/v2/positionRisk", |_| 5, Read, futures::account::position_risk_v2),
    row!(GET "/fapi/v3/positionRisk", |_| 5, Read, futures::account::position_risk_v3),
    row!(GET "/fapi/v2/account", |_| 5, Read, futures::account::account_v2),
    row!(GET "/fapi/v3/account", |_| 5, Read, futures::account::account_v3),
    row!(GET "/fapi/v2/balance", |_| 5, Read, futures::account::balance),
    row!(GET "/fapi/v3/balance", |_| 5, Read, futures::account::balance),
    row!(GET "/fapi/v1/income", |_| 30, Read, futures::history::income),
    row!(GET "/fapi/v1/rateLimit/order", |_| 1, Read, rest::rate_limit_order::rate_limit_order),
    row!(POST "/fapi/v1/listenKey", |_| 1, Stream, futures::listen_key::start),
    row!(PUT "/fapi/v1/listenKey", |_| 1, Stream, futures::listen_key::keep_alive),
    row!(DELETE "/fapi/v1/listenKey", |_| 1, Stream, futures::listen_key::close),
    row!(GET "/fapi/v1/apiTradingStatus", |_| 1, Read, sapi::account::trading_status),
    row!(GET "/api/v1/openapi.json", |_| 5, Public, rest::openapi::document),
    row!(GET "/api/v1/udf/config", |_| 1, Public, rest::udf::config::config),
    row!(GET "/api/v1/udf/symbols", |_| 2, Public, rest::udf::symbols::symbols),
    row!(GET "/api/v1/udf/search", |_| 2, Public, rest::udf::search::search),
    row!(GET "/api/v1/udf/history", |_| 2, Public, rest::udf::history::history),
    row!(GET "/api/v1/udf/time", |_| 1, Public, rest::udf::time::time),
    row!(GET "/api/v1/search", |_| 20, Read, rest::search::search),
];

const BY_SYMBOL: Weight = rest::book_ticker::weight;
const BY_PRICE: Weight = |parameters| if parameters.has("symbol") { 1 } else { 40 };
const ONE_OR_ALL: Weight = |parameters| if parameters.has("symbol") { 1 } else { 2 };
const PER_RULE: Weight = rest::execution_rules::weight;
const PER_BOOK: Weight = |parameters| if parameters.has("symbol") { 2 } else { 5 };
const PRICES: Weight = rest::klines::futures_weight;
const FORCED: Weight = futures::past_orders::weight;
const PREMIUM: Weight = futures::market::weight;
const TEST: Weight = rest::test_order::weight;

/// The whole public surface as a router; serve it with
/// `into_make_service_with_connect_info::<SocketAddr>()`, so that limits know addresses.
pub fn app(parts: Parts) -> Router {
    app_at(parts, Ports::default())
}

/// The same, with what `/connect` tells of this node's ports.
pub fn app_at(parts: Parts, ports: Ports) -> Router {
    let app = Arc::new(App::new(parts));
    let mut router = Router::new();
    let mut known: Vec<&str> = Vec::new();
    for route in ROUTES {
        if known.contains(&route.path) {
            continue;
        }
        known.push(route.path);
        let (app, path) = (Arc::clone(&app), route.path);
        let handler = move |request: Request| serve::serve(Arc::clone(&app), Some(path), request);
        router = router.route(path, any(handler));
    }
    let streams = Arc::clone(&app);
    let stream =
        any(move |request: Request| ws::stream::open::upgrade(Arc::clone(&streams), request));
    for path in ws::stream::open::PATHS {
        router = router.route(path, stream.clone());
    }
    let futures = Arc::clone(&app);
    let futures = any(move |request: Request| {
        ws::stream::open::upgrade_futures(Arc::clone(&futures), request)
    });
    for path in ws::stream::open::FUTURES_PATHS {
        router = router.route(path, futures.clone());
    }
    let sessions = Arc::clone(&app);
    let session =
        any(move |request: Request| ws::api::session::upgrade(Arc::clone(&sessions), request));
    for path in ["/ws-api/v3", "/ws-api/v3/", "/ws-fapi/v1", "/ws-fapi/v1/"] {
        router = router.route(path, session.clone());
    }
    let page = Arc::clone(&app);
    router = router.route(
        "/connect",
        any(move |request: Request| connect(Arc::clone(&page), ports, request)),
    );
    router.fallback(move |request: Request| serve::serve(Arc::clone(&app), None, request))
}
