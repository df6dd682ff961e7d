//! Which parameters each endpoint takes; `*` marks those that have to be there.

use axum::http::Method;
use serde_json::{Value, json};

/// One parameter of one endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub required: bool,
}

/// The parameters of an endpoint, in the order of the table; none for one that is not in it.
pub fn of(method: &Method, path: &str) -> Vec<Parameter> {
    let wanted = format!("{method} {path}");
    let found = TABLE.iter().find(|(endpoint, _)| *endpoint == wanted);
    let names = found.map_or("", |(_, names)| *names);
    names
        .split_whitespace()
        .map(|text| Parameter {
            name: text.trim_end_matches('*'),
            required: text.ends_with('*'),
        })
        .collect()
}

/// The endpoints of the table, for the test that each is served.
pub fn endpoints() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(endpoint, _)| *endpoint)
}

impl Parameter {
    /// As OpenAPI has it. POST, PUT and DELETE take the same names in a form body.
    pub fn document(&self) -> Value {
        json!({
            "name": self.name, "in": "query", "required": self.required,
            "schema": schema(self.name),
        })
    }
}

fn schema(name: &str) -> Value {
    const INTEGERS: &[&str] = &[
        "limit",
        "orderId",
        "startTime",
        "endTime",
        "fromId",
        "cancelOrderId",
        "orderListId",
        "from",
        "to",
        "countback",
        "strategyId",
        "strategyType",
        "trailingDelta",
        "fromExecutionId",
        "preventedMatchId",
        "fromPreventedMatchId",
        "fromOffset",
        "countdownTime",
        "leverage",
        "algoId",
        "goodTillDate",
        "current",
        "size",
        "page",
    ];
    const SWITCHES: &[&str] = &[
        "omitZeroBalances",
        "computeCommissionRates",
        "showPermissionSets",
        "reduceOnly",
        "closePosition",
        "priceProtect",
        "dualSidePosition",
    ];
    let of = |values: &[&str]| json!({"type": "string", "enum": values});
    match name {
        "side" => of(&["BUY", "SELL"]),
        "timeInForce" => of(&["GTC", "IOC", "FOK"]),
        "newOrderRespType" => of(&["ACK", "RESULT", "FULL"]),
        "cancelReplaceMode" => of(&["STOP_ON_FAILURE", "ALLOW_FAILURE"]),
        "cancelRestrictions" => of(&["ONLY_NEW", "ONLY_PARTIALLY_FILLED"]),
        _ if INTEGERS.contains(&name) => json!({"type": "integer", "format": "int64"}),
        _ if SWITCHES.contains(&name) => json!({"type": "boolean"}),
        _ => json!({"type": "string"}),
    }
}

const TABLE: &[(&str, &str)] = &[
    (
        "GET /api/v3/exchangeInfo",
        "symbol symbols permissions showPermissionSets symbolStatus",
    ),
    ("GET /api/v3/depth", "symbol* limit symbolStatus"),
    ("GET /api/v3/trades", "symbol* limit"),
    ("GET /api/v3/ticker/price", "symbol symbols symbolStatus"),
    (
        "GET /api/v3/ticker/bookTicker",
        "symbol symbols symbolStatus",
    ),
    (
        "POST /api/v3/order",
        "symbol* side* type* timeInForce quantity quoteOrderQty price newClientOrderId \
         newOrderRespType selfTradePreventionMode",
    ),
    (
        "POST /api/v3/order/test",
        "symbol* side* type* timeInForce quantity quoteOrderQty price newClientOrderId \
         newOrderRespType selfTradePreventionMode computeCommissionRates",
    ),
    ("GET /api/v3/order", "symbol* orderId origClientOrderId"),
    (
        "DELETE /api/v3/order",
        "symbol* orderId origClientOrderId newClientOrderId cancelRestrictions",
    ),
    ("DELETE /api/v3/openOrders", "symbol*"),
    (
        "POST /api/v3/order/cancelReplace",
        "symbol* side* type* cancelReplaceMode* timeInForce quantity quoteOrderQty price \
         cancelOrderId cancelOrigClientOrderId cancelNewClientOrderId newClientOrderId \
         newOrderRespType selfTradePreventionMode cancelRestrictions",
    ),
    (
        "PUT /api/v3/order/amend/keepPriority",
        "symbol* newQty* orderId origClientOrderId newClientOrderId",
    ),
    (
        "GET /api/v3/order/amendments",
        "symbol* orderId* fromExecutionId limit",
    ),
    (
        "GET /api/v3/myPreventedMatches",
        "symbol* preventedMatchId orderId fromPreventedMatchId limit",
    ),
    ("GET /api/v3/openOrders", "symbol"),
    (
        "GET /api/v3/allOrders",
        "symbol* orderId startTime endTime limit",
    ),
    (
        "GET /api/v3/myTrades",
        "symbol* orderId startTime endTime fromId limit",
    ),
    ("GET /api/v3/account", "omitZeroBalances"),
    ("GET /api/v3/account/commission", "symbol*"),
    ("GET /api/v3/myFilters", "symbol*"),
    ("GET /api/v3/historicalTrades", "symbol* limit fromId"),
    (
        "GET /api/v3/aggTrades",
        "symbol* fromId startTime endTime limit",
    ),
    (
        "GET /api/v3/klines",
        "symbol* interval* startTime endTime timeZone limit",
    ),
    (
        "GET /api/v3/uiKlines",
        "symbol* interval* startTime endTime timeZone limit",
    ),
    ("GET /api/v3/avgPrice", "symbol*"),
    ("GET /api/v3/executionRules", "symbol symbols symbolStatus"),
    ("GET /api/v1/auction", "symbol*"),
    (
        "GET /api/v3/ticker/24hr",
        "symbol symbols type symbolStatus",
    ),
    (
        "GET /api/v3/ticker",
        "symbol symbols windowSize type symbolStatus",
    ),
    (
        "GET /api/v3/ticker/tradingDay",
        "symbol symbols timeZone type symbolStatus",
    ),
    ("GET /fapi/v1/depth", "symbol* limit"),
    ("GET /fapi/v1/trades", "symbol* limit"),
    ("GET /fapi/v1/historicalTrades", "symbol* limit fromId"),
    (
        "GET /fapi/v1/aggTrades",
        "symbol* fromId startTime endTime limit",
    ),
    (
        "GET /fapi/v1/klines",
        "symbol* interval* startTime endTime limit",
    ),
    ("GET /fapi/v1/ticker/24hr", "symbol symbols"),
    ("GET /fapi/v1/ticker/price", "symbol symbols"),
    ("GET /fapi/v2/ticker/price", "symbol symbols"),
    ("GET /fapi/v1/ticker/bookTicker", "symbol symbols"),
    ("GET /fapi/v1/premiumIndex", "symbol"),
    ("GET /fapi/v1/fundingRate", "symbol startTime endTime limit"),
    ("GET /fapi/v1/openInterest", "symbol*"),
    (
        "POST /fapi/v1/order",
        "symbol* side* positionSide type* timeInForce quantity* reduceOnly price \
         newClientOrderId newOrderRespType closePosition priceMatch \
         selfTradePreventionMode goodTillDate",
    ),
    (
        "POST /fapi/v1/order/test",
        "symbol* side* positionSide type* timeInForce quantity* reduceOnly price \
         newClientOrderId newOrderRespType closePosition priceMatch \
         selfTradePreventionMode goodTillDate",
    ),
    (
        "PUT /fapi/v1/order",
        "symbol* side* quantity* price priceMatch orderId origClientOrderId",
    ),
    ("GET /fapi/v1/order", "symbol* orderId origClientOrderId"),
    ("DELETE /fapi/v1/order", "symbol* orderId origClientOrderId"),
    ("POST /fapi/v1/batchOrders", "batchOrders*"),
    ("PUT /fapi/v1/batchOrders", "batchOrders*"),
    (
        "DELETE /fapi/v1/batchOrders",
        "symbol* orderIdList origClientOrderIdList",
    ),
    ("DELETE /fapi/v1/allOpenOrders", "symbol*"),
    ("POST /fapi/v1/countdownCancelAll", "symbol* countdownTime*"),
    (
        "GET /fapi/v1/openOrder",
        "symbol* orderId origClientOrderId",
    ),
    ("GET /fapi/v1/openOrders", "symbol"),
    (
        "GET /fapi/v1/allOrders",
        "symbol* orderId startTime endTime limit",
    ),
    (
        "GET /fapi/v1/userTrades",
        "symbol* orderId startTime endTime fromId limit",
    ),
    (
        "POST /fapi/v1/algoOrder",
        "algoType* symbol* side* positionSide type* timeInForce quantity reduceOnly \
         price triggerPrice activatePrice callbackRate workingType priceProtect \
         closePosition priceMatch selfTradePreventionMode goodTillDate clientAlgoId \
         newOrderRespType",
    ),
    ("GET /fapi/v1/algoOrder", "symbol algoId clientAlgoId"),
    ("DELETE /fapi/v1/algoOrder", "symbol algoId clientAlgoId"),
    ("DELETE /fapi/v1/algoOpenOrders", "symbol*"),
    ("GET /fapi/v1/openAlgoOrders", "symbol algoType algoId"),
    (
        "GET /fapi/v1/allAlgoOrders",
        "symbol* algoId startTime endTime limit",
    ),
    ("POST /fapi/v1/leverage", "symbol* leverage*"),
    ("POST /fapi/v1/marginType", "symbol* marginType*"),
    ("POST /fapi/v1/positionSide/dual", "dualSidePosition*"),
    (
        "POST /fapi/v1/positionMargin",
        "symbol* positionSide amount* type*",
    ),
    ("GET /fapi/v1/leverageBracket", "symbol"),
    ("GET /fapi/v1/symbolConfig", "symbol"),
    ("GET /fapi/v1/commissionRate", "symbol*"),
    ("GET /fapi/v2/positionRisk", "symbol"),
    ("GET /fapi/v3/positionRisk", "symbol"),
    (
        "GET /fapi/v1/income",
        "symbol incomeType startTime endTime page limit",
    ),
    ("PUT /fapi/v1/listenKey", "listenKey"),
    ("DELETE /fapi/v1/listenKey", "listenKey"),
    ("POST /sapi/v1/asset/transfer", "type* asset* amount*"),
    (
        "GET /sapi/v1/asset/transfer",
        "type* startTime endTime current size",
    ),
    ("GET /api/v1/userEvents", "fromOffset* limit"),
    ("GET /api/v1/udf/symbols", "symbol*"),
    ("GET /api/v1/udf/search", "query type exchange limit"),
    (
        "GET /api/v1/udf/history",
        "symbol* resolution* from to* countback",
    ),
];
