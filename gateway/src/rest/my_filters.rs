//! `GET /api/v3/myFilters`: filters of this account beside those of every account.
//!
//! There are none; what exchangeInfo shows binds all alike.

use serde_json::json;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};

/// Answers three empty lists.
pub async fn my_filters(call: &Call, _: &Caller) -> Outcome {
    call.parameters.required("symbol")?;
    call.parameters.only(&["symbol"])?;
    call.symbol()?;
    Ok(Answer::json(&json!({
        "exchangeFilters": [],
        "symbolFilters": [],
        "assetFilters": [],
    })))
}
