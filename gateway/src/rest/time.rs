//! `GET /api/v3/time`: the venue's clock.

use crate::call::{Answer, Call, Outcome};

/// Answers `serverTime`.
pub async fn time(call: &Call) -> Outcome {
    call.parameters.only(&[])?;
    let now = call.unit.print(call.app.parts.submit.now());
    Ok(Answer::json(&serde_json::json!({ "serverTime": now })))
}
