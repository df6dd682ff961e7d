//! `DELETE /api/v3/openOrders`: cancel every open order on a symbol.

use schemas::command::{CancelAllV1, Command};
use schemas::reject::RejectReason;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::ApiError;
use crate::rest::cancel_order::after;
use crate::wire::client_id;
use crate::wire::grid::Grid;
use crate::wire::order_answer::CancelAnswer;
use crate::wire::order_events::{cancel_refusal, cancelled};

/// Cancels all, and lists them.
pub async fn cancel_open_orders(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.required("symbol")?;
    call.parameters.only(&["symbol"])?;
    let symbol = call.symbol()?;
    let command = CancelAllV1 {
        valid_until: caller.valid_until,
        account: caller.account,
        symbol: symbol.symbol,
    };
    let receipt = call.submit(Command::CancelAll(command)).await?;
    let mut reports = Vec::new();
    let done = cancelled(&receipt, caller.account);
    for done in done.filter(|done| done.symbol == symbol.symbol) {
        reports.push(after(call, caller, done, &receipt).await);
    }
    if reports.is_empty() {
        let reason = cancel_refusal(&receipt).unwrap_or(RejectReason::UnknownOrder);
        return Err(ApiError::from(reason).at(receipt.offset));
    }
    let grid = Grid::new(&call.directory, symbol);
    let cancel_client = client_id::generate();
    let rows: Vec<CancelAnswer> = reports
        .iter()
        .map(|report| CancelAnswer::new(&grid, call.unit, report, (&cancel_client, receipt.time)))
        .collect();
    Ok(Answer::json(&rows).at(receipt.offset))
}
