//! Market data over REST.

use expect_test::expect;
use schemas::ids::{OrderId, TradeId};
use schemas::instrument::{Side, SymbolState, TrailingDelta, VenueState};
use schemas::report::{Depth, OrderRules, TradeReport};
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::client::{Client, flat};
use crate::venue::{ALICE, BOB, BTCUSDT, NOW_MS};

pub fn trade() -> TradeReport {
    TradeReport {
        symbol: BTCUSDT,
        trade: TradeId(5),
        price: Price(10_050),
        qty: Qty(20_000),
        quote: Amount(2_010_000_000),
        time: TimeNs(NOW_MS * 1_000_000 + 7_000),
        taker_side: Side::Sell,
        taker_order: OrderId(9),
        taker_account: ALICE,
        taker_fee: Amount(2_010_000),
        maker_order: OrderId(3),
        maker_account: BOB,
        maker_fee: Amount(20_000),
    }
}

fn with_book() -> Client {
    let client = Client::new();
    let mut state = client.venue.state.lock();
    state.depth = Depth {
        last_update: 77,
        bids: vec![(Price(10_000), Qty(150_000)), (Price(9_999), Qty(1))],
        asks: vec![(Price(10_100), Qty(25_000))],
    };
    state.trades = vec![trade()];
    drop(state);
    client
}

#[tokio::test]
async fn ping_and_time_answer() {
    let client = Client::new();
    assert_eq!(client.get("/api/v3/ping").await.text, "{}");
    assert_eq!(
        client.get("/api/v3/time").await.text,
        r#"{"serverTime":1700000000000}"#
    );
}

#[tokio::test]
async fn books_and_tickers_print_eight_decimals() {
    let client = with_book();
    for (uri, text) in [
        (
            "/api/v3/depth?symbol=BTCUSDT",
            r#"
                {"lastUpdateId":77,"bids":[["100.00000000","1.50000000"],["99.99000000",
                "0.00001000"]],"asks":[["101.00000000","0.25000000"]]}
            "#,
        ),
        (
            "/api/v3/depth?symbol=BTCUSDT&limit=1",
            r#"
                {"lastUpdateId":77,"bids":[["100.00000000","1.50000000"]],
                "asks":[["101.00000000","0.25000000"]]}
            "#,
        ),
        (
            "/api/v3/trades?symbol=BTCUSDT",
            r#"
                [{"id":5,"price":"100.50000000","qty":"0.20000000","quoteQty":"20.10000000",
                "time":1700000000000,"isBuyerMaker":true,"isBestMatch":true}]
            "#,
        ),
        (
            "/api/v3/ticker/price?symbol=BTCUSDT",
            r#"{"symbol":"BTCUSDT","price":"100.50000000"}"#,
        ),
        (
            "/api/v3/ticker/price",
            r#"
                [{"symbol":"BTCUSDT","price":"100.50000000"},{"symbol":"ETHUSDT",
                "price":"0.00000000"}]
            "#,
        ),
        (
            "/api/v3/ticker/bookTicker?symbol=BTCUSDT",
            r#"
                {"symbol":"BTCUSDT","bidPrice":"100.00000000","bidQty":"1.50000000",
                "askPrice":"101.00000000","askQty":"0.25000000"}
            "#,
        ),
        (
            "/api/v3/ticker/bookTicker?symbols=%5B%22ETHUSDT%22%5D",
            r#"
                [{"symbol":"ETHUSDT","bidPrice":"0.00000000","bidQty":"0.00000000",
                "askPrice":"0.00000000","askQty":"0.00000000"}]
            "#,
        ),
    ] {
        assert_eq!(client.get(uri).await.text, flat(text), "{uri}");
    }
}

#[tokio::test]
async fn depth_costs_what_it_shows() {
    let client = Client::new();
    let mut before = 0;
    for (limit, weight) in [
        ("100", 5),
        ("101", 25),
        ("500", 25),
        ("1000", 50),
        ("5000", 250),
        ("99999", 250),
    ] {
        let got = client
            .get(&format!("/api/v3/depth?symbol=BTCUSDT&limit={limit}"))
            .await;
        let used: u32 = got
            .header("x-mbx-used-weight-1m")
            .parse()
            .expect("a number");
        assert_eq!(used - before, weight, "{limit}");
        before = used;
    }
}

#[tokio::test]
async fn symbols_are_one_a_list_or_all() {
    let client = Client::new();
    let list = |names: &str| format!("/api/v3/ticker/price?symbols={names}");
    let range = r#"^\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\]$"#;
    for (uri, refusal) in [
        (
            "/api/v3/depth".to_owned(),
            "400 -1102 Mandatory parameter 'symbol' was not sent, \
                                      was empty/null, or malformed."
                .to_owned(),
        ),
        (
            "/api/v3/depth?symbol=NOSUCHCOIN".to_owned(),
            "400 -1121 Invalid symbol.".to_owned(),
        ),
        (
            "/api/v3/depth?symbol=BTCUSDT&limit=0".to_owned(),
            "400 -1130 Data sent for parameter 'limit' is not valid.".to_owned(),
        ),
        (
            "/api/v3/depth?symbol=BTCUSDT&limit=-5".to_owned(),
            "400 -1100 Illegal characters found in parameter 'limit'; legal range is \
          '^[0-9]{1,20}$'."
                .to_owned(),
        ),
        (
            "/api/v3/ticker/price?symbol=BTCUSDT&symbols=%5B%5D".to_owned(),
            "400 -1128 Combination of optional parameters invalid.".to_owned(),
        ),
        (
            list("BTCUSDT"),
            format!(
                "400 -1100 Illegal characters found in parameter 'symbols'; \
                                   legal range is '{range}'."
            ),
        ),
        (
            list("%5B%22BTCUSDT%22%2C%22BTCUSDT%22%5D"),
            "400 -1151 Symbol is present multiple times in the list.".to_owned(),
        ),
        (
            list("%5B%22NO%22%5D"),
            "400 -1121 Invalid symbol.".to_owned(),
        ),
        (
            "/api/v3/ping?x=1".to_owned(),
            "400 -1106 Parameter 'x' sent when not required.".to_owned(),
        ),
        (
            "/api/v3/depth?symbol=BTCUSDT&symbolStatus=HALT".to_owned(),
            "400 -1220 The symbol's status does not match the requested symbolStatus.".to_owned(),
        ),
        (
            "/api/v3/depth?symbol=BTCUSDT&symbolStatus=OPEN".to_owned(),
            "400 -1122 Invalid symbolStatus.".to_owned(),
        ),
    ] {
        assert_eq!(client.get(&uri).await.refusal(), refusal, "{uri}");
    }
}

#[expect(clippy::too_many_lines, reason = "one answer, told whole")]
#[tokio::test]
async fn exchange_info_lists_rules_and_only_what_exists() {
    let client = Client::new();
    let got = client.get("/api/v3/exchangeInfo?symbol=BTCUSDT").await;
    expect![[r#"
        {"timezone":"UTC",
        "serverTime":1700000000000,
        "rateLimits":[{"rateLimitType":"REQUEST_WEIGHT",
        "interval":"MINUTE",
        "intervalNum":1,
        "limit":6000000},{"rateLimitType":"ORDERS",
        "interval":"SECOND",
        "intervalNum":10,
        "limit":1000000},{"rateLimitType":"ORDERS",
        "interval":"DAY",
        "intervalNum":1,
        "limit":100000000}],
        "exchangeFilters":[],
        "symbols":[{"symbol":"BTCUSDT",
        "status":"TRADING",
        "baseAsset":"BTC",
        "baseAssetPrecision":8,
        "quoteAsset":"USDT",
        "quotePrecision":8,
        "quoteAssetPrecision":8,
        "baseCommissionPrecision":8,
        "quoteCommissionPrecision":8,
        "orderTypes":["LIMIT",
        "LIMIT_MAKER",
        "MARKET",
        "STOP_LOSS",
        "STOP_LOSS_LIMIT",
        "TAKE_PROFIT",
        "TAKE_PROFIT_LIMIT"],
        "icebergAllowed":true,
        "ocoAllowed":true,
        "otoAllowed":true,
        "opoAllowed":true,
        "quoteOrderQtyMarketAllowed":true,
        "allowTrailingStop":true,
        "cancelReplaceAllowed":true,
        "amendAllowed":true,
        "pegInstructionsAllowed":true,
        "isSpotTradingAllowed":true,
        "isMarginTradingAllowed":false,
        "filters":[{"filterType":"PRICE_FILTER",
        "minPrice":"0.01000000",
        "maxPrice":"1000000.00000000",
        "tickSize":"0.01000000"},{"filterType":"PERCENT_PRICE_BY_SIDE",
        "bidMultiplierUp":"5.00000000",
        "bidMultiplierDown":"0.20000000",
        "askMultiplierUp":"5.00000000",
        "askMultiplierDown":"0.20000000",
        "avgPriceMins":5},{"filterType":"LOT_SIZE",
        "minQty":"0.00001000",
        "maxQty":"9000.00000000",
        "stepSize":"0.00001000"},{"filterType":"MARKET_LOT_SIZE",
        "minQty":"0.00000000",
        "maxQty":"9000.00000000",
        "stepSize":"0.00000000"},{"filterType":"NOTIONAL",
        "minNotional":"5.00000000",
        "applyMinToMarket":false,
        "maxNotional":"9000000000.00000000",
        "applyMaxToMarket":false,
        "avgPriceMins":5},{"filterType":"MAX_NUM_ORDERS",
        "maxNumOrders":10000}],
        "permissions":[],
        "permissionSets":[["SPOT"]],
        "defaultSelfTradePreventionMode":"EXPIRE_MAKER",
        "allowedSelfTradePreventionModes":["NONE",
        "EXPIRE_TAKER",
        "EXPIRE_MAKER",
        "EXPIRE_BOTH",
        "DECREMENT",
        "TRANSFER"]}]}"#]]
    .assert_eq(&got.lines());
}

#[tokio::test]
async fn exchange_info_lists_the_filters_of_orders_with_terms() {
    let client = Client::new();
    client.venue.directory.lock().symbols[0].order_rules = OrderRules {
        trailing_delta: TrailingDelta {
            min_above: 10,
            max_above: 2_000,
            min_below: 20,
            max_below: 3_000,
        },
        iceberg_parts: 100,
        max_num_algo_orders: 5,
        max_num_iceberg_orders: 4,
        max_num_order_lists: 20,
        max_num_order_amends: 10,
    };
    let got = client.get("/api/v3/exchangeInfo?symbol=BTCUSDT").await;
    let filters = flat(
        r#"
        {"filterType":"TRAILING_DELTA","minTrailingAboveDelta":10,
        "maxTrailingAboveDelta":2000,"minTrailingBelowDelta":20,
        "maxTrailingBelowDelta":3000},{"filterType":"ICEBERG_PARTS","limit":100},
        {"filterType":"MAX_NUM_ALGO_ORDERS","maxNumAlgoOrders":5},
        {"filterType":"MAX_NUM_ICEBERG_ORDERS","maxNumIcebergOrders":4},
        {"filterType":"MAX_NUM_ORDER_LISTS","maxNumOrderLists":20},
        {"filterType":"MAX_NUM_ORDER_AMENDS","maxNumOrderAmends":10}]
    "#,
    );
    assert!(got.text.contains(&filters), "{}", got.text);
}

#[tokio::test]
async fn exchange_info_chooses_by_list_permission_and_status() {
    let client = Client::new();
    let names = async |query: &str| -> Vec<String> {
        let got = client.get(&format!("/api/v3/exchangeInfo{query}")).await;
        let symbols = got.json()["symbols"].as_array().expect("a list").clone();
        symbols
            .iter()
            .map(|row| format!("{} {}", row["symbol"], row["status"]))
            .collect()
    };
    let all = [r#""BTCUSDT" "TRADING""#, r#""ETHUSDT" "TRADING""#];
    assert_eq!(names("").await, all);
    assert_eq!(names("?symbols=%5B%22ETHUSDT%22%5D").await, all[1..]);
    assert_eq!(names("?permissions=SPOT").await, all);
    assert_eq!(
        names("?permissions=%5B%22MARGIN%22%2C%22SPOT%22%5D").await,
        all
    );
    assert_eq!(names("?permissions=MARGIN").await, [""; 0]);
    client.venue.directory.lock().symbols[0].state = SymbolState::CancelOnly;
    assert_eq!(names("?symbolStatus=TRADING").await, all[1..]);
    client.venue.directory.lock().symbols[0].state = SymbolState::Delisted;
    client.venue.directory.lock().venue = Some(VenueState::Halt);
    assert_eq!(names("").await, [r#""ETHUSDT" "HALT""#]);
    let got = client
        .get("/api/v3/exchangeInfo?symbol=BTCUSDT&permissions=SPOT")
        .await;
    assert_eq!(
        got.refusal(),
        "400 -1128 Combination of optional parameters invalid."
    );
}
