//! `DELETE /api/v3/order`: cancel one order.

use schemas::command::{CancelOrderV1, Command, OrderRef};
use schemas::event::OrderDone;
use schemas::instrument::OrderStatus;
use schemas::reject::RejectReason;
use schemas::report::{OrderReport, SymbolReport};

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
    check_restriction(call, caller, &symbol, (target, restriction)).await?;
    let cancel = CancelOrderV1 {
        target,
        valid_until: caller.valid_until,
        account: caller.account,
        symbol: symbol.symbol,
        cancel_client: cancel_client.unwrap_or_else(client_id::generate),
    };
    let receipt = call.submit(Command::CancelOrder(cancel)).await?;
    let Some(done) = cancelled(&receipt).next() else {
        let reason = cancel_refusal(&receipt);
        return Err(reason
            .map_or_else(error::lost, ApiError::from)
            .at(receipt.offset));
    };
    let report = after(call, caller, done, &receipt).await;
    let grid = Grid::new(&call.directory, symbol);
    let time = call.unit.print(receipt.time);
    let answer = CancelAnswer::new(&grid, &report, &cancel.cancel_client, time);
    Ok(Answer::json(&answer).at(receipt.offset))
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
pub fn read_restriction(parameters: &Parameters) -> Result<Option<OrderStatus>, ApiError> {
    match parameters.optional("cancelRestrictions")? {
        None => Ok(None),
        Some("ONLY_NEW") => Ok(Some(OrderStatus::New)),
        Some("ONLY_PARTIALLY_FILLED") => Ok(Some(OrderStatus::PartiallyFilled)),
        Some(_) => Err(ApiError::new(-1145, "Invalid cancelRestrictions")),
    }
}

/// Refuses a cancel whose order has another status as far as one can see from here; an
/// order that trades at the same moment may still slip through.
///
/// # Errors
/// -2011.
pub async fn check_restriction(
    call: &Call,
    caller: &Caller,
    symbol: &SymbolReport,
    (target, restriction): (OrderRef, Option<OrderStatus>),
) -> Result<(), ApiError> {
    let Some(wanted) = restriction else {
        return Ok(());
    };
    let found = call
        .queries()
        .order(caller.account, symbol.symbol, target)
        .await?;
    match found {
        Some(order) if order.status.is_open() && order.status != wanted => {
            let msg = "Order was not canceled due to cancel restrictions.";
            Err(ApiError::new(-2011, msg))
        }
        _ => Ok(()),
    }
}
