//! The switches over the whole venue, and the audited step over a fault of ours.

use axum::Json;
use axum::extract::State;
use schemas::command::{Command, SetVenueLimitsV1, SetVenueStateV1, SkipV1};
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

/// New limits; what is absent stays.
#[derive(Deserialize)]
pub struct LimitsBody {
    weight_per_minute: Option<u32>,
    orders_per_10s: Option<u32>,
    orders_per_day: Option<u32>,
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

/// `POST venue/limits`.
pub async fn limits(
    State(admin): State<Admin>,
    Json(body): Json<LimitsBody>,
) -> Result<Json<Value>, Refused> {
    let wished = [
        body.weight_per_minute,
        body.orders_per_10s,
        body.orders_per_day,
    ];
    if wished.contains(&Some(0)) {
        return Err(usage("a limit of 0 would lock everybody out"));
    }
    let mut limits = admin.queries.directory().limits;
    let [weight, short, day] = wished;
    limits.weight_per_minute = weight.unwrap_or(limits.weight_per_minute);
    limits.orders_per_10s = short.unwrap_or(limits.orders_per_10s);
    limits.orders_per_day = day.unwrap_or(limits.orders_per_day);
    admin
        .answer(Command::SetVenueLimits(SetVenueLimitsV1 { limits }))
        .await
}

/// `GET ports`: where this node listens.
pub async fn ports(State(admin): State<Admin>) -> Json<Value> {
    Json(json!({"http": admin.ports.http, "fix": admin.ports.fix}))
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
