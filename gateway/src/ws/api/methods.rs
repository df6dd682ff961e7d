//! The table of methods: each is a REST endpoint under another name, or the session's own.

use axum::http::Method;

use crate::router::{ROUTES, Route};

/// What answers a method.
#[derive(Clone, Copy)]
pub enum Answers {
    /// The handler of that endpoint, with its weight and its access.
    Endpoint(&'static Route),
    /// The session itself.
    Session(Own),
}

/// What only a session can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Own {
    Logon,
    Status,
    Logout,
    Subscribe,
    SubscribeSigned,
    Unsubscribe,
    Subscriptions,
}

/// What each of the session's own methods counts.
pub const OWN_WEIGHT: u32 = 2;

const OWN: [(&str, Own); 7] = [
    ("session.logon", Own::Logon),
    ("session.status", Own::Status),
    ("session.logout", Own::Logout),
    ("session.subscriptions", Own::Subscriptions),
    ("userDataStream.subscribe", Own::Subscribe),
    ("userDataStream.subscribe.signature", Own::SubscribeSigned),
    ("userDataStream.unsubscribe", Own::Unsubscribe),
];

/// Method, HTTP method and path of the endpoint that answers it.
pub static METHODS: &[(&str, Method, &str)] = &[
    ("ping", Method::GET, "/api/v3/ping"),
    ("time", Method::GET, "/api/v3/time"),
    ("exchangeInfo", Method::GET, "/api/v3/exchangeInfo"),
    ("depth", Method::GET, "/api/v3/depth"),
    ("trades.recent", Method::GET, "/api/v3/trades"),
    ("trades.historical", Method::GET, "/api/v3/historicalTrades"),
    ("trades.aggregate", Method::GET, "/api/v3/aggTrades"),
    ("klines", Method::GET, "/api/v3/klines"),
    ("uiKlines", Method::GET, "/api/v3/uiKlines"),
    ("avgPrice", Method::GET, "/api/v3/avgPrice"),
    ("executionRules", Method::GET, "/api/v3/executionRules"),
    ("ticker.24hr", Method::GET, "/api/v3/ticker/24hr"),
    (
        "ticker.tradingDay",
        Method::GET,
        "/api/v3/ticker/tradingDay",
    ),
    ("ticker", Method::GET, "/api/v3/ticker"),
    ("ticker.price", Method::GET, "/api/v3/ticker/price"),
    ("ticker.book", Method::GET, "/api/v3/ticker/bookTicker"),
    ("order.place", Method::POST, "/api/v3/order"),
    ("order.test", Method::POST, "/api/v3/order/test"),
    ("order.status", Method::GET, "/api/v3/order"),
    ("order.cancel", Method::DELETE, "/api/v3/order"),
    (
        "order.cancelReplace",
        Method::POST,
        "/api/v3/order/cancelReplace",
    ),
    (
        "order.amend.keepPriority",
        Method::PUT,
        "/api/v3/order/amend/keepPriority",
    ),
    ("order.amendments", Method::GET, "/api/v3/order/amendments"),
    ("openOrders.status", Method::GET, "/api/v3/openOrders"),
    ("openOrders.cancelAll", Method::DELETE, "/api/v3/openOrders"),
    ("allOrders", Method::GET, "/api/v3/allOrders"),
    ("orderList.place", Method::POST, "/api/v3/order/oco"),
    ("orderList.place.oco", Method::POST, "/api/v3/orderList/oco"),
    ("orderList.place.oto", Method::POST, "/api/v3/orderList/oto"),
    (
        "orderList.place.otoco",
        Method::POST,
        "/api/v3/orderList/otoco",
    ),
    ("orderList.place.opo", Method::POST, "/api/v3/orderList/opo"),
    (
        "orderList.place.opoco",
        Method::POST,
        "/api/v3/orderList/opoco",
    ),
    ("orderList.status", Method::GET, "/api/v3/orderList"),
    ("orderList.cancel", Method::DELETE, "/api/v3/orderList"),
    (
        "openOrderLists.status",
        Method::GET,
        "/api/v3/openOrderList",
    ),
    ("allOrderLists", Method::GET, "/api/v3/allOrderList"),
    ("sor.order.place", Method::POST, "/api/v3/sor/order"),
    ("sor.order.test", Method::POST, "/api/v3/sor/order/test"),
    ("myTrades", Method::GET, "/api/v3/myTrades"),
    ("account.status", Method::GET, "/api/v3/account"),
    (
        "account.commission",
        Method::GET,
        "/api/v3/account/commission",
    ),
    (
        "account.rateLimits.orders",
        Method::GET,
        "/api/v3/rateLimit/order",
    ),
    (
        "myPreventedMatches",
        Method::GET,
        "/api/v3/myPreventedMatches",
    ),
    ("myAllocations", Method::GET, "/api/v3/myAllocations"),
    ("myFilters", Method::GET, "/api/v3/myFilters"),
    // Ours: all that happened to an account since an offset.
    ("userDataStream.since", Method::GET, "/api/v1/userEvents"),
];

/// The same of the session for futures at `/ws-fapi/v1`.
pub static FUTURES_METHODS: &[(&str, Method, &str)] = &[
    ("ping", Method::GET, "/fapi/v1/ping"),
    ("time", Method::GET, "/fapi/v1/time"),
    ("depth", Method::GET, "/fapi/v1/depth"),
    ("ticker.price", Method::GET, "/fapi/v2/ticker/price"),
    ("ticker.book", Method::GET, "/fapi/v1/ticker/bookTicker"),
    ("order.place", Method::POST, "/fapi/v1/order"),
    ("order.test", Method::POST, "/fapi/v1/order/test"),
    ("order.modify", Method::PUT, "/fapi/v1/order"),
    ("order.cancel", Method::DELETE, "/fapi/v1/order"),
    ("order.status", Method::GET, "/fapi/v1/order"),
    ("algoOrder.place", Method::POST, "/fapi/v1/algoOrder"),
    ("algoOrder.cancel", Method::DELETE, "/fapi/v1/algoOrder"),
    ("account.balance", Method::GET, "/fapi/v2/balance"),
    ("v2/account.balance", Method::GET, "/fapi/v3/balance"),
    ("account.status", Method::GET, "/fapi/v2/account"),
    ("v2/account.status", Method::GET, "/fapi/v3/account"),
    ("account.position", Method::GET, "/fapi/v2/positionRisk"),
    ("v2/account.position", Method::GET, "/fapi/v3/positionRisk"),
    ("userDataStream.start", Method::POST, "/fapi/v1/listenKey"),
    ("userDataStream.ping", Method::PUT, "/fapi/v1/listenKey"),
    ("userDataStream.stop", Method::DELETE, "/fapi/v1/listenKey"),
];

/// Finds what answers a method for futures: a version in front is part of the name, and user
/// events come by a listen key.
pub fn find_futures(method: &str) -> Option<Answers> {
    if let Some((_, own)) = OWN.iter().find(|(name, _)| *name == method) {
        let is_of_session = matches!(own, Own::Logon | Own::Status | Own::Logout);
        return is_of_session.then_some(Answers::Session(*own));
    }
    endpoint(FUTURES_METHODS, method)
}

/// Finds what answers a method; a version in front (`v3/order.place`) changes nothing.
/// `None` also for a method whose endpoint is not served.
pub fn find(method: &str) -> Option<Answers> {
    let method = method.strip_prefix("v3/").unwrap_or(method);
    if let Some((_, own)) = OWN.iter().find(|(name, _)| *name == method) {
        return Some(Answers::Session(*own));
    }
    endpoint(METHODS, method)
}

fn endpoint(methods: &[(&str, Method, &str)], method: &str) -> Option<Answers> {
    let (_, verb, path) = methods.iter().find(|(name, _, _)| *name == method)?;
    let mut routes = ROUTES.iter();
    let route = routes.find(|route| route.path == *path && route.method == verb)?;
    Some(Answers::Endpoint(route))
}
