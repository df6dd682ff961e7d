//! `GET /api/v3/avgPrice`: the mean price of the last minutes, weighted by volume.
//!
//! The minutes are those of the symbol's percent-price filter, the running one included;
//! of zero minutes, and when nobody traded in them, it is the last price.

use schemas::market::{Candle, Interval, ZoneShift};
use schemas::units::{Price, TimeNs};

use crate::call::{Answer, Call, Outcome};
use crate::wire::candle::AverageAnswer;
use crate::wire::grid::Grid;
use crate::wire::statistics::average;

const MINUTE_NS: u64 = 60_000_000_000;

/// Answers the mean price.
pub async fn avg_price(call: &Call) -> Outcome {
    call.parameters.required("symbol")?;
    call.parameters.only(&["symbol"])?;
    let symbol = call.symbol()?;
    let mins = symbol.percent_price.minutes;
    let now = call.app.parts.submit.now();
    let running = Interval::Minute.start(now, ZoneShift::UTC);
    let before = u64::from(mins.saturating_sub(1)) * MINUTE_NS;
    let opens = TimeNs(running.0.saturating_sub(before));
    let window = call.queries().window(symbol.symbol, opens);
    let last = window.last.map_or(Price::ZERO, |trade| trade.price);
    let traded = window.traded.filter(|_| mins != 0);
    let grid = Grid::new(&call.directory, symbol);
    Ok(Answer::json(&AverageAnswer {
        mins,
        price: average(&grid, &traded.unwrap_or_else(|| Candle::flat(opens, last))),
        close_time: window.last.map_or(0, |trade| call.unit.print(trade.time)),
    }))
}
