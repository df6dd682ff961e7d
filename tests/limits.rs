//! S7: who comes too fast is refused, and nobody else pays for it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::venue::Start;
use crate::venue::client::Client;

/// One answer: status, Retry-After, body.
struct Got {
    status: u16,
    retry_after: Option<u64>,
    body: Value,
}

/// A connection from an address of our choice; all of 127.0.0.0/8 is this machine.
fn connect(from: Ipv4Addr, to: &str) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("a runtime");
    let to: SocketAddr = to.parse().expect("an address");
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind((from, 0).into()).expect("a loopback address");
        socket.connect(to).await.expect("connected")
    });
    let stream = stream.into_std().expect("a socket of this thread");
    stream.set_nonblocking(false).expect("set");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("set");
    stream
}

/// So many requests at once on one connection, and their answers.
fn burst(stream: &mut TcpStream, path: &str, count: usize) -> Vec<Got> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    let all = request.repeat(count);
    let mut writer = stream.try_clone().expect("a second handle");
    let sending = std::thread::spawn(move || writer.write_all(all.as_bytes()));
    let mut read = Vec::new();
    let mut answers = Vec::new();
    let mut chunk = [0; 65_536];
    while answers.len() < count {
        let length = stream.read(&mut chunk).expect("answers keep coming");
        assert_ne!(length, 0, "closed after {} answers", answers.len());
        read.extend_from_slice(&chunk[..length]);
        while let Some((got, used)) = parse(&read) {
            answers.push(got);
            read.drain(..used);
        }
    }
    sending.join().expect("sent").expect("written");
    answers
}

/// The first whole answer and its length.
fn parse(bytes: &[u8]) -> Option<(Got, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).expect("ASCII");
    let field = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| *found == name)?.1.parse().ok()
    };
    let length = field("content-length").expect("a length") as usize;
    let body = bytes.get(end..end + length)?;
    let got = Got {
        status: head[9..12].parse().expect("a status"),
        retry_after: field("retry-after"),
        body: serde_json::from_slice(body).expect("JSON"),
    };
    Some((got, end + length))
}

#[test]
fn a_hundred_a_second_then_429_then_418_and_the_neighbour_trades_on() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let config = dir.path().join("daybook.toml");
    std::fs::write(&config, "[limits]\nrequests_per_second = 100\n").expect("written");
    let start = Start {
        config: Some(config),
        ..Start::default()
    };
    let node = start.node(&dir.path().join("node"));
    let (fast, calm) = (Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3));
    let mut stream = connect(fast, &node.http);
    // However slow this machine is, each second of the node's clock takes a hundred at most.
    let mut seconds: BTreeMap<u64, u32> = BTreeMap::new();
    let mut refused = Vec::new();
    while refused.is_empty() {
        for got in burst(&mut stream, "/api/v3/time", 150) {
            if got.status == 200 {
                let millis = got.body["serverTime"].as_u64().expect("a time");
                *seconds.entry(millis / 1_000).or_default() += 1;
            } else {
                refused.push(got);
            }
        }
        assert!(seconds.len() < 20, "this machine is too slow for this test");
    }
    // The count is taken before the time is told, so that a few may fall into the next one.
    assert!(seconds.values().all(|count| *count <= 105), "{seconds:?}");
    assert!(seconds.values().any(|count| *count >= 95), "{seconds:?}");
    let first = &refused[0];
    assert_eq!((first.status, first.retry_after), (429, Some(1)));
    assert_eq!(first.body["code"], -1003);
    let banned = (0..50).find_map(|_| {
        let answers = burst(&mut stream, "/api/v3/ping", 150);
        answers.into_iter().find(|got| got.status == 418)
    });
    let banned = banned.expect("who goes on is banned");
    assert_eq!(banned.body["code"], -1003);
    assert!(
        banned
            .retry_after
            .is_some_and(|seconds| (100..=120).contains(&seconds))
    );

    let mut neighbour = connect(calm, &node.http);
    let answers = burst(&mut neighbour, "/api/v3/ping", 20);
    assert!(answers.iter().all(|got| got.status == 200));
    let ann = node.trader("ann", &["USDT=1000"]);
    let client = Client::new(&node.http, &ann);
    let placed = client
        .limit("BUY", "0.001", "40000", "one")
        .expect("answered");
    assert_eq!(placed.status, 200, "{placed:?}");
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn too_many_orders_are_1015_for_that_account_alone() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let ann = Client::new(&node.http, &node.trader("ann", &["USDT=1000"]));
    let bob = Client::new(&node.http, &node.trader("bob", &["USDT=1000"]));
    let limits = ["venue", "limits", "--orders-per-10s", "5"];
    node.administer(&limits).expect("journaled");
    let place = |client: &Client, name: &str| {
        let placed = client.limit("BUY", "0.0002", "40000", name);
        placed.expect("answered")
    };
    // Orders count in a running window of ten seconds, however slow this machine is.
    let refused = (0..200).map(|number| place(&ann, &format!("a{number}")));
    let refused = refused.skip(5).find(|placed| placed.status != 200);
    let refused = refused.expect("the limit is met");
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (429, &Value::from(-1015))
    );
    assert_eq!(place(&bob, "b").status, 200);
    let told = bob
        .raw("GET", "/api/v3/exchangeInfo", "")
        .expect("answered");
    assert_eq!(
        told.body["rateLimits"][1]["limit"], 5,
        "{:?}",
        told.body["rateLimits"]
    );
    let nobody = node.administer(&["venue", "limits", "--weight-per-minute", "0"]);
    assert_eq!(nobody.expect_err("refused").code, Some(64));
    assert_eq!(node.terminate().code, Some(0));
}
