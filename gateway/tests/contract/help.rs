//! What helps a reader: /connect, hints, the OpenAPI document, the feed of charts.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use gateway::router::ROUTES;
use gateway::{hints, openapi};
use serde_json::Value;

use crate::client::{Client, Got};

async fn connect(client: &Client, uri: &str, headers: &[(&str, &str)]) -> Got {
    let mut request = Request::get(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    client.send(request).await
}

#[tokio::test]
async fn connect_prints_every_client_with_the_address_the_reader_used() {
    let client = Client::new();
    let host = [("host", "venue.test:8443")];
    let got = connect(&client, "/connect", &host).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.header("content-type"), "text/plain;charset=UTF-8");
    for name in [
        "ccxt",
        "python-binance",
        "go-binance",
        "freqtrade",
        "quickfix",
    ] {
        assert!(got.text.contains(&format!("## {name}")), "{name}");
        let one = connect(&client, &format!("/connect?client={name}"), &host).await;
        assert!(got.text.contains(&one.text), "{name}");
        assert!(one.text.contains("venue.test"), "{name}");
    }
    assert!(got.text.contains("BASE = 'http://venue.test:8443'"));
    assert!(got.text.contains("ws://venue.test:8443/stream/ws"));
    let secure = [("host", "venue.test"), ("x-forwarded-proto", "https")];
    let got = connect(&client, "/connect?client=ccxt", &secure).await;
    assert!(got.text.contains("'https://venue.test'") && got.text.contains("wss://venue.test/"));
    let unknown = connect(&client, "/connect?client=excel", &host).await;
    assert_eq!(unknown.status, 404);
    let hint = unknown.json()["hint"].as_str().expect("a hint").to_owned();
    assert!(hint.contains("ccxt") && hint.contains("quickfix"), "{hint}");
}

#[tokio::test]
async fn a_browser_gets_a_page_that_runs_nothing_and_a_hostile_host_stays_out() {
    let client = Client::new();
    let browser = [("host", "venue.test"), ("accept", "text/html,*/*;q=0.8")];
    let got = connect(&client, "/connect", &browser).await;
    assert_eq!(got.header("content-type"), "text/html;charset=UTF-8");
    assert!(
        got.header("content-security-policy")
            .contains("default-src 'none'")
    );
    assert!(got.text.contains("<h2 id=\"go-binance\">") && !got.text.contains("<script"));
    for host in [
        "x';import os#",
        "<script>",
        "a b",
        "x\"",
        &"h".repeat(300),
        "",
    ] {
        let hostile = [("host", host), ("accept", "text/html")];
        let got = connect(&client, "/connect", &hostile).await;
        assert_eq!(got.status, 200);
        assert!(got.text.contains("http://127.0.0.1:8080"), "{host}");
        assert!(
            !got.text.contains("<script") && !got.text.contains("import os#"),
            "{host}"
        );
    }
    let posted = Request::post("/connect")
        .body(Body::empty())
        .expect("a request");
    assert_eq!(client.send(posted).await.status, 405);
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let client = Client::new();
    for (line, word) in [
        ("GET /api/v3/depth?symbol=NOSUCH", "exchangeInfo"),
        ("GET /api/v3/depth", "missing"),
        ("GET /api/v3/account", "missing"),
        ("GET /api/v3/account?timestamp=1", "clock"),
        ("GET /api/v3/nothing", "does not exist"),
    ] {
        let got = client.raw(line, "").await;
        let hint = got.json()["hint"].as_str().unwrap_or("").to_owned();
        assert!(hint.contains(word), "{line}: {hint}");
        let fields = got.json();
        let fields = fields.as_object().expect("an object");
        assert!(fields["code"].is_i64() && fields["msg"].is_string() && fields.len() == 3);
    }
}

/// Every code that the gateway's sources make has its line.
#[test]
fn every_code_that_is_answered_has_a_hint() {
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut folders = vec![std::path::PathBuf::from(sources)];
    let mut missing = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the sources are here") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            for (at, _) in text.match_indices("::new(-") {
                let digits: String = text[at + 6..].chars().take(5).collect();
                let code = digits.parse::<i32>();
                missing.extend(code.ok().filter(|code| hints::of(*code).is_none()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

const COMMITTED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../schemas/openapi/daybook.json"
);

/// `DAYBOOK_WRITE_OPENAPI=1 cargo test -p gateway openapi` writes it anew.
#[test]
fn the_committed_openapi_document_is_the_router() {
    let text = openapi::text();
    if std::env::var_os("DAYBOOK_WRITE_OPENAPI").is_some() {
        std::fs::write(COMMITTED, &text).expect("written");
    }
    let committed = std::fs::read_to_string(COMMITTED).expect("schemas/openapi/daybook.json");
    assert!(
        committed == text,
        "stale: DAYBOOK_WRITE_OPENAPI=1 cargo test -p gateway openapi"
    );
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            described.insert(format!("{} {path}", method.to_uppercase()));
            assert!(operation["operationId"].is_string());
        }
    }
    let served = ROUTES
        .iter()
        .map(|route| format!("{} {}", route.method, route.path));
    assert_eq!(described, served.collect());
    let table: BTreeSet<String> = openapi::parameters::endpoints()
        .map(str::to_owned)
        .collect();
    let strange: Vec<_> = table.difference(&described).collect();
    assert!(strange.is_empty(), "no such endpoint: {strange:?}");
}

/// What the document names is taken: alone or together, no parameter is one too many.
#[tokio::test]
async fn parameters_of_the_openapi_document_are_known_to_their_endpoint() {
    let client = Client::new();
    let orders = [
        "/api/v3/order",
        "/api/v3/order/test",
        "/api/v3/order/cancelReplace",
    ];
    for route in ROUTES {
        // An order type refuses what belongs to another.
        if route.method == "POST" && orders.contains(&route.path) {
            continue;
        }
        let listed = openapi::parameters::of(&route.method, route.path);
        let named: Vec<String> = listed
            .iter()
            .map(|parameter| format!("{}={}", parameter.name, sample(parameter.name)))
            .collect();
        let line = format!("{} {}", route.method, route.path);
        let got = client.signed(&line, &named.join("&")).await;
        let code = got.json()["code"].as_i64();
        assert!(code != Some(-1106), "{line}: {}", got.text);
    }
}

fn sample(name: &str) -> &'static str {
    match name {
        "symbols" => "%5B%22BTCUSDT%22%5D",
        "symbol" => "BTCUSDT",
        "interval" => "1m",
        "resolution" => "1",
        "omitZeroBalances" | "showPermissionSets" => "true",
        "cancelRestrictions" => "ONLY_NEW",
        _ => "1",
    }
}

#[tokio::test]
async fn charts_find_symbols_and_read_columns_of_exact_numbers() {
    let client = Client::new();
    let config = client.get("/api/v1/udf/config").await.json();
    assert_eq!(config["supports_time"], true);
    assert!(
        config["supported_resolutions"]
            .as_array()
            .is_some_and(|all| all.len() == 16)
    );
    let info = client
        .get("/api/v1/udf/symbols?symbol=DAYBOOK:BTCUSDT")
        .await
        .json();
    assert_eq!(
        (&info["pricescale"], &info["minmov"]),
        (&100.into(), &1.into())
    );
    assert_eq!(info["session"], "24x7");
    let unknown = client.get("/api/v1/udf/symbols?symbol=NOSUCH").await;
    assert_eq!(unknown.json()["errmsg"], "unknown_symbol");
    let found = client
        .get("/api/v1/udf/search?query=eth&type=&exchange=&limit=10")
        .await;
    assert_eq!(found.json()[0]["symbol"], "ETHUSDT");
    assert_eq!(found.json().as_array().map(Vec::len), Some(1));
    assert_eq!(client.get("/api/v1/udf/time").await.text, "1700000000");
    for bad in [
        "symbol=BTCUSDT&resolution=7&from=0&to=9",
        "symbol=BTCUSDT&resolution=1&to=9",
    ] {
        assert_eq!(
            client
                .get(&format!("/api/v1/udf/history?{bad}"))
                .await
                .status,
            400
        );
    }
    let got = client
        .get("/api/v1/udf/history?symbol=BTCUSDT&resolution=1&from=0&to=9")
        .await;
    assert!(["ok", "no_data"].contains(&got.json()["s"].as_str().expect("a state")));
}
