//! `/fapi/v1/insuranceBalance`, `indexInfo`, `constituents`: what stands behind contracts.

use schemas::ids::AccountId;
use schemas::perpetual_report::IndexSource;
use schemas::report::SymbolReport;
use schemas::units::{Amount, RATE_ONE};
use serde_json::{Value, json};

use crate::call::{Answer, Call, Outcome};
use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;
use crate::wire::symbol_query::listed_of;

/// Decimals of what sources say.
const SOURCE_SCALE: u8 = 8;

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

/// Who says what the index price is; where an operator does, one row `manual`.
pub async fn constituents(call: &Call) -> Outcome {
    call.parameters.only(&["symbol"])?;
    let symbol = call.symbol()?;
    let mark = call.queries().mark(symbol.symbol).unwrap_or_default();
    let sources = call.queries().index_sources(symbol.symbol);
    let row = |source: &IndexSource| {
        // Who said nothing of use shows the dialect's "hidden".
        let price = source.price.map_or_else(
            || json!("-1"),
            |price| json!(Fixed::amount(Amount(price.into()), SOURCE_SCALE)),
        );
        json!({
            "exchange": source.name,
            "symbol": source.symbol,
            "price": price,
            "weight": Fixed::amount(Amount(source.weight.0.into()), SOURCE_SCALE),
        })
    };
    let mut rows: Vec<Value> = sources.iter().map(row).collect();
    if rows.is_empty() {
        let grid = Grid::new(&call.directory, symbol);
        rows.push(json!({
            "exchange": "manual",
            "symbol": symbol.name.as_str(),
            "price": grid.price(mark.index),
            "weight": Fixed::amount(Amount(RATE_ONE), SOURCE_SCALE),
        }));
    }
    Ok(Answer::json(&json!({
        "symbol": symbol.name.as_str(),
        "time": call.unit.print(mark.time),
        "constituents": rows,
    })))
}

/// Composite indices: there is none.
pub async fn index_info(call: &Call) -> Outcome {
    call.parameters.only(&["symbol"])?;
    Ok(Answer::json(&json!([])))
}
