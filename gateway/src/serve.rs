//! The way of every request: count, key, time, signature, handler, headers.
//!
//! The order is that of the rules, and the headers stand on every answer, refusals
//! included. Bodies are read up to 1 MiB; what is longer is thrown away unread.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{self, HeaderName};
use axum::http::request::Parts as Head;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use futures_util::StreamExt;
use schemas::ids::Offset;
use schemas::instrument::SymbolKind;
use tracing::Instrument;

use crate::auth::api_key::Permission;
use crate::auth::{Caller, api_key, signature, timing};
use crate::call::{Answer, App, Call, Outcome};
use crate::error::{self, ApiError};
use crate::router::{Access, ROUTES, Route};
use crate::traces::TraceParent;
use crate::wire::clock::TimeUnit;
use crate::wire::parameters::Parameters;

/// The longest body, in bytes.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Whose body takes longer than this is told so.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// So much of a longer body is thrown away for the sake of an answer, for at most so long.
const DRAIN_BYTES_MAX: usize = 128 << 20;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "X-MBX-USED-WEIGHT-1M, X-MBX-ORDER-COUNT-10S, X-MBX-ORDER-COUNT-1D, X-Trace-Id, \
     X-Daybook-Offset, Retry-After",
);
const USED_WEIGHT: HeaderName = HeaderName::from_static("x-mbx-used-weight-1m");
const ORDERS_10S: HeaderName = HeaderName::from_static("x-mbx-order-count-10s");
const ORDERS_1D: HeaderName = HeaderName::from_static("x-mbx-order-count-1d");
const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
const OFFSET: HeaderName = HeaderName::from_static("x-daybook-offset");

/// Answers one request; `path` is its row in the table, if it has one.
pub async fn serve(app: Arc<App>, path: Option<&'static str>, request: Request) -> Response {
    let trace = trace_of(request.headers());
    let span = tracing::debug_span!(
        "request", trace = %trace, method = %request.method(), path = request.uri().path()
    );
    let answered = answer(Arc::clone(&app), path, request)
        .instrument(span)
        .await;
    sign_off(&app, answered, &trace)
}

/// Where the command of a request lies: told to whoever follows it beyond the answer, whose
/// header names the newest offset when there was none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommandAt(pub Offset);

/// What a request came to, before it has headers.
pub struct Answered {
    pub outcome: Outcome,
    pub used_weight: u32,
    pub preflight: bool,
}

/// The address of the client; that of this machine when nobody told.
pub fn address(head: &Head) -> IpAddr {
    let peer = head.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| {
        peer.0.ip().to_canonical()
    })
}

impl Answered {
    /// A refusal of a request that has used that weight.
    pub fn refused(error: ApiError, used_weight: u32) -> Answered {
        Answered {
            outcome: Err(error),
            used_weight,
            preflight: false,
        }
    }
}

/// Counts a request that is no call of the API, such as the opening of a socket; the weight
/// that its address has used.
///
/// # Errors
/// What it is answered when the address is denied or over its limit.
pub fn admit(app: &App, address: IpAddr, weight: u32) -> Result<u32, Answered> {
    if app.parts.queries.is_denied(address, None) {
        return Err(Answered::refused(denied(), 0));
    }
    let charge = app.charge(address, weight);
    match charge.refusal {
        Some(error) => Err(Answered::refused(error, charge.used)),
        None => Ok(charge.used),
    }
}

/// 403 for an address or an account of the deny list.
pub fn denied() -> ApiError {
    ApiError::new(-1002, "You are not authorized to execute this request.")
        .status(StatusCode::FORBIDDEN)
        .hint("the operator's deny list names this address or account")
}

async fn answer(app: Arc<App>, path: Option<&'static str>, request: Request) -> Answered {
    let (head, body) = request.into_parts();
    let address = address(&head);
    let mut answered = Answered::refused(denied(), 0);
    if app.parts.queries.is_denied(address, None) {
        return answered;
    }
    if head.method == Method::OPTIONS && path.is_some() {
        answered.preflight = true;
        answered.outcome = Ok(Answer::json(&serde_json::json!({})));
        return answered;
    }
    let route = find(path, &head);
    let raw = match &route {
        Ok(_) if head.method != Method::GET => {
            let read = tokio::time::timeout(BODY_TIMEOUT, read_body(&head, body)).await;
            read.unwrap_or_else(|_| Err(too_slow()))
        }
        _ => Ok(Bytes::new()),
    };
    let query = head.uri.query().unwrap_or("").as_bytes();
    let parameters = Parameters::read(query, raw.as_deref().unwrap_or_default());
    let weight = match (&route, &parameters) {
        (Ok(route), Ok(parameters)) => (route.weight)(parameters),
        _ => 1,
    };
    let charge = app.charge(address, weight);
    answered.used_weight = charge.used;
    let request = async {
        if let Some(refusal) = charge.refusal {
            return Err(refusal);
        }
        let route = route?;
        raw?;
        let unit = TimeUnit::of(&head.headers)?;
        let work = Work {
            app,
            route,
            head: &head,
            parameters,
            unit,
        };
        work.run(address).await
    };
    answered.outcome = request.await;
    answered
}

/// The row of that path and method.
fn find(path: Option<&'static str>, head: &Head) -> Result<&'static Route, ApiError> {
    let Some(path) = path else {
        return Err(ApiError::new(-1000, "Path not found.")
            .status(StatusCode::NOT_FOUND)
            .hint(format!(
                "{} does not exist here",
                head.uri.path().escape_default()
            )));
    };
    let mut rows = ROUTES.iter().filter(|route| route.path == path);
    rows.clone()
        .find(|route| route.method == head.method)
        .ok_or_else(|| {
            let methods: Vec<&str> = rows.by_ref().map(|route| route.method.as_str()).collect();
            error::wrong_method(&head.method, path, &methods.join(", "))
        })
}

/// One request that has a row, on its way to the handler.
struct Work<'a> {
    app: Arc<App>,
    route: &'static Route,
    head: &'a Head,
    parameters: Result<Parameters, ApiError>,
    unit: TimeUnit,
}

impl Work<'_> {
    async fn run(self, address: IpAddr) -> Outcome {
        let (handler, permission) = match self.route.access {
            Access::Public(handler) => {
                let call = self.into_call()?;
                return handler(&call).await;
            }
            Access::Stream(handler) => {
                let headers = &self.head.headers;
                let keys = &*self.app.parts.keys;
                let key = api_key::check(keys, headers, address, Permission::Read)?;
                if self.app.parts.queries.is_denied(address, Some(key.account)) {
                    return Err(denied());
                }
                let call = self.into_call()?;
                return handler(&call, &key).await;
            }
            Access::Read(handler) => (handler, Permission::Read),
            Access::Trade(handler) => (handler, Permission::Trade),
        };
        let headers = &self.head.headers;
        let key = api_key::check(&*self.app.parts.keys, headers, address, permission)?;
        if self.app.parts.queries.is_denied(address, Some(key.account)) {
            return Err(denied());
        }
        let call = self.into_call()?;
        let valid_until = timing::check(&call.parameters, call.app.parts.submit.now())?;
        let signature = signature::check(&call.parameters, &key.secret)?;
        let request = signature::digest(key.account, &signature);
        let caller = Caller {
            account: key.account,
            valid_until,
            request,
            may_trade: key.may_trade,
            is_bound_to_addresses: !key.addresses.is_empty(),
        };
        handler(&call, &caller).await
    }

    fn into_call(self) -> Result<Call, ApiError> {
        let directory = self.app.parts.queries.directory();
        let product = self.route.product();
        let mut parameters = self.parameters?;
        if product == SymbolKind::Perpetual {
            parameters.forget_empty();
        }
        Ok(Call {
            port: self.app.parts.submit.clone(),
            app: self.app,
            parameters,
            unit: self.unit,
            directory,
            product,
        })
    }
}

fn too_slow() -> ApiError {
    let msg = format!(
        "The body did not arrive within {} seconds.",
        BODY_TIMEOUT.as_secs()
    );
    ApiError::new(-1100, msg).status(StatusCode::REQUEST_TIMEOUT)
}

/// The body, unless it is too long.
async fn read_body(head: &Head, body: Body) -> Result<Bytes, ApiError> {
    let told = head.headers.get(header::CONTENT_LENGTH);
    let told = told.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut length = told.filter(|length| *length > BODY_BYTES_MAX).unwrap_or(0);
    while length <= BODY_BYTES_MAX {
        match stream.next().await {
            None => return Ok(bytes.into()),
            Some(Err(_)) => return Err(ApiError::new(-1100, "The body could not be read.")),
            Some(Ok(chunk)) => {
                length = bytes.len() + chunk.len();
                if length <= BODY_BYTES_MAX {
                    bytes.extend_from_slice(&chunk);
                }
            }
        }
    }
    drop(bytes);
    // A client that is still sending would see its connection break instead of an answer.
    let drain = async {
        let mut drained = 0;
        while let Some(Ok(chunk)) = stream.next().await {
            drained += chunk.len();
            if drained > DRAIN_BYTES_MAX {
                break;
            }
        }
    };
    // Whether it ran out of time makes no difference to the answer.
    drop(tokio::time::timeout(DRAIN_TIMEOUT, drain).await);
    let msg = format!("Request body is too large; at most {BODY_BYTES_MAX} bytes.");
    Err(ApiError::new(-1101, msg).status(StatusCode::PAYLOAD_TOO_LARGE))
}

/// Puts the headers on.
pub fn sign_off(app: &App, answered: Answered, trace: &str) -> Response {
    let Answered {
        outcome,
        used_weight,
        preflight,
    } = answered;
    let (mut order_counts, mut retry_after) = (None, None);
    let (status, body, offset) = match outcome {
        Ok(answer) => {
            order_counts = answer.order_counts;
            (answer.status, answer.body, answer.offset)
        }
        Err(error) => {
            retry_after = error.retry_after;
            (error.status, error.body(), error.offset)
        }
    };
    let command = offset.map(CommandAt);
    let offset = offset.or_else(|| app.newest());
    tracing::debug!(
        trace,
        status = status.as_u16(),
        offset = offset.map(|at| at.0),
        "answered"
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    if let Some(command) = command {
        response.extensions_mut().insert(command);
    }
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: HeaderValue| drop(headers.insert(name, value));
    set(header::CONTENT_TYPE, JSON);
    set(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    set(USED_WEIGHT, used_weight.into());
    set(
        TRACE_ID,
        HeaderValue::from_str(trace).expect("hex digits are a value"),
    );
    if let Some(offset) = offset {
        set(OFFSET, offset.0.into());
    }
    if let Some((per_10s, per_day)) = order_counts {
        set(ORDERS_10S, per_10s.into());
        set(ORDERS_1D, per_day.into());
    }
    if let Some(seconds) = retry_after {
        set(header::RETRY_AFTER, seconds.into());
    }
    if preflight {
        set(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        set(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("*"),
        );
    } else {
        set(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

/// Puts the trace id on an answer that has no body, as that of a handshake.
pub fn set_trace(response: &mut Response, trace: &str) {
    let value = HeaderValue::from_str(trace).expect("hex digits are a value");
    response.headers_mut().insert(TRACE_ID, value);
}

/// The trace that a request belongs to: its client's, if it names one, else one of its own.
pub fn trace_of(headers: &HeaderMap) -> String {
    TraceParent::of(headers).map_or_else(trace_id, |parent| parent.trace)
}

/// A name for this request that no other has: a random part of this process, a count.
pub fn trace_id() -> String {
    static PROCESS: LazyLock<u64> = LazyLock::new(rand::random);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!(
        "{:016x}{:016x}",
        *PROCESS,
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}
