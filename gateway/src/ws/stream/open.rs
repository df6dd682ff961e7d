//! Opening a stream connection: which streams the URL names, and whether they are wrapped.

use std::sync::Arc;

use axum::extract::Request;
use axum::extract::ws::WebSocket;
use axum::response::Response;
use schemas::instrument::SymbolKind;

use crate::call::App;
use crate::error::{self, ApiError};
use crate::wire::clock::TimeUnit;
use crate::wire::parameters::Parameters;
use crate::ws::handshake::{self, Sizes};
use crate::ws::stream::names::split;
use crate::ws::stream::session::{NotAdded, Opening, read_names, run};
use crate::ws::user_stream::{self, Hearing};

/// Where streams of spot are opened.
pub const PATHS: [&str; 6] = [
    "/ws",
    "/ws/",
    "/ws/{*names}",
    "/stream",
    "/stream/",
    "/stream/{*names}",
];

/// Where streams of futures are opened: one root for all, or one for each kind. Which of
/// them a client takes makes no difference here.
pub const FUTURES_PATHS: [&str; 4] = [
    "/fstream/{*names}",
    "/public/{*names}",
    "/market/{*names}",
    "/private/{*names}",
];

/// Clients of streams say little, and there may be very many of them.
const SIZES: Sizes = Sizes {
    message_max: 64 << 10,
    read_buffer: 2 << 10,
    write_buffer: 4 << 10,
};

/// Opens a connection, or says in JSON why not.
pub async fn upgrade(app: Arc<App>, request: Request) -> Response {
    let read = |app: &App, head: &axum::http::request::Parts, _| {
        let query = head.uri.query().unwrap_or("");
        let parameters = Parameters::read(query.as_bytes(), b"")?;
        match listened(app, head.uri.path(), &parameters)? {
            Some(hearing) => Ok(Asked::User(hearing)),
            None => read(app, (SymbolKind::Spot, head.uri.path()), &parameters).map(Asked::Market),
        }
    };
    handshake::open(app, request, (SIZES, read), serve).await
}

/// The same for futures.
pub async fn upgrade_futures(app: Arc<App>, request: Request) -> Response {
    let read = |app: &App, head: &axum::http::request::Parts, _| {
        let query = head.uri.query().unwrap_or("");
        let parameters = Parameters::read(query.as_bytes(), b"")?;
        let path = head.uri.path();
        // What follows the root is read as on spot.
        let path = path.get(1..).and_then(|path| path.split_once('/'));
        let path = path.map_or(String::new(), |(_, rest)| format!("/{rest}"));
        match listened(app, &path, &parameters)? {
            Some(hearing) => Ok(Asked::User(hearing)),
            None => read(app, (SymbolKind::Perpetual, &path), &parameters).map(Asked::Market),
        }
    };
    handshake::open(app, request, (SIZES, read), serve).await
}

/// What a connection is for.
enum Asked {
    Market(Opening),
    User(Hearing),
}

async fn serve(app: Arc<App>, asked: Asked, socket: WebSocket) {
    match asked {
        Asked::Market(opening) => run(app, opening, socket).await,
        Asked::User(hearing) => user_stream::run(app, hearing, socket).await,
    }
}

/// The account whose listen key the URL names: as `listenKey`, as the last part of the
/// path, or among the streams.
fn listened(app: &App, path: &str, parameters: &Parameters) -> Result<Option<Hearing>, ApiError> {
    let now = app.parts.submit.now();
    let unit = read_unit(parameters)?;
    let is_combined = path.starts_with("/stream") && !path.starts_with("/stream/ws");
    let hearing = |text: &str| {
        let key = app.listen_keys.find(text, now)?;
        Some(Hearing {
            key,
            text: text.to_owned(),
            unit,
            is_combined,
        })
    };
    if let Some(text) = parameters.optional("listenKey")? {
        let missing = || ApiError::new(-1125, "This listenKey does not exist.");
        return hearing(text).map(Some).ok_or_else(missing);
    }
    let last = path.rsplit('/').next().unwrap_or("");
    let streams = parameters.get("streams").unwrap_or("");
    Ok(hearing(last).or_else(|| hearing(streams)))
}

fn read_unit(parameters: &Parameters) -> Result<TimeUnit, ApiError> {
    match parameters.optional("timeUnit")? {
        None => Ok(TimeUnit::default()),
        Some(text) => TimeUnit::parse(text),
    }
}

/// What the URL asks for.
fn read(
    app: &App,
    (product, path): (SymbolKind, &str),
    parameters: &Parameters,
) -> Result<Opening, ApiError> {
    let unit = read_unit(parameters)?;
    let raw = path
        .strip_prefix("/ws")
        .or_else(|| path.strip_prefix("/stream/ws"));
    let mut names = match raw {
        Some(rest) => split(rest),
        None => Vec::new(),
    };
    // The plus of a time zone reads as a blank in a query.
    let queried = parameters.get("streams").unwrap_or("").replace(' ', "+");
    names.extend(split(&queried));
    let directory = app.parts.queries.directory();
    let streams = read_names((&directory, product), &names, &[]).map_err(|name| match name {
        NotAdded::Unknown(name) => {
            error::invalid("streams").hint(format!("'{}' is not served", name.escape_default()))
        }
        NotAdded::TooMany => error::invalid("streams").hint("at most 1024 streams"),
    })?;
    Ok(Opening {
        streams,
        is_combined: raw.is_none(),
        unit,
        product,
    })
}
