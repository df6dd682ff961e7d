//! What a client may say on a stream: SUBSCRIBE and its siblings.
//!
//! The texts of the refusals are partly the JSON parser's own, as on Binance.

use schemas::report::Directory;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ws::stream::session::{NotAdded, Subscriptions};

#[derive(Deserialize)]
enum Method {
    #[serde(rename = "SUBSCRIBE")]
    Subscribe,
    #[serde(rename = "UNSUBSCRIBE")]
    Unsubscribe,
    #[serde(rename = "LIST_SUBSCRIPTIONS")]
    ListSubscriptions,
    #[serde(rename = "SET_PROPERTY")]
    SetProperty,
    #[serde(rename = "GET_PROPERTY")]
    GetProperty,
}

#[derive(Deserialize)]
struct Request {
    method: Method,
    #[serde(default)]
    params: Option<Vec<Value>>,
    #[serde(default)]
    id: Option<Value>,
}

/// A refusal: its code and its text.
type Refusal = (u8, String);

/// Does what the message asks and gives the reply.
pub fn handle(state: &mut Subscriptions, directory: &Directory, text: &str) -> String {
    let request: Request = match serde_json::from_str(text) {
        Ok(request) => request,
        Err(error) if error.is_data() => {
            return refuse((2, format!("Invalid request: {error}")), None);
        }
        Err(error) => return refuse((3, format!("Invalid JSON: {error}")), None),
    };
    let id = match request.id {
        None | Some(Value::Null) => Value::Null,
        Some(id) if is_id(&id) => id,
        Some(_) => {
            let text = "Invalid request: request ID must be an unsigned integer";
            return refuse((2, text.to_owned()), None);
        }
    };
    let params = request.params.unwrap_or_default();
    match apply(state, directory, &request.method, &params) {
        Ok(result) => json!({ "result": result, "id": id }).to_string(),
        Err(refusal) => refuse(refusal, Some(id)),
    }
}

/// A 64-bit number, or up to 36 letters, digits, `-` and `_`.
fn is_id(id: &Value) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    match id {
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::String(text) => text.len() <= 36 && text.bytes().all(legal),
        _ => false,
    }
}

fn refuse((code, msg): Refusal, id: Option<Value>) -> String {
    let mut reply = json!({ "code": code, "msg": msg });
    if let Some(id) = id {
        reply["id"] = id;
    }
    reply.to_string()
}

fn apply(
    state: &mut Subscriptions,
    directory: &Directory,
    method: &Method,
    params: &[Value],
) -> Result<Value, Refusal> {
    match method {
        Method::Subscribe => {
            let added = state.add(directory, &names(params)?);
            added
                .map(|()| Value::Null)
                .map_err(|refusal| match refusal {
                    NotAdded::Unknown(name) => {
                        (2, format!("Invalid request: stream '{name}' is not served"))
                    }
                    NotAdded::TooMany => (2, "Invalid request: too many streams".to_owned()),
                })
        }
        Method::Unsubscribe => {
            state.remove(&names(params)?);
            Ok(Value::Null)
        }
        Method::ListSubscriptions => Ok(json!(state.names())),
        Method::SetProperty => {
            check_property(params)?;
            match params {
                [_, Value::Bool(combined)] => state.is_combined = *combined,
                [_, _] | [_] => {
                    return Err((1, "Invalid value type: expected Boolean".to_owned()));
                }
                _ => return Err((2, "Invalid request: too many parameters".to_owned())),
            }
            Ok(Value::Null)
        }
        Method::GetProperty => {
            check_property(params)?;
            match params {
                [_] => Ok(json!(state.is_combined)),
                _ => Err((2, "Invalid request: too many parameters".to_owned())),
            }
        }
    }
}

/// The stream names among the parameters.
fn names(params: &[Value]) -> Result<Vec<String>, Refusal> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let names: Option<Vec<String>> = params.iter().map(text).collect();
    names.ok_or_else(|| {
        (
            2,
            "Invalid request: stream names must be strings".to_owned(),
        )
    })
}

/// The first parameter has to be the one property there is.
fn check_property(params: &[Value]) -> Result<(), Refusal> {
    match params.first().and_then(Value::as_str) {
        Some("combined") => Ok(()),
        Some(_) => Err((0, "Unknown property".to_owned())),
        None => Err((
            2,
            "Invalid request: property name must be a string".to_owned(),
        )),
    }
}
