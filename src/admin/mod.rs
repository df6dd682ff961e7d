//! The admin port: administration by token, metrics and health without.
//!
//! Every change is a journaled command and is answered when durable. Nothing here decides
//! whether a change is allowed; the engine does.
//!
//! Reading order: `act` (submit and wait), `accounts`, `keys`, `symbols`, `perpetuals`,
//! `venue`, `projections`, `search`, `metrics`, `health`.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use gateway::bulk::Counts;
use gateway::connect::Ports;
use gateway::queries::Queries;
use gateway::submit::Submit;

use crate::admin::act::refusal;
use crate::history::History;
use crate::index::Board;
use crate::pipeline::Pipeline;
use crate::sinks::Sinks;

pub mod act;
pub mod accounts;
pub mod keys;
pub mod symbols;
pub mod rules;
pub mod perpetuals;
pub mod venue;
pub mod projections;
pub mod search;
pub mod metrics;
pub mod health;

/// What the handlers work with.
#[derive(Clone)]
pub struct Admin {
    pub submit: Arc<dyn Submit>,
    pub queries: Arc<dyn Queries>,
    pub keys: Arc<crate::keyring::Keyring>,
    pub sinks: Arc<Sinks>,
    pub history: Arc<History>,
    pub ports: Ports,
    pub pipeline: Arc<Pipeline>,
    /// What came from bulk feeders.
    pub bulk: Arc<Counts>,
    pub token: Arc<str>,
    pub data_dir: Arc<PathBuf>,
    /// What sources of index prices say.
    pub index: Arc<Board>,
}

/// The routes of the admin port.
pub fn router(admin: Admin) -> Router {
    let guarded = Router::new()
        .route("/accounts", post(accounts::create))
        .route("/accounts/{account}", get(accounts::show))
        .route("/accounts/{account}/deposit", post(accounts::deposit))
        .route("/accounts/{account}/withdraw", post(accounts::withdraw))
        .route("/accounts/{account}/transfer", post(accounts::transfer))
        .route("/accounts/{account}/freeze", post(accounts::freeze))
        .route("/accounts/{account}/unfreeze", post(accounts::unfreeze))
        .route("/accounts/{account}/set", post(accounts::set))
        .route(
            "/accounts/{account}/keys",
            get(keys::list).post(keys::create),
        )
        .route("/accounts/{account}/keys/{key}", delete(keys::revoke))
        .route("/symbols", get(symbols::list).post(symbols::add))
        .route("/symbols/{name}/set", post(rules::set))
        .route("/symbols/{name}/state", post(symbols::state))
        .route("/venue", post(venue::state))
        .route("/venue/limits", post(venue::limits))
        .route("/prices/{name}", post(perpetuals::price))
        .route("/funding/{name}", post(perpetuals::funding))
        .route("/settlement/{name}", post(perpetuals::settle))
        .route(
            "/insurance",
            get(perpetuals::insurance).post(perpetuals::insure),
        )
        .route("/accounts/{account}/futures", post(perpetuals::transfer))
        .route("/ports", get(venue::ports))
        .route("/skip", post(venue::skip))
        .route("/search", get(search::search))
        .route("/projections", get(projections::list))
        .route("/projections/{name}/{act}", post(projections::act))
        .route_layer(axum::middleware::from_fn_with_state(
            admin.clone(),
            authorised,
        ));
    Router::new()
        .nest("/admin/v1", guarded)
        .route("/metrics", get(metrics::metrics))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .with_state(admin)
}

/// Lets a request through that shows the token of `DIR/admin.token`.
async fn authorised(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let shown = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or("");
    // Compared as hashes, so that the time taken says nothing about the token.
    if blake3::hash(shown.as_bytes()) == blake3::hash(admin.token.as_bytes()) {
        next.run(request).await
    } else {
        let text = "the admin token is missing or wrong; it stands in DIR/admin.token";
        refusal(StatusCode::UNAUTHORIZED, text).into_response()
    }
}
