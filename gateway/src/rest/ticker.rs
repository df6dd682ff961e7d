//! `GET /api/v3/ticker`: a window that rolls, of minutes, hours or days.

use schemas::market::{Interval, ZoneShift};
use schemas::units::TimeNs;

use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError};
use crate::wire::parameters::Parameters;
use crate::wire::statistics::{MiniTicker, Span, Statistics, WindowTicker};
use crate::wire::symbol_query::{Detail, count_names, read_detail};
use crate::wire::time_zone::read_window;

/// The most symbols of one request.
const SYMBOLS_MAX: usize = 100;
const WEIGHT_MAX: u32 = 200;

/// What each symbol costs, up to fifty.
pub fn weight(parameters: &Parameters) -> u32 {
    let symbols = parameters.get("symbols").map_or(1, count_names).max(1);
    u32::try_from(symbols.saturating_mul(4)).map_or(WEIGHT_MAX, |weight| weight.min(WEIGHT_MAX))
}

/// Answers one window, or a list of them.
pub async fn ticker(call: &Call) -> Outcome {
    mandatory(&call.parameters)?;
    call.parameters
        .only(&["symbol", "symbols", "windowSize", "type", "symbolStatus"])?;
    let length = read_window(&call.parameters)?;
    let now = call.app.parts.submit.now();
    let opens = TimeNs(now.0.saturating_sub(length));
    let opens = Interval::Minute.start(opens, ZoneShift::UTC);
    answer(call, opens, Span::until_now(call.unit, opens, now))
}

/// Refuses a request that names no symbol.
///
/// # Errors
/// -1102.
pub fn mandatory(parameters: &Parameters) -> Result<(), ApiError> {
    if parameters.has("symbol") || parameters.has("symbols") {
        Ok(())
    } else {
        Err(error::either("symbol", "symbols"))
    }
}

/// The windows of the symbols that were named, since a full minute.
///
/// # Errors
/// As [`choose`]; -1101 for more than a hundred symbols.
pub fn answer(call: &Call, opens: TimeNs, span: Span) -> Outcome {
    let detail = read_detail(&call.parameters)?;
    let (is_one, grids) = call.chosen()?;
    if SYMBOLS_MAX < grids.len() {
        return Err(
            ApiError::new(-1101, "Too many parameters sent for this endpoint.")
                .hint("at most 100 symbols"),
        );
    }
    let windows = grids.iter().map(|grid| {
        let window = call.queries().window(grid.symbol.symbol, opens);
        (grid, Statistics::new(&window))
    });
    Ok(match detail {
        Detail::Full => {
            let rows = windows.map(|(grid, window)| WindowTicker::new(grid, &window, span));
            Answer::one_or_all(is_one, rows)
        }
        Detail::Mini => {
            let rows = windows.map(|(grid, window)| MiniTicker::new(grid, &window, span));
            Answer::one_or_all(is_one, rows)
        }
    })
}
