//! `GET /api/v1/udf/config`: what this feed can do.

use serde_json::json;

use crate::call::{Answer, Call, Outcome};
use crate::rest::udf::resolutions;

/// Answers the features.
pub async fn config(_: &Call) -> Outcome {
    Ok(Answer::json(&json!({
        "supported_resolutions": resolutions(),
        "supports_search": true,
        "supports_group_request": false,
        "supports_marks": false,
        "supports_timescale_marks": false,
        "supports_time": true,
        "exchanges": [{"value": "DAYBOOK", "name": "Daybook", "desc": "Daybook"}],
        "symbols_types": [{"name": "Crypto", "value": "crypto"}],
    })))
}
