//! The listeners of HTTP: accept, TLS where it was asked for, then one task a connection.
//!
//! A connection that does not send a whole request head in time is closed, idle ones
//! included; a head beyond its bound is 431; beyond the bound of connections nothing is
//! accepted until one ends. Absent on purpose: routes, bodies (the gateway bounds them)
//! and HTTP/2, which no client of the dialect asks for.
//!
//! Reading order: `serve`, then `tls`.

pub mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, HeaderValue, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::edge::tls::Certificates;
use crate::live_config::LiveConfig;
use crate::telemetry::Telemetry;

/// Connections of one listener at a time.
const CONNECTIONS_MAX: usize = 60_000;
/// The longest head of a request, in bytes; Binance's clients send less than 2,000.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// A handshake that takes longer is given up.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// After the system refused a connection, for lack of file descriptors mostly.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// One listener and what stands behind it.
pub struct Edge {
    routes: Router,
    /// With them the listener speaks TLS and nothing else.
    certificates: Option<Arc<Certificates>>,
    live: Arc<LiveConfig>,
    telemetry: Option<Arc<Telemetry>>,
}

impl Edge {
    /// Routes behind plain HTTP, or behind TLS if there are certificates.
    pub fn new(
        routes: Router,
        certificates: Option<Arc<Certificates>>,
        live: Arc<LiveConfig>,
    ) -> Edge {
        Edge {
            routes,
            certificates,
            live,
            telemetry: None,
        }
    }

    /// The same, whose requests are traced.
    pub fn traced(mut self, telemetry: Option<Arc<Telemetry>>) -> Edge {
        self.telemetry = telemetry;
        self
    }

    /// Serves connections until `stopping`, then waits for the requests under way.
    pub async fn serve(self, listener: TcpListener, mut stopping: watch::Receiver<bool>) {
        let edge = Arc::new(self);
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let tasks = TaskTracker::new();
        let stop = stopping.clone();
        let accept = async {
            loop {
                let place = Arc::clone(&places).acquire_owned().await;
                let (stream, peer) = match listener.accept().await {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(REFUSED_PAUSE).await;
                        continue;
                    }
                };
                let (edge, stop) = (Arc::clone(&edge), stop.clone());
                tasks.spawn(async move {
                    edge.connection(stream, peer, stop).await;
                    drop(place);
                });
            }
        };
        tokio::select! {
            () = accept => {}
            // An error means that the sender is gone: that is a stop too.
            _ = stopping.wait_for(|stop| *stop) => {}
        }
        drop(listener);
        tasks.close();
        tasks.wait().await;
    }

    async fn connection(&self, stream: TcpStream, peer: SocketAddr, stop: watch::Receiver<bool>) {
        // Answers are small and waited for; a refusal only costs time.
        let _ = stream.set_nodelay(true);
        let Some(certificates) = &self.certificates else {
            return self.speak(stream, peer, stop).await;
        };
        let handshake = certificates.acceptor().accept(stream);
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await {
            Ok(Ok(stream)) => self.speak(stream, peer, stop).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS"),
            Err(_) => tracing::debug!(%peer, "the TLS handshake took too long"),
        }
    }

    async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        mut stop: watch::Receiver<bool>,
    ) {
        let secure = self.certificates.is_some();
        let service = service_fn(|request: Request<Incoming>| {
            let request = prepare(request, peer, secure);
            let telemetry = self.telemetry.as_deref();
            let traced = telemetry.and_then(|it| Some((it, it.asked(&request)?)));
            let answered = self.routes.clone().oneshot(request);
            async move {
                let response = answered.await;
                if let (Ok(response), Some((telemetry, begun))) = (&response, traced) {
                    telemetry.answered(begun, response);
                }
                response
            }
        });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(self.live.idle())
            .max_header_size(HEAD_BYTES_MAX);
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let stopped = async {
            // What it gives holds a lock, and must not live on.
            drop(stop.wait_for(|stop| *stop).await);
        };
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stopped => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection ended");
        }
    }
}

/// The request as the routes expect it: with its peer, and with what TLS means for links.
fn prepare(request: Request<Incoming>, peer: SocketAddr, secure: bool) -> Request<Body> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    if secure {
        let (name, value) = ("x-forwarded-proto", "https");
        let headers = request.headers_mut();
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    request
}
