//! Orders on perpetuals: what reaches the sequencer, what the client reads, and what it is
//! told when it asks for what cannot be.

use schemas::command::Command;
use schemas::event::{CancelRejected, Event};
use schemas::ids::{ClientOrderId, OrderId};
use schemas::instrument::{OrderType, Side, TimeInForce};
use schemas::perpetual::{PerpetualTerms, PositionSide, PriceMatch, WorkingType};
use schemas::perpetual_command::PlacePerpetualV1;
use schemas::perpetual_report::{MarkReport, PerpetualOrder};
use schemas::reject::RejectReason;
use schemas::report::OrderReport;
use schemas::units::{Price, Qty, TimeNs};

use crate::client::{Client, Got, flat};
use crate::venue::{ALICE, PERP, Reply, resting};

const ORDER: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.5&price=100";
const STOP: &str = "symbol=BTCUSDT&side=SELL&algoType=CONDITIONAL&type=STOP_MARKET&quantity=0.5\
                    &triggerPrice=90";

fn client() -> Client {
    let client = Client::new();
    client.venue.list_perpetual();
    client
}

/// That order with a parameter replaced, added, or taken away by a bare name.
fn with(order: &str, changes: &str) -> String {
    let mut pairs: Vec<&str> = order.split('&').collect();
    for change in changes.split('&').filter(|change| !change.is_empty()) {
        let name = change.split('=').next().expect("a name");
        pairs.retain(|pair| !pair.starts_with(&format!("{name}=")));
        pairs.extend(change.contains('=').then_some(change));
    }
    pairs.join("&")
}

fn placed(client: &Client) -> PlacePerpetualV1 {
    match client.venue.commands()[..] {
        [Command::PlacePerpetual(placed)] => placed,
        ref other => panic!("one order was expected, not {other:?}"),
    }
}

#[tokio::test]
async fn an_order_on_a_perpetual_reads_in_the_words_of_futures() {
    let client = client();
    let order = with(ORDER, "reduceOnly=true&newClientOrderId=mine");
    let got = client.signed("POST /fapi/v1/order", &order).await;
    let text = r#"
        {"orderId":1,"symbol":"BTCUSDT","status":"NEW","clientOrderId":"mine",
        "price":"100.00000000","avgPrice":"0.00000000","origQty":"0.50000000",
        "executedQty":"0.00000000","cumQty":"0.00000000","cumQuote":"0.00000000",
        "timeInForce":"GTC","type":"LIMIT","reduceOnly":true,"closePosition":false,
        "side":"BUY","positionSide":"BOTH","stopPrice":"0.00000000",
        "workingType":"CONTRACT_PRICE","priceProtect":false,"origType":"LIMIT",
        "priceMatch":"NONE","selfTradePreventionMode":"EXPIRE_MAKER","goodTillDate":0,
        "time":1700000000000,"updateTime":1700000000000}
    "#;
    assert_eq!(got.text, flat(text));
    assert_eq!(got.header("x-mbx-order-count-10s"), "3");
    let placed = placed(&client);
    assert_eq!(placed.order.symbol, PERP);
    assert_eq!(
        (placed.order.price, placed.order.qty),
        (Price(10_000), Qty(50_000))
    );
    assert!(placed.terms.reduce_only && !placed.order.request.is_none());
}

#[tokio::test]
async fn each_term_reaches_the_command() {
    let mut seen = Vec::new();
    for changes in [
        "timeInForce=GTX",
        "timeInForce=FOK&positionSide=LONG",
        "timeInForce=GTD&goodTillDate=1700000700000",
        "price&priceMatch=QUEUE_5",
        "type=MARKET&price&timeInForce&reduceOnly=true",
    ] {
        let client = client();
        let order = with(ORDER, changes);
        let got = client.signed("POST /fapi/v1/order", &order).await;
        assert_eq!(got.status, 200, "{changes}: {}", got.text);
        let PlacePerpetualV1 { order, terms, .. } = placed(&client);
        seen.push((order.order_type, order.time_in_force, terms));
    }
    let plain = PerpetualTerms::PLAIN;
    let long = PerpetualTerms {
        position_side: PositionSide::Long,
        ..plain
    };
    let until = PerpetualTerms {
        good_till: TimeNs(1_700_000_700_000_000_000),
        ..plain
    };
    let queue = PerpetualTerms {
        price_match: PriceMatch::Queue5,
        ..plain
    };
    let reduce = PerpetualTerms {
        reduce_only: true,
        ..plain
    };
    let (gtc, fok) = (TimeInForce::Gtc, TimeInForce::Fok);
    assert_eq!(
        seen,
        [
            (OrderType::LimitMaker, gtc, plain),
            (OrderType::Limit, fok, long),
            (OrderType::Limit, gtc, until),
            (OrderType::Limit, gtc, queue),
            (OrderType::Market, gtc, reduce),
        ]
    );
}

#[tokio::test]
async fn conditional_orders_have_an_endpoint_of_their_own() {
    let client = client();
    let order = with(
        STOP,
        "reduceOnly=true&workingType=MARK_PRICE&clientAlgoId=guard",
    );
    let got = client.signed("POST /fapi/v1/algoOrder", &order).await;
    assert_eq!(got.status, 200, "{}", got.text);
    let told = got.json();
    for (field, value) in [
        ("clientAlgoId", "guard"),
        ("algoType", "CONDITIONAL"),
        ("orderType", "STOP_MARKET"),
        ("algoStatus", "NEW"),
        ("triggerPrice", "90.00000000"),
        ("quantity", "0.50000000"),
        ("workingType", "MARK_PRICE"),
        ("actualOrderId", ""),
    ] {
        assert_eq!(told[field], value, "{field}");
    }
    assert_eq!(told["algoId"], 1);
    assert_eq!(told["reduceOnly"], true);
    let placed = placed(&client);
    assert_eq!(placed.order.order_type, OrderType::StopLoss);
    assert_eq!(placed.stop_price, Price(9_000));
    assert_eq!(placed.terms.working_type, WorkingType::MarkPrice);
}

#[tokio::test]
async fn a_trailing_order_follows_by_percent_and_may_close_all() {
    let client = client();
    let order = with(
        STOP,
        "type=TRAILING_STOP_MARKET&triggerPrice&callbackRate=1.5&activatePrice=110",
    );
    let got = client.signed("POST /fapi/v1/algoOrder", &order).await;
    assert_eq!(got.json()["callbackRate"], "1.50000000", "{}", got.text);
    assert_eq!(got.json()["activatePrice"], "110.00000000");
    let whole = with(STOP, "quantity&closePosition=true");
    let got = client.signed("POST /fapi/v1/algoOrder", &whole).await;
    assert_eq!(got.json()["closePosition"], true, "{}", got.text);
    let commands = client.venue.commands();
    let [
        Command::PlacePerpetual(trailing),
        Command::PlacePerpetual(closing),
    ] = &commands[..]
    else {
        panic!("{commands:?}");
    };
    assert_eq!(
        (trailing.callback, trailing.stop_price),
        (150, Price(11_000))
    );
    assert_eq!(
        (closing.order.qty, closing.terms.close_position),
        (Qty::ZERO, true)
    );
}

#[tokio::test]
async fn what_no_command_can_carry_has_its_code_and_journals_nothing() {
    let client = client();
    for (line, changes, code) in [
        (
            "order",
            "type=STOP_MARKET&stopPrice=90&price&timeInForce",
            -4120,
        ),
        ("order", "type=STOP", -4120),
        ("order", "type=ICEBERG", -1116),
        ("order", "price", -1102),
        ("order", "timeInForce", -1102),
        ("order", "quantity", -1102),
        ("order", "timeInForce=DAY", -1115),
        ("order", "timeInForce=GTD", -1102),
        ("order", "goodTillDate=1700000700000", -1106),
        ("order", "side=HOLD", -1117),
        ("order", "symbol=ETHUSDT", -1121),
        ("order", "positionSide=UP", -4060),
        ("order", "positionSide=LONG&reduceOnly=true", -1106),
        ("order", "closePosition=true", -4136),
        ("order", "priceMatch=QUEUE", -1106),
        ("order", "priceMatch=NEAR", -1130),
        ("order", "price=0", -4001),
        ("order", "price=100.001", -4014),
        ("order", "quantity=0", -4003),
        ("order", "quantity=0.000001", -4023),
        ("order", "newClientOrderId=a%20b", -4015),
        ("order", "icebergQty=1", -1106),
        ("order", "type=MARKET&timeInForce", -1106),
        ("algo", "quantity&closePosition=true&reduceOnly=true", -1106),
        ("algo", "closePosition=true", -4137),
        ("algo", "type=STOP&price=89&closePosition=true", -4136),
        ("algo", "type=LIMIT", -1116),
        ("algo", "algoType=TWAP", -1130),
        ("algo", "algoType", -1102),
        ("algo", "triggerPrice", -1102),
        ("algo", "callbackRate=1", -1106),
        ("algo", "type=TRAILING_STOP_MARKET", -1102),
        (
            "algo",
            "type=TRAILING_STOP_MARKET&triggerPrice&callbackRate=11",
            -2007,
        ),
        ("algo", "workingType=INDEX", -1130),
    ] {
        let (path, order) = match line {
            "order" => ("POST /fapi/v1/order", with(ORDER, changes)),
            _ => ("POST /fapi/v1/algoOrder", with(STOP, changes)),
        };
        let got = client.signed(path, &order).await;
        assert_eq!(got.json()["code"], code, "{line} {changes}: {}", got.text);
        assert!(
            got.json()["hint"].is_string(),
            "{line} {changes}: {}",
            got.text
        );
    }
    assert!(client.venue.commands().is_empty());
}

/// Reason, what is changed in the good order, and what is told.
const REASONS: &[(RejectReason, &str, &str)] = &[
    (
        RejectReason::ReduceOnly,
        "",
        "400 -2022 ReduceOnly Order is rejected.",
    ),
    (
        RejectReason::InsufficientMargin,
        "",
        "400 -2019 Margin is insufficient.",
    ),
    (
        RejectReason::LeverageLimit,
        "",
        "400 -2027 Exceeded the maximum allowable position at current leverage.",
    ),
    (
        RejectReason::PositionSide,
        "positionSide=LONG",
        "400 -4061 Order's position side does not match user's setting.",
    ),
    (
        RejectReason::NoIndexPrice,
        "",
        "400 -4192 Trade forbidden: this contract has no index price yet.",
    ),
    (
        RejectReason::PercentPrice,
        "",
        "400 -4016 Limit price can't be higher than 230.00000000.",
    ),
    (
        RejectReason::PercentPrice,
        "side=SELL",
        "400 -4024 Limit price can't be lower than 170.00000000.",
    ),
    (
        RejectReason::Notional,
        "",
        "400 -4164 Order's notional must be no smaller than 5.00000000 (unless you choose \
             reduce only).",
    ),
    (
        RejectReason::PriceFilter,
        "price=2000000",
        "400 -4002 Price greater than max price.",
    ),
    (
        RejectReason::PriceFilter,
        "price=100.01",
        "400 -4014 Price not increased by tick size.",
    ),
    (
        RejectReason::LotSize,
        "quantity=0.00001",
        "400 -4023 Qty not increased by step size.",
    ),
    (
        RejectReason::LotSize,
        "quantity=90000",
        "400 -4005 Quantity greater than max quantity.",
    ),
    (
        RejectReason::DuplicateOrder,
        "",
        "400 -4116 ClientOrderId is duplicated.",
    ),
    (
        RejectReason::MarketClosed,
        "",
        "400 -4140 Invalid symbol status for opening position.",
    ),
    (
        RejectReason::AccountFrozen,
        "",
        "400 -4088 User can not place order currently.",
    ),
    (
        RejectReason::MaxNumOrders,
        "",
        "400 -2025 Reach max open order limit.",
    ),
    (
        RejectReason::WouldMatch,
        "timeInForce=GTX",
        "400 -5022 Due to the order could not be executed as maker, the Post Only order will \
             be rejected.",
    ),
];

#[tokio::test]
async fn each_reason_of_the_engine_has_the_code_of_futures() {
    for (reason, changes, refusal) in REASONS {
        let client = client();
        client.venue.state.lock().futures.mark = MarkReport {
            symbol: PERP,
            mark: Price(20_000),
            ..MarkReport::default()
        };
        client.venue.reject(*reason);
        let order = with(ORDER, changes);
        let got = client.signed("POST /fapi/v1/order", &order).await;
        assert_eq!(got.refusal(), *refusal, "{reason:?}");
    }
    let client = client();
    client.venue.reject(RejectReason::WouldTrigger);
    let got = client.signed("POST /fapi/v1/algoOrder", STOP).await;
    assert_eq!(got.refusal(), "400 -2021 Order would immediately trigger.");
}

/// Alice's orders: number 9 rests in the book, number 10 waits for 90.
fn with_orders() -> Client {
    let client = client();
    let extra = |order: u64, waits: bool| PerpetualOrder {
        symbol: PERP,
        order: OrderId(order),
        terms: PerpetualTerms {
            reduce_only: waits,
            ..PerpetualTerms::PLAIN
        },
        stop_price: if waits { Price(9_000) } else { Price::ZERO },
        callback: 0,
        waits,
        triggered: TimeNs(0),
    };
    let plain = OrderReport {
        symbol: PERP,
        ..resting()
    };
    let waiting = OrderReport {
        order: OrderId(10),
        client_order: ClientOrderId::new("guard").expect("short"),
        order_type: OrderType::StopLoss,
        side: Side::Sell,
        price: Price::ZERO,
        executed: Qty::ZERO,
        quote: schemas::units::Amount::ZERO,
        status: schemas::instrument::OrderStatus::New,
        ..plain
    };
    let mut state = client.venue.state.lock();
    state.orders = vec![plain, waiting];
    state.futures.orders = vec![extra(9, false), extra(10, true)];
    drop(state);
    client
}

fn numbers(got: &Got, name: &str) -> Vec<u64> {
    let rows = got.json();
    let rows = rows.as_array().expect("a list");
    rows.iter()
        .map(|row| row[name].as_u64().expect("a number"))
        .collect()
}

#[tokio::test]
async fn what_waits_is_known_to_algo_orders_alone() {
    let client = with_orders();
    for (line, name, found) in [
        ("GET /fapi/v1/openOrders", "orderId", vec![9]),
        ("GET /fapi/v1/openAlgoOrders", "algoId", vec![10]),
    ] {
        let got = client.signed(line, "symbol=BTCUSDT").await;
        assert_eq!(numbers(&got, name), found, "{line}");
        let got = client.signed(line, "").await;
        assert_eq!(numbers(&got, name), found, "{line}");
    }
    let got = client
        .signed("GET /fapi/v1/order", "symbol=BTCUSDT&orderId=9")
        .await;
    assert_eq!(got.json()["avgPrice"], "100.00000000");
    for (line, parameters, refusal) in [
        (
            "GET /fapi/v1/order",
            "symbol=BTCUSDT&orderId=10",
            "400 -2013 Order does not exist.",
        ),
        (
            "GET /fapi/v1/openOrder",
            "symbol=BTCUSDT&orderId=77",
            "400 -2013 Order does not exist.",
        ),
        (
            "GET /fapi/v1/algoOrder",
            "algoId=9",
            "400 -2013 Order does not exist.",
        ),
        (
            "GET /fapi/v1/algoOrder",
            "algoId=77",
            "400 -2013 Order does not exist.",
        ),
        (
            "DELETE /fapi/v1/algoOrder",
            "algoId=77",
            "400 -2011 Unknown order sent.",
        ),
        (
            "DELETE /fapi/v1/algoOrder",
            "clientAlgoId=mine",
            "400 -2011 Unknown order sent.",
        ),
        (
            "DELETE /fapi/v1/order",
            "symbol=BTCUSDT&orderId=10",
            "400 -2011 Unknown order sent.",
        ),
    ] {
        let got = client.signed(line, parameters).await;
        assert_eq!(got.refusal(), refusal, "{line}?{parameters}");
    }
    assert!(client.venue.commands().is_empty());
}

#[tokio::test]
async fn cancel_all_spares_the_other_kind() {
    let client = with_orders();
    client.venue.reject_cancel(RejectReason::UnknownOrder);
    let got = client
        .signed("DELETE /fapi/v1/allOpenOrders", "symbol=BTCUSDT")
        .await;
    assert_eq!(got.json()["code"], 200, "{}", got.text);
    match client.venue.commands()[..] {
        [Command::CancelOrder(cancel)] => assert_eq!(cancel.target.order, OrderId(9)),
        ref other => panic!("{other:?}"),
    }
    let client = with_orders();
    client.venue.state.lock().orders.truncate(1);
    let got = client
        .signed("DELETE /fapi/v1/allOpenOrders", "symbol=BTCUSDT")
        .await;
    assert_eq!(got.json()["code"], 200, "{}", got.text);
    assert!(matches!(
        client.venue.commands()[..],
        [Command::CancelAll(_)]
    ));
    // An empty book is no mistake on futures.
    let got = client
        .signed("DELETE /fapi/v1/algoOpenOrders", "symbol=BTCUSDT")
        .await;
    assert_eq!(got.json()["code"], 200, "{}", got.text);
    assert_eq!(client.venue.commands().len(), 1);
}

#[tokio::test]
async fn a_batch_answers_each_of_its_orders() {
    let client = client();
    let batch = flat(
        r#"
            [{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","timeInForce":"GTC",
            "quantity":"0.5","price":"100"},{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT"},
            {"symbol":"BTCUSDT","side":"SELL","type":"MARKET","quantity":0.5}]
        "#,
    );
    let encoded = batch
        .replace('"', "%22")
        .replace('{', "%7B")
        .replace('}', "%7D");
    let sent = format!(
        "batchOrders={}",
        encoded.replace('[', "%5B").replace(']', "%5D")
    );
    let got = client.signed("POST /fapi/v1/batchOrders", &sent).await;
    let rows = got.json();
    assert_eq!(rows[0]["orderId"], 1, "{}", got.text);
    assert_eq!(rows[1]["code"], -1102);
    assert_eq!(rows[2]["type"], "MARKET");
    let commands = client.venue.commands();
    let [
        Command::PlacePerpetual(first),
        Command::PlacePerpetual(second),
    ] = &commands[..]
    else {
        panic!("{commands:?}");
    };
    assert_ne!(first.order.request, second.order.request);
    for bad in ["batchOrders=%5B%5D", "batchOrders=x", "batchOrders=%5B1%5D"] {
        let got = client.signed("POST /fapi/v1/batchOrders", bad).await;
        assert_eq!(got.json()["code"], -1100, "{bad}");
    }
}

#[tokio::test]
async fn a_batch_of_cancels_takes_the_names_that_clients_send() {
    let client = with_orders();
    for name in ["orderIdList", "orderidlist"] {
        client.venue.reject_cancel(RejectReason::UnknownOrder);
        let list = format!("symbol=BTCUSDT&{name}=%5B9%2C10%5D");
        let got = client.signed("DELETE /fapi/v1/batchOrders", &list).await;
        let rows = got.json();
        assert_eq!(rows[0]["code"], -2011, "{}", got.text);
        // Number 10 waits; it is no order yet.
        assert_eq!(rows[1]["code"], -2011, "{}", got.text);
    }
    assert_eq!(client.venue.commands().len(), 2);
}

#[tokio::test]
async fn a_modification_names_its_order_and_both_numbers() {
    let client = with_orders();
    client.venue.reply(Reply::Events(Vec::new()));
    let sent = "symbol=BTCUSDT&side=BUY&orderId=9&quantity=0.6&price=101";
    let got = client.signed("PUT /fapi/v1/order", sent).await;
    assert_eq!(got.json()["orderId"], 9, "{}", got.text);
    match client.venue.commands()[..] {
        [Command::ModifyOrder(modify)] => {
            assert_eq!(
                (modify.new_price, modify.new_qty),
                (Price(10_100), Qty(60_000))
            );
            assert_eq!(modify.account, ALICE);
        }
        ref other => panic!("{other:?}"),
    }
    for (reason, code) in [
        (RejectReason::Unmodified, -5027),
        (RejectReason::QtyExecuted, -4005),
        (RejectReason::UnknownOrder, -2011),
        (RejectReason::SideMismatch, -1117),
    ] {
        let rejected = CancelRejected {
            account: ALICE,
            symbol: PERP,
            reason,
        };
        client
            .venue
            .reply(Reply::Events(vec![Event::ModifyRejected(rejected)]));
        let got = client.signed("PUT /fapi/v1/order", sent).await;
        assert_eq!(got.json()["code"], code, "{reason:?}");
    }
}
