//! `POST /fapi/v1/positionMargin`: margin beside an isolated position, more or less.

use schemas::command::Command;
use schemas::perpetual_command::AdjustMarginV1;
use schemas::units::Amount;
use serde_json::json;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error;
use crate::rest::futures::settings::check;
use crate::wire::decimal::OffGrid;
use crate::wire::futures::new_order::read_position_side;
use crate::wire::grid::Grid;

/// Adds (1) or takes back (2).
pub async fn position_margin(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    parameters.required("amount")?;
    parameters.required("type")?;
    parameters.only(&["symbol", "positionSide", "amount", "type"])?;
    let direction = parameters.integer("type")?;
    let side = read_position_side(parameters)?;
    let amount = parameters.decimal("amount")?;
    let symbol = call.symbol()?;
    let grid = Grid::new(&call.directory, symbol);
    let amount = amount.ok_or_else(|| error::mandatory("amount"))?;
    let Amount(amount) = amount
        .amount(grid.quote.scale)
        .map_err(|OffGrid| error::invalid("amount"))?;
    let signed = match direction {
        Some(1) => amount,
        Some(2) => -amount,
        _ => return Err(error::invalid("type").hint("1 adds margin, 2 takes it back")),
    };
    if amount == 0 {
        return Err(error::invalid("amount"));
    }
    let command = AdjustMarginV1 {
        amount: Amount(signed),
        account: caller.account,
        symbol: symbol.symbol,
        side,
    };
    let receipt = call.submit(Command::AdjustMargin(command)).await?;
    check(&receipt).map_err(|(_, error)| error)?;
    let answer = json!({
        "amount": grid.quote(Amount(amount)),
        "code": 200,
        "msg": "Successfully modify position margin.",
        "type": direction,
    });
    Ok(Answer::json(&answer).at(receipt.offset))
}
