//! `/fapi/v1/positionMargin` and its `history`: margin beside an isolated position, more or
//! less; and `adlQuantile`, how early a position would be deleveraged.

use schemas::command::Command;
use schemas::perpetual_command::AdjustMarginV1;
use schemas::units::Amount;
use serde_json::{Map, Value, json};

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error;
use crate::rest::futures::past_orders::page;
use crate::rest::futures::settings::check;
use crate::wire::decimal::OffGrid;
use crate::wire::futures::new_order::read_position_side;
use crate::wire::grid::Grid;
use crate::wire::names::Spelled;
use crate::wire::symbol_query::listed_of;

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

const ROWS_MAX: usize = 1_000;

/// What its owner put beside isolated positions or took back, the oldest first.
pub async fn history(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    parameters.only(&["symbol", "type", "startTime", "endTime", "limit"])?;
    let adds = match parameters.integer("type")? {
        None => None,
        Some(1) => Some(true),
        Some(2) => Some(false),
        Some(_) => return Err(error::invalid("type")),
    };
    let page = page(call, caller, ROWS_MAX)?;
    let symbol = call.symbol()?;
    let changes = call.queries().margin_changes(page, adds).await?;
    let grid = Grid::new(&call.directory, symbol);
    let rows: Vec<Value> = changes
        .iter()
        .map(|change| {
            json!({
                "symbol": grid.name(),
                "type": if change.amount < Amount::ZERO { 2 } else { 1 },
                "deltaType": "USER_ADJUST",
                "amount": grid.quote(Amount(change.amount.0.abs())),
                "asset": grid.quote.code.as_str(),
                "time": call.unit.print(change.time),
                "positionSide": change.side.text(),
            })
        })
        .collect();
    Ok(Answer::json(&rows))
}

/// Fifths of the queue by symbol and side: 4 is deleveraged first.
pub async fn adl_quantile(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&["symbol"])?;
    let asked = match call.parameters.optional("symbol")? {
        None => None,
        Some(_) => Some(call.symbol()?.symbol),
    };
    let ranks = call.queries().deleveraging_ranks(caller.account);
    let rows = listed_of(&call.directory, call.product).filter_map(|symbol| {
        if asked.is_some_and(|asked| asked != symbol.symbol) {
            return None;
        }
        let ranks = ranks.iter().filter(|rank| rank.symbol == symbol.symbol);
        let quantiles: Map<String, Value> = ranks
            .map(|rank| (rank.side.text().to_owned(), json!(rank.quantile)))
            .collect();
        let row = json!({ "symbol": symbol.name.as_str(), "adlQuantile": quantiles });
        (!quantiles.is_empty()).then_some(row)
    });
    Ok(Answer::json(&rows.collect::<Vec<Value>>()))
}
