//! The exporter: a thread that sends what has gathered, as OTLP's JSON.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::telemetry::Span;

/// Spans that wait for the collector; those beyond are dropped.
const WAITING: usize = 8_192;
/// Spans of one request, and how long they gather.
const BATCH: usize = 512;
const GATHER: Duration = Duration::from_millis(500);
/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Starts the thread; `None` when the system refuses one.
pub(super) fn start(address: &str) -> Option<SyncSender<Span>> {
    let (queue, spans) = sync_channel(WAITING);
    let url = format!("{}/v1/traces", address.trim_end_matches('/'));
    let thread = std::thread::Builder::new()
        .name("telemetry".to_string())
        .spawn(move || export(&url, &spans));
    match thread {
        Ok(_) => Some(queue),
        Err(error) => {
            tracing::warn!(%error, "no traces: the system refuses a thread");
            None
        }
    }
}

fn export(url: &str, spans: &Receiver<Span>) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let mut is_told = false;
    while let Some(batch) = gather(spans) {
        let body = document(&batch).to_string();
        let sent = agent
            .post(url)
            .header("content-type", "application/json")
            .send(body.as_str());
        match sent {
            Ok(_) => is_told = false,
            Err(error) if !is_told => {
                tracing::warn!(
                    "traces are dropped: {url}: {error}; correct `otlp` in [telemetry], or start \
                     the collector"
                );
                is_told = true;
            }
            Err(_) => {}
        }
    }
}

/// What came within a moment; `None` when the node is gone.
fn gather(spans: &Receiver<Span>) -> Option<Vec<Span>> {
    let mut batch = vec![spans.recv().ok()?];
    let until = Instant::now() + GATHER;
    while batch.len() < BATCH {
        match spans.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(span) => batch.push(span),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    Some(batch)
}

/// An `ExportTraceServiceRequest`.
fn document(spans: &[Span]) -> Value {
    let spans: Vec<_> = spans.iter().map(one).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": [attribute("service.name", &json!("daybook"))]},
        "scopeSpans": [{"scope": {"name": "daybook"}, "spans": spans}],
    }]})
}

fn one(span: &Span) -> Value {
    let attributes: Vec<_> = span
        .attributes
        .iter()
        .map(|(name, value)| attribute(name, value))
        .collect();
    let mut told = json!({
        "traceId": span.trace,
        "spanId": format!("{:016x}", span.id),
        "name": span.name,
        "kind": span.kind as u8,
        "startTimeUnixNano": span.start_ns.to_string(),
        "endTimeUnixNano": span.end_ns.to_string(),
        "attributes": attributes,
    });
    if let Some(parent) = span.parent {
        told["parentSpanId"] = format!("{parent:016x}").into();
    }
    told
}

/// Whole numbers of 64 bits are text in OTLP's JSON.
fn attribute(name: &str, value: &Value) -> Value {
    let value = match value {
        Value::Number(number) => json!({"intValue": number.to_string()}),
        Value::String(text) => json!({"stringValue": text}),
        other => json!({"stringValue": other.to_string()}),
    };
    json!({"key": name, "value": value})
}
