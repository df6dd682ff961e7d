//! `GET /api/v1/openapi.json`: the REST contract of this node.

use crate::call::{Answer, Call, Outcome};
use crate::openapi;

/// Answers the document.
pub async fn document(_: &Call) -> Outcome {
    Ok(Answer::text(openapi::text()))
}
