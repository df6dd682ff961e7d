//! `POST /api/v3/order/cancelReplace`: cancel one order and place another, in one step.

use axum::http::StatusCode;
use schemas::command::{CancelReplaceV1, Command};
use schemas::instrument::{CancelReplaceMode, CancelRestriction};
use schemas::order_command::{CancelReplaceWithTermsV1, PlaceOrderWithTermsV1};
use schemas::peg::{Peg, ReplacePeggedV1};
use schemas::reject::RejectReason;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError};
use crate::rest::cancel_order::{ended, read_restriction};
use crate::rest::new_order::{on_grid, refusal};
use crate::submit::Receipt;
use crate::wire::client_id;
use crate::wire::grid::Grid;
use crate::wire::leg::is_plain;
use crate::wire::new_order::NewOrder;
use crate::wire::order_answer::{CancelAnswer, NewOrderAnswer};
use crate::wire::order_events::{cancel_refusal, placed};
use crate::wire::order_target::{CANCELLED, Target};
use crate::wire::parameters::Parameters;

const EXTRA: [&str; 6] = [
    "cancelReplaceMode",
    CANCELLED.order,
    CANCELLED.client,
    "cancelNewClientOrderId",
    "cancelRestrictions",
    "orderRateLimitExceededMode",
];

/// One half of the answer: its result and its response as JSON text.
type Half = (&'static str, String);

const NOT_ATTEMPTED: &str = "NOT_ATTEMPTED";

/// Replaces an order.
pub async fn cancel_replace(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("cancelReplaceMode")?;
    let target = Target::read(parameters, CANCELLED)?;
    let cancel_client = client_id::read(parameters, "cancelNewClientOrderId")?;
    let request = NewOrder::read(parameters, &call.directory, &EXTRA)?;
    let mode = read_mode(parameters)?;
    let restriction = read_restriction(parameters)?;
    let order = on_grid(call, caller, &request)?;
    let Some(known) = target.known() else {
        let cancel = (
            "FAILURE",
            ApiError::from(RejectReason::UnknownOrder).nested(),
        );
        return Err(failed(cancel, (NOT_ATTEMPTED, "null".to_owned())));
    };
    let replace = CancelReplaceWithTermsV1 {
        new: order,
        target: known,
        cancel_client: cancel_client.unwrap_or_else(client_id::generate),
        mode,
        restriction,
    };
    let receipt = call.submit(command(replace, request.leg.peg)).await?;
    answer(call, caller, (&request, &replace), &receipt).await
}

/// The smallest command that does it.
pub fn command(replace: CancelReplaceWithTermsV1, peg: Peg) -> Command {
    if peg.is_some() {
        return Command::ReplacePegged(Box::new(ReplacePeggedV1 { replace, peg }));
    }
    let PlaceOrderWithTermsV1 { order, terms } = replace.new;
    if is_plain(&order, &terms) && replace.restriction == CancelRestriction::Any {
        return Command::CancelReplace(CancelReplaceV1 {
            order,
            target: replace.target,
            cancel_client: replace.cancel_client,
            mode: replace.mode,
        });
    }
    Command::CancelReplaceWithTerms(Box::new(replace))
}

/// What both halves came to.
async fn answer(
    call: &Call,
    caller: &Caller,
    (request, command): (&NewOrder, &CancelReplaceWithTermsV1),
    receipt: &Receipt,
) -> Outcome {
    let grid = Grid::new(&call.directory, request.symbol);
    let meant = (
        request.symbol.symbol,
        command.target,
        &command.cancel_client,
    );
    let ended = ended(call, caller, meant, receipt).await;
    let refused = cancel_refusal(receipt);
    let placed = placed(receipt, caller.account);
    if ended.is_none() && refused.is_none() && placed.is_none() {
        // Refused before anything was done: a filter, a state, a limit.
        return Err(refusal(call, caller, receipt));
    }
    let cancel: Half = match &ended {
        Some(report) => {
            let told = (&command.cancel_client, receipt.time);
            let answer = CancelAnswer::new(&grid, call.unit, report, told);
            ("SUCCESS", Answer::json(&answer).body)
        }
        None => {
            let error = refused.map_or_else(error::lost, ApiError::from);
            ("FAILURE", error.nested())
        }
    };
    let stopped = ended.is_none() && command.mode == CancelReplaceMode::StopOnFailure;
    let order: Half = match &placed {
        Some(placed) => {
            let answer = NewOrderAnswer::new(&grid, call.unit, request.detail, placed);
            ("SUCCESS", Answer::json(&answer).body)
        }
        None if stopped => (NOT_ATTEMPTED, "null".to_owned()),
        None => ("FAILURE", refusal(call, caller, receipt).nested()),
    };
    let counts = placed.map(|placed| (placed.accepted.orders_10s, placed.accepted.orders_1d));
    if (cancel.0, order.0) != ("SUCCESS", "SUCCESS") {
        return Err(failed(cancel, order).at(receipt.offset));
    }
    let answer = Answer::text(both(cancel, order)).at(receipt.offset);
    Ok(answer.order_counts(counts.unwrap_or_default()))
}

/// Both halves side by side.
fn both((cancel, cancelled): Half, (order, placed): Half) -> String {
    format!(
        "{{\"cancelResult\":\"{cancel}\",\"newOrderResult\":\"{order}\",\
         \"cancelResponse\":{cancelled},\"newOrderResponse\":{placed}}}"
    )
}

/// Half done is 409, nothing done is 400.
fn failed(cancel: Half, order: Half) -> ApiError {
    let half = cancel.0 == "SUCCESS" || order.0 == "SUCCESS";
    let mut error = if half {
        ApiError::new(-2021, "Order cancel-replace partially failed.").status(StatusCode::CONFLICT)
    } else {
        ApiError::new(-2022, "Order cancel-replace failed.")
    };
    error.data = Some(both(cancel, order));
    error
}

fn read_mode(parameters: &Parameters) -> Result<CancelReplaceMode, ApiError> {
    match parameters.required("cancelReplaceMode")? {
        "STOP_ON_FAILURE" => Ok(CancelReplaceMode::StopOnFailure),
        "ALLOW_FAILURE" => Ok(CancelReplaceMode::AllowFailure),
        _ => Err(error::invalid("cancelReplaceMode")),
    }
}
