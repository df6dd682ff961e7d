//! `GET /api/v1/udf/time`: the venue's clock in whole seconds.

use crate::call::{Answer, Call, Outcome};

/// Answers the time as a bare number.
pub async fn time(call: &Call) -> Outcome {
    let seconds = call.app.parts.submit.now().as_millis() / 1_000;
    Ok(Answer::text(seconds.to_string()))
}
