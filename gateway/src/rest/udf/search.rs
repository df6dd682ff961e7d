//! `GET /api/v1/udf/search`: symbols whose name contains a text.

use serde_json::json;

use crate::call::{Answer, Call, Outcome};

const ROWS: usize = 30;
const ROWS_MAX: usize = 1_000;

/// Answers what fits, in the order of listing.
pub async fn search(call: &Call) -> Outcome {
    let parameters = &call.parameters;
    let wanted = parameters.get("query").unwrap_or("").to_uppercase();
    let limit = parameters.limit(ROWS, ROWS_MAX)?;
    let ours = |name: &str, known: &str| match parameters.get(name) {
        None | Some("") => true,
        Some(asked) => asked.eq_ignore_ascii_case(known),
    };
    let matches = ours("exchange", "DAYBOOK") && ours("type", "crypto");
    let found = call
        .directory
        .symbols
        .iter()
        .filter(|symbol| matches && symbol.name.as_str().to_uppercase().contains(&wanted));
    let rows: Vec<_> = found
        .take(limit)
        .map(|symbol| {
            let name = symbol.name.as_str();
            json!({
                "symbol": name, "full_name": format!("DAYBOOK:{name}"), "ticker": name,
                "description": name, "exchange": "DAYBOOK", "type": "crypto",
            })
        })
        .collect();
    Ok(Answer::json(&rows))
}
