//! `GET /api/v3/account`: balances and what the account may do.

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::wire::account::{AccountAnswer, untouched};

/// Answers the account.
pub async fn account(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&["omitZeroBalances"])?;
    let omit_zeros = call.parameters.flag("omitZeroBalances")?;
    let report = call.queries().account(caller.account);
    let report = report.unwrap_or_else(|| untouched(caller.account));
    Ok(Answer::json(&AccountAnswer::new(
        &call.directory,
        &report,
        call.unit,
        omit_zeros,
    )))
}
