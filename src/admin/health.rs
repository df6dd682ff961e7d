//! Metrics and health, for operators and their tools.

use std::fmt::Write;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::admin::Admin;
use crate::admin::projections;

/// `GET /health/live`: the process answers.
pub async fn live() -> &'static str {
    "live\n"
}

/// `GET /health/ready`: orders are taken; else 503 with the reason.
pub async fn ready(State(admin): State<Admin>) -> Response {
    let reason = if let Some(offset) = admin.pipeline.fault() {
        format!("a fault of ours waits at offset {}", offset.0)
    } else if admin.pipeline.durable().failed().is_some() {
        "a sync failed".to_string()
    } else if admin.pipeline.is_disk_full() {
        "no space left for orders; cancels work".to_string()
    } else {
        return "ready\n".into_response();
    };
    (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response()
}

/// `GET /metrics`: Prometheus text.
pub async fn metrics(State(admin): State<Admin>) -> Response {
    let pipeline = &admin.pipeline;
    let durable = pipeline.durable().get();
    let visible = pipeline.visible().0;
    let chain = pipeline.chain_at();
    let rows = [
        (
            "daybook_journal_durable",
            "commands durable in the journal",
            durable,
        ),
        (
            "daybook_visible",
            "commands whose effects are visible",
            visible,
        ),
        (
            "daybook_ring_waiting",
            "commands waiting in the ring",
            pipeline.waiting(),
        ),
        (
            "daybook_disk_full",
            "1 while orders are refused",
            pipeline.is_disk_full().into(),
        ),
        (
            "daybook_event_log_failed",
            "1 while projections stand still until a restart",
            pipeline.is_event_log_failed().into(),
        ),
        (
            "daybook_faulted",
            "1 while a fault of ours waits",
            pipeline.fault().is_some().into(),
        ),
        (
            "daybook_chain_offset",
            "offset of the chain value below",
            chain.next.0,
        ),
        ("daybook_chain", "running hash of the events", chain.value),
    ];
    let mut text = String::new();
    for (name, help, value) in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}"
        );
    }
    text.push_str(&projections::metrics(&admin));
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
