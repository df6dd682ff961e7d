//! `GET /api/v3/account/commission`: what trading costs this account.

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::wire::account::{CommissionAnswer, rates, untouched};
use crate::wire::grid::Grid;

/// Answers the rates on one symbol.
pub async fn account_commission(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.required("symbol")?;
    call.parameters.only(&["symbol"])?;
    let symbol = call.symbol()?;
    let report = call.queries().account(caller.account);
    let tier = report.unwrap_or_else(|| untouched(caller.account)).tier;
    let rates = rates(&call.directory, tier, Some(&symbol));
    Ok(Answer::json(&CommissionAnswer::new(
        &Grid::new(&call.directory, symbol),
        rates,
    )))
}
