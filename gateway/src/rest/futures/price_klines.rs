//! `/fapi/v1/markPriceKlines`, `indexPriceKlines`, `premiumIndexKlines`: candles of what
//! nobody trades, a page at a time.

use schemas::market::{Interval, ZoneShift};
use schemas::price_candle::{PriceCandle, PriceCandlePage, PriceSeries};

use crate::call::{Answer, Call, Outcome};
use crate::error::ApiError;
use crate::wire::candle::PriceCandleRow;
use crate::wire::clock::{read_end_time, read_time};
use crate::wire::grid::Grid;
use crate::wire::names::Name;
use crate::wire::symbol_query::find;

const ROWS: usize = 500;
const ROWS_MAX: usize = 1_500;

/// Candles of the mark price.
pub async fn mark(call: &Call) -> Outcome {
    klines(call, PriceSeries::Mark, "symbol").await
}

/// Candles of the index price, which belong to a pair.
pub async fn index(call: &Call) -> Outcome {
    klines(call, PriceSeries::Index, "pair").await
}

/// Candles of the premium.
pub async fn premium(call: &Call) -> Outcome {
    klines(call, PriceSeries::Premium, "symbol").await
}

async fn klines(call: &Call, series: PriceSeries, named: &'static str) -> Outcome {
    let parameters = &call.parameters;
    let name = parameters.required(named)?;
    let interval = parameters.required("interval")?;
    parameters.only(&[named, "interval", "startTime", "endTime", "limit"])?;
    let start = parameters.integer("startTime")?.map(read_time);
    let end = parameters.integer("endTime")?.map(read_end_time);
    let limit = parameters.limit(ROWS, ROWS_MAX)?;
    let symbol = find(&call.directory, call.product, name)?;
    let interval =
        Interval::parse(interval).ok_or_else(|| ApiError::new(-1120, "Invalid interval."))?;
    let candles = call.queries().price_candles(PriceCandlePage {
        symbol: symbol.symbol,
        series,
        interval,
        start,
        end,
        now: call.app.parts.submit.now(),
        limit,
    });
    let candles = candles.await?;
    let grid = Grid::new(&call.directory, symbol);
    let row = |candle: &PriceCandle| {
        let next = interval.next(candle.open_time, ZoneShift::UTC);
        PriceCandleRow::new(&grid, call.unit, (series, candle), next)
    };
    let rows: Vec<PriceCandleRow> = candles.iter().map(row).collect();
    Ok(Answer::json(&rows))
}
