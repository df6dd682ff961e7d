//! Candles, tickers of price change, aggregate and old trades over REST.

use schemas::ids::TradeId;
use schemas::market::{
    AggregatePage, AggregateTrade, Candle, CandlePage, Interval, MarketWindow, Volume, ZoneShift,
};
use schemas::report::Depth;
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::client::{Client, flat};
use crate::market::trade;
use crate::venue::{BTCUSDT, NOW_MS};

const MINUTE_MS: u64 = 60_000;

/// 22:13:00 UTC, the minute that runs.
const RUNNING_MS: u64 = NOW_MS - NOW_MS % MINUTE_MS;

fn at(millis: u64) -> TimeNs {
    TimeNs(millis * 1_000_000)
}

/// 0.3 BTC from 100 up to 102 and down to 100.50.
fn candle(open_ms: u64) -> Candle {
    Candle {
        open_time: at(open_ms),
        open: Price(10_000),
        high: Price(10_200),
        low: Price(9_990),
        close: Price(10_050),
        volume: Volume(30_000),
        quote: Amount(3_015_000_001),
        taker_volume: Volume(10_000),
        taker_quote: Amount(1_005_000_000),
        trades: Some((TradeId(3), TradeId(5))),
    }
}

fn traded() -> Client {
    let client = Client::new();
    let mut state = client.venue.state.lock();
    state.depth = Depth {
        last_update: 77,
        bids: vec![(Price(10_000), Qty(150_000))],
        asks: vec![(Price(10_100), Qty(25_000))],
    };
    state.trades = vec![trade()];
    state.candles = vec![
        candle(RUNNING_MS),
        Candle::flat(at(RUNNING_MS + MINUTE_MS), Price(7)),
    ];
    state.window = MarketWindow {
        traded: Some(candle(RUNNING_MS)),
        previous_close: Some(Price(9_995)),
        last: Some(trade()),
    };
    drop(state);
    client
}

#[tokio::test]
async fn klines_are_twelve_columns_and_say_when_they_close() {
    let client = traded();
    let row = format!(
        r#"[{RUNNING_MS},"100.00000000","102.00000000","99.90000000","100.50000000",
        "0.30000000",{},"30.15000001",3,"0.10000000","10.05000000","0"]"#,
        RUNNING_MS + MINUTE_MS - 1
    );
    let flat_row = format!(
        r#"[{},"0.07000000","0.07000000","0.07000000","0.07000000","0.00000000",{},
        "0.00000000",0,"0.00000000","0.00000000","0"]"#,
        RUNNING_MS + MINUTE_MS,
        RUNNING_MS + 2 * MINUTE_MS - 1
    );
    let both = flat(&format!("[{row},{flat_row}]"));
    for path in ["klines", "uiKlines"] {
        let got = client
            .get(&format!("/api/v3/{path}?symbol=BTCUSDT&interval=1m"))
            .await;
        assert_eq!(got.text, both);
        assert_eq!(got.header("x-mbx-used-weight-1m").len(), 1);
    }
}

#[tokio::test]
async fn kline_pages_are_asked_for_as_the_client_said() {
    let client = traded();
    let usual = CandlePage {
        symbol: BTCUSDT,
        interval: Interval::Month,
        zone: ZoneShift::UTC,
        start: None,
        end: None,
        now: at(NOW_MS),
        limit: 500,
    };
    for (query, page) in [
        ("interval=1M", usual),
        (
            "interval=1w&timeZone=05:45&limit=99999",
            CandlePage {
                interval: Interval::Week,
                zone: ZoneShift(345),
                limit: 1_000,
                ..usual
            },
        ),
        (
            "interval=1s&startTime=1000&endTime=2000&timeZone=-1:00",
            CandlePage {
                interval: Interval::Second,
                zone: ZoneShift(-60),
                start: Some(at(1_000)),
                end: Some(TimeNs(2_000_999_999)),
                ..usual
            },
        ),
    ] {
        let got = client
            .get(&format!("/api/v3/klines?symbol=BTCUSDT&{query}"))
            .await;
        assert_eq!(got.status, 200, "{query}");
        let asked = client.venue.state.lock().candle_pages.pop();
        assert_eq!(asked, Some(page), "{query}");
    }
}

#[tokio::test]
async fn bad_candles_and_windows_have_their_codes() {
    let client = traded();
    let mandatory = |name: &str| {
        format!(
            "400 -1102 Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        )
    };
    let invalid = |name: &str| format!("400 -1130 Data sent for parameter '{name}' is not valid.");
    let either = "400 -1102 Param 'symbol' or 'symbols' must be sent, but both were empty/null!";
    let combination = "400 -1128 Combination of optional parameters invalid.";
    let from_id = "400 -1100 Illegal characters found in parameter 'fromId'; \
                   legal range is '^[0-9]{1,20}$'.";
    for (query, refusal) in [
        ("klines?interval=1m", mandatory("symbol")),
        ("klines?symbol=BTCUSDT", mandatory("interval")),
        (
            "klines?symbol=BTCUSDT&interval=1x",
            "400 -1120 Invalid interval.".to_owned(),
        ),
        (
            "klines?symbol=NO&interval=1x",
            "400 -1121 Invalid symbol.".to_owned(),
        ),
        (
            "klines?symbol=BTCUSDT&interval=1m&timeZone=15",
            invalid("timeZone"),
        ),
        (
            "klines?symbol=BTCUSDT&interval=1m&limit=0",
            invalid("limit"),
        ),
        ("ticker", either.to_owned()),
        ("ticker?symbol=BTCUSDT&windowSize=8d", invalid("windowSize")),
        ("ticker?symbol=BTCUSDT&type=HUGE", invalid("type")),
        ("ticker/tradingDay", either.to_owned()),
        (
            "ticker/24hr?symbol=BTCUSDT&symbols=%5B%5D",
            combination.to_owned(),
        ),
        (
            "aggTrades?symbol=BTCUSDT&fromId=1&startTime=2",
            combination.to_owned(),
        ),
        (
            "historicalTrades?symbol=BTCUSDT&fromId=x",
            from_id.to_owned(),
        ),
    ] {
        let got = client.get(&format!("/api/v3/{query}")).await;
        assert_eq!(got.refusal(), refusal, "{query}");
    }
}

#[tokio::test]
async fn the_day_ticker_tells_a_window_and_the_best_prices() {
    let client = traded();
    let opens = RUNNING_MS - 1_440 * MINUTE_MS;
    let full = flat(&format!(
        r#"
        {{"symbol":"BTCUSDT","priceChange":"0.50000000","priceChangePercent":"0.500",
        "weightedAvgPrice":"100.50000003","prevClosePrice":"99.95000000",
        "lastPrice":"100.50000000","lastQty":"0.20000000","bidPrice":"100.00000000",
        "bidQty":"1.50000000","askPrice":"101.00000000","askQty":"0.25000000",
        "openPrice":"100.00000000","highPrice":"102.00000000","lowPrice":"99.90000000",
        "volume":"0.30000000","quoteVolume":"30.15000001","openTime":{opens},
        "closeTime":{NOW_MS},"firstId":3,"lastId":5,"count":3}}
    "#
    ));
    let uri = "/api/v3/ticker/24hr?symbol=BTCUSDT";
    assert_eq!(client.get(uri).await.text, full);
    assert_eq!(client.venue.state.lock().windows_asked, [at(opens)]);
    let never = flat(&format!(
        r#"
        {{"symbol":"ETHUSDT","priceChange":"0.00000000","priceChangePercent":"0.000",
        "weightedAvgPrice":"0.00000000","prevClosePrice":"0.00000000",
        "lastPrice":"0.00000000","lastQty":"0.00000000","bidPrice":"0.00000000",
        "bidQty":"0.00000000","askPrice":"0.00000000","askQty":"0.00000000",
        "openPrice":"0.00000000","highPrice":"0.00000000","lowPrice":"0.00000000",
        "volume":"0.00000000","quoteVolume":"0.00000000","openTime":{opens},
        "closeTime":{NOW_MS},"firstId":-1,"lastId":-1,"count":0}}
    "#
    ));
    let all = client.get("/api/v3/ticker/24hr").await;
    assert_eq!(all.text, format!("[{full},{never}]"));
    let mini = flat(&format!(
        r#"
        [{{"symbol":"BTCUSDT","openPrice":"100.00000000","highPrice":"102.00000000",
        "lowPrice":"99.90000000","lastPrice":"100.50000000","volume":"0.30000000",
        "quoteVolume":"30.15000001","openTime":{opens},"closeTime":{NOW_MS},"firstId":3,
        "lastId":5,"count":3}}]
    "#
    ));
    let got = client
        .get("/api/v3/ticker/24hr?symbols=%5B%22BTCUSDT%22%5D&type=MINI")
        .await;
    assert_eq!(got.text, mini);
}

#[tokio::test]
async fn a_window_without_trades_stands_at_the_last_price() {
    let client = traded();
    client.venue.state.lock().window.traded = None;
    let got = client
        .get("/api/v3/ticker?symbol=BTCUSDT&windowSize=1h")
        .await;
    let opens = RUNNING_MS - 60 * MINUTE_MS;
    let text = flat(&format!(
        r#"
        {{"symbol":"BTCUSDT","priceChange":"0.00000000","priceChangePercent":"0.000",
        "weightedAvgPrice":"99.95000000","openPrice":"99.95000000",
        "highPrice":"99.95000000","lowPrice":"99.95000000","lastPrice":"99.95000000",
        "volume":"0.00000000","quoteVolume":"0.00000000","openTime":{opens},
        "closeTime":{NOW_MS},"firstId":-1,"lastId":-1,"count":0}}
    "#
    ));
    assert_eq!(got.text, text);
}

#[tokio::test]
async fn the_trading_day_is_that_of_the_zone() {
    let client = traded();
    let midnight = 1_699_920_000_000;
    for (zone, opens) in [
        ("", midnight),
        ("&timeZone=0", midnight),
        ("&timeZone=9", midnight + 15 * 3_600_000),
    ] {
        let uri = format!("/api/v3/ticker/tradingDay?symbol=BTCUSDT{zone}");
        let got = client.get(&uri).await.json();
        assert_eq!(got["openTime"], opens, "{zone}");
        assert_eq!(got["closeTime"], opens + 86_400_000 - 1_u64, "{zone}");
        assert_eq!(got["priceChange"], "0.50000000");
        assert_eq!(got.get("prevClosePrice"), None);
        assert_eq!(
            client.venue.state.lock().windows_asked.pop(),
            Some(at(opens))
        );
    }
}

#[tokio::test]
async fn the_average_price_is_that_of_the_filter_s_minutes() {
    let client = traded();
    let uri = "/api/v3/avgPrice?symbol=BTCUSDT";
    assert_eq!(
        client.get(uri).await.text,
        r#"{"mins":5,"price":"100.50000003","closeTime":1700000000000}"#
    );
    let asked = at(RUNNING_MS - 4 * MINUTE_MS);
    assert_eq!(client.venue.state.lock().windows_asked, [asked]);
    client.venue.state.lock().window.traded = None;
    assert_eq!(
        client.get(uri).await.text,
        r#"{"mins":5,"price":"100.50000000","closeTime":1700000000000}"#
    );
    assert_eq!(
        client.get("/api/v3/avgPrice?symbol=ETHUSDT").await.text,
        r#"{"mins":5,"price":"0.00000000","closeTime":0}"#
    );
}

#[tokio::test]
async fn aggregate_trades_come_by_page() {
    let client = traded();
    client.venue.state.lock().aggregates = vec![AggregateTrade::new(4, &trade())];
    let got = client
        .get("/api/v3/aggTrades?symbol=BTCUSDT&startTime=1&endTime=2&limit=3")
        .await;
    assert_eq!(
        got.text,
        flat(
            r#"
            [{"a":4,"p":"100.50000000","q":"0.20000000","f":5,"l":5,"T":1700000000000,
            "m":true,"M":true}]
        "#
        )
    );
    let page = AggregatePage {
        symbol: BTCUSDT,
        from: None,
        start: Some(at(1)),
        end: Some(TimeNs(2_999_999)),
        limit: 3,
    };
    assert_eq!(client.venue.state.lock().aggregate_pages, [page]);
}

#[tokio::test]
async fn old_trades_are_looked_up_by_id() {
    let client = traded();
    for (query, ids) in [("", vec![5]), ("&fromId=5", vec![5]), ("&fromId=6", vec![])] {
        let uri = format!("/api/v3/historicalTrades?symbol=BTCUSDT{query}");
        let got = client.get(&uri).await.json();
        let found: Vec<u64> = got
            .as_array()
            .expect("a list")
            .iter()
            .map(|row| row["id"].as_u64().expect("an id"))
            .collect();
        assert_eq!(found, ids, "{query}");
    }
}

#[tokio::test]
async fn tickers_weigh_by_their_symbols() {
    let client = traded();
    let mut before = 0;
    let pair = "%5B%22BTCUSDT%22%2C%22ETHUSDT%22%5D";
    for (query, weight) in [
        ("ticker/24hr?symbol=BTCUSDT".to_owned(), 2),
        (format!("ticker/24hr?symbols={pair}"), 2),
        ("ticker/24hr".to_owned(), 80),
        ("ticker?symbol=BTCUSDT".to_owned(), 4),
        (format!("ticker?symbols={pair}"), 8),
        (format!("ticker/tradingDay?symbols={pair}"), 8),
        ("aggTrades?symbol=BTCUSDT".to_owned(), 4),
        ("historicalTrades?symbol=BTCUSDT".to_owned(), 25),
        ("avgPrice?symbol=BTCUSDT".to_owned(), 2),
    ] {
        let got = client.get(&format!("/api/v3/{query}")).await;
        assert_eq!(got.status, 200, "{query}");
        let used: u32 = got
            .header("x-mbx-used-weight-1m")
            .parse()
            .expect("a number");
        assert_eq!(used - before, weight, "{query}");
        before = used;
    }
}
