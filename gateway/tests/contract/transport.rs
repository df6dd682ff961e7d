//! Paths, headers, sizes and limits.

use axum::body::Body;
use axum::http::Request;

use crate::client::{Client, ORDER};

#[tokio::test]
async fn every_answer_is_json_with_its_headers() {
    let client = Client::new();
    let mut traces = Vec::new();
    for (line, status) in [
        ("GET /api/v3/ping", 200),
        ("GET /api/v3/nothing", 404),
        ("GET /", 404),
        ("POST /api/v3/ping", 405),
        ("GET /api/v3/account", 400),
        ("DELETE /api/v3/depth", 405),
    ] {
        let got = client.raw(line, "").await;
        assert_eq!(got.status, status, "{line}");
        assert_eq!(got.header("content-type"), "application/json;charset=UTF-8");
        assert_eq!(got.header("access-control-allow-origin"), "*");
        assert_eq!(got.header("x-daybook-offset"), "41");
        assert!(got.header("x-mbx-used-weight-1m").parse::<u32>().is_ok());
        if status != 200 {
            assert!(got.json()["code"].is_i64() && got.json()["msg"].is_string());
        }
        traces.push(got.header("x-trace-id").to_owned());
    }
    traces.sort();
    traces.dedup();
    assert_eq!(traces.len(), 6, "a trace id belongs to one request");
}

#[tokio::test]
async fn a_browser_may_ask_first() {
    let client = Client::new();
    let request = Request::options("/api/v3/order")
        .body(Body::empty())
        .expect("valid");
    let got = client.send(request).await;
    assert_eq!(got.status, 200);
    assert_eq!(
        got.header("access-control-allow-methods"),
        "GET, POST, PUT, DELETE"
    );
}

#[tokio::test]
async fn a_long_body_is_refused_unread() {
    let client = Client::new();
    let chunk = axum::body::Bytes::from(vec![b'a'; 1 << 20]);
    let chunks = futures_util::stream::iter(
        (0..64).map(move |_| Ok::<_, std::convert::Infallible>(chunk.clone())),
    );
    let request = Request::post("/api/v3/order")
        .header("X-MBX-APIKEY", "alice")
        .body(Body::from_stream(chunks));
    let got = client.send(request.expect("valid")).await;
    assert_eq!(got.status, 413);
    assert_eq!(got.json()["code"], -1101);
    let exactly = format!("{ORDER}&newClientOrderId={}", "x".repeat(1 << 20));
    let got = client.raw("POST /api/v3/order", &exactly[..1 << 20]).await;
    assert_eq!(
        got.json()["code"],
        -1102,
        "a mebibyte is read, and lacks a timestamp"
    );
    assert!(client.venue.commands().is_empty());
}

#[tokio::test]
async fn too_much_weight_is_429_and_going_on_is_418() {
    let client = Client::new();
    client.venue.directory.lock().limits.weight_per_minute = 60;
    for used in [25, 50] {
        let got = client.get("/api/v3/trades?symbol=BTCUSDT").await;
        assert_eq!(got.header("x-mbx-used-weight-1m"), used.to_string());
    }
    let got = client.get("/api/v3/trades?symbol=BTCUSDT").await;
    assert_eq!(
        got.refusal(),
        "429 -1003 Too much request weight used; current limit is 60 request weight per 1 MINUTE. \
         Please use WebSocket Streams for live updates to avoid polling the API."
    );
    // 22:13:20: the minute has 40 seconds left.
    assert_eq!(got.header("retry-after"), "40");
    for _ in 1..50 {
        assert_eq!(client.get("/api/v3/ping").await.status, 429);
    }
    let got = client.get("/api/v3/ping").await;
    assert_eq!(
        got.refusal(),
        "418 -1003 Way too much request weight used; IP banned until 1700000120000. \
         Please use WebSocket Streams for live updates to avoid bans."
    );
    assert_eq!(got.header("retry-after"), "120");
    assert_eq!(client.signed("POST /api/v3/order", ORDER).await.status, 418);
    assert!(client.venue.commands().is_empty());
}

#[test]
fn bans_grow_and_minutes_begin_anew() {
    use gateway::limits::{Limits, Spend};
    use schemas::units::TimeNs;
    let limits = Limits::default();
    let address = std::net::IpAddr::from([10, 0, 0, 1]);
    let minute = 60_000_000_000;
    let charge = |now| {
        limits.charge(Spend {
            address,
            weight: 2,
            limit: 1,
            per_second: 0,
            now: TimeNs(now),
        })
    };
    let mut now = 0;
    let mut waits = Vec::new();
    for _ in 0..3 {
        for _ in 0..50 {
            assert_eq!(
                charge(now).refusal.expect("over the limit").status.as_u16(),
                429
            );
        }
        let last = charge(now).refusal.expect("over the limit");
        let seconds = last.retry_after.expect("a wait");
        waits.push((last.status.as_u16(), seconds));
        now += seconds * 1_000_000_000 + minute;
    }
    assert_eq!(waits, [(418, 120), (418, 240), (418, 480)]);
    let fresh = limits.charge(Spend {
        address,
        weight: 1,
        limit: 1,
        per_second: 0,
        now: TimeNs(now),
    });
    assert!(fresh.refusal.is_none());
    assert_eq!(fresh.used, 1);
}

#[tokio::test]
async fn the_deny_list_is_403() {
    let client = Client::new();
    client
        .venue
        .state
        .lock()
        .denied_accounts
        .push(crate::venue::ALICE);
    assert_eq!(client.signed("POST /api/v3/order", ORDER).await.status, 403);
    assert_eq!(client.get("/api/v3/ping").await.status, 200);
    client.venue.state.lock().denied.push([127, 0, 0, 1].into());
    let got = client.get("/api/v3/ping").await;
    assert_eq!(
        got.refusal(),
        "403 -1002 You are not authorized to execute this request."
    );
    assert!(client.venue.commands().is_empty());
}
