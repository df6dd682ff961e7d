//! Market data of perpetuals: the shapes of `/fapi`, and which product a name means.

use schemas::perpetual_report::{IndexSource, MarkReport};
use schemas::report::{Depth, OrderReport, TradeReport};
use schemas::units::{Price, Qty, Rate, TimeNs};

use crate::client::{Client, flat};
use crate::market::trade;
use crate::venue::{PERP, resting};

/// A venue whose spot and perpetual are both called BTCUSDT and stand at 100 and 200.
fn with_both() -> Client {
    let client = Client::new();
    client.venue.list_perpetual();
    let mut state = client.venue.state.lock();
    state.depth = Depth {
        last_update: 77,
        bids: vec![(Price(10_000), Qty(150_000))],
        asks: vec![],
    };
    state.perp_depth = Depth {
        last_update: 5,
        bids: vec![(Price(20_000), Qty(100)), (Price(19_990), Qty(100))],
        asks: vec![(Price(20_010), Qty(200))],
    };
    let perpetual = TradeReport {
        symbol: PERP,
        price: Price(20_000),
        ..trade()
    };
    state.trades = vec![trade(), perpetual];
    drop(state);
    client
}

#[tokio::test]
async fn a_name_means_the_product_of_its_path() {
    let client = with_both();
    for (uri, text) in [
        (
            "/api/v3/depth?symbol=BTCUSDT",
            r#"{"lastUpdateId":77,"bids":[["100.00000000","1.50000000"]],"asks":[]}"#,
        ),
        (
            "/fapi/v1/depth?symbol=BTCUSDT&limit=5",
            r#"
                {"lastUpdateId":5,"E":1700000000000,"T":1700000000000,
                "bids":[["200.00000000","0.00100000"],["199.90000000","0.00100000"]],
                "asks":[["200.10000000","0.00200000"]]}
            "#,
        ),
        (
            "/fapi/v1/trades?symbol=BTCUSDT",
            r#"
                [{"id":5,"price":"200.00000000","qty":"0.20000000","quoteQty":"20.10000000",
                "time":1700000000000,"isBuyerMaker":true}]
            "#,
        ),
        (
            "/api/v3/ticker/price?symbol=BTCUSDT",
            r#"{"symbol":"BTCUSDT","price":"100.50000000"}"#,
        ),
        (
            "/fapi/v1/ticker/price?symbol=BTCUSDT",
            r#"{"symbol":"BTCUSDT","price":"200.00000000","time":1700000000000}"#,
        ),
        (
            "/fapi/v2/ticker/price",
            r#"[{"symbol":"BTCUSDT","price":"200.00000000","time":1700000000000}]"#,
        ),
        (
            "/fapi/v1/ticker/bookTicker?symbol=BTCUSDT",
            r#"
                {"symbol":"BTCUSDT","bidPrice":"200.00000000","bidQty":"0.00100000",
                "askPrice":"200.10000000","askQty":"0.00200000","lastUpdateId":5,
                "time":1700000000000}
            "#,
        ),
    ] {
        assert_eq!(client.get(uri).await.text, flat(text), "{uri}");
    }
    // ETHUSDT is a spot symbol alone.
    let unknown = client.get("/fapi/v1/depth?symbol=ETHUSDT").await;
    assert_eq!(unknown.json()["code"], -1121);
}

#[tokio::test]
async fn lists_show_their_own_product_alone() {
    let client = with_both();
    for (uri, symbols) in [
        ("/api/v3/ticker/price", 2),
        ("/api/v3/ticker/24hr", 2),
        ("/api/v3/ticker/bookTicker", 2),
        ("/fapi/v1/ticker/price", 1),
        ("/fapi/v2/ticker/price", 1),
        ("/fapi/v1/ticker/24hr", 1),
        ("/fapi/v1/ticker/bookTicker", 1),
    ] {
        let rows = client.get(uri).await.json();
        assert_eq!(rows.as_array().map(Vec::len), Some(symbols), "{uri}");
    }
    for (uri, symbols) in [
        ("/api/v3/exchangeInfo", 2),
        ("/fapi/v1/exchangeInfo", 1),
        ("/dapi/v1/exchangeInfo", 0),
    ] {
        let info = client.get(uri).await.json();
        let listed = info["symbols"].as_array().map(Vec::len);
        assert_eq!(listed, Some(symbols), "{uri}");
    }
    let of_perpetual = OrderReport {
        symbol: PERP,
        ..resting()
    };
    client.venue.state.lock().orders = vec![resting(), of_perpetual];
    let open = client.signed("GET /api/v3/openOrders", "").await.json();
    assert_eq!(open.as_array().map(Vec::len), Some(1));
    let fees = client
        .signed("GET /sapi/v1/asset/tradeFee", "")
        .await
        .json();
    assert_eq!(fees.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_contract_tells_its_terms_and_its_grid() {
    let client = with_both();
    let info = client.get("/fapi/v1/exchangeInfo").await.json();
    assert_eq!(info["rateLimits"][0]["rateLimitType"], "REQUEST_WEIGHT");
    assert_eq!(info["assets"][0]["asset"], "USDT");
    let contract = &info["symbols"][0];
    for (field, value) in [
        ("symbol", "BTCUSDT"),
        ("pair", "BTCUSDT"),
        ("contractType", "PERPETUAL"),
        ("status", "TRADING"),
        ("baseAsset", "BTC"),
        ("quoteAsset", "USDT"),
        ("marginAsset", "USDT"),
    ] {
        assert_eq!(contract[field], value, "{field}");
    }
    // Units are a hundredth and 0.00001; tick and step are ten and a hundred of them.
    assert_eq!(contract["pricePrecision"], 1);
    assert_eq!(contract["quantityPrecision"], 3);
    let filters = contract["filters"].to_string();
    for filter in [
        r#""maxPrice":"1000000.00000000","minPrice":"0.01000000","tickSize":"0.10000000"}"#,
        r#""stepSize":"0.00100000""#,
        r#"{"filterType":"MAX_NUM_ORDERS","limit":10000}"#,
        r#"{"filterType":"MAX_NUM_ALGO_ORDERS","limit":1000}"#,
        r#"{"filterType":"MIN_NOTIONAL","notional":"5.00000000"}"#,
        r#""multiplierUp":"1.15000000""#,
        r#""multiplierDown":"0.85000000""#,
    ] {
        let [filters, filter] = [&filters, filter].map(sorted);
        assert!(filters.contains(&filter), "{filter} in {filters}");
    }
}

/// JSON text as it is; `serde_json` keeps the fields of an object in the order of names.
fn sorted(text: &str) -> String {
    serde_json::from_str::<serde_json::Value>(text).map_or(text.to_owned(), |json| json.to_string())
}

#[tokio::test]
async fn a_futures_day_has_no_best_prices() {
    let client = with_both();
    let day = client.get("/fapi/v1/ticker/24hr?symbol=BTCUSDT").await;
    let day = day.json();
    let fields = day.as_object().expect("an object");
    assert!(fields.contains_key("lastPrice") && fields.contains_key("count"));
    for spot in ["bidPrice", "askPrice", "prevClosePrice"] {
        assert!(!fields.contains_key(spot), "{spot}");
    }
    let agg = client.get("/fapi/v1/aggTrades?symbol=BTCUSDT").await;
    assert_eq!(agg.status, 200);
    let rows = client.get("/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1500");
    assert_eq!(rows.await.status, 200);
    let asked = client.venue.state.lock().candle_pages.pop();
    let asked = asked.expect("a page");
    assert_eq!((asked.symbol, asked.limit), (PERP, 1_500));
}

#[tokio::test]
async fn futures_weigh_by_what_they_show() {
    let client = with_both();
    let mut before = 0;
    for (uri, weight) in [
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=50", 2),
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=100", 5),
        ("/fapi/v1/depth?symbol=BTCUSDT", 10),
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=1000", 20),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=99", 1),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1500", 10),
        ("/fapi/v1/ticker/24hr", 40),
        ("/fapi/v1/ticker/24hr?symbol=BTCUSDT", 1),
        ("/fapi/v1/ticker/bookTicker", 5),
    ] {
        let got = client.get(uri).await;
        let used: u32 = got
            .header("x-mbx-used-weight-1m")
            .parse()
            .expect("a number");
        assert_eq!(used - before, weight, "{uri}");
        before = used;
    }
}

#[tokio::test]
async fn sources_of_the_index_price_are_constituents() {
    let client = with_both();
    client.venue.state.lock().futures.mark = MarkReport {
        symbol: PERP,
        index: Price(19_990),
        time: TimeNs(1_700_000_000_000_000_000),
        ..MarkReport::default()
    };
    let got = client.get("/fapi/v1/constituents?symbol=BTCUSDT").await;
    let manual = serde_json::json!({
        "symbol": "BTCUSDT",
        "time": 1_700_000_000_000_u64,
        "constituents": [{
            "exchange": "manual", "symbol": "BTCUSDT",
            "price": "199.90000000", "weight": "1.00000000",
        }],
    });
    assert_eq!(got.json(), manual);
    let source = |name: &str, price, weight| IndexSource {
        name: name.to_owned(),
        symbol: "BTC-USDT".to_owned(),
        price,
        weight: Rate(weight),
    };
    client.venue.state.lock().futures.sources = vec![
        source("first", Some(19_990_000_000), 100_000_000),
        source("second", None, 0),
    ];
    let got = client.get("/fapi/v1/constituents?symbol=BTCUSDT").await;
    let rows = &got.json()["constituents"];
    assert_eq!(rows[0]["price"], "199.90000000");
    assert_eq!(
        (&rows[1]["price"], &rows[1]["weight"]),
        (&"-1".into(), &"0.00000000".into())
    );
    let got = client.get("/fapi/v1/constituents").await;
    assert!(got.refusal().contains("-1102"), "{}", got.refusal());
}
