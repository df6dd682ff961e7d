//! Opening a stream connection: which streams the URL names, and whether they are wrapped.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;

use crate::call::App;
use crate::error::{self, ApiError};
use crate::wire::clock::TimeUnit;
use crate::wire::parameters::Parameters;
use crate::ws::handshake::{self, Sizes};
use crate::ws::stream::names::split;
use crate::ws::stream::session::{NotAdded, Opening, read_names, run};

/// Where streams are opened.
pub const PATHS: [&str; 6] = [
    "/ws",
    "/ws/",
    "/ws/{*names}",
    "/stream",
    "/stream/",
    "/stream/{*names}",
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
        read(app, head.uri.path(), head.uri.query().unwrap_or(""))
    };
    handshake::open(app, request, (SIZES, read), run).await
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
    // The plus of a time zone reads as a blank in a query.
    let queried = parameters.get("streams").unwrap_or("").replace(' ', "+");
    names.extend(split(&queried));
    let directory = app.parts.queries.directory();
    let streams = read_names(&directory, &names, &[]).map_err(|name| match name {
        NotAdded::Unknown(name) => {
            error::invalid("streams").hint(format!("'{}' is not served", name.escape_default()))
        }
        NotAdded::TooMany => error::invalid("streams").hint("at most 1024 streams"),
    })?;
    Ok(Opening {
        streams,
        is_combined: raw.is_none(),
        unit,
    })
}
