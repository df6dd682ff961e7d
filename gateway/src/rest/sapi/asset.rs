//! `/sapi/v1/asset`: fees by symbol, and transfers between wallets.

use serde_json::json;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error;
use crate::wire::account::untouched;
use crate::wire::grid::Grid;
use crate::wire::symbol_query::listed;
use crate::wire::wallet::TradeFeeAnswer;

/// `GET tradeFee`: what one symbol or every symbol costs.
pub async fn trade_fee(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&["symbol"])?;
    let symbols = match call.parameters.optional("symbol")? {
        Some(_) => vec![call.symbol()?],
        None => listed(&call.directory).collect(),
    };
    let account = call.queries().account(caller.account);
    let tier = account.unwrap_or_else(|| untouched(caller.account)).tier;
    let grids: Vec<Grid> = symbols
        .into_iter()
        .map(|symbol| Grid::new(&call.directory, symbol))
        .collect();
    let rows: Vec<TradeFeeAnswer> = grids
        .iter()
        .map(|grid| TradeFeeAnswer::new(&call.directory, grid, tier))
        .collect();
    Ok(Answer::json(&rows))
}

/// `GET transfer`: none ever happened.
pub async fn transfers(call: &Call, _: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("type")?;
    parameters.only(&[
        "type",
        "startTime",
        "endTime",
        "current",
        "size",
        "fromSymbol",
        "toSymbol",
    ])?;
    for name in ["startTime", "endTime", "current", "size"] {
        parameters.integer(name)?;
    }
    Ok(Answer::json(&json!({ "total": 0, "rows": [] })))
}

/// `POST transfer`: there is but one wallet.
///
/// # Errors
/// -1102 for a missing parameter, -1100 and -1111 for a malformed amount, else -1020.
pub async fn transfer(call: &Call, _: &Caller) -> Outcome {
    let parameters = &call.parameters;
    for name in ["type", "asset", "amount"] {
        parameters.required(name)?;
    }
    parameters.only(&["type", "asset", "amount", "fromSymbol", "toSymbol"])?;
    parameters.decimal("amount")?;
    Err(error::not_supported(
        "an account has its spot wallet alone; a futures wallet comes with perpetuals",
    ))
}
