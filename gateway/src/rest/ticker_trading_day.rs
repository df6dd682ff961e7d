//! `GET /api/v3/ticker/tradingDay`: the day under way, in any time zone.

use schemas::market::Interval;

use crate::call::{Call, Outcome};
use crate::rest::ticker::{answer, mandatory};
use crate::wire::statistics::Span;
use crate::wire::time_zone::read_zone;

/// Answers one day, or a list of them.
pub async fn ticker_trading_day(call: &Call) -> Outcome {
    mandatory(&call.parameters)?;
    call.parameters
        .only(&["symbol", "symbols", "timeZone", "type", "symbolStatus"])?;
    let zone = read_zone(&call.parameters)?;
    let now = call.app.parts.submit.now();
    let opens = Interval::Day.start(now, zone);
    let next = Interval::Day.next(now, zone);
    answer(call, opens, Span::until(call.unit, opens, next))
}
