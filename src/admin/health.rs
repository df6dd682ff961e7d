//! Health, for operators and their tools.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::admin::Admin;

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
