//! What an account chose: `/fapi/v1/leverage`, `marginType`, `positionSide/dual`,
//! `multiAssetsMargin`; and what follows from it: `leverageBracket`, `symbolConfig`,
//! `accountConfig`, `commissionRate`.

use schemas::command::Command;
use schemas::event::Event;
use schemas::instrument::AccountState;
use schemas::margin::Table;
use schemas::perpetual::MarginType;
use schemas::perpetual_command::{SetLeverageV1, SetMarginTypeV1, SetPositionModeV1};
use schemas::perpetual_report::{ContractReport, SymbolConfig};
use schemas::reject::RejectReason;
use schemas::report::SymbolReport;
use serde_json::{Value, json};

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::futures as refusal;
use crate::error::{self, ApiError};
use crate::rest::futures::account::read;
use crate::submit::Receipt;
use crate::wire::account::{rates, untouched};
use crate::wire::decimal::Fixed;
use crate::wire::futures::position::{most_notional, notional_max, number};
use crate::wire::grid::Grid;
use crate::wire::names::{Name, Spelled};
use crate::wire::order_change::trade_group_id;
use crate::wire::order_events::order_refusal;
use crate::wire::symbol_query::listed_of;

/// `POST leverage`.
pub async fn set_leverage(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    let given = parameters.required("leverage")?;
    parameters.only(&["symbol", "leverage"])?;
    let leverage = parameters.integer("leverage")?.unwrap_or(0);
    let symbol = call.symbol()?;
    let leverage = u32::try_from(leverage)
        .ok()
        .filter(|leverage| *leverage != 0);
    let leverage = leverage.ok_or_else(|| refusal::invalid_leverage(given))?;
    let command = SetLeverageV1 {
        account: caller.account,
        symbol: symbol.symbol,
        leverage,
    };
    let receipt = call.submit(Command::SetLeverage(command)).await?;
    check(&receipt).map_err(|(reason, error)| match reason {
        RejectReason::InvalidLeverage => refusal::invalid_leverage(given).at(receipt.offset),
        _ => error,
    })?;
    let grid = Grid::new(&call.directory, symbol);
    let contract = call.queries().contract(symbol.symbol);
    let most = most_notional(&grid, notional_max(contract.as_ref(), leverage));
    let answer = json!({
        "leverage": leverage,
        "maxNotionalValue": most,
        "symbol": grid.name(),
    });
    Ok(Answer::json(&answer).at(receipt.offset))
}

/// `POST marginType`.
pub async fn set_margin_type(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    let given = parameters.required("marginType")?;
    parameters.only(&["symbol", "marginType"])?;
    let symbol = call.symbol()?;
    let margin_type = match given {
        "CROSS" => Some(MarginType::Cross),
        given => MarginType::parse(given),
    };
    let command = SetMarginTypeV1 {
        account: caller.account,
        symbol: symbol.symbol,
        margin_type: margin_type.ok_or_else(|| error::invalid("marginType"))?,
    };
    let receipt = call.submit(Command::SetMarginType(command)).await?;
    check(&receipt).map_err(|(_, error)| error)?;
    Ok(success().at(receipt.offset))
}

/// `POST positionSide/dual`.
pub async fn set_position_mode(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("dualSidePosition")?;
    parameters.only(&["dualSidePosition"])?;
    let command = SetPositionModeV1 {
        account: caller.account,
        hedge: parameters.flag("dualSidePosition")?,
    };
    let receipt = call.submit(Command::SetPositionMode(command)).await?;
    check(&receipt).map_err(|(_, error)| error)?;
    Ok(success().at(receipt.offset))
}

/// `GET positionSide/dual`.
pub async fn position_mode(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&[])?;
    let hedge = read(call, caller).hedge;
    Ok(Answer::json(&json!({ "dualSidePosition": hedge })))
}

/// `GET multiAssetsMargin`: margin is kept in one asset.
pub async fn multi_assets_margin(call: &Call, _: &Caller) -> Outcome {
    call.parameters.only(&[])?;
    Ok(Answer::json(&json!({ "multiAssetsMargin": false })))
}

/// `GET leverageBracket`: the table of one perpetual, or of all.
pub async fn leverage_bracket(call: &Call, _: &Caller) -> Outcome {
    let rows = symbols(call)?.into_iter().filter_map(|symbol| {
        let contract = call.queries().contract(symbol.symbol)?;
        brackets(&Grid::new(&call.directory, symbol), &contract)
    });
    Ok(Answer::json(&rows.collect::<Vec<Value>>()))
}

/// `GET symbolConfig`: leverage and margin type of one perpetual, or of all.
pub async fn symbol_config(call: &Call, caller: &Caller) -> Outcome {
    let rows = symbols(call)?.into_iter().filter_map(|symbol| {
        let grid = Grid::new(&call.directory, symbol);
        let queries = call.queries();
        let contract = queries.contract(symbol.symbol);
        let config: SymbolConfig = queries.symbol_config(caller.account, symbol.symbol)?;
        let most = notional_max(contract.as_ref(), config.leverage);
        Some(json!({
            "symbol": grid.name(),
            "marginType": config.margin_type.text(),
            "isAutoAddMargin": "false",
            "leverage": config.leverage,
            "maxNotionalValue": most_notional(&grid, most),
        }))
    });
    Ok(Answer::json(&rows.collect::<Vec<Value>>()))
}

/// `GET accountConfig`.
pub async fn account_config(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&[])?;
    let spot = call.queries().account(caller.account);
    let spot = spot.unwrap_or_else(|| untouched(caller.account));
    Ok(Answer::json(&json!({
        "feeTier": spot.tier,
        "canTrade": spot.state == AccountState::Active,
        "canDeposit": true,
        "canWithdraw": call.directory.withdrawals,
        "dualSidePosition": read(call, caller).hedge,
        "updateTime": 0,
        "multiAssetsMargin": false,
        "tradeGroupId": trade_group_id(spot.trade_group),
    })))
}

/// `GET commissionRate`.
pub async fn commission_rate(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.required("symbol")?;
    call.parameters.only(&["symbol"])?;
    let symbol = call.symbol()?;
    let account = call.queries().account(caller.account);
    let tier = account.map_or(0, |account| account.tier);
    let (maker, taker) = rates(&call.directory, tier, Some(&symbol));
    Ok(Answer::json(&json!({
        "symbol": symbol.name.as_str(),
        "makerCommissionRate": Fixed::rate(maker),
        "takerCommissionRate": Fixed::rate(taker),
    })))
}

/// The answer to a setting that took.
pub fn success() -> Answer {
    Answer::json(&json!({ "code": 200, "msg": "success" }))
}

/// Whether a command took; else its reason in the words of futures.
///
/// # Errors
/// The reason and its refusal.
pub fn check(receipt: &Receipt) -> Result<(), (RejectReason, ApiError)> {
    let rejected = receipt.events.iter().find_map(|event| match event {
        Event::CommandRejected { reason } => Some(*reason),
        _ => None,
    });
    match rejected.or_else(|| order_refusal(receipt)) {
        None => Ok(()),
        Some(reason) => Err((reason, refusal::of(reason).at(receipt.offset))),
    }
}

fn symbols(call: &Call) -> Result<Vec<SymbolReport>, ApiError> {
    call.parameters.only(&["symbol"])?;
    match call.parameters.optional("symbol")? {
        Some(_) => Ok(vec![call.symbol()?]),
        None => Ok(listed_of(&call.directory, call.product).collect()),
    }
}

fn brackets(grid: &Grid, contract: &ContractReport) -> Option<Value> {
    let table = Table::new(&contract.brackets)?;
    let whole = |amount: schemas::units::Amount| {
        let one = 10_i128.pow(u32::from(grid.quote.scale));
        i64::try_from(amount.0 / one).unwrap_or(i64::MAX)
    };
    let rows = table.brackets().iter().enumerate().map(|(place, row)| {
        let next = table.brackets().get(place + 1);
        json!({
            "bracket": place + 1,
            "initialLeverage": row.max_leverage,
            "notionalCap": next.map_or(i64::MAX, |next| whole(next.floor)),
            "notionalFloor": whole(row.floor),
            "maintMarginRatio": number(row.maintenance),
            "cum": whole(table.deduction(place)),
        })
    });
    Some(json!({
        "symbol": grid.name(),
        "notionalCoef": 1,
        "brackets": rows.collect::<Vec<Value>>(),
    }))
}
