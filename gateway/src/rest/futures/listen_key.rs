//! `/fapi/v1/listenKey`: a name by which a socket hears the account, by the key alone.

use std::sync::Arc;

use serde_json::json;

use crate::call::{Answer, Call, Outcome};
use crate::error::ApiError;
use crate::queries::ApiKey;

/// `POST`: the account's name, new or for another hour.
pub async fn start(call: &Call, key: &Arc<ApiKey>) -> Outcome {
    call.parameters.only(&[])?;
    let text = call.app.listen_keys.issue(key, call.now());
    Ok(Answer::json(&json!({ "listenKey": text })))
}

/// `PUT`: another hour.
pub async fn keep_alive(call: &Call, key: &Arc<ApiKey>) -> Outcome {
    call.parameters.only(&["listenKey"])?;
    let text = call.parameters.optional("listenKey")?;
    let kept = call
        .app
        .listen_keys
        .keep_alive(key.account, text, call.now());
    let text = kept.ok_or_else(missing)?;
    Ok(Answer::json(&json!({ "listenKey": text })))
}

/// `DELETE`: its sockets end.
pub async fn close(call: &Call, key: &Arc<ApiKey>) -> Outcome {
    call.parameters.only(&["listenKey"])?;
    match call.app.listen_keys.close(key.account, call.now()) {
        true => Ok(Answer::json(&json!({}))),
        false => Err(missing()),
    }
}

fn missing() -> ApiError {
    ApiError::new(-1125, "This listenKey does not exist.")
}
