//! S8: bad input over a real socket. The code and text of RULES, nothing journaled, the
//! node stays up. (The gateway's own tests hold the whole table; here stands one of each
//! kind, against the real venue.)

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::venue::Start;
use crate::venue::client::{Answer, Client, now_millis, sign};

/// Parameters of a good order, with some replaced (an empty value leaves one out).
fn order(client: &Client, changes: &[(&str, &str)]) -> Answer {
    let good = [
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("quantity", "0.001"),
        ("price", "40000"),
    ];
    let mut parameters: Vec<(&str, &str)> = good
        .iter()
        .map(|(name, value)| {
            let change = changes.iter().find(|(changed, _)| changed == name);
            (*name, change.map_or(*value, |(_, changed)| *changed))
        })
        .filter(|(_, value)| !value.is_empty())
        .collect();
    for change in changes {
        if !good.iter().any(|(name, _)| name == &change.0) {
            parameters.push(*change);
        }
    }
    client
        .signed("POST", "/api/v3/order", &parameters)
        .expect("the node answers")
}

#[test]
fn each_kind_of_bad_input_has_its_code_and_journals_nothing() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let ann = node.trader("ann", &["BTC=1", "USDT=100000"]);
    let bob = node.trader("bob", &["BTC=1", "USDT=100000"]);
    let client = Client::new(&node.http, &ann);
    let before = frames(&node.dir);

    let digits = "9".repeat(5_000);
    let table: Vec<((&str, &str), i64, &str)> = vec![
        (("symbol", "NOSUCH"), -1121, "Invalid symbol."),
        (("symbol", "btcusdt"), -1121, "Invalid symbol."),
        (("side", "buy"), -1117, "Invalid side."),
        (("type", "LIMITED"), -1116, "Invalid orderType."),
        (("timeInForce", "GTX"), -1115, "Invalid timeInForce."),
        (("quantity", ""), -1102, "quantity"),
        (("quantity", "-1"), -1100, "quantity"),
        (("quantity", "NaN"), -1100, "quantity"),
        (("quantity", "1e400"), -1100, "quantity"),
        (("quantity", "%D9%A1"), -1100, "quantity"),
        (("quantity", &digits), -1100, "quantity"),
        (("quantity", ".5"), -1100, "quantity"),
        (("quantity", "0.000000001"), -1111, ""),
        (("quantity", "0.0010000001"), -1111, ""),
        (("quantity", "0"), -1013, "Filter failure: LOT_SIZE"),
        (
            ("quantity", "0.00000001"),
            -1013,
            "Filter failure: LOT_SIZE",
        ),
        (
            ("price", "40000.001"),
            -1013,
            "Filter failure: PRICE_FILTER",
        ),
        (
            ("price", "99999999999999999999"),
            -1013,
            "Filter failure: PRICE_FILTER",
        ),
        (("stopPrice", "1"), -1106, "stopPrice"),
    ];
    for (change, code, text) in table {
        let answer = order(&client, &[change]);
        assert_eq!(answer.status, 400, "{change:?}: {answer:?}");
        assert_eq!(answer.body["code"], code, "{change:?}: {answer:?}");
        let message = answer.body["msg"].as_str().expect("a text");
        assert!(message.contains(text), "{change:?}: {message}");
    }
    // Filters of a well-formed order are the engine's business and are journaled refusals;
    // what is malformed must not reach it.
    let journaled = frames(&node.dir) - before;
    assert!(journaled <= 6, "{journaled} frames for malformed requests");

    let strange = Client::new(&node.http, &bob);
    let placed = order(&strange, &[("newClientOrderId", "bobs")]);
    assert_eq!(placed.status, 200, "{placed:?}");
    let id = placed.body["orderId"].as_u64().expect("an id").to_string();
    let foreign = client
        .signed(
            "DELETE",
            "/api/v3/order",
            &[("symbol", "BTCUSDT"), ("orderId", &id)],
        )
        .expect("answered");
    assert_eq!(foreign.body["code"], -2011, "{foreign:?}");
    let twice = order(&strange, &[("newClientOrderId", "bobs")]);
    assert_eq!(twice.body["code"], -2010, "{twice:?}");
    assert_eq!(twice.body["msg"], "Duplicate order sent.");
    signatures(&client);
    assert_eq!(node.terminate().code, Some(0));
}

/// Signatures and times.
fn signatures(client: &Client) {
    let now = now_millis();
    let code = |query: &str| {
        let answer = client.raw("GET", &format!("/api/v3/account?{query}"), "");
        let answer = answer.expect("answered");
        answer.body["code"]
            .as_i64()
            .unwrap_or(i64::from(answer.status))
    };
    let secret = &client.trader.secret;
    let good = format!("timestamp={now}");
    assert_eq!(
        code(&format!("{good}&signature={}", sign(secret, &good))),
        200
    );
    assert_eq!(code(&good), -1102, "missing signature");
    assert_eq!(
        code(&format!("{good}&signature={}", sign("another", &good))),
        -1022
    );
    let signature = sign(secret, &good);
    assert_eq!(
        code(&format!(
            "{good}&signature={signature}&signature={signature}"
        )),
        -1101
    );
    assert_eq!(code(&format!("{good}&{good}&signature={signature}")), -1101);
    for (query, expected) in [
        (format!("recvWindow=60001&timestamp={now}"), -1131),
        (format!("timestamp={}", now - 20_000), -1021),
        (format!("timestamp={}", now + 5_000), -1021),
        ("timestamp=yesterday".to_string(), -1100),
    ] {
        assert_eq!(
            code(&format!("{query}&signature={}", sign(secret, &query))),
            expected
        );
    }
}

/// The same signed request again, even when its order is closed, trades never twice.
#[test]
fn the_same_signed_request_again_is_a_duplicate() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let ann = node.trader("ann", &["BTC=1", "USDT=100000"]);
    let client = Client::new(&node.http, &ann);
    let query = format!(
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.001&price=40000\
         &timestamp={}",
        now_millis()
    );
    let path = format!(
        "/api/v3/order?{query}&signature={}",
        sign(&ann.secret, &query)
    );
    let first = client.raw("POST", &path, "").expect("answered");
    assert_eq!(first.body["status"], "EXPIRED", "{first:?}");
    let again = client.raw("POST", &path, "").expect("answered");
    assert_eq!(again.body["code"], -2010, "{again:?}");
    assert_eq!(again.body["msg"], "Duplicate order sent.");
    assert_eq!(node.terminate().code, Some(0));
}

/// A body of 64 MiB and half a request are turned away; memory stays flat.
#[test]
fn a_huge_body_is_refused_without_being_read() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let before = resident_kib(node.id());
    let mut socket = TcpStream::connect(&node.http).expect("connected");
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("set");
    let head = "POST /api/v3/order HTTP/1.1\r\nhost: x\r\ncontent-length: 67108864\r\n\r\n";
    socket.write_all(head.as_bytes()).expect("written");
    let chunk = vec![b'a'; 1 << 20];
    for _ in 0..64 {
        if socket.write_all(&chunk).is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    // The node may close in the middle of our writing; what it said before is read.
    let _ = socket.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || text.contains(" 413 ") || text.contains(" 40"),
        "{text}"
    );
    let after = resident_kib(node.id());
    assert!(
        after < before + 32 * 1024,
        "memory rose from {before} to {after} KiB"
    );
    let ping = ureq::get(format!("http://{}/api/v3/ping", node.http)).call();
    assert_eq!(ping.expect("the node is up").status().as_u16(), 200);
    assert_eq!(node.terminate().code, Some(0));
}

fn resident_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
    let line = status
        .lines()
        .find(|line| line.starts_with("RssAnon"))
        .expect("a line");
    line.split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a number")
}

/// Frames in the journal that are no seals.
fn frames(dir: &std::path::Path) -> u64 {
    // A seal follows within milliseconds; then everything is provably durable.
    std::thread::sleep(Duration::from_millis(50));
    let mut reader =
        journal::reader::Reader::open(dir, schemas::ids::Offset(0)).expect("a journal");
    let mut count = 0;
    while let Some(frame) = reader.next().expect("it verifies") {
        if frame.kind != schemas::command::Command::Seal.kind() {
            count += 1;
        }
    }
    count
}
