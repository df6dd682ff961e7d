//! `PUT /api/v3/order/amend/keepPriority`: a smaller quantity, the same place.

use schemas::command::{AmendOrderV1, Command, OrderRef};
use schemas::event::{Event, OrderAmended};
use schemas::reject::RejectReason;
use schemas::report::OrderReport;
use schemas::units::Qty;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError};
use crate::filters;
use crate::rest::new_order::closed;
use crate::submit::Receipt;
use crate::wire::client_id;
use crate::wire::grid::Grid;
use crate::wire::order_answer::{AmendAnswer, AmendedOrder};
use crate::wire::order_events::{cancel_refusal, event_number};
use crate::wire::order_target::{ORDER, Target};

const NAMES: [&str; 5] = [
    "symbol",
    ORDER.order,
    ORDER.client,
    "newClientOrderId",
    "newQty",
];

/// Lowers an order's quantity.
pub async fn amend_order(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    let target = Target::read(parameters, ORDER)?;
    parameters.required("newQty")?;
    parameters.only(&NAMES)?;
    let new_client = client_id::read(parameters, "newClientOrderId")?;
    let new_qty = parameters
        .decimal("newQty")?
        .ok_or_else(|| error::mandatory("newQty"))?;
    let symbol = call.symbol()?;
    let target = target
        .known()
        .ok_or_else(|| error::amend_rejected(RejectReason::UnknownOrder))?;
    let new_qty = filters::qty(&symbol, new_qty)
        .map_err(|error| closed(call, caller, &symbol).unwrap_or(error))?;
    let amend = AmendOrderV1 {
        target,
        new_qty,
        valid_until: caller.valid_until,
        account: caller.account,
        symbol: symbol.symbol,
        request: caller.request,
        new_client: new_client.unwrap_or_else(client_id::generate),
    };
    let receipt = call.submit(Command::AmendOrder(amend)).await?;
    let Some((number, amended)) = amendment(&receipt) else {
        return Err(refusal(call, &amend, &receipt).await.at(receipt.offset));
    };
    let Some(report) = lookup(call, &amend, amended).await? else {
        return Err(error::lost().at(receipt.offset));
    };
    let grid = Grid::new(&call.directory, symbol);
    let answer = AmendAnswer {
        transact_time: call.unit.print(receipt.time),
        execution_id: number,
        amended_order: AmendedOrder::new(&grid, call.unit, &report, &amended.old_client),
    };
    Ok(Answer::json(&answer).at(receipt.offset))
}

/// The amendment and the number of its event.
fn amendment(receipt: &Receipt) -> Option<(u64, &OrderAmended)> {
    receipt
        .events
        .iter()
        .enumerate()
        .find_map(|(index, event)| match event {
            Event::OrderAmended(amended) => Some((event_number(receipt.offset, index), amended)),
            _ => None,
        })
}

/// The order with the numbers of that very amendment.
async fn lookup(
    call: &Call,
    amend: &AmendOrderV1,
    amended: &OrderAmended,
) -> Result<Option<OrderReport>, ApiError> {
    let target = OrderRef {
        order: amended.order,
        ..OrderRef::default()
    };
    let found = call
        .queries()
        .order(amend.account, amend.symbol, target)
        .await?;
    Ok(found.map(|mut report| {
        report.client_order = amended.new_client;
        report.qty = amended.new_qty;
        report.executed = amended.executed;
        report.quote = amended.quote;
        let filled = Qty(amended.executed.0 + amended.open.0);
        report.prevented = Qty(amended.new_qty.0 - filled.0);
        report
    }))
}

/// Why nothing was amended; which way a quantity is wrong, only the order tells.
async fn refusal(call: &Call, amend: &AmendOrderV1, receipt: &Receipt) -> ApiError {
    let Some(reason) = cancel_refusal(receipt) else {
        return error::lost();
    };
    if reason != RejectReason::AmendNotSmaller {
        return error::amend_rejected(reason);
    }
    let found = call
        .queries()
        .order(amend.account, amend.symbol, amend.target)
        .await;
    match found {
        Ok(Some(order)) if order.qty == amend.new_qty => ApiError::new(
            -2038,
            "The requested action would change no state; rejecting.",
        ),
        Ok(Some(order)) if amend.new_qty < order.qty => ApiError::new(
            -2038,
            "The new quantity must be above the executed quantity.",
        ),
        _ => error::amend_rejected(reason),
    }
}
