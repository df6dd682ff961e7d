//! Traces: a request, its offset and its way into a sink, as a collector hears of them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::venue::Start;
use crate::venue::client::Client;

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
