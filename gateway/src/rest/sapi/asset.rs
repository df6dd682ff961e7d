//! `/sapi/v1/asset/tradeFee`: fees by symbol.

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
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
