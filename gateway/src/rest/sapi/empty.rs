//! Products that the venue does not have: bots that ask for all of them go on.

use serde_json::json;

use crate::call::{Answer, Call, Outcome};

/// `GET /sapi/v1/margin/allPairs` and `margin/isolated/allPairs`: no margin.
pub async fn margin_pairs(call: &Call) -> Outcome {
    call.parameters.only(&["symbol"])?;
    Ok(Answer::json(&[(); 0]))
}

/// `GET /dapi/v1/exchangeInfo`: no futures margined in coins.
pub async fn coin_margined_info(call: &Call) -> Outcome {
    call.parameters.only(&[])?;
    let now = call.unit.print(call.app.parts.submit.now());
    Ok(Answer::json(&json!({
        "timezone": "UTC",
        "serverTime": now,
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [],
    })))
}
