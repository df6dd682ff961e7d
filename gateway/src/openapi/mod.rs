//! The REST contract as OpenAPI 3.1, made from the table of routes.
//!
//! Paths, methods, who may call and the weight of a plain call come from [`ROUTES`], so
//! that they cannot differ from what is served. What the table does not hold, the names of
//! parameters, stands in `parameters`. The committed copy under `schemas/openapi/` is what
//! clients generate code from; a test compares it with this.
//! Reading order: this file, then `parameters`.

pub mod parameters;

use serde_json::{Map, Value, json};

use crate::openapi::parameters::{Parameter, of};
use crate::router::{Access, ROUTES, Route};
use crate::wire::parameters::Parameters;

/// The whole document.
pub fn document() -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Daybook REST",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Binance's dialect of spot, and of USD-margined futures under \
                /fapi. Signed requests carry timestamp and signature; numbers of money and \
                quantity are text. Sockets and FIX are not part of this document.",
        },
        "servers": [{"url": "/", "description": "this node"}],
        "paths": paths,
        "components": components(),
    })
}

/// The document as it is committed and served.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).expect("keys are text");
    text.push('\n');
    text
}

fn operation(route: &Route) -> Value {
    let signed = matches!(route.access, Access::Read(_) | Access::Trade(_));
    let listed = of(&route.method, route.path);
    let mut parameters: Vec<Value> = listed.iter().map(Parameter::document).collect();
    if signed {
        let own = ["timestamp", "recvWindow", "signature"];
        let own = own.map(|name| json!({"$ref": format!("#/components/parameters/{name}")}));
        parameters.extend(own);
    }
    let weight = Parameters::read(b"", b"").map_or(1, |none| (route.weight)(&none));
    let refusal = json!({"$ref": "#/components/responses/Refusal"});
    let mut operation = json!({
        "operationId": operation_id(route),
        "tags": [tag(route.path)],
        "x-weight": weight,
        "x-security": match route.access {
            Access::Public(_) => "NONE",
            Access::Stream(_) => "USER_STREAM",
            Access::Read(_) => "USER_DATA",
            Access::Trade(_) => "TRADE",
        },
        "parameters": parameters,
        "responses": {
            "200": {"$ref": "#/components/responses/Answer"},
            "4XX": refusal.clone(), "5XX": refusal,
        },
    });
    if !matches!(route.access, Access::Public(_)) {
        operation["security"] = json!([{"key": []}]);
    }
    operation
}

/// Like `get_api_v3_order_test`; no two routes share one.
fn operation_id(route: &Route) -> String {
    let path = route.path.replace(['/', '.', '{', '}'], "_");
    format!("{}{path}", route.method.as_str().to_lowercase())
}

fn tag(path: &str) -> &str {
    let mut parts = path.trim_start_matches('/').split('/');
    match parts.next() {
        Some("api") if path.starts_with("/api/v1/udf") => "charts",
        Some(first) => first,
        None => "api",
    }
}

fn components() -> Value {
    let parameter = |name: &str, required: bool, schema: Value, text: &str| {
        json!({
            "name": name, "in": "query", "required": required, "schema": schema,
            "description": text,
        })
    };
    let integer = json!({"type": "integer", "format": "int64"});
    let header = |text: &str| json!({"description": text, "schema": {"type": "string"}});
    json!({
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-MBX-APIKEY"}},
        "parameters": {
            "timestamp": parameter("timestamp", true, integer, "When it was sent, in ms or us."),
            "recvWindow": parameter("recvWindow", false, json!({"type": "number"}),
                "Its life in ms; 5000 without it."),
            "signature": parameter("signature", true, json!({"type": "string"}),
                "Over the raw query and body: HMAC-SHA256 in hex, RSA or Ed25519 in base64."),
        },
        "responses": {
            "Answer": {
                "description": "The answer, as JSON.",
                "headers": {
                    "X-MBX-USED-WEIGHT-1M": header("Weight this address used in this minute."),
                    "X-Trace-Id": header("Names this request in the node's log."),
                    "X-Daybook-Offset": header("The journal offset the answer includes."),
                },
                "content": {"application/json": {"schema": {}}},
            },
            "Refusal": {
                "description": "A refusal with its code.",
                "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Refusal"},
                }},
            },
        },
        "schemas": {"Refusal": {
            "type": "object",
            "required": ["code", "msg"],
            "properties": {
                "code": {"type": "integer"},
                "msg": {"type": "string"},
                "hint": {"type": "string", "description": "What to do about it."},
            },
        }},
    })
}
