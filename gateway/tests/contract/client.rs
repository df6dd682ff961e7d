//! One client: it signs as clients do and reads what comes back.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use gateway::call::Parts;
use gateway::ws::life::Sockets;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;
use tower::ServiceExt;

use crate::venue::{NOW_MS, Venue};

pub struct Client {
    pub venue: Arc<Venue>,
    pub router: Router,
    pub sockets: Sockets,
}

/// An answer, whole.
#[derive(Debug)]
pub struct Got {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("every answer is JSON")
    }

    /// "STATUS CODE TEXT" of a refusal.
    pub fn refusal(&self) -> String {
        let json = self.json();
        let msg = json["msg"].as_str().unwrap_or("-");
        format!("{} {} {msg}", self.status.as_u16(), json["code"])
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// The body in its own order, a line for each field.
    pub fn lines(&self) -> String {
        self.text.replace(",\"", ",\n\"")
    }
}

/// The HMAC-SHA256 of a payload, in hex.
pub fn sign(secret: &str, payload: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(payload.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a signed request carries its parameters.
#[derive(Clone, Copy)]
pub enum Place {
    Query,
    Body,
}

impl Client {
    pub fn new() -> Client {
        let venue = Venue::new();
        let sockets = Sockets::default();
        let router = gateway::router::app(Parts {
            submit: venue.clone(),
            queries: venue.clone(),
            keys: venue.clone(),
            sockets: sockets.clone(),
            traces: None,
        });
        Client {
            venue,
            router,
            sockets,
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Got {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible");
        let (head, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 64 << 20)
            .await
            .expect("a body in memory");
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Got {
            status: head.status,
            headers: head.headers,
            text,
        }
    }

    pub async fn get(&self, uri: &str) -> Got {
        self.send(Request::get(uri).body(Body::empty()).expect("a request"))
            .await
    }

    /// A request with raw query and body, under Alice's key.
    pub async fn raw(&self, line: &str, body: &str) -> Got {
        let (method, uri) = line.split_once(' ').expect("METHOD PATH");
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header("X-MBX-APIKEY", "alice")
            .body(Body::from(body.to_owned()));
        self.send(request.expect("a request")).await
    }

    /// A request of Alice, signed now.
    pub async fn signed(&self, line: &str, parameters: &str) -> Got {
        self.signed_in(Place::Query, line, parameters).await
    }

    pub async fn signed_in(&self, place: Place, line: &str, parameters: &str) -> Got {
        let mut payload = parameters.to_owned();
        if !parameters.contains("timestamp=") {
            let join = if payload.is_empty() { "" } else { "&" };
            payload = format!("{payload}{join}timestamp={NOW_MS}");
        }
        let signature = sign("alice-secret", &payload);
        let whole = format!("{payload}&signature={signature}");
        match place {
            Place::Query => self.raw(&format!("{line}?{whole}"), "").await,
            Place::Body => self.raw(line, &whole).await,
        }
    }
}

/// JSON that was broken over lines, in one.
pub fn flat(text: &str) -> String {
    text.lines().map(str::trim).collect()
}

/// A good limit order.
pub const ORDER: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.5&price=100";

/// The good order with one parameter replaced, or taken away by an empty text.
pub fn order_with(change: &str) -> String {
    let name = change.split('=').next().expect("a name");
    let kept = ORDER
        .split('&')
        .filter(|pair| !pair.starts_with(&format!("{name}=")));
    let added = change.contains('=').then_some(change);
    kept.chain(added).collect::<Vec<_>>().join("&")
}
