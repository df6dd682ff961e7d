//! The handshake.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;

use crate::call::App;
use crate::serve;

/// Where streams are opened.
pub const PATHS: [&str; 0] = [];

/// Opens a stream.
pub async fn upgrade(app: Arc<App>, request: Request) -> Response {
    serve::serve(app, None, request).await
}
