//! `/fapi/v1/insuranceBalance`, `indexInfo`, `constituents`: what stands behind contracts.

use schemas::ids::AccountId;
use schemas::report::SymbolReport;
use schemas::units::Amount;
use serde_json::{Value, json};

use crate::call::{Answer, Call, Outcome};
use crate::wire::decimal::Fixed;
use crate::wire::symbol_query::listed_of;

/// The insurance fund, which backs every perpetual of the same quote asset: its wallet and
/// what it holds, at mark prices.
pub async fn insurance_balance(call: &Call) -> Outcome {
    call.parameters.only(&["symbol"])?;
    let asked = match call.parameters.optional("symbol")? {
        None => None,
        Some(_) => Some(call.symbol()?),
    };
    let groups = call.directory.assets.iter().filter_map(|asset| {
        let backed = |symbol: &SymbolReport| symbol.quote == asset.asset;
        if asked.is_some_and(|symbol| !backed(&symbol)) {
            return None;
        }
        let symbols: Vec<Value> = listed_of(&call.directory, call.product)
            .filter(backed)
            .map(|symbol| json!(symbol.name.as_str()))
            .collect();
        let fund = call.queries().futures_account(AccountId::INSURANCE);
        let fund = fund.unwrap_or_default().balances;
        let fund = fund.into_iter().find(|it| it.asset == asset.asset);
        let fund = fund.unwrap_or_default();
        let margin = Amount(fund.wallet().0 + fund.unrealised().0);
        let row = json!({
            "symbols": symbols,
            "assets": [{
                "asset": asset.code.as_str(),
                "marginBalance": Fixed::amount(margin, asset.scale),
                "updateTime": call.unit.print(fund.updated),
            }],
        });
        (!symbols.is_empty()).then_some(row)
    });
    let mut groups: Vec<Value> = groups.collect();
    Ok(match asked {
        Some(_) => Answer::json(&groups.pop().unwrap_or_else(|| json!({}))),
        None => Answer::json(&groups),
    })
}

/// Composite indices: there is none.
pub async fn index_info(call: &Call) -> Outcome {
    call.parameters.only(&["symbol"])?;
    Ok(Answer::json(&json!([])))
}
