//! Traces: a request, its offset and its way into a sink, as a collector hears of them; over
//! REST, the WebSocket API and FIX, below a client's own span or not.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::venue::client::{Client, now_millis, sign};
use crate::venue::fix::{Fix, Numbers};
use crate::venue::{Start, Trader};

/// How long spans may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A collector that keeps every span.
struct Collector {
    address: String,
    spans: Arc<Mutex<Vec<Value>>>,
}

impl Collector {
    fn start() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let spans = Arc::new(Mutex::new(Vec::new()));
        let kept = spans.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = kept.clone();
                std::thread::spawn(move || while take(&stream, &kept).is_some() {});
            }
        });
        Collector { address, spans }
    }

    fn wait_for(&self, what: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let spans = self.spans.lock().expect("no thread panics").clone();
            if let Some(found) = spans.iter().find(|span| what(span)) {
                return found.clone();
            }
            assert!(Instant::now() < deadline, "{spans:#?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// One request of the exporter; `None` when it is gone.
fn take(mut stream: &TcpStream, kept: &Mutex<Vec<Value>>) -> Option<()> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4_096]);
    let (head, length) = loop {
        if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .expect("a length");
            break (
                head.clone(),
                (end + 4, length.parse::<usize>().expect("a number")),
            );
        }
        match stream.read(&mut piece).ok()? {
            0 => return None,
            read => bytes.extend_from_slice(&piece[..read]),
        }
    };
    assert!(head.starts_with("post /v1/traces "), "{head}");
    while bytes.len() < length.0 + length.1 {
        match stream.read(&mut piece).ok()? {
            0 => return None,
            read => bytes.extend_from_slice(&piece[..read]),
        }
    }
    let told: Value = serde_json::from_slice(&bytes[length.0..]).expect("JSON");
    let spans = told["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array();
    let mut kept = kept.lock().expect("no thread panics");
    kept.extend(spans.expect("a list").iter().cloned());
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(answer.as_bytes()).ok()
}

fn traced(folder: &Path, collector: &str) -> Start {
    let path = folder.join("daybook.toml");
    let text = format!("[telemetry]\notlp = \"http://{collector}\"\none_in = 1\n");
    std::fs::write(&path, text).expect("written");
    Start {
        segment_bytes: Some(65_536),
        config: Some(path),
        ..Start::default()
    }
}

fn attribute<'s>(span: &'s Value, name: &str) -> &'s Value {
    let attributes = span["attributes"].as_array().expect("a list");
    let found = attributes.iter().find(|it| it["key"] == name);
    found.map_or(&Value::Null, |it| &it["value"])
}

#[test]
fn a_request_is_traced_over_its_offset_into_a_sink() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let collector = Collector::start();
    let start = traced(folder.path(), &collector.address);
    let node = start.node(&folder.path().join("venue"));
    let trader = node.trader("ann", &["USDT=1000000"]);
    let client = Client::new(&node.http, &trader);
    let placed = client
        .limit("BUY", "0.001", "50000", "traced")
        .expect("answered");
    assert_eq!(placed.status, 200, "{placed:?}");
    let offset = placed.offset.expect("an offset").to_string();
    let is_of = |span: &Value| attribute(span, "daybook.offset")["intValue"] == offset.as_str();
    let request = collector.wait_for(|span| is_of(span) && span["kind"] == 2);
    assert_eq!(request["name"], "POST /api/v3/order");
    assert_eq!(request["traceId"].as_str().map(str::len), Some(32));
    assert_eq!(
        attribute(&request, "http.response.status_code")["intValue"],
        "200"
    );
    let sink = collector.wait_for(|span| is_of(span) && span["name"] == "sink sql");
    assert_eq!(sink["traceId"], request["traceId"]);
    assert_eq!(sink["parentSpanId"], request["spanId"]);
    let time = |span: &Value, name: &str| -> u64 {
        let text = span[name].as_str().expect("a number as text");
        text.parse().expect("a number")
    };
    let ended = time(&request, "endTimeUnixNano");
    assert!(time(&request, "startTimeUnixNano") <= ended);
    assert_eq!(time(&sink, "startTimeUnixNano"), ended);
    assert!(ended <= time(&sink, "endTimeUnixNano"));
    // A read has no command, whatever offset its answer was built from.
    client.order("traced").expect("answered");
    let read = collector.wait_for(|span| span["name"] == "GET /api/v3/order");
    assert!(attribute(&read, "daybook.offset").is_null(), "{read}");
    assert_eq!(node.terminate().code, Some(0));
}

const CLIENTS_TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENTS_SPAN: &str = "00f067aa0ba902b7";

/// A node that traces nothing by itself: one in very many requests.
fn seldom(folder: &Path, collector: &str) -> Start {
    let start = traced(folder, collector);
    let path = start.config.as_ref().expect("a file");
    let text = std::fs::read_to_string(path).expect("it reads");
    let text = text.replace("one_in = 1\n", "one_in = 1000000\n");
    std::fs::write(path, text).expect("written");
    start
}

#[test]
fn a_clients_trace_parent_is_the_parent_and_decides() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let collector = Collector::start();
    let node = seldom(folder.path(), &collector.address).node(&folder.path().join("venue"));
    let ask = |parent: &str| {
        let request = ureq::get(format!("http://{}/api/v3/time", node.http));
        let answer = request.header("traceparent", parent).call();
        let answer = answer.expect("answered");
        let trace = answer.headers().get("x-trace-id").expect("a trace id");
        trace.to_str().expect("text").to_string()
    };
    // The first request of a node is traced whatever comes: let it pass.
    ask("");
    let unsampled = format!("00-{CLIENTS_TRACE}-{CLIENTS_SPAN}-00");
    assert_eq!(ask(&unsampled), CLIENTS_TRACE);
    let broken = format!("00-{CLIENTS_TRACE}-{CLIENTS_SPAN}");
    assert_ne!(
        ask(&broken),
        CLIENTS_TRACE,
        "no header, so a trace of its own"
    );
    let sampled = format!("00-{CLIENTS_TRACE}-{CLIENTS_SPAN}-01");
    assert_eq!(ask(&sampled), CLIENTS_TRACE);
    let span = collector.wait_for(|span| span["traceId"] == CLIENTS_TRACE);
    assert_eq!(span["parentSpanId"], CLIENTS_SPAN);
    assert_eq!(span["name"], "GET /api/v3/time");
    std::thread::sleep(Duration::from_secs(1));
    let spans = collector.spans.lock().expect("no thread panics");
    let ours = spans.iter().filter(|span| span["traceId"] == CLIENTS_TRACE);
    assert_eq!(
        ours.count(),
        1,
        "what the client does not sample is not traced"
    );
    drop(spans);
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn orders_over_fix_and_the_websocket_api_are_traced_into_a_sink() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let collector = Collector::start();
    let start = traced(folder.path(), &collector.address);
    let node = start.node(&folder.path().join("venue"));
    let trader = node.trader("ann", &["USDT=1000000"]);
    let into_sink = |request: &Value| {
        let offset = attribute(request, "daybook.offset")["intValue"].clone();
        assert!(offset.is_string(), "{request}");
        let sink = collector.wait_for(|span| {
            let of = &attribute(span, "daybook.offset")["intValue"];
            span["name"] == "sink sql" && *of == offset
        });
        assert_eq!(sink["traceId"], request["traceId"]);
        assert_eq!(sink["parentSpanId"], request["spanId"]);
    };
    let mut fix = Fix::logon(&node.fix, &trader, ("ANN", Numbers::default()), &[]);
    fix.expect("A");
    fix.limit("BUY", ("0.001", "50000"), "by-fix");
    fix.report("0", "by-fix");
    let request = collector.wait_for(|span| span["name"] == "FIX D");
    assert_eq!(attribute(&request, "daybook.code")["intValue"], "200");
    into_sink(&request);

    let mut socket = Socket::open(&node.http);
    socket.order(&trader, "by-socket");
    let request = collector.wait_for(|span| {
        span["name"] == "WS order.place" && attribute(span, "daybook.code")["intValue"] == "200"
    });
    assert_eq!(request["traceId"], CLIENTS_TRACE);
    assert_eq!(request["parentSpanId"], CLIENTS_SPAN);
    into_sink(&request);
    assert_eq!(node.terminate().code, Some(0));
}

/// A connection to the WebSocket API whose handshake names a parent; text frames by hand.
struct Socket(TcpStream);

impl Socket {
    fn open(http: &str) -> Socket {
        let mut stream = TcpStream::connect(http).expect("it listens");
        let request = format!(
            "GET /ws-api/v3 HTTP/1.1\r\nhost: {http}\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             traceparent: 00-{CLIENTS_TRACE}-{CLIENTS_SPAN}-01\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("it listens");
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).expect("an answer");
            head.extend(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        Socket(stream)
    }

    fn order(&mut self, trader: &Trader, name: &str) {
        let now = now_millis();
        let pairs = [
            ("apiKey", trader.key.clone()),
            ("newClientOrderId", name.to_string()),
            ("price", "50000".to_string()),
            ("quantity", "0.001".to_string()),
            ("side", "BUY".to_string()),
            ("symbol", "BTCUSDT".to_string()),
            ("timeInForce", "GTC".to_string()),
            ("timestamp", now.to_string()),
            ("type", "LIMIT".to_string()),
        ];
        let words: Vec<String> = pairs
            .iter()
            .map(|(key, it)| format!("{key}={it}"))
            .collect();
        let mut params = serde_json::Map::new();
        for (key, value) in pairs {
            params.insert(key.to_string(), value.into());
        }
        params.insert("timestamp".to_string(), (now as u64).into());
        let signature = sign(&trader.secret, &words.join("&"));
        params.insert("signature".to_string(), signature.into());
        let text = serde_json::json!({ "id": 1, "method": "order.place", "params": params });
        let text = text.to_string();
        // A masked text frame of less than 64 KiB; the mask is zero.
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend((text.len() as u16).to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.0.write_all(&frame).expect("it listens");
        let mut answer = [0; 4_096];
        let read = self.0.read(&mut answer).expect("an answer");
        let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
        assert!(answer.contains("\"status\":200"), "{answer}");
    }
}

#[test]
fn a_collector_that_is_away_is_one_line_and_nobody_waits() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let start = traced(folder.path(), "127.0.0.1:9");
    let node = start.node(&folder.path().join("venue"));
    let trader = node.trader("ann", &["USDT=1000000"]);
    let client = Client::new(&node.http, &trader);
    let begun = Instant::now();
    for count in 0..20 {
        let placed = client.limit("BUY", "0.001", "50000", &format!("untraced-{count}"));
        assert_eq!(placed.expect("answered").status, 200);
        std::thread::sleep(Duration::from_millis(40));
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{begun:?}");
    let ended = node.terminate();
    assert_eq!(ended.code, Some(0));
    let said = ended.stderr.matches("traces are dropped").count();
    assert_eq!(said, 1, "{}", ended.stderr);
}
