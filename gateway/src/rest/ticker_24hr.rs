//! `GET /api/v3/ticker/24hr`: the last 24 hours, from a full minute on.

use schemas::market::{Interval, ZoneShift};
use schemas::units::TimeNs;

use crate::call::{Answer, Call, Outcome};
use crate::wire::parameters::Parameters;
use crate::wire::statistics::{DayTicker, MiniTicker, Span, Statistics};
use crate::wire::symbol_query::{Detail, count_names, read_detail};

const DAY_NS: u64 = 86_400_000_000_000;

/// What one symbol, a list, or all cost.
pub fn weight(parameters: &Parameters) -> u32 {
    if parameters.has("symbol") {
        return 2;
    }
    match parameters.get("symbols").map(count_names) {
        Some(0..=20) => 2,
        Some(21..=100) => 40,
        _ => 80,
    }
}

/// Answers one ticker, or a list of them.
pub async fn ticker_24hr(call: &Call) -> Outcome {
    call.parameters
        .only(&["symbol", "symbols", "type", "symbolStatus"])?;
    let detail = read_detail(&call.parameters)?;
    let (is_one, grids) = call.chosen()?;
    let now = call.app.parts.submit.now();
    let opens = TimeNs(now.0.saturating_sub(DAY_NS));
    let opens = Interval::Minute.start(opens, ZoneShift::UTC);
    let span = Span::until_now(call.unit, opens, now);
    let windows = grids.iter().map(|grid| {
        let window = call.queries().window(grid.symbol.symbol, opens);
        (grid, Statistics::new(&window))
    });
    match detail {
        Detail::Full => {
            let rows = windows.map(|(grid, statistics)| {
                let top = call.queries().top(grid.symbol.symbol).unwrap_or_default();
                DayTicker::new(grid, &statistics, &top, span)
            });
            Ok(Answer::one_or_all(is_one, rows))
        }
        Detail::Mini => {
            let rows = windows.map(|(grid, statistics)| MiniTicker::new(grid, &statistics, span));
            Ok(Answer::one_or_all(is_one, rows))
        }
    }
}
