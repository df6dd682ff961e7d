//! The handshake: who may open a connection, counted like a request.
//!
//! Compression is not negotiated; every client accepts that, and not all accept the
//! alternative.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts as Head;
use axum::response::Response;

use crate::call::App;
use crate::error::ApiError;
use crate::serve::{self, Answered};

/// What a connection counts against the weight of its address.
const WEIGHT: u32 = 2;

/// The sizes of one connection, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// The longest message from a client.
    pub message_max: usize,
    /// What is read at once; held as long as the connection lives.
    pub read_buffer: usize,
    /// Written to the socket from this much on; a flush writes less.
    pub write_buffer: usize,
}

/// Opens a connection, or says in JSON why not. `read` looks at the URL, `run` is the
/// connection's life.
pub async fn open<T, Life>(
    app: Arc<App>,
    request: Request,
    (sizes, read): (
        Sizes,
        impl FnOnce(&App, &Head, IpAddr) -> Result<T, ApiError>,
    ),
    run: impl FnOnce(Arc<App>, T, WebSocket) -> Life + Send + 'static,
) -> Response
where
    T: Send + 'static,
    Life: Future<Output = ()> + Send + 'static,
{
    let trace = serve::trace_id();
    let (mut head, _) = request.into_parts();
    let address = serve::address(&head);
    let opened = serve::admit(&app, address, WEIGHT).and_then(|used| {
        let opening = read(&app, &head, address);
        opening
            .map(|opening| (opening, used))
            .map_err(|error| Answered::refused(error, used))
    });
    let (opening, used) = match opened {
        Ok(opened) => opened,
        Err(refused) => return serve::sign_off(&app, refused, &trace),
    };
    match WebSocketUpgrade::from_request_parts(&mut head, &()).await {
        Ok(upgrade) => {
            let upgrade = upgrade
                .max_message_size(sizes.message_max)
                .max_frame_size(sizes.message_max)
                .read_buffer_size(sizes.read_buffer)
                .write_buffer_size(sizes.write_buffer);
            tracing::debug!(trace, %address, "socket opened");
            let mut response = upgrade.on_upgrade(move |socket| run(app, opening, socket));
            serve::set_trace(&mut response, &trace);
            response
        }
        Err(_) => {
            let error = ApiError::new(-1000, "This path speaks WebSocket.")
                .status(StatusCode::UPGRADE_REQUIRED);
            serve::sign_off(&app, Answered::refused(error, used), &trace)
        }
    }
}
