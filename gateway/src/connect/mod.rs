//! `GET /connect`: how each client is pointed at this node, with its live ports.
//!
//! The same texts are printed by `daybook connect`. As HTML for browsers, as plain text for
//! everyone else; `?client=NAME` picks one. Reading order: `snippets`, then the page.

pub mod snippets;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts as Head;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::call::App;
use crate::connect::snippets::{Client, Place};
use crate::error::{self, ApiError};
use crate::serve::{self, Answered};

/// What a look at the page counts against the weight of its address.
const WEIGHT: u32 = 1;
/// The longest `Host` that is repeated, in bytes: a DNS name with its port.
const HOST_BYTES_MAX: usize = 260;
const TEXT: HeaderValue = HeaderValue::from_static("text/plain;charset=UTF-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html;charset=UTF-8");
/// The page loads nothing and runs nothing.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'");

/// Where this node listens, as far as the page tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ports {
    /// REST and sockets; told when a request names no usable host.
    pub http: Option<SocketAddr>,
    /// FIX 4.4, if it is open.
    pub fix: Option<SocketAddr>,
}

impl Ports {
    /// A node without FIX.
    pub fn of(http: SocketAddr) -> Ports {
        Ports {
            http: Some(http),
            fix: None,
        }
    }
}

/// Answers `/connect`.
pub async fn connect(app: Arc<App>, ports: Ports, request: Request) -> Response {
    let trace = serve::trace_id();
    let (head, _) = request.into_parts();
    let address = serve::address(&head);
    let answered = serve::admit(&app, address, WEIGHT)
        .and_then(|used| page(&head, ports).map_err(|error| Answered::refused(error, used)));
    match answered {
        Ok((kind, text)) => {
            let mut response = Response::new(Body::from(text));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, kind);
            headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
            headers.insert(header::VARY, HeaderValue::from_static("Accept, Host"));
            serve::set_trace(&mut response, &trace);
            response
        }
        Err(refused) => serve::sign_off(&app, refused, &trace),
    }
}

/// Content type and text.
fn page(head: &Head, ports: Ports) -> Result<(HeaderValue, String), ApiError> {
    if head.method != axum::http::Method::GET {
        return Err(error::wrong_method(&head.method, "/connect", "GET"));
    }
    let query = head.uri.query().unwrap_or("");
    let parameters = crate::wire::parameters::Parameters::read(query.as_bytes(), b"")?;
    let clients = match parameters.optional("client")? {
        None => Client::ALL.to_vec(),
        Some(name) => vec![Client::parse(name).ok_or_else(|| unknown(name))?],
    };
    let place = place(&head.headers, ports);
    if wants_html(&head.headers) {
        return Ok((HTML, html(&clients, &place)));
    }
    let texts: Vec<String> = clients
        .iter()
        .map(|client| client.snippet(&place))
        .collect();
    if let [only] = &texts[..] {
        return Ok((TEXT, only.clone()));
    }
    let titled = clients.iter().zip(&texts);
    let titled: Vec<String> = titled
        .map(|(client, text)| format!("## {}\n\n{text}", client.name()))
        .collect();
    Ok((TEXT, titled.join("\n")))
}

fn unknown(name: &str) -> ApiError {
    let known = Client::ALL.map(Client::name).join(", ");
    error::invalid("client")
        .status(StatusCode::NOT_FOUND)
        .hint(format!("'{}' is not one of {known}", name.escape_default()))
}

/// The node as this reader reached it.
fn place(headers: &HeaderMap, ports: Ports) -> Place {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).filter(|host| is_host(host));
    let own = ports.http.map(|address| address.to_string());
    let host = host.map(str::to_owned).or(own);
    let proto = text(header::HeaderName::from_static("x-forwarded-proto"));
    Place {
        host: host.unwrap_or_else(|| "127.0.0.1:8080".to_owned()),
        secure: proto == Some("https"),
        fix: ports.fix,
        key: snippets::KEY.to_owned(),
        secret: snippets::SECRET.to_owned(),
    }
}

/// Whether the text is a name or address with at most a port: nothing that could leave its
/// place in a page or a program.
fn is_host(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    !text.is_empty() && text.len() <= HOST_BYTES_MAX && text.bytes().all(legal)
}

fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    accept
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

fn html(clients: &[Client], place: &Place) -> String {
    let sections = clients.iter().map(|client| {
        let (name, text) = (client.name(), escape(&client.snippet(place)));
        format!("<h2 id=\"{name}\">{name}</h2>\n<pre>{text}</pre>\n")
    });
    let sections: String = sections.collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>Connect to Daybook</title></head>\n<body><h1>Connect to Daybook</h1>\n\
         <p>Keys: <code>daybook key create ACCOUNT</code>. The same as text: \
         <code>daybook connect --client NAME</code>.</p>\n{sections}</body></html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
