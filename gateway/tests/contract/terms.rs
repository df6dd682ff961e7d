//! Orders that wait for a trigger, trail or hide a part; the countdown.

use expect_test::expect;
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{OrderId, OrderListId};
use schemas::instrument::{ExpiryReason, OrderStage, OrderStatus, OrderType, TimeInForce};
use schemas::order_command::{OrderTerms, PlaceOrderWithTermsV1};
use schemas::order_event::OrderTermsAccepted;
use schemas::report::{OrderExtras, OrderReport};
use schemas::units::{Price, Qty, TimeNs};

use crate::client::Client;
use crate::venue::{ALICE, BTCUSDT, NOW_MS, Reply, accepted, resting};

const BASE: &str = "symbol=BTCUSDT&side=SELL&newClientOrderId=mine";

/// The events of an order with terms that was accepted and sleeps.
pub fn asleep(placed: &PlaceOrderWithTermsV1, order: u64, list: Option<OrderListId>) -> [Event; 2] {
    [
        Event::OrderAccepted(accepted(&placed.order, order)),
        Event::OrderTermsAccepted(OrderTermsAccepted {
            symbol: BTCUSDT,
            order: OrderId(order),
            account: ALICE,
            terms: placed.terms,
            list,
            stage: OrderStage::Waiting,
        }),
    ]
}

/// Sends an order twice: what command it is, then what its acceptance is told as.
async fn placed_and_told(parameters: &str) -> (PlaceOrderWithTermsV1, String) {
    let client = Client::new();
    client.venue.reply(Reply::Events(Vec::new()));
    client.signed("POST /api/v3/order", parameters).await;
    let [Command::PlaceOrderWithTerms(placed)] = client.venue.commands()[..] else {
        panic!("an order with terms was expected");
    };
    let events = asleep(&placed, 4, None).to_vec();
    client.venue.reply(Reply::Events(events));
    let got = client.signed("POST /api/v3/order", parameters).await;
    (placed, got.lines())
}

#[expect(clippy::too_many_lines, reason = "one table of checks")]
#[tokio::test]
async fn each_type_demands_and_refuses_its_parameters() {
    let client = Client::new();
    let stop = "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!";
    let missing = |name: &str| {
        format!("-1102 Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    };
    let surplus = |name: &str| format!("-1106 Parameter '{name}' sent when not required.");
    let mut checks = vec![
        (
            "LIMIT&timeInForce=GTC&quantity=1".to_owned(),
            missing("price"),
        ),
        (
            "LIMIT&price=1&quantity=1".to_owned(),
            missing("timeInForce"),
        ),
        (
            "LIMIT&timeInForce=GTC&price=1".to_owned(),
            missing("quantity"),
        ),
        ("LIMIT_MAKER&quantity=1".to_owned(), missing("price")),
        (
            "LIMIT_MAKER&quantity=1&price=1&timeInForce=GTC".to_owned(),
            surplus("timeInForce"),
        ),
        (
            "LIMIT_MAKER&quantity=1&price=1&stopPrice=1".to_owned(),
            surplus("stopPrice"),
        ),
        (
            "MARKET&quantity=1&icebergQty=1".to_owned(),
            surplus("icebergQty"),
        ),
        (
            "MARKET&quantity=1&stopPrice=1".to_owned(),
            surplus("stopPrice"),
        ),
        (
            "MARKET&quantity=1&trailingDelta=1".to_owned(),
            surplus("trailingDelta"),
        ),
    ];
    for kind in ["STOP_LOSS", "TAKE_PROFIT"] {
        checks.extend([
            (format!("{kind}&stopPrice=1"), missing("quantity")),
            (format!("{kind}&quantity=1"), format!("-1102 {stop}")),
            (
                format!("{kind}&quantity=1&stopPrice=1&price=1"),
                surplus("price"),
            ),
            (
                format!("{kind}&quantity=1&stopPrice=1&timeInForce=GTC"),
                surplus("timeInForce"),
            ),
            (
                format!("{kind}&quantity=1&stopPrice=1&icebergQty=1"),
                surplus("icebergQty"),
            ),
            (
                format!("{kind}&quantity=1&stopPrice=1&quoteOrderQty=1"),
                surplus("quoteOrderQty"),
            ),
            (
                format!("{kind}_LIMIT&quantity=1&stopPrice=1&price=1"),
                missing("timeInForce"),
            ),
            (
                format!("{kind}_LIMIT&quantity=1&stopPrice=1&timeInForce=GTC"),
                missing("price"),
            ),
            (
                format!("{kind}_LIMIT&quantity=1&price=1&timeInForce=GTC"),
                format!("-1102 {stop}"),
            ),
        ]);
    }
    for (rest, refusal) in checks {
        let order = format!("{BASE}&type={rest}");
        for line in ["POST /api/v3/order", "POST /api/v3/order/test"] {
            let got = client.signed(line, &order).await;
            assert_eq!(got.refusal(), format!("400 {refusal}"), "{rest}");
        }
    }
    assert!(client.venue.commands().is_empty());
}

#[tokio::test]
async fn bad_terms_have_their_codes() {
    let client = Client::new();
    let stop = "type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=1&price=90";
    for (order, refusal) in [
        (
            format!("{stop}&stopPrice=0"),
            "-1013 Filter failure: PRICE_FILTER",
        ),
        (
            format!("{stop}&stopPrice=90.001"),
            "-1013 Filter failure: PRICE_FILTER",
        ),
        (
            format!("{stop}&trailingDelta=0"),
            "-1013 Filter failure: TRAILING_DELTA",
        ),
        (
            format!("{stop}&trailingDelta=1.5"),
            "-1100 Illegal characters found in parameter 'trailingDelta'; \
             legal range is '^[0-9]{1,20}$'.",
        ),
        (
            format!("{stop}&stopPrice=95&icebergQty=0.000001"),
            "-1013 Filter failure: LOT_SIZE",
        ),
        (
            format!("{stop}&stopPrice=95&strategyType=999999"),
            "-1134 `strategyType` was less than 1000000.",
        ),
        (
            "type=LIMIT&timeInForce=IOC&quantity=1&price=90&icebergQty=0.5".to_owned(),
            "-1160 Parameter 'icebergQty' is not supported if `timeInForce` is not GTC.",
        ),
    ] {
        let got = client
            .signed("POST /api/v3/order", &format!("{BASE}&{order}"))
            .await;
        assert_eq!(got.refusal(), format!("400 {refusal}"), "{order}");
    }
    let hidden = "type=LIMIT&timeInForce=GTC&quantity=1&price=90&icebergQty=1";
    let got = client
        .signed("POST /api/v3/order/test", &format!("{BASE}&{hidden}"))
        .await;
    assert_eq!(got.refusal(), "400 -2010 IcebergQty exceeds QTY.");
}

#[tokio::test]
async fn a_stop_is_acknowledged_and_waits() {
    let stop = format!(
        "{BASE}&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=1&price=90&stopPrice=95\
         &icebergQty=0.25&strategyId=7&strategyType=1000000"
    );
    let (placed, told) = placed_and_told(&stop).await;
    assert_eq!(
        placed.terms,
        OrderTerms {
            stop_price: Price(9_500),
            iceberg_qty: Qty(25_000),
            strategy_id: 7,
            strategy_type: 1_000_000,
            trailing_delta: 0,
        }
    );
    assert_eq!(placed.order.order_type, OrderType::StopLossLimit);
    assert_eq!(
        (placed.order.price, placed.order.qty),
        (Price(9_000), Qty(100_000))
    );
    expect![[r#"
        {"symbol":"BTCUSDT",
        "orderId":4,
        "orderListId":-1,
        "clientOrderId":"mine",
        "transactTime":1700000000000,
        "strategyId":7,
        "strategyType":1000000}"#]]
    .assert_eq(&told);
    let trailing =
        format!("{BASE}&type=TAKE_PROFIT&quantity=1&trailingDelta=150&newOrderRespType=RESULT");
    let (placed, told) = placed_and_told(&trailing).await;
    assert_eq!(placed.terms.trailing_delta, 150);
    assert_eq!(placed.order.time_in_force, TimeInForce::Gtc);
    expect![[r#"
        {"symbol":"BTCUSDT",
        "orderId":4,
        "orderListId":-1,
        "clientOrderId":"mine",
        "transactTime":1700000000000,
        "price":"0.00000000",
        "origQty":"1.00000000",
        "executedQty":"0.00000000",
        "origQuoteOrderQty":"0.00000000",
        "cummulativeQuoteQty":"0.00000000",
        "status":"NEW",
        "timeInForce":"GTC",
        "type":"TAKE_PROFIT",
        "side":"SELL",
        "stopPrice":"0.00000000",
        "workingTime":-1,
        "selfTradePreventionMode":"EXPIRE_MAKER",
        "trailingDelta":150,
        "trailingTime":-1}"#]]
    .assert_eq(&told);
}

/// A stop of Alice in a list.
pub fn waiting() -> OrderReport {
    OrderReport {
        order_type: OrderType::StopLossLimit,
        status: OrderStatus::New,
        executed: Qty::ZERO,
        extras: Some(OrderExtras {
            terms: OrderTerms {
                stop_price: Price(9_500),
                iceberg_qty: Qty(10_000),
                strategy_id: 0,
                strategy_type: 0,
                trailing_delta: 20,
            },
            list: OrderListId(3),
            trailing_time: TimeNs((NOW_MS + 2) * 1_000_000),
            working_time: TimeNs(0),
            hidden: Qty::ZERO,
            stage: OrderStage::Waiting,
            expiry: ExpiryReason::OcoTrigger,
            pegged: None,
        }),
        ..resting()
    }
}

#[tokio::test]
async fn an_order_that_waits_reads_so_and_an_expired_one_says_why() {
    let client = Client::new();
    client.venue.state.lock().orders.push(waiting());
    let line = "GET /api/v3/order";
    let order = client.signed(line, "symbol=BTCUSDT&orderId=9").await.json();
    for (field, value) in [
        ("type", "STOP_LOSS_LIMIT"),
        ("status", "NEW"),
        ("stopPrice", "95.00000000"),
        ("icebergQty", "0.10000000"),
    ] {
        assert_eq!(order[field], value, "{field}");
    }
    assert_eq!(order["orderListId"], 3);
    assert_eq!(order["isWorking"], false);
    assert_eq!(order["workingTime"], -1);
    assert_eq!(order["trailingDelta"], 20);
    assert_eq!(order["trailingTime"], NOW_MS + 2);
    assert_eq!(order.get("expiryReason"), None);
    client.venue.state.lock().orders[0].status = OrderStatus::Expired;
    let order = client.signed(line, "symbol=BTCUSDT&orderId=9").await.json();
    assert_eq!(order["expiryReason"], "OCO_TRIGGER");
}

#[tokio::test]
async fn a_replacement_may_have_terms_and_a_restriction() {
    let client = Client::new();
    client.venue.reply(Reply::Events(Vec::new()));
    let order = format!(
        "{BASE}&type=STOP_LOSS&quantity=1&stopPrice=95&cancelReplaceMode=STOP_ON_FAILURE\
         &cancelOrderId=9&cancelRestrictions=ONLY_PARTIALLY_FILLED"
    );
    client
        .signed("POST /api/v3/order/cancelReplace", &order)
        .await;
    let commands = client.venue.commands();
    let [Command::CancelReplaceWithTerms(replace)] = &commands[..] else {
        panic!("one replacement was expected, not {commands:?}");
    };
    assert_eq!(replace.new.terms.stop_price, Price(9_500));
    assert_eq!(replace.target.order, OrderId(9));
    assert_eq!(
        replace.restriction,
        schemas::instrument::CancelRestriction::OnlyPartiallyFilled
    );
}

#[tokio::test]
async fn the_countdown_is_set_in_milliseconds() {
    let client = Client::new();
    let line = "POST /api/v3/countdownCancelAll";
    client.venue.reply(Reply::Events(Vec::new()));
    let got = client
        .signed(line, "symbol=BTCUSDT&countdownTime=1500")
        .await;
    assert_eq!(got.text, r#"{"countdownTime":"1500","symbol":"BTCUSDT"}"#);
    let [Command::SetCountdown(countdown)] = client.venue.commands()[..] else {
        panic!("one countdown was expected");
    };
    assert_eq!(countdown.after_ns, 1_500_000_000);
    let got = client
        .signed(line, "symbol=BTCUSDT&countdownTime=86400001")
        .await;
    assert_eq!(
        got.refusal(),
        "400 -1130 Data sent for parameter 'countdownTime' is not valid."
    );
}
