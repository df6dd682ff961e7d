//! `GET /api/v3/exchangeInfo`: symbols, filters, limits.

use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError, illegal};
use crate::wire::exchange_info::{ExchangeInfo, PERMISSION};
use crate::wire::parameters::Parameters;
use crate::wire::symbol_query::{Chosen, read_names};

const NAMES: [&str; 5] = [
    "symbol",
    "symbols",
    "permissions",
    "showPermissionSets",
    "symbolStatus",
];

/// Answers the rules of one, some or all symbols.
pub async fn exchange_info(call: &Call) -> Outcome {
    let parameters = &call.parameters;
    parameters.only(&NAMES)?;
    let named = parameters.has("symbol") || parameters.has("symbols");
    let filtered = parameters.has("permissions") || parameters.has("symbolStatus");
    if named && filtered {
        return Err(error::bad_combination());
    }
    let with_sets =
        !parameters.has("showPermissionSets") || parameters.flag("showPermissionSets")?;
    let wanted = wants_spot(parameters)?;
    let symbols = match call.choose()? {
        Chosen::One(symbol) => vec![symbol],
        Chosen::Many(symbols) if wanted => symbols,
        Chosen::Many(_) => Vec::new(),
    };
    let grids = call.grids(symbols);
    let now = call.unit.print(call.app.parts.submit.now());
    let info = ExchangeInfo::new(&call.directory, &grids, now, with_sets)
        .requests_per_second(call.queries().requests_per_second());
    Ok(Answer::json(&info))
}

/// Whether `permissions`, one or a list, includes what every symbol here has.
fn wants_spot(parameters: &Parameters) -> Result<bool, ApiError> {
    let Some(text) = parameters.optional("permissions")? else {
        return Ok(true);
    };
    let names = match text.starts_with('[') {
        true => {
            read_names(text).ok_or_else(|| illegal("permissions", r#"^\["[A-Z0-9_]+".*\]$"#))?
        }
        false => vec![text.to_owned()],
    };
    Ok(names.iter().any(|name| name == PERMISSION))
}
