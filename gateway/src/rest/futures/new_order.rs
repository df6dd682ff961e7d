//! `POST /fapi/v1/order`, `order/test` and `algoOrder`: parse, submit, format.

use schemas::command::{Command, RequestDigest};
use schemas::event::Event;
use schemas::perpetual_command::PlacePerpetualV1;
use schemas::perpetual_report::PerpetualOrder;
use schemas::units::TimeNs;
use serde_json::json;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::futures as refusal;
use crate::error::{self, ApiError};
use crate::filters;
use crate::rest::new_order::too_many;
use crate::submit::Receipt;
use crate::wire::futures::new_order::FuturesOrder;
use crate::wire::futures::order::{AlgoOrderAnswer, FuturesOrderAnswer};
use crate::wire::grid::Grid;
use crate::wire::new_order::read_detail;
use crate::wire::order_events::{Placed, order_refusal, placed};
use crate::wire::parameters::Parameters;
use schemas::reject::RejectReason;

/// Places an order that acts at once.
pub async fn new_order(call: &Call, caller: &Caller) -> Outcome {
    read_detail(&call.parameters)?;
    let order = FuturesOrder::read(&call.parameters, &call.directory)?;
    place(call, caller, (&order, caller.request)).await
}

/// Places an order that waits for a price.
pub async fn new_algo_order(call: &Call, caller: &Caller) -> Outcome {
    read_detail(&call.parameters)?;
    let order = FuturesOrder::read_algo(&call.parameters, &call.directory)?;
    place(call, caller, (&order, caller.request)).await
}

/// Checks an order and places nothing.
pub async fn test_order(call: &Call, caller: &Caller) -> Outcome {
    read_detail(&call.parameters)?;
    let order = FuturesOrder::read(&call.parameters, &call.directory)?;
    let command = order.place(caller, caller.request)?;
    if filters::is_closed(&call.directory, &order.symbol) {
        return Err(refusal::of(RejectReason::MarketClosed));
    }
    if let Err(failed) = filters::test(&order.symbol, &command.order) {
        let reason = match failed.msg.contains("PRICE") {
            true => RejectReason::PriceFilter,
            false => RejectReason::LotSize,
        };
        let grid = Grid::new(&call.directory, order.symbol);
        return Err(refusal::of_order(reason, &grid, (&command, None)));
    }
    Ok(Answer::json(&json!({})))
}

/// Reads one order of a batch.
///
/// # Errors
/// As [`FuturesOrder::read`].
pub fn read(call: &Call, parameters: &Parameters) -> Result<FuturesOrder, ApiError> {
    read_detail(parameters)?;
    FuturesOrder::read(parameters, &call.directory)
}

/// Hands an order over and tells what became of it.
///
/// # Errors
/// The engine's reason, in the words of futures.
pub async fn place(
    call: &Call,
    caller: &Caller,
    (order, request): (&FuturesOrder, RequestDigest),
) -> Outcome {
    let command = order.place(caller, request)?;
    let receipt = call.submit(Command::PlacePerpetual(command)).await?;
    let grid = Grid::new(&call.directory, order.symbol);
    let Some(placed) = placed(&receipt, caller.account) else {
        return Err(refused(call, caller, (&grid, &command), &receipt));
    };
    let extra = accepted(&receipt, &placed);
    let answer = match command.order.order_type.is_contingent() {
        true => {
            let told = AlgoOrderAnswer::new(&grid, call.unit, (&placed.report, &extra));
            Answer::json(&told)
        }
        false => {
            let told = FuturesOrderAnswer::new(&grid, call.unit, (&placed.report, &extra));
            Answer::json(&told)
        }
    };
    let counts = (placed.accepted.orders_10s, placed.accepted.orders_1d);
    Ok(answer.at(receipt.offset).order_counts(counts))
}

/// What the order has beside its report, right after its command.
fn accepted(receipt: &Receipt, placed: &Placed) -> PerpetualOrder {
    let (symbol, order) = (placed.accepted.symbol, placed.accepted.order);
    let mut extra = PerpetualOrder {
        symbol,
        order,
        terms: schemas::perpetual::PerpetualTerms::PLAIN,
        stop_price: schemas::units::Price::ZERO,
        callback: 0,
        waits: false,
        triggered: TimeNs(0),
    };
    for event in &receipt.events {
        match event {
            Event::PerpetualAccepted(told) if (told.symbol, told.order) == (symbol, order) => {
                extra.terms = told.terms;
                extra.stop_price = told.stop_price;
                extra.callback = told.callback;
                extra.waits = told.waits;
            }
            Event::OrderTriggered(told) if (told.symbol, told.order) == (symbol, order) => {
                extra.waits = false;
                extra.triggered = receipt.time;
            }
            _ => {}
        }
    }
    extra
}

fn refused(
    call: &Call,
    caller: &Caller,
    (grid, command): (&Grid, &PlacePerpetualV1),
    receipt: &Receipt,
) -> ApiError {
    let error = match order_refusal(receipt) {
        None => error::lost(),
        Some(RejectReason::TooManyOrders) => too_many(call, caller),
        Some(reason) => {
            let mark = call.queries().mark(command.order.symbol);
            refusal::of_order(reason, grid, (command, mark))
        }
    };
    error.at(receipt.offset)
}
