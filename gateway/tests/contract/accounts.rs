//! Reads of one account.

use expect_test::expect;
use schemas::ids::{OrderId, TradeId};
use schemas::page::{OrderPage, TradePage};
use schemas::units::{Rate, TimeNs};

use crate::client::{Client, flat};
use crate::market::trade;
use crate::venue::{ALICE, BTCUSDT, NOW_MS, funded, resting};

#[tokio::test]
async fn an_order_reads_as_the_dialect_has_it() {
    let client = Client::new();
    client.venue.state.lock().orders.push(resting());
    let order = flat(
        r#"
        {"symbol":"BTCUSDT","orderId":9,"orderListId":-1,"clientOrderId":"mine",
        "price":"100.00000000","origQty":"0.50000000","executedQty":"0.20000000",
        "cummulativeQuoteQty":"20.00000000","status":"PARTIALLY_FILLED","timeInForce":"GTC",
        "type":"LIMIT","side":"BUY","stopPrice":"0.00000000","icebergQty":"0.00000000",
        "time":1700000000000,"updateTime":1700000000001,"isWorking":true,
        "workingTime":1700000000000,"origQuoteOrderQty":"0.00000000",
        "selfTradePreventionMode":"EXPIRE_MAKER"}
    "#,
    );
    let got = client
        .signed("GET /api/v3/order", "symbol=BTCUSDT&origClientOrderId=mine")
        .await;
    assert_eq!(got.text, order);
    for (line, parameters) in [
        ("GET /api/v3/openOrders", "symbol=BTCUSDT"),
        ("GET /api/v3/openOrders", ""),
        ("GET /api/v3/allOrders", "symbol=BTCUSDT"),
    ] {
        assert_eq!(
            client.signed(line, parameters).await.text,
            format!("[{order}]")
        );
    }
    let got = client
        .signed("GET /api/v3/openOrders", "symbol=ETHUSDT")
        .await;
    assert_eq!(got.text, "[]");
}

#[tokio::test]
async fn an_account_shows_every_asset() {
    let client = Client::new();
    client.venue.state.lock().account = Some(funded());
    let got = client.signed("GET /api/v3/account", "").await;
    expect![[r#"
        {"makerCommission":10,
        "takerCommission":10,
        "buyerCommission":0,
        "sellerCommission":0,
        "commissionRates":{"maker":"0.00100000",
        "taker":"0.00100000",
        "buyer":"0.00000000",
        "seller":"0.00000000"},
        "canTrade":true,
        "canWithdraw":true,
        "canDeposit":true,
        "brokered":false,
        "requireSelfTradePrevention":false,
        "preventSor":false,
        "updateTime":1700000000000,
        "accountType":"SPOT",
        "balances":[{"asset":"BTC",
        "free":"0.50000000",
        "locked":"0.50000000"},{"asset":"ETH",
        "free":"0.00000000",
        "locked":"0.00000000"},{"asset":"USDT",
        "free":"12.50000000",
        "locked":"0.00000000"}],
        "permissions":["SPOT"],
        "uid":7}"#]]
    .assert_eq(&got.lines());
    let got = client
        .signed("GET /api/v3/account", "omitZeroBalances=true")
        .await;
    assert_eq!(got.json()["balances"].as_array().map(Vec::len), Some(2));
    let got = client
        .signed("GET /api/v3/account", "omitZeroBalances=maybe")
        .await;
    assert_eq!(got.json()["code"], -1100);
}

#[tokio::test]
async fn commission_follows_the_tier() {
    let client = Client::new();
    let mut account = funded();
    account.tier = 1;
    client.venue.state.lock().account = Some(account);
    client.venue.directory.lock().tiers = vec![(Rate(0), Rate(0)), (Rate(-5_000), Rate(40_000))];
    let got = client
        .signed("GET /api/v3/account/commission", "symbol=BTCUSDT")
        .await;
    let json = got.json();
    assert_eq!(json["standardCommission"]["maker"], "-0.00005000");
    assert_eq!(json["standardCommission"]["taker"], "0.00040000");
    assert_eq!(json["taxCommission"]["buyer"], "0.00000000");
    assert_eq!(json["discount"]["enabledForAccount"], false);
}

#[tokio::test]
async fn own_trades_show_ones_own_side() {
    let client = Client::new();
    let mut as_maker = trade();
    std::mem::swap(&mut as_maker.taker_account, &mut as_maker.maker_account);
    let mut both = trade();
    both.maker_account = ALICE;
    client.venue.state.lock().trades = vec![trade(), as_maker, both];
    let got = client
        .signed("GET /api/v3/myTrades", "symbol=BTCUSDT")
        .await;
    let taker = flat(
        r#"
        {"symbol":"BTCUSDT","id":5,"orderId":9,"orderListId":-1,"price":"100.50000000",
        "qty":"0.20000000","quoteQty":"20.10000000","commission":"0.02010000",
        "commissionAsset":"USDT","time":1700000000000,"isBuyer":false,"isMaker":false,
        "isBestMatch":true}
    "#,
    );
    let maker = flat(
        r#"
        {"symbol":"BTCUSDT","id":5,"orderId":3,"orderListId":-1,"price":"100.50000000",
        "qty":"0.20000000","quoteQty":"20.10000000","commission":"0.00020000",
        "commissionAsset":"BTC","time":1700000000000,"isBuyer":true,"isMaker":true,
        "isBestMatch":true}
    "#,
    );
    assert_eq!(got.text, format!("[{taker},{maker},{taker},{maker}]"));
}

#[tokio::test]
async fn pages_are_asked_for_as_the_client_said() {
    let client = Client::new();
    let parameters = "symbol=BTCUSDT&orderId=3&startTime=1000&endTime=2000&limit=5000";
    client.signed("GET /api/v3/allOrders", parameters).await;
    assert_eq!(
        client.venue.state.lock().order_pages,
        [OrderPage {
            account: ALICE,
            symbol: BTCUSDT,
            from: Some(OrderId(3)),
            start: Some(TimeNs(1_000_000_000)),
            end: Some(TimeNs(2_000_999_999)),
            limit: 1_000,
        }]
    );
    client
        .signed("GET /api/v3/myTrades", "symbol=BTCUSDT&orderId=3&fromId=4")
        .await;
    assert_eq!(
        client.venue.state.lock().trade_pages,
        [TradePage {
            account: ALICE,
            symbol: BTCUSDT,
            order: Some(OrderId(3)),
            from: Some(TradeId(4)),
            start: None,
            end: None,
            limit: 500,
        }]
    );
    let day = format!("symbol=BTCUSDT&startTime=1&endTime={NOW_MS}");
    let got = client.signed("GET /api/v3/myTrades", &day).await;
    assert_eq!(
        got.refusal(),
        "400 -1127 More than 24 hours between startTime and endTime."
    );
    let got = client
        .signed(
            "GET /api/v3/myTrades",
            "symbol=BTCUSDT&fromId=1&startTime=1",
        )
        .await;
    assert_eq!(
        got.refusal(),
        "400 -1128 Combination of optional parameters invalid."
    );
}

#[tokio::test]
async fn microseconds_are_told_to_those_who_ask() {
    let client = Client::new();
    client.venue.state.lock().trades = vec![trade()];
    let request = axum::http::Request::get("/api/v3/trades?symbol=BTCUSDT")
        .header("X-MBX-TIME-UNIT", "microsecond")
        .body(axum::body::Body::empty());
    let got = client.send(request.expect("valid")).await;
    assert_eq!(got.json()[0]["time"], NOW_MS * 1_000 + 7);
    let request = axum::http::Request::get("/api/v3/time")
        .header("X-MBX-TIME-UNIT", "second")
        .body(axum::body::Body::empty());
    let got = client.send(request.expect("valid")).await;
    assert_eq!(
        got.refusal(),
        "400 -1194 Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
    );
}
