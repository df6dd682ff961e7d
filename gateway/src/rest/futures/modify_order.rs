//! `PUT /fapi/v1/order`: another price, another quantity, or both; the number stays.

use schemas::command::{Command, RequestDigest};
use schemas::event::Event;
use schemas::instrument::SymbolKind;
use schemas::perpetual::PriceMatch;
use schemas::perpetual_command::ModifyOrderV1;
use schemas::reject::RejectReason;
use schemas::units::Price;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::futures as refusal;
use crate::error::{self, ApiError};
use crate::rest::futures::orders::told;
use crate::submit::Receipt;
use crate::wire::futures::new_order::{check_price, price, qty, read_price_match};
use crate::wire::futures::order::FuturesOrderAnswer;
use crate::wire::grid::Grid;
use crate::wire::new_order::read_side;
use crate::wire::order_events::order_refusal;
use crate::wire::order_target::{ORDER, Target};
use crate::wire::parameters::Parameters;
use crate::wire::symbol_query::find;

const NAMES: [&str; 7] = [
    "symbol",
    "side",
    "quantity",
    "price",
    "priceMatch",
    ORDER.order,
    ORDER.client,
];

/// Modifies an order.
pub async fn modify_order(call: &Call, caller: &Caller) -> Outcome {
    modify(call, caller, (&call.parameters, caller.request)).await
}

/// Modifies the order that those parameters name.
///
/// # Errors
/// The first check that fails; the engine's reason in the words of futures.
pub async fn modify(
    call: &Call,
    caller: &Caller,
    (parameters, request): (&Parameters, RequestDigest),
) -> Outcome {
    let symbol = parameters.required("symbol")?;
    let side = parameters.required("side")?;
    parameters.required("quantity")?;
    let price_match = read_price_match(parameters)?;
    check_price(parameters, price_match)?;
    let target = Target::read(parameters, ORDER)?;
    parameters.only(&NAMES)?;
    let given = (
        parameters.decimal("quantity")?,
        parameters.decimal("price")?,
    );
    let symbol = find(&call.directory, SymbolKind::Perpetual, symbol)?;
    let side = read_side(side)?;
    let new_qty = given.0.ok_or_else(|| error::mandatory("quantity"))?;
    let new_price = match given.1.filter(|_| price_match == PriceMatch::None) {
        None => Price::ZERO,
        Some(given) => price(&symbol, given)?,
    };
    let unknown = || ApiError::from(RejectReason::UnknownOrder);
    let command = ModifyOrderV1 {
        target: target.known().ok_or_else(unknown)?,
        new_qty: qty(&symbol, new_qty)?,
        new_price,
        valid_until: caller.valid_until,
        account: caller.account,
        symbol: symbol.symbol,
        request,
        side,
        price_match,
    };
    let receipt = call.submit(Command::ModifyOrder(command)).await?;
    if let Some(reason) = refused(&receipt) {
        return Err(refusal::of(reason).at(receipt.offset));
    }
    let queries = call.queries();
    let found = queries.order(caller.account, symbol.symbol, command.target);
    let report = found.await?.ok_or_else(error::lost)?;
    let (report, order) = told(call, report).await?;
    let grid = Grid::new(&call.directory, symbol);
    let answer = FuturesOrderAnswer::new(&grid, call.unit, (&report, &order));
    Ok(Answer::json(&answer).at(receipt.offset))
}

fn refused(receipt: &Receipt) -> Option<RejectReason> {
    let modified = receipt.events.iter().find_map(|event| match event {
        Event::ModifyRejected(rejected) => Some(rejected.reason),
        _ => None,
    });
    modified.or_else(|| order_refusal(receipt))
}
