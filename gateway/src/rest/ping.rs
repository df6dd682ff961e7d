//! `GET /api/v3/ping`: nothing, which says enough.

use crate::call::{Answer, Call, Outcome};

/// Answers `{}`.
pub async fn ping(call: &Call) -> Outcome {
    call.parameters.only(&[])?;
    Ok(Answer::json(&serde_json::json!({})))
}
