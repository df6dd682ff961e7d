//! `DELETE /api/v3/order`: cancel one order.

use schemas::command::{CancelOrderV1, Command, OrderRef};
use schemas::event::OrderDone;
use schemas::ids::{ClientOrderId, OrderId, SymbolId};
use schemas::instrument::CancelRestriction;
use schemas::order_command::CancelOrderIfV1;
use schemas::reject::RejectReason;
use schemas::report::OrderReport;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError};
use crate::submit::Receipt;
use crate::wire::client_id;
use crate::wire::grid::Grid;
use crate::wire::order_answer::CancelAnswer;
use crate::wire::order_events::{cancel_refusal, cancelled, from_done};
use crate::wire::order_target::{ORDER, Target};
use crate::wire::parameters::Parameters;

const NAMES: [&str; 5] = [
    "symbol",
    ORDER.order,
    ORDER.client,
    "newClientOrderId",
    "cancelRestrictions",
];

/// Cancels an order.
pub async fn cancel_order(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    let target = Target::read(parameters, ORDER)?;
    parameters.only(&NAMES)?;
    let cancel_client = client_id::read(parameters, "newClientOrderId")?;
    let restriction = read_restriction(parameters)?;
    let symbol = call.symbol()?;
    let target = target
        .known()
        .ok_or_else(|| ApiError::from(RejectReason::UnknownOrder))?;
    let cancel = CancelOrderV1 {
        target,
        valid_until: caller.valid_until,
        account: caller.account,
        symbol: symbol.symbol,
        cancel_client: cancel_client.unwrap_or_else(client_id::generate),
    };
    let receipt = call.submit(command(cancel, restriction)).await?;
    let meant = (symbol.symbol, target, &cancel.cancel_client);
    let Some(report) = ended(call, caller, meant, &receipt).await else {
        let reason = cancel_refusal(&receipt);
        return Err(reason
            .map_or_else(error::lost, ApiError::from)
            .at(receipt.offset));
    };
    let grid = Grid::new(&call.directory, symbol);
    let told = (&cancel.cancel_client, receipt.time);
    let answer = CancelAnswer::new(&grid, call.unit, &report, told);
    Ok(Answer::json(&answer).at(receipt.offset))
}

/// The smallest command that does it.
pub fn command(cancel: CancelOrderV1, restriction: CancelRestriction) -> Command {
    match restriction {
        CancelRestriction::Any => Command::CancelOrder(cancel),
        restriction => Command::CancelOrderIf(CancelOrderIfV1 {
            cancel,
            restriction,
        }),
    }
}

/// The order that a cancel meant, as it ended. With an order of a list the others end, too,
/// under the same name of the cancel; what a timer ended in the same frame has none.
pub async fn ended(
    call: &Call,
    caller: &Caller,
    (symbol, target, name): (SymbolId, OrderRef, &ClientOrderId),
    receipt: &Receipt,
) -> Option<OrderReport> {
    let mut first = None;
    let done = cancelled(receipt, caller.account);
    for done in done.filter(|done| done.symbol == symbol) {
        let by_number = done.order == target.order;
        if target.order != OrderId(0) && !by_number {
            continue;
        }
        let report = after(call, caller, done, receipt).await;
        if by_number || report.client_order == target.client_order {
            return Some(report);
        }
        if done.cancel_client == *name {
            first.get_or_insert(report);
        }
    }
    first
}

/// The cancelled order as it ended; from the event alone if its record cannot be read,
/// because the cancel did happen.
pub async fn after(
    call: &Call,
    caller: &Caller,
    done: &OrderDone,
    receipt: &Receipt,
) -> OrderReport {
    let target = OrderRef {
        order: done.order,
        ..OrderRef::default()
    };
    match call
        .queries()
        .order(caller.account, done.symbol, target)
        .await
    {
        Ok(Some(report)) => report,
        Ok(None) | Err(_) => from_done(done, receipt.time),
    }
}

/// The status that a cancel insists on, if any.
///
/// # Errors
/// -1145 for another word.
pub fn read_restriction(parameters: &Parameters) -> Result<CancelRestriction, ApiError> {
    match parameters.optional("cancelRestrictions")? {
        None => Ok(CancelRestriction::Any),
        Some("ONLY_NEW") => Ok(CancelRestriction::OnlyNew),
        Some("ONLY_PARTIALLY_FILLED") => Ok(CancelRestriction::OnlyPartiallyFilled),
        Some(_) => Err(ApiError::new(-1145, "Invalid cancelRestrictions")),
    }
}
