//! Amendments and prevented matches as clients read them, and the same over the WebSocket API.

use schemas::ids::{AccountId, ClientOrderId, EventId, OrderId};
use schemas::instrument::{SelfTradePrevention, Side};
use schemas::order_change::{AmendmentReport, PreventedReport};
use schemas::units::{Price, Qty, TimeNs};
use serde_json::json;

use crate::client::{Client, flat};
use crate::sessions::{ask, signed};
use crate::streams::open_raw;
use crate::venue::{ALICE, BOB, BTCUSDT, NOW_MS};

const NOW: TimeNs = TimeNs(NOW_MS * 1_000_000);

fn amendment(id: u64, account: AccountId, (old, new): (i64, i64)) -> AmendmentReport {
    let client = |text| ClientOrderId::new(text).expect("short");
    AmendmentReport {
        id: EventId(id),
        symbol: BTCUSDT,
        order: OrderId(9),
        account,
        old_client: client("before"),
        new_client: client("after"),
        old_qty: Qty(old),
        new_qty: Qty(new),
        time: NOW,
    }
}

fn met(id: u64, mode: SelfTradePrevention, (taker, maker): (i64, i64)) -> PreventedReport {
    PreventedReport {
        id: EventId(id),
        symbol: BTCUSDT,
        account: ALICE,
        taker_order: OrderId(5),
        maker_order: OrderId(3),
        maker_side: Side::Sell,
        price: Price(10_000),
        taker_prevented: Qty(taker),
        maker_prevented: Qty(maker),
        mode,
        time: NOW,
    }
}

fn known() -> Client {
    let client = Client::new();
    let mut state = client.venue.state.lock();
    state.amendments = vec![
        amendment(70, ALICE, (50_000, 40_000)),
        amendment(80, BOB, (40_000, 30_000)),
        amendment(90, ALICE, (40_000, 10_000)),
    ];
    state.prevented = vec![
        met(60, SelfTradePrevention::ExpireMaker, (0, 40_000)),
        met(61, SelfTradePrevention::ExpireTaker, (30_000, 0)),
        met(62, SelfTradePrevention::Decrement, (20_000, 20_000)),
    ];
    drop(state);
    client
}

/// A row of [`met`]: what both sides share around the quantities.
fn row(id: u64, mode: &str, quantities: &str) -> String {
    flat(&format!(
        r#"
        {{"symbol":"BTCUSDT","preventedMatchId":{id},"takerOrderId":5,
        "makerSymbol":"BTCUSDT","makerOrderId":3,"tradeGroupId":-1,
        "selfTradePreventionMode":"{mode}","price":"100.00000000",{quantities},
        "transactTime":1700000000000}}
    "#
    ))
}

fn rows() -> [String; 3] {
    let taker = |qty| format!(r#""takerPreventedQuantity":"{qty}""#);
    let maker = |qty| format!(r#""makerPreventedQuantity":"{qty}""#);
    let both = format!("{},{}", taker("0.20000000"), maker("0.20000000"));
    [
        row(60, "EXPIRE_MAKER", &maker("0.40000000")),
        row(61, "EXPIRE_TAKER", &taker("0.30000000")),
        row(62, "DECREMENT", &both),
    ]
}

#[tokio::test]
async fn amendments_of_an_order_are_told_from_the_first_on() {
    let client = known();
    let line = "GET /api/v3/order/amendments";
    let first = flat(
        r#"
        {"symbol":"BTCUSDT","orderId":9,"executionId":70,"origClientOrderId":"before",
        "newClientOrderId":"after","origQty":"0.50000000","newQty":"0.40000000",
        "time":1700000000000}
    "#,
    );
    let got = client
        .signed(line, "symbol=BTCUSDT&orderId=9&limit=1")
        .await;
    assert_eq!(got.text, format!("[{first}]"));
    assert_eq!(got.header("x-mbx-used-weight-1m"), "4");
    let ids = async |parameters: &str| {
        let got = client.signed(line, parameters).await.json();
        let rows = got.as_array().expect("a list").clone();
        rows.iter()
            .map(|row| row["executionId"].as_u64().expect("a number"))
            .collect::<Vec<_>>()
    };
    assert_eq!(ids("symbol=BTCUSDT&orderId=9").await, [70, 90]);
    let later = "symbol=BTCUSDT&orderId=9&fromExecutionId=71";
    assert_eq!(ids(later).await, [90]);
    assert_eq!(ids("symbol=BTCUSDT&orderId=10").await, [0_u64; 0]);
    for (parameters, refusal) in [
        (
            "symbol=BTCUSDT",
            "400 -1102 Mandatory parameter 'orderId' was not sent, was empty/null, or malformed.",
        ),
        (
            "orderId=9",
            "400 -1102 Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.",
        ),
        ("symbol=NO&orderId=9", "400 -1121 Invalid symbol."),
        (
            "symbol=BTCUSDT&orderId=9&startTime=1",
            "400 -1106 Parameter 'startTime' sent when not required.",
        ),
    ] {
        let got = client.signed(line, parameters).await;
        assert_eq!(got.refusal(), refusal, "{parameters}");
    }
}

#[tokio::test]
async fn prevented_matches_are_told_by_number_and_by_order() {
    let client = known();
    let line = "GET /api/v3/myPreventedMatches";
    let [maker, taker, both] = rows();
    let by_order = format!("[{maker},{taker},{both}]");
    for order in ["orderId=5", "orderId=3"] {
        let parameters = format!("symbol=BTCUSDT&{order}");
        assert_eq!(client.signed(line, &parameters).await.text, by_order);
    }
    let got = client.signed(line, "symbol=BTCUSDT&preventedMatchId=61");
    let got = got.await;
    assert_eq!(got.text, format!("[{taker}]"));
    assert_eq!(got.header("x-mbx-used-weight-1m"), "42", "2 after 20 twice");
    let page = "symbol=BTCUSDT&orderId=5&fromPreventedMatchId=61&limit=1";
    assert_eq!(client.signed(line, page).await.text, format!("[{taker}]"));
    for (parameters, refusal) in [
        (
            "symbol=BTCUSDT",
            "400 -1102 Param 'preventedMatchId' or 'orderId' must be sent, \
             but both were empty/null!",
        ),
        (
            "symbol=BTCUSDT&preventedMatchId=1&orderId=2",
            "400 -1128 Combination of optional parameters invalid.",
        ),
    ] {
        let got = client.signed(line, parameters).await;
        assert_eq!(got.refusal(), refusal, "{parameters}");
    }
}

#[tokio::test]
async fn both_answer_over_the_websocket_api_too() {
    let mut socket = open_raw("/ws-api/v3").await;
    let known = known();
    {
        let mut state = socket.venue.state.lock();
        let told = known.venue.state.lock();
        state.amendments = told.amendments.clone();
        state.prevented = told.prevented.clone();
    }
    let params = signed(&[("symbol", "BTCUSDT"), ("orderId", "9")]);
    let request = json!({ "id": 1, "method": "order.amendments", "params": params });
    let answer = ask(&mut socket, request).await;
    assert_eq!(answer["status"], 200, "{answer}");
    assert_eq!(answer["result"][1]["newQty"], "0.10000000");
    assert_eq!(answer["result"][1]["executionId"], 90);
    let params = signed(&[("symbol", "BTCUSDT"), ("preventedMatchId", "60")]);
    let request = json!({ "id": 2, "method": "myPreventedMatches", "params": params });
    let answer = ask(&mut socket, request).await;
    let expected: serde_json::Value = serde_json::from_str(&rows()[0]).expect("JSON");
    assert_eq!(answer["result"], json!([expected]), "{answer}");
}
