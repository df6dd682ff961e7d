//! Metrics, health and projections, for operators and their tools.

use std::fmt::Write;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::admin::act::{Refused, refusal, usage};

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
    let projection = admin.history.status();
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
        (
            "daybook_sql_offset",
            "commands in the read models",
            projection.next,
        ),
        (
            "daybook_sql_lag",
            "commands not yet in them",
            visible.saturating_sub(projection.next),
        ),
    ];
    let mut text = String::new();
    for (name, help, value) in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}"
        );
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// `GET projections`.
pub async fn projections(State(admin): State<Admin>) -> Json<Value> {
    let status = admin.history.status();
    let visible = admin.pipeline.visible().0;
    let stopped = admin.pipeline.is_event_log_failed();
    let stopped = stopped.then(|| "the event log could not be written; restart the node".into());
    Json(json!([{
        "name": crate::history::NAME,
        "offset": status.next,
        "lag": visible.saturating_sub(status.next),
        "last_error": stopped.or(status.last_error),
    }]))
}

/// `POST projections/NAME/rebuild`.
pub async fn rebuild(
    State(admin): State<Admin>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refused> {
    if name != crate::history::NAME {
        let text = format!(
            "no projection is called {name}; there is {}",
            crate::history::NAME
        );
        return Err(usage(text));
    }
    match admin.history.rebuild().await {
        Ok(()) => Ok(Json(json!({"offset": admin.pipeline.visible().0}))),
        Err(text) => Err(refusal(StatusCode::INTERNAL_SERVER_ERROR, text)),
    }
}
