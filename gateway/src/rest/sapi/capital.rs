//! `/sapi/v1/capital`: coins; deposits and withdrawals that do not exist yet.

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError};
use crate::wire::account::untouched;
use crate::wire::wallet::CoinAnswer;

/// `GET config/getall`: every coin of the venue with what the account has of it.
pub async fn config(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&[])?;
    let account = call.queries().account(caller.account);
    let account = account.unwrap_or_else(|| untouched(caller.account));
    let coins: Vec<CoinAnswer> = call
        .directory
        .assets
        .iter()
        .map(|asset| CoinAnswer::new(&call.directory, asset, &account))
        .collect();
    Ok(Answer::json(&coins))
}

/// `GET deposit/address`, `deposit/hisrec`, `withdraw/history` and `POST withdraw/apply`.
///
/// # Errors
/// -1020, always.
pub async fn no_wallets(_: &Call, _: &Caller) -> Outcome {
    Err(not_yet())
}

fn not_yet() -> ApiError {
    error::not_supported("there are no wallets yet: the operator enters deposits and withdrawals")
}
