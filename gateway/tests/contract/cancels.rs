//! Cancels, replacements and amendments.

use expect_test::expect;
use schemas::command::Command;
use schemas::event::{CancelRejected, Event, OrderAmended, OrderDone, OrderRejected};
use schemas::ids::{ClientOrderId, OrderId};
use schemas::instrument::{CancelReplaceMode, CancelRestriction, OrderStatus, Side};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty};

use crate::client::{Client, ORDER, flat};
use crate::venue::{ALICE, BTCUSDT, Reply, accepted, resting};

fn done() -> Event {
    Event::OrderDone(OrderDone {
        symbol: BTCUSDT,
        order: OrderId(9),
        account: ALICE,
        side: Side::Buy,
        status: OrderStatus::Canceled,
        price: Price(10_000),
        open: Qty(30_000),
        prevented: Qty::ZERO,
        rested: true,
        cancel_client: ClientOrderId::new("bye").expect("short"),
    })
}

fn refused(reason: RejectReason) -> Event {
    Event::CancelRejected(CancelRejected {
        account: ALICE,
        symbol: BTCUSDT,
        reason,
    })
}

fn order_refused(reason: RejectReason) -> Event {
    let client_order = ClientOrderId::EMPTY;
    Event::OrderRejected(OrderRejected {
        account: ALICE,
        symbol: BTCUSDT,
        client_order,
        reason,
    })
}

/// A venue that knows the order as it is after its cancel.
fn after_cancel() -> Client {
    let client = Client::new();
    let mut order = resting();
    order.status = OrderStatus::Canceled;
    client.venue.state.lock().orders.push(order);
    client
}

const CANCEL: &str = r#"
    {"symbol":"BTCUSDT","origClientOrderId":"mine","orderId":9,"orderListId":-1,
    "clientOrderId":"bye","transactTime":1700000000000,"price":"100.00000000",
    "origQty":"0.50000000","executedQty":"0.20000000","origQuoteOrderQty":"0.00000000",
    "cummulativeQuoteQty":"20.00000000","status":"CANCELED","timeInForce":"GTC","type":"LIMIT",
    "side":"BUY","selfTradePreventionMode":"EXPIRE_MAKER"}
"#;

#[tokio::test]
async fn a_cancel_tells_the_order_under_both_names() {
    let client = after_cancel();
    client.venue.reply(Reply::Events(vec![done()]));
    let parameters = "symbol=BTCUSDT&origClientOrderId=mine&orderId=9&newClientOrderId=bye";
    let got = client.signed("DELETE /api/v3/order", parameters).await;
    assert_eq!(got.text, flat(CANCEL));
    let [Command::CancelOrder(cancel)] = client.venue.commands()[..] else {
        panic!("one cancel was expected")
    };
    assert_eq!(cancel.target.order, OrderId(9));
    assert_eq!(cancel.target.client_order.as_str(), "mine");
    assert_eq!(cancel.cancel_client.as_str(), "bye");
}

#[tokio::test]
async fn an_unknown_order_cannot_be_cancelled() {
    let client = Client::new();
    client
        .venue
        .reply(Reply::Events(vec![refused(RejectReason::UnknownOrder)]));
    let got = client
        .signed("DELETE /api/v3/order", "symbol=BTCUSDT&orderId=9")
        .await;
    assert_eq!(got.refusal(), "400 -2011 Unknown order sent.");
    assert_eq!(got.header("x-daybook-offset"), "100");
}

#[tokio::test]
async fn a_restricted_cancel_is_the_engine_s_to_judge() {
    let client = Client::new();
    client.venue.state.lock().orders.push(resting());
    let line = "DELETE /api/v3/order";
    let refusal = refused(RejectReason::CancelRestricted);
    client.venue.reply(Reply::Events(vec![refusal]));
    let got = client
        .signed(line, "symbol=BTCUSDT&orderId=9&cancelRestrictions=ONLY_NEW")
        .await;
    assert_eq!(
        got.refusal(),
        "400 -2011 Order was not canceled due to cancel restrictions."
    );
    let [Command::CancelOrderIf(restricted)] = client.venue.commands()[..] else {
        panic!("one restricted cancel was expected");
    };
    assert_eq!(restricted.restriction, CancelRestriction::OnlyNew);
    assert_eq!(restricted.cancel.target.order, OrderId(9));
    let got = client
        .signed(line, "symbol=BTCUSDT&orderId=9&cancelRestrictions=NEW")
        .await;
    assert_eq!(got.refusal(), "400 -1145 Invalid cancelRestrictions");
    assert_eq!(client.venue.commands().len(), 1);
}

#[tokio::test]
async fn cancel_all_lists_what_it_cancelled() {
    let client = after_cancel();
    client.venue.reply(Reply::Events(vec![done()]));
    let got = client
        .signed("DELETE /api/v3/openOrders", "symbol=BTCUSDT")
        .await;
    let rows = got.json();
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
    assert_eq!(rows[0]["origClientOrderId"], "mine");
    assert_eq!(rows[0]["status"], "CANCELED");
    for events in [vec![], vec![refused(RejectReason::UnknownOrder)]] {
        client.venue.reply(Reply::Events(events));
        let got = client
            .signed("DELETE /api/v3/openOrders", "symbol=BTCUSDT")
            .await;
        assert_eq!(got.refusal(), "400 -2011 Unknown order sent.");
    }
}

/// Replaces order 9; the new order is `newClientOrderId=new`.
async fn replace(mode: &str, events: Vec<Event>) -> crate::client::Got {
    let client = after_cancel();
    client.venue.reply(Reply::Events(events));
    let parameters = format!(
        "{ORDER}&newClientOrderId=new&newOrderRespType=ACK&cancelReplaceMode={mode}\
         &cancelOrderId=9&cancelNewClientOrderId=bye"
    );
    client
        .signed("POST /api/v3/order/cancelReplace", &parameters)
        .await
}

/// The acceptance of the new order.
async fn new_order() -> Event {
    let client = Client::new();
    let parameters = format!("{ORDER}&newClientOrderId=new");
    client.signed("POST /api/v3/order", &parameters).await;
    Event::OrderAccepted(accepted(&client.venue.placed(), 10))
}

const NEW: &str = r#"
    {"symbol":"BTCUSDT","orderId":10,"orderListId":-1,"clientOrderId":"new",
    "transactTime":1700000000000}
"#;
const UNKNOWN: &str = r#"{"code":-2011,"msg":"Unknown order sent."}"#;
const TAKES: &str = r#"{"code":-2010,"msg":"Order would immediately match and take."}"#;
const PARTIALLY: &str = r#"{"code":-2021,"msg":"Order cancel-replace partially failed.","data":"#;
const FAILED: &str = r#"{"code":-2022,"msg":"Order cancel-replace failed.","data":"#;

/// The four fields.
fn both(cancel: (&str, &str), order: (&str, &str)) -> serde_json::Value {
    let text = format!(
        r#"
            {{"cancelResult":"{}","newOrderResult":"{}","cancelResponse":{},
            "newOrderResponse":{}}}
        "#,
        cancel.0, order.0, cancel.1, order.1
    );
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn a_replacement_that_succeeds_tells_both_halves() {
    let got = replace("STOP_ON_FAILURE", vec![done(), new_order().await]).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.json(), both(("SUCCESS", CANCEL), ("SUCCESS", NEW)));
    assert_eq!(got.header("x-mbx-order-count-10s"), "3");
    assert!(
        got.text
            .starts_with(r#"{"cancelResult":"SUCCESS","newOrderResult":"SUCCESS""#)
    );
}

#[tokio::test]
async fn a_replacement_half_done_is_409_and_not_done_400() {
    let unknown = refused(RejectReason::UnknownOrder);
    let takes = order_refused(RejectReason::WouldMatch);
    let rows = [
        (
            "STOP_ON_FAILURE",
            vec![unknown],
            400,
            FAILED,
            both(("FAILURE", UNKNOWN), ("NOT_ATTEMPTED", "null")),
        ),
        (
            "STOP_ON_FAILURE",
            vec![done(), takes],
            409,
            PARTIALLY,
            both(("SUCCESS", CANCEL), ("FAILURE", TAKES)),
        ),
        (
            "ALLOW_FAILURE",
            vec![unknown, new_order().await],
            409,
            PARTIALLY,
            both(("FAILURE", UNKNOWN), ("SUCCESS", NEW)),
        ),
        (
            "ALLOW_FAILURE",
            vec![unknown, takes],
            400,
            FAILED,
            both(("FAILURE", UNKNOWN), ("FAILURE", TAKES)),
        ),
    ];
    for (mode, events, status, start, data) in rows {
        let got = replace(mode, events).await;
        assert_eq!(got.status, status);
        assert!(got.text.starts_with(start), "{}", got.text);
        assert_eq!(got.json()["data"], data);
    }
}

#[tokio::test]
async fn a_filter_of_the_new_order_stops_a_replacement_whole() {
    let got = replace(
        "STOP_ON_FAILURE",
        vec![order_refused(RejectReason::Notional)],
    )
    .await;
    assert_eq!(got.refusal(), "400 -1013 Filter failure: NOTIONAL");
    assert!(got.json().get("data").is_none());
    let client = Client::new();
    let parameters = ORDER.replace("0.5", "0.000001") + "&cancelReplaceMode=X&cancelOrderId=9";
    let line = "POST /api/v3/order/cancelReplace";
    let got = client.signed(line, &parameters).await;
    assert_eq!(
        got.refusal(),
        "400 -1130 Data sent for parameter 'cancelReplaceMode' is not valid."
    );
    let parameters = parameters.replace("=X", "=ALLOW_FAILURE");
    let got = client.signed(line, &parameters).await;
    assert_eq!(got.refusal(), "400 -1013 Filter failure: LOT_SIZE");
    assert!(client.venue.commands().is_empty());
}

#[tokio::test]
async fn a_replacement_carries_its_mode_and_target() {
    let client = Client::new();
    let parameters =
        format!("{ORDER}&cancelReplaceMode=ALLOW_FAILURE&cancelOrigClientOrderId=mine");
    client
        .signed("POST /api/v3/order/cancelReplace", &parameters)
        .await;
    let [Command::CancelReplace(command)] = client.venue.commands()[..] else {
        panic!("one replacement was expected")
    };
    assert_eq!(command.mode, CancelReplaceMode::AllowFailure);
    assert_eq!(command.target.order, OrderId(0));
    assert_eq!(command.target.client_order.as_str(), "mine");
    assert_eq!(command.cancel_client.as_str().len(), 22);
}

#[tokio::test]
async fn an_amendment_tells_the_smaller_order() {
    let client = Client::new();
    client.venue.state.lock().orders.push(resting());
    let text = |text: &str| ClientOrderId::new(text).expect("short");
    client
        .venue
        .reply(Reply::Events(vec![Event::OrderAmended(OrderAmended {
            symbol: BTCUSDT,
            order: OrderId(9),
            account: ALICE,
            side: Side::Buy,
            price: Price(10_000),
            old_qty: Qty(50_000),
            new_qty: Qty(40_000),
            executed: Qty(20_000),
            quote: Amount(2_000_000_000),
            open: Qty(20_000),
            old_client: text("mine"),
            new_client: text("less"),
        })]));
    let parameters = "symbol=BTCUSDT&orderId=9&newQty=0.4&newClientOrderId=less";
    let got = client
        .signed("PUT /api/v3/order/amend/keepPriority", parameters)
        .await;
    expect![[r#"
        {"transactTime":1700000000000,
        "executionId":6553600,
        "amendedOrder":{"symbol":"BTCUSDT",
        "orderId":9,
        "orderListId":-1,
        "origClientOrderId":"mine",
        "clientOrderId":"less",
        "price":"100.00000000",
        "qty":"0.40000000",
        "executedQty":"0.20000000",
        "preventedQty":"0.00000000",
        "quoteOrderQty":"0.00000000",
        "cumulativeQuoteQty":"20.00000000",
        "status":"PARTIALLY_FILLED",
        "timeInForce":"GTC",
        "type":"LIMIT",
        "side":"BUY",
        "workingTime":1700000000000,
        "selfTradePreventionMode":"EXPIRE_MAKER"}}"#]]
    .assert_eq(&got.lines());
}

#[tokio::test]
async fn an_amendment_of_no_order_has_the_code_of_amendments() {
    let client = Client::new();
    let line = "PUT /api/v3/order/amend/keepPriority";
    let reason = RejectReason::UnknownOrder;
    let rejected = CancelRejected {
        account: ALICE,
        symbol: BTCUSDT,
        reason,
    };
    client
        .venue
        .reply(Reply::Events(vec![Event::AmendRejected(rejected)]));
    for order in [9, 0] {
        let got = client
            .signed(line, &format!("symbol=BTCUSDT&orderId={order}&newQty=1"))
            .await;
        assert_eq!(got.refusal(), "400 -2038 Unknown order sent.");
    }
}

#[tokio::test]
async fn an_amendment_that_lowers_nothing_says_what_is_wrong() {
    let client = Client::new();
    client.venue.state.lock().orders.push(resting());
    for (qty, refusal) in [
        (
            "0.6",
            "400 -2038 Order amend (quantity increase) is not supported.",
        ),
        (
            "0.5",
            "400 -2038 The requested action would change no state; rejecting.",
        ),
        (
            "0.1",
            "400 -2038 The new quantity must be above the executed quantity.",
        ),
        ("0", "400 -1013 Filter failure: LOT_SIZE"),
    ] {
        let reason = RejectReason::AmendNotSmaller;
        let rejected = CancelRejected {
            account: ALICE,
            symbol: BTCUSDT,
            reason,
        };
        client.venue.state.lock().replies.clear();
        client
            .venue
            .reply(Reply::Events(vec![Event::AmendRejected(rejected)]));
        let parameters = format!("symbol=BTCUSDT&orderId=9&newQty={qty}");
        let got = client
            .signed("PUT /api/v3/order/amend/keepPriority", &parameters)
            .await;
        assert_eq!(got.refusal(), refusal);
    }
}

/// What a countdown on another symbol ends in the frame of a cancel is not that cancel's.
#[tokio::test]
async fn a_cancel_is_not_answered_with_what_a_timer_ended() {
    let Event::OrderDone(own) = done() else {
        unreachable!("it is an end");
    };
    let by_timer = [
        Event::OrderDone(OrderDone {
            symbol: schemas::ids::SymbolId(1),
            cancel_client: ClientOrderId::EMPTY,
            ..own
        }),
        Event::OrderDone(OrderDone {
            order: OrderId(8),
            cancel_client: ClientOrderId::EMPTY,
            ..own
        }),
    ];
    let parameters = "symbol=BTCUSDT&origClientOrderId=mine&newClientOrderId=bye";
    let client = after_cancel();
    let events = [&by_timer[..], &[done()]].concat();
    client.venue.reply(Reply::Events(events));
    let got = client.signed("DELETE /api/v3/order", parameters).await;
    assert_eq!(got.text, flat(CANCEL));
    let client = after_cancel();
    let events = [&by_timer[..], &[refused(RejectReason::UnknownOrder)]].concat();
    client.venue.reply(Reply::Events(events));
    let got = client.signed("DELETE /api/v3/order", parameters).await;
    assert_eq!(got.refusal(), "400 -2011 Unknown order sent.");
}
