//! `GET /api/v1/udf/history`: candles in columns.

use schemas::market::{Candle, CandlePage, ZoneShift};
use schemas::units::TimeNs;

use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError};
use crate::rest::udf::interval;
use crate::wire::grid::Grid;
use crate::wire::new_order::find_symbol;

const SECOND_NS: u64 = 1_000_000_000;
/// The most candles of one answer; libraries ask again for what is before.
const ROWS_MAX: u64 = 5_000;

/// Answers the candles that open in [from, to), or the newest `countback` before `to`.
pub async fn history(call: &Call) -> Outcome {
    let parameters = &call.parameters;
    let name = parameters.required("symbol")?;
    let resolution = parameters.required("resolution")?;
    let from = parameters.integer("from")?;
    let to = parameters.integer("to")?;
    let count = parameters.integer("countback")?;
    let to = to.ok_or_else(|| error::mandatory("to"))?;
    let bare = name.strip_prefix("DAYBOOK:").unwrap_or(name);
    let symbol = find_symbol(&call.directory, bare)?;
    let unknown = || ApiError::new(-1120, "Invalid interval.").hint("udf/config lists them");
    let interval = interval(resolution).ok_or_else(unknown)?;
    // Both ends are given: what counts is `countback`, which wins over `from`.
    let start = match (count, from) {
        (None, None) => return Err(error::either("from", "countback")),
        (None, Some(from)) => Some(seconds(from)),
        (Some(_), _) => None,
    };
    let limit = count.unwrap_or(ROWS_MAX).min(ROWS_MAX) as usize;
    let page = CandlePage {
        symbol: symbol.symbol,
        interval,
        zone: ZoneShift::UTC,
        start,
        end: Some(TimeNs(seconds(to).0.saturating_sub(1))),
        now: call.app.parts.submit.now(),
        limit,
    };
    let candles = if limit == 0 {
        Vec::new()
    } else {
        call.queries().candles(page).await?
    };
    if candles.is_empty() {
        return Ok(Answer::text("{\"s\":\"no_data\"}".to_owned()));
    }
    let grid = Grid::new(&call.directory, symbol);
    Ok(Answer::text(columns(&grid, &candles)))
}

fn seconds(seconds: u64) -> TimeNs {
    TimeNs(seconds.saturating_mul(SECOND_NS))
}

/// One JSON array for each column. Decimals go out as they are, never through a float.
fn columns(grid: &Grid, candles: &[Candle]) -> String {
    let column = |name: &str, value: &dyn Fn(&Candle) -> String| {
        let values: Vec<String> = candles.iter().map(value).collect();
        format!("\"{name}\":[{}]", values.join(","))
    };
    let all = [
        "\"s\":\"ok\"".to_owned(),
        column("t", &|candle| (candle.open_time.0 / SECOND_NS).to_string()),
        column("o", &|candle| grid.price(candle.open).to_string()),
        column("h", &|candle| grid.price(candle.high).to_string()),
        column("l", &|candle| grid.price(candle.low).to_string()),
        column("c", &|candle| grid.price(candle.close).to_string()),
        column("v", &|candle| grid.volume(candle.volume).to_string()),
    ];
    format!("{{{}}}", all.join(","))
}
