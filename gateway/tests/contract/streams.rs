//! Streams over a real socket, read by hand.

use std::net::SocketAddr;
use std::sync::Arc;

use gateway::ws::life::Sockets;
use schemas::report::MarketUpdate;
use schemas::units::{Price, Qty, TimeNs};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{Client, flat};
use crate::market::trade;
use crate::venue::{BTCUSDT, NOW_MS, Venue};

/// A client that speaks just enough WebSocket.
pub struct Socket {
    stream: TcpStream,
    pub venue: Arc<Venue>,
    pub sockets: Sockets,
}

async fn serve(client: Client) -> (SocketAddr, Arc<Venue>, Sockets) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let service = client
        .router
        .into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    (address, client.venue, client.sockets)
}

/// The head of the answer to a handshake, and the socket.
async fn handshake(path: &str) -> (String, Socket) {
    handshake_with(Client::new(), path).await
}

/// The same with a venue that a test has prepared.
pub async fn handshake_with(client: Client, path: &str) -> (String, Socket) {
    let (address, venue, sockets) = serve(client).await;
    let mut stream = TcpStream::connect(address).await.expect("listening");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("open");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    (
        String::from_utf8(head).expect("ASCII"),
        Socket {
            stream,
            venue,
            sockets,
        },
    )
}

pub async fn open_raw(path: &str) -> Socket {
    let (head, socket) = handshake(path).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(
        !head.to_lowercase().contains("extensions"),
        "compression is declined"
    );
    assert!(head.contains("x-trace-id: "), "{head}");
    socket
}

async fn open(path: &str) -> Socket {
    // The task subscribes to updates before it reads; an answer shows that it runs.
    let mut socket = open_raw(path).await;
    socket
        .say(json!({ "method": "GET_PROPERTY", "params": ["combined"], "id": 0 }))
        .await;
    socket.hear().await;
    socket
}

impl Socket {
    pub async fn say(&mut self, message: Value) {
        self.say_text(&message.to_string()).await;
    }

    pub async fn say_text(&mut self, text: &str) {
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend((text.len() as u16).to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.stream.write_all(&frame).await.expect("open");
    }

    /// As [`Socket::say_text`], to who may have hung up already; false when it has.
    pub async fn try_say_text(&mut self, text: &str) -> bool {
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend((text.len() as u16).to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.stream.write_all(&frame).await.is_ok()
    }

    /// The next frame; `None` when the venue hung up.
    pub async fn try_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let opcode = self.stream.read_u8().await.ok()? & 0x0f;
        let length = match self.stream.read_u8().await.ok()? {
            126 => self.stream.read_u16().await.ok()?.into(),
            127 => self.stream.read_u64().await.ok()?,
            length => u64::from(length),
        };
        let mut payload = vec![0; usize::try_from(length).ok()?];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some((opcode, payload))
    }

    /// The next frame: its opcode and its payload.
    pub async fn frame(&mut self) -> (u8, Vec<u8>) {
        let opcode = self.stream.read_u8().await.expect("a frame") & 0x0f;
        let length = match self.stream.read_u8().await.expect("a length") {
            126 => self.stream.read_u16().await.expect("a length").into(),
            127 => self.stream.read_u64().await.expect("a length"),
            length => u64::from(length),
        };
        let mut payload = vec![0; usize::try_from(length).expect("fits")];
        self.stream
            .read_exact(&mut payload)
            .await
            .expect("a payload");
        (opcode, payload)
    }

    pub async fn hear(&mut self) -> Value {
        let (opcode, payload) = self.frame().await;
        assert_eq!(opcode, 1, "a text");
        serde_json::from_slice(&payload).expect("JSON")
    }

    pub fn publish(&self, update: MarketUpdate) {
        self.venue
            .updates
            .send(Arc::new(update))
            .expect("someone listens");
    }
}

/// Levels `first..=last` of the book changed: each bid at 100.00 - id, now 1.
pub fn levels(first: u64, last: u64) -> MarketUpdate {
    let bids = (first..=last)
        .map(|id| (Price(10_000 - id as i64), Qty(100_000)))
        .collect();
    MarketUpdate {
        forced: Vec::new(),
        symbol: BTCUSDT,
        time: TimeNs((NOW_MS + last) * 1_000_000),
        first_update: first,
        last_update: last,
        bids,
        asks: Vec::new(),
        trades: Vec::new(),
        best_bid: Some((Price(9_999), Qty(100_000))),
        best_ask: None,
        best_changed: false,
    }
}

#[tokio::test]
async fn trades_and_best_prices_come_at_once_and_wrapped() {
    let mut socket = open("/stream?streams=btcusdt@trade/btcusdt@bookTicker").await;
    let mut update = levels(1, 1);
    update.trades = vec![trade()];
    update.best_changed = true;
    socket.publish(update);
    let mut heard = [socket.hear().await, socket.hear().await];
    heard.sort_by_key(|message| message["stream"].as_str() == Some("btcusdt@bookTicker"));
    let [trade, best] = heard;
    assert_eq!(
        trade,
        json!({ "stream": "btcusdt@trade", "data": {
            "e": "trade", "E": NOW_MS + 1, "s": "BTCUSDT", "t": 5, "p": "100.50000000",
            "q": "0.20000000", "T": NOW_MS, "m": true, "M": true } })
    );
    assert_eq!(
        best,
        json!({ "stream": "btcusdt@bookTicker", "data": {
            "u": 1, "s": "BTCUSDT", "b": "99.99000000", "B": "1.00000000",
            "a": "0.00000000", "A": "0.00000000" } })
    );
}

#[tokio::test]
async fn depth_is_gathered_and_its_ids_have_no_gap() {
    let mut socket = open("/ws/btcusdt@depth@100ms").await;
    socket.publish(levels(1, 2));
    let mut emptied = levels(3, 3);
    emptied.bids = vec![(Price(9_999), Qty(0))];
    emptied.asks = vec![(Price(10_200), Qty(5)), (Price(10_100), Qty(7))];
    socket.publish(emptied);
    let mut next = 1;
    let mut book = std::collections::BTreeMap::new();
    while next <= 3 {
        let event = socket.hear().await;
        assert_eq!(event["e"], "depthUpdate");
        assert_eq!(event["U"], next, "the update before plus one");
        next = event["u"].as_u64().expect("a number") + 1;
        for side in ["b", "a"] {
            for level in event[side].as_array().expect("levels") {
                book.insert(level[0].as_str().map(str::to_owned), level[1].clone());
            }
        }
    }
    let level = |price: &str| book[&Some(price.to_owned())].clone();
    assert_eq!(level("99.99000000"), "0.00000000");
    assert_eq!(level("99.98000000"), "1.00000000");
    assert_eq!(level("101.00000000"), "0.00007000");
}

#[test]
fn gathered_levels_print_best_first() {
    use gateway::wire::clock::TimeUnit;
    use gateway::wire::grid::Grid;
    use gateway::ws::stream::depth::Gathered;
    let directory = gateway::queries::Queries::directory(&*Venue::new());
    let grid = Grid::new(&directory, directory.symbols[0]);
    let mut gathered = Gathered::default();
    let mut nothing = levels(4, 3);
    nothing.bids.clear();
    gathered.absorb(&nothing);
    assert!(gathered.is_empty());
    let mut update = levels(4, 5);
    update.asks = vec![(Price(10_200), Qty(5)), (Price(10_100), Qty(7))];
    gathered.absorb(&update);
    gathered.absorb(&levels(6, 6));
    let event = serde_json::to_string(&gathered.event(&grid, TimeUnit::Milli)).expect("JSON");
    assert_eq!(
        event,
        flat(
            r#"
            {"e":"depthUpdate","E":1700000000006,"s":"BTCUSDT","U":4,"u":6,"b":[["99.96000000",
            "1.00000000"],["99.95000000","1.00000000"],["99.94000000","1.00000000"]],
            "a":[["101.00000000","0.00007000"],["102.00000000","0.00005000"]]}
        "#
        )
    );
}

#[tokio::test]
async fn the_reply_to_subscribe_comes_before_its_data() {
    let mut socket = open("/stream/ws/0").await;
    let subscribe =
        |params: Value, id: Value| json!({ "method": "SUBSCRIBE", "params": params, "id": id });
    let both = json!(["btcusdt@trade", "ethusdt@bookTicker"]);
    socket.say(subscribe(both, json!(1))).await;
    assert_eq!(socket.hear().await, json!({ "result": null, "id": 1 }));
    socket
        .say(json!({ "method": "LIST_SUBSCRIPTIONS", "id": "a-1" }))
        .await;
    let list = json!(["btcusdt@trade", "ethusdt@bookTicker"]);
    assert_eq!(socket.hear().await, json!({ "result": list, "id": "a-1" }));
    let mut update = levels(1, 1);
    update.trades = vec![trade()];
    socket.publish(update.clone());
    assert_eq!(
        socket.hear().await["e"],
        "trade",
        "raw, as the path ends in /ws"
    );
    socket
        .say(json!({ "method": "UNSUBSCRIBE", "params": ["btcusdt@trade"], "id": 2 }))
        .await;
    assert_eq!(socket.hear().await, json!({ "result": null, "id": 2 }));
    socket.publish(update);
    socket
        .say(json!({ "method": "LIST_SUBSCRIPTIONS", "params": [], "id": 3 }))
        .await;
    assert_eq!(
        socket.hear().await,
        json!({ "result": ["ethusdt@bookTicker"], "id": 3 })
    );
}

#[tokio::test]
async fn what_cannot_be_understood_is_answered() {
    let mut socket = open("/ws").await;
    for (text, code, start) in [
        ("{", 3, "Invalid JSON: "),
        (
            r#"{"method":"BOGUS","params":[],"id":1}"#,
            2,
            "Invalid request: unknown variant `BOGUS`, expected one of `SUBSCRIBE`, ",
        ),
        (
            r#"{"params":[],"id":1}"#,
            2,
            "Invalid request: missing field `method` at line 1 column ",
        ),
        (
            r#"{"method":"SUBSCRIBE","params":["btcusdt@nothing"],"id":1}"#,
            2,
            "Invalid request: stream 'btcusdt@nothing' is not served",
        ),
        (
            r#"{"method":"SUBSCRIBE","params":["BTCUSDT@trade"],"id":1}"#,
            2,
            "Invalid request: stream 'BTCUSDT@trade' is not served",
        ),
        (
            r#"{"method":"SUBSCRIBE","params":[1],"id":1}"#,
            2,
            "Invalid request: stream names ",
        ),
        (
            r#"{"method":"SUBSCRIBE","params":[],"id":1.5}"#,
            2,
            "Invalid request: request ID must be an unsigned integer",
        ),
        (
            r#"{"method":"SET_PROPERTY","params":["combined","x"],"id":1}"#,
            1,
            "Invalid value type: expected Boolean",
        ),
        (
            r#"{"method":"GET_PROPERTY","params":["speed"],"id":1}"#,
            0,
            "Unknown property",
        ),
    ] {
        socket.say_text(text).await;
        let reply = socket.hear().await;
        assert_eq!(reply["code"], code, "{text}");
        let msg = reply["msg"].as_str().expect("a text");
        assert!(msg.starts_with(start), "{text}: {msg}");
    }
}

#[tokio::test]
async fn a_url_that_names_nothing_served_is_refused_in_json() {
    for path in ["/ws/nosuchcoin@trade", "/stream?streams=btcusdt@nothing"] {
        let (head, _) = handshake(path).await;
        assert!(head.starts_with("HTTP/1.1 400"), "{head}");
        assert!(head.contains("application/json"));
    }
    let client = Client::new();
    let got = client.get("/ws/btcusdt@trade").await;
    assert_eq!(got.refusal(), "426 -1000 This path speaks WebSocket.");
}

#[tokio::test]
async fn a_clean_stop_is_told_before_the_goodbye() {
    for (path, is_wrapped) in [("/ws/btcusdt@trade", false), ("/stream", true)] {
        let mut socket = open(path).await;
        let sockets = socket.sockets.clone();
        let closing = tokio::spawn(async move {
            sockets.close(std::time::Duration::from_secs(5)).await;
            sockets.count()
        });
        let word = json!({ "e": "serverShutdown", "E": NOW_MS });
        let expected = if is_wrapped {
            json!({ "stream": "!serverShutdown", "data": word })
        } else {
            word
        };
        assert_eq!(socket.hear().await, expected);
        let (opcode, payload) = socket.frame().await;
        assert_eq!((opcode, &payload[2..]), (8, &b"the node is stopping"[..]));
        drop(socket);
        assert_eq!(closing.await.expect("it ends"), 0, "{path}");
    }
}

#[tokio::test]
async fn every_stream_of_the_dialect_has_a_name() {
    let served = [
        "aggTrade",
        "trade",
        "kline_1s",
        "kline_1M",
        "kline_1d@+08:00",
        "miniTicker",
        "ticker",
        "ticker_1h",
        "ticker_4h",
        "ticker_1d",
        "avgPrice",
        "bookTicker",
        "depth5",
        "depth10@100ms",
        "depth20@1000ms",
        "depth",
        "depth@100ms",
        "depth@1000ms",
    ];
    let mut names: Vec<String> = served
        .iter()
        .map(|name| format!("btcusdt@{name}"))
        .collect();
    let all = [
        "!miniTicker@arr",
        "!ticker@arr",
        "!ticker_4h@arr",
        "!bookTicker",
    ];
    names.extend(all.map(str::to_owned));
    let mut socket = open("/ws").await;
    socket
        .say(json!({ "method": "SUBSCRIBE", "params": names, "id": 1 }))
        .await;
    assert_eq!(socket.hear().await, json!({ "result": null, "id": 1 }));
    for name in [
        "btcusdt@kline_2m",
        "btcusdt@depth7",
        "btcusdt@depth@50ms",
        "!trade@arr",
        "!",
    ] {
        socket
            .say(json!({ "method": "SUBSCRIBE", "params": [name], "id": 2 }))
            .await;
        let mut reply = socket.hear().await;
        while reply.get("code").is_none() {
            reply = socket.hear().await;
        }
        assert_eq!(reply["code"], 2, "{name}");
    }
}

#[tokio::test]
async fn who_loses_messages_is_cut_with_a_reason() {
    let mut socket = open("/ws/btcusdt@bookTicker").await;
    // More than the bounded queue holds, before the connection's task can run.
    for id in 1..=200 {
        socket.publish(levels(id, id));
    }
    let (opcode, payload) = socket.frame().await;
    assert_eq!(opcode, 8, "a close");
    assert_eq!(u16::from_be_bytes([payload[0], payload[1]]), 1008);
    assert_eq!(&payload[2..], b"slow reader: messages were lost");
}
