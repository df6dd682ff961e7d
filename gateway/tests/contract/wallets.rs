//! What bots ask for beside trading: coins, fees, keys, products that do not exist.

use schemas::instrument::{AccountState, VenueState};

use crate::client::{Client, flat};
use crate::venue::funded;

fn funded_client() -> Client {
    let client = Client::new();
    client.venue.state.lock().account = Some(funded());
    client
}

#[tokio::test]
async fn every_coin_is_listed_with_its_network() {
    let client = funded_client();
    let got = client
        .signed("GET /sapi/v1/capital/config/getall", "")
        .await
        .json();
    let coins = got.as_array().expect("a list");
    assert_eq!(coins.len(), 3);
    let bitcoin = &coins[0];
    assert_eq!(bitcoin["coin"], "BTC");
    assert_eq!(bitcoin["free"], "0.50000000");
    assert_eq!(bitcoin["locked"], "0.50000000");
    assert_eq!(bitcoin["trading"], true);
    let network = &bitcoin["networkList"][0];
    assert_eq!(network["withdrawIntegerMultiple"], "0.00000001");
    assert_eq!(network["depositEnable"], false);
    assert_eq!(coins[1]["free"], "0.00000000");
}

#[tokio::test]
async fn fees_are_listed_by_symbol() {
    let client = funded_client();
    let row = |symbol: &str| {
        let rate = "0.00100000";
        format!(r#"{{"symbol":"{symbol}","makerCommission":"{rate}","takerCommission":"{rate}"}}"#)
    };
    let line = "GET /sapi/v1/asset/tradeFee";
    let all = client.signed(line, "").await.text;
    assert_eq!(all, format!("[{},{}]", row("BTCUSDT"), row("ETHUSDT")));
    let one = client.signed(line, "symbol=ETHUSDT").await.text;
    assert_eq!(one, format!("[{}]", row("ETHUSDT")));
    assert_eq!(
        client.signed(line, "symbol=NO").await.refusal(),
        "400 -1121 Invalid symbol."
    );
}

#[tokio::test]
async fn what_does_not_exist_is_empty_or_refused_with_one_code() {
    let client = funded_client();
    for line in [
        "GET /sapi/v1/margin/allPairs",
        "GET /sapi/v1/margin/isolated/allPairs",
    ] {
        assert_eq!(client.signed(line, "").await.text, "[]");
    }
    let got = client.get("/dapi/v1/exchangeInfo").await.json();
    assert_eq!(got["symbols"], serde_json::json!([]));
    let transfers = client
        .signed("GET /sapi/v1/asset/transfer", "type=MAIN_UMFUTURE")
        .await;
    assert_eq!(transfers.text, r#"{"rows":[],"total":0}"#);
    let not_supported = "400 -1020 This operation is not supported.";
    for (line, parameters) in [
        (
            "POST /sapi/v1/asset/transfer",
            "type=MAIN_MARGIN&asset=USDT&amount=1",
        ),
        ("GET /sapi/v1/capital/deposit/address", "coin=BTC"),
        ("GET /sapi/v1/capital/deposit/hisrec", ""),
        (
            "POST /sapi/v1/capital/withdraw/apply",
            "coin=BTC&address=x&amount=1",
        ),
        ("GET /sapi/v1/capital/withdraw/history", ""),
    ] {
        let got = client.signed(line, parameters).await;
        assert_eq!(got.refusal(), not_supported, "{line}");
        assert!(got.json()["hint"].is_string(), "{line}");
    }
    let got = client
        .signed(
            "POST /sapi/v1/asset/transfer",
            "type=MAIN_UMFUTURE&asset=USDT",
        )
        .await;
    assert_eq!(
        got.refusal(),
        "400 -1102 Mandatory parameter 'amount' was not sent, was empty/null, or malformed."
    );
    assert_eq!(client.venue.commands(), []);
}

#[tokio::test]
async fn account_key_and_venue_tell_their_state() {
    let client = funded_client();
    let status = "GET /sapi/v1/account/status";
    assert_eq!(client.signed(status, "").await.text, r#"{"data":"Normal"}"#);
    let trading = client
        .signed("GET /sapi/v1/account/apiTradingStatus", "")
        .await
        .json();
    assert_eq!(trading["data"]["isLocked"], false);
    let line = "GET /sapi/v1/account/apiRestrictions";
    let key = client.signed(line, "").await.json();
    assert_eq!(key["ipRestrict"], false);
    assert_eq!(key["enableSpotAndMarginTrading"], true);
    assert_eq!(key["enableWithdrawals"], false);
    client.venue.keys.lock()[0].may_trade = false;
    let key = client.signed(line, "").await.json();
    assert_eq!(key["enableSpotAndMarginTrading"], false);
    let system = "/sapi/v1/system/status";
    assert_eq!(
        client.get(system).await.text,
        r#"{"msg":"normal","status":0}"#
    );
    client.venue.directory.lock().venue = Some(VenueState::Halt);
    assert_eq!(client.get(system).await.json()["status"], 1);
    let mut frozen = funded();
    frozen.state = AccountState::Frozen;
    client.venue.state.lock().account = Some(frozen);
    assert_eq!(client.signed(status, "").await.text, r#"{"data":"Locked"}"#);
}

#[tokio::test]
async fn limits_filters_and_routing_answer() {
    let client = funded_client();
    client.venue.state.lock().order_counts = (7, 44);
    let got = client.signed("GET /api/v3/rateLimit/order", "").await;
    assert_eq!(
        got.text,
        flat(
            r#"
            [{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":1000000,
            "count":7},{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,
            "limit":100000000,"count":44}]
        "#
        )
    );
    let got = client
        .signed("GET /api/v3/myFilters", "symbol=BTCUSDT")
        .await;
    assert_eq!(
        got.json(),
        serde_json::json!({"exchangeFilters": [], "symbolFilters": [], "assetFilters": []})
    );
    let got = client
        .signed("GET /api/v3/myAllocations", "symbol=BTCUSDT")
        .await;
    assert_eq!(got.text, "[]");
    let order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1";
    for line in ["POST /api/v3/sor/order", "POST /api/v3/sor/order/test"] {
        let got = client.signed(line, order).await;
        assert_eq!(
            got.refusal(),
            "400 -1013 SOR is not supported for this symbol."
        );
    }
}
