//! The handshake: which streams the URL names, and whether they are wrapped.
//!
//! Compression is not negotiated; every client accepts that, and not all accept the
//! alternative.

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::response::Response;

use crate::call::App;
use crate::error::{self, ApiError};
use crate::serve::{self, Answered};
use crate::wire::clock::TimeUnit;
use crate::wire::parameters::Parameters;
use crate::ws::names::split;
use crate::ws::session::{Opening, run};
use crate::ws::subscriptions::{NotAdded, Subscriptions};

/// Where streams are opened.
pub const PATHS: [&str; 6] = [
    "/ws",
    "/ws/",
    "/ws/{*names}",
    "/stream",
    "/stream/",
    "/stream/{*names}",
];

/// What a connection counts against the weight of its address.
const WEIGHT: u32 = 2;
/// The longest message from a client, in bytes.
const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// Opens a connection, or says in JSON why not.
pub async fn upgrade(app: Arc<App>, request: Request) -> Response {
    let trace = serve::trace_id();
    let (mut head, _) = request.into_parts();
    let address = serve::address(&head);
    let mut answered = Answered {
        outcome: Err(serve::denied()),
        used_weight: 0,
        preflight: false,
    };
    if app.parts.queries.is_denied(address, None) {
        return serve::sign_off(&app, answered, &trace);
    }
    let charge = app.charge(address, WEIGHT);
    answered.used_weight = charge.used;
    let opening = match charge.refusal {
        Some(refusal) => Err(refusal),
        None => read(&app, head.uri.path(), head.uri.query().unwrap_or("")),
    };
    let opening = match opening {
        Ok(opening) => opening,
        Err(error) => {
            answered.outcome = Err(error);
            return serve::sign_off(&app, answered, &trace);
        }
    };
    match WebSocketUpgrade::from_request_parts(&mut head, &()).await {
        Ok(upgrade) => {
            let upgrade = upgrade
                .max_message_size(MESSAGE_BYTES_MAX)
                .max_frame_size(MESSAGE_BYTES_MAX);
            tracing::debug!(trace, %address, "stream opened");
            let mut response = upgrade.on_upgrade(move |socket| run(app, opening, socket));
            serve::set_trace(&mut response, &trace);
            response
        }
        Err(_) => {
            let error = ApiError::new(-1000, "This path speaks WebSocket.")
                .status(StatusCode::UPGRADE_REQUIRED);
            answered.outcome = Err(error);
            serve::sign_off(&app, answered, &trace)
        }
    }
}

/// What the URL asks for.
fn read(app: &App, path: &str, query: &str) -> Result<Opening, ApiError> {
    let parameters = Parameters::read(query.as_bytes(), b"")?;
    let unit = match parameters.optional("timeUnit")? {
        None => TimeUnit::default(),
        Some(text) => TimeUnit::parse(text)?,
    };
    let raw = path
        .strip_prefix("/ws")
        .or_else(|| path.strip_prefix("/stream/ws"));
    let mut names = match raw {
        Some(rest) => split(rest),
        None => Vec::new(),
    };
    names.extend(split(parameters.get("streams").unwrap_or("")));
    let mut subscriptions = Subscriptions::default();
    let directory = app.parts.queries.directory();
    if let Err(name) = subscriptions.add(&directory, &names) {
        return Err(match name {
            NotAdded::Unknown(name) => {
                error::invalid("streams").hint(format!("'{}' is not served", name.escape_default()))
            }
            NotAdded::TooMany => error::invalid("streams").hint("at most 1024 streams"),
        });
    }
    Ok(Opening {
        subscriptions,
        combined: raw.is_none(),
        unit,
    })
}
