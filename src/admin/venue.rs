//! The switches over the whole venue, and the audited step over a fault of ours.

use axum::Json;
use axum::extract::State;
use schemas::command::{Command, SetVenueStateV1, SkipV1};
use schemas::ids::Offset;
use schemas::instrument::VenueState;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::admin::act::{Refused, refusal, usage};

/// A new state.
#[derive(Deserialize)]
pub struct StateBody {
    state: String,
}

/// The offset to step over.
#[derive(Deserialize)]
pub struct SkipBody {
    offset: u64,
}

/// `POST venue`.
pub async fn state(
    State(admin): State<Admin>,
    Json(body): Json<StateBody>,
) -> Result<Json<Value>, Refused> {
    let directory = admin.queries.directory();
    let present = directory.venue.unwrap_or(VenueState::Open);
    let (state, withdrawals) = match body.state.as_str() {
        "halt" => (VenueState::Halt, directory.withdrawals),
        "cancel-only" => (VenueState::CancelOnly, directory.withdrawals),
        "withdrawals-off" => (present, false),
        "resume" => (VenueState::Open, true),
        other => return Err(usage(format!("no state is called {other}"))),
    };
    admin
        .answer(Command::SetVenueState(SetVenueStateV1 {
            state,
            withdrawals,
        }))
        .await
}

/// `POST skip`: only while the node stands before that very fault. It is journaled and
/// works at the next start.
pub async fn skip(
    State(admin): State<Admin>,
    Json(body): Json<SkipBody>,
) -> Result<Json<Value>, Refused> {
    let fault = admin.pipeline.fault();
    if fault != Some(Offset(body.offset)) {
        let text = match fault {
            Some(fault) => format!("the fault stands at offset {}", fault.0),
            None => "no fault waits for an operator".to_string(),
        };
        return Err(refusal(axum::http::StatusCode::CONFLICT, text));
    }
    let at = admin.pipeline.journal_skip(Command::Skip(SkipV1 {
        offset: Offset(body.offset),
    }));
    match at.await {
        Ok(offset) => Ok(Json(json!({"offset": offset.0, "restart": true}))),
        Err(error) => Err(refusal(
            axum::http::StatusCode::SERVICE_UNAVAILABLE,
            error.to_string(),
        )),
    }
}
