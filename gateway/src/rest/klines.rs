//! `GET /api/v3/klines`, `uiKlines` and that of futures: candles, a page at a time.
//!
//! Candles that nobody traded in are flat at the price before. Those of another time zone
//! are made of finer ones. Page times count in UTC whatever the zone.

use schemas::market::{CandlePage, Interval};

use crate::call::{Answer, Call, Outcome};
use crate::error::ApiError;
use crate::wire::candle::CandleRow;
use crate::wire::clock::{read_end_time, read_time};
use crate::wire::grid::Grid;
use crate::wire::names::Name;
use crate::wire::parameters::Parameters;
use crate::wire::time_zone::read_zone;

const ROWS: usize = 500;
const ROWS_MAX: usize = 1_000;
const FUTURES_ROWS_MAX: usize = 1_500;

/// What a page of futures costs.
pub fn futures_weight(parameters: &Parameters) -> u32 {
    match parameters.limit(ROWS, FUTURES_ROWS_MAX) {
        Ok(..=99) => 1,
        Ok(..=499) => 2,
        Ok(..=1_000) | Err(_) => 5,
        Ok(_) => 10,
    }
}

/// Answers a page of candles, the oldest first.
pub async fn klines(call: &Call) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    let interval = parameters.required("interval")?;
    parameters.only(&[
        "symbol",
        "interval",
        "startTime",
        "endTime",
        "timeZone",
        "limit",
    ])?;
    let start = parameters.integer("startTime")?.map(read_time);
    let end = parameters.integer("endTime")?.map(read_end_time);
    let zone = read_zone(parameters)?;
    let most = if call.is_futures() {
        FUTURES_ROWS_MAX
    } else {
        ROWS_MAX
    };
    let limit = parameters.limit(ROWS, most)?;
    let symbol = call.symbol()?;
    let interval =
        Interval::parse(interval).ok_or_else(|| ApiError::new(-1120, "Invalid interval."))?;
    let page = CandlePage {
        symbol: symbol.symbol,
        interval,
        zone,
        start,
        end,
        now: call.app.parts.submit.now(),
        limit,
    };
    let candles = call.queries().candles(page).await?;
    let grid = Grid::new(&call.directory, symbol);
    let rows: Vec<CandleRow> = candles
        .iter()
        .map(|candle| {
            let next = interval.next(candle.open_time, zone);
            CandleRow::new(&grid, call.unit, candle, next)
        })
        .collect();
    Ok(Answer::json(&rows))
}
