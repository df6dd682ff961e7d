//! `POST /api/v3/order`: parse, submit, format. Nothing here knows how orders match.

use schemas::instrument::AccountState;
use schemas::order_command::PlaceOrderWithTermsV1;
use schemas::reject::RejectReason;
use schemas::report::SymbolReport;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError};
use crate::filters;
use crate::submit::Receipt;
use crate::wire::grid::Grid;
use crate::wire::new_order::{NewOrder, command};
use crate::wire::order_answer::NewOrderAnswer;
use crate::wire::order_events::{order_refusal, placed};

/// Places an order.
pub async fn new_order(call: &Call, caller: &Caller) -> Outcome {
    let request = NewOrder::read(&call.parameters, &call.directory, &[])?;
    let order = on_grid(call, caller, &request)?;
    let receipt = call.submit(command(order, request.leg.peg)).await?;
    let Some(placed) = placed(&receipt, caller.account) else {
        return Err(refusal(call, caller, &receipt));
    };
    let grid = Grid::new(&call.directory, request.symbol);
    let answer = NewOrderAnswer::new(&grid, call.unit, request.detail, &placed);
    let counts = (placed.accepted.orders_10s, placed.accepted.orders_1d);
    Ok(Answer::json(&answer)
        .at(receipt.offset)
        .order_counts(counts))
}

/// The command of an order; off the grid, the symbol's and the account's state go first.
///
/// # Errors
/// -2010 when nobody may trade now, else -1013 with the filter's name.
pub fn on_grid(
    call: &Call,
    caller: &Caller,
    request: &NewOrder,
) -> Result<PlaceOrderWithTermsV1, ApiError> {
    request
        .place(caller, &call.directory)
        .map_err(|error| off_grid(call, caller, &request.symbol, error))
}

/// What is told of a number off the grid: the symbol's and the account's state go first.
pub fn off_grid(call: &Call, caller: &Caller, symbol: &SymbolReport, error: ApiError) -> ApiError {
    match error.code {
        -1013 => closed(call, caller, symbol).unwrap_or(error),
        _ => error,
    }
}

/// Why nobody, or not this account, may place an order on the symbol now.
pub fn closed(call: &Call, caller: &Caller, symbol: &SymbolReport) -> Option<ApiError> {
    if filters::is_closed(&call.directory, symbol) {
        return Some(RejectReason::MarketClosed.into());
    }
    let account = call.queries().account(caller.account)?;
    let frozen = account.state == AccountState::Frozen;
    frozen.then(|| RejectReason::AccountFrozen.into())
}

/// Why the command placed no order, as the client is told.
pub fn refusal(call: &Call, caller: &Caller, receipt: &Receipt) -> ApiError {
    let error = match order_refusal(receipt) {
        None => error::lost(),
        Some(RejectReason::TooManyOrders) => too_many(call, caller),
        Some(reason) => reason.into(),
    };
    error.at(receipt.offset)
}

/// -1015 with the limit that is used up, where the venue's own limits tell which.
pub fn too_many(call: &Call, caller: &Caller) -> ApiError {
    let limits = call.directory.limits;
    let (per_10s, per_day) = call.queries().order_counts(caller.account);
    let used_up = if per_day >= limits.orders_per_day {
        Some((limits.orders_per_day, "1 DAY"))
    } else if per_10s >= limits.orders_per_10s {
        Some((limits.orders_per_10s, "10 SECOND"))
    } else {
        None
    };
    let mut error = ApiError::from(RejectReason::TooManyOrders);
    if let Some((limit, interval)) = used_up {
        let msg = format!("Too many new orders; current limit is {limit} orders per {interval}.");
        error.msg = msg.into();
    }
    error
}
