//! `GET /api/v1/udf/symbols`: one symbol as a chart needs it.

use schemas::report::SymbolReport;
use serde_json::{Value, json};

use crate::call::{Answer, Call, Outcome};
use crate::rest::udf::resolutions;
use crate::wire::new_order::find_symbol;

/// Minutes of the intervals below a day.
const MINUTES: [&str; 11] = [
    "1", "3", "5", "15", "30", "60", "120", "240", "360", "480", "720",
];

/// Answers the symbol; a name may carry the exchange in front.
pub async fn symbols(call: &Call) -> Outcome {
    let name = call.parameters.required("symbol")?;
    let bare = name.strip_prefix("DAYBOOK:").unwrap_or(name);
    match find_symbol(&call.directory, bare) {
        Ok(symbol) => Ok(Answer::json(&info(call, &symbol))),
        // Chart libraries look for this text and not for a status.
        Err(_) => Ok(Answer::json(
            &json!({"s": "error", "errmsg": "unknown_symbol"}),
        )),
    }
}

fn info(call: &Call, symbol: &SymbolReport) -> Value {
    let code = |asset: u16| {
        let found = call.directory.assets.get(usize::from(asset));
        found.map_or("", |asset| asset.code.as_str())
    };
    let (base, quote) = (code(symbol.base.0), code(symbol.quote.0));
    json!({
        "name": symbol.name.as_str(),
        "ticker": symbol.name.as_str(),
        "description": format!("{base} / {quote}"),
        "type": "crypto",
        "session": "24x7",
        "timezone": "Etc/UTC",
        "exchange": "DAYBOOK",
        "listed_exchange": "DAYBOOK",
        "format": "price",
        "minmov": symbol.price.tick.0.max(1),
        "pricescale": 10_u64.saturating_pow(u32::from(symbol.price_scale)),
        "has_intraday": true,
        "intraday_multipliers": MINUTES,
        "has_seconds": true,
        "seconds_multipliers": ["1"],
        "has_daily": true,
        "daily_multipliers": ["1", "3"],
        "has_weekly_and_monthly": true,
        "supported_resolutions": resolutions(),
        "volume_precision": symbol.qty_scale,
        "data_status": "streaming",
        "currency_code": quote,
    })
}
