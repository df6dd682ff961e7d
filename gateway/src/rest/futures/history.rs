//! `/fapi/v1/userTrades` and `income`: what an account's trades and wallets went through.

use schemas::ids::{OrderId, TradeId};
use schemas::page::TradePage;
use schemas::perpetual_report::{IncomeKind, IncomePage};

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error;
use crate::wire::clock::{read_end_time, read_time};
use crate::wire::futures::account::IncomeRow;
use crate::wire::futures::trade::UserTradeRow;
use crate::wire::grid::Grid;
use crate::wire::names::Name;
use crate::wire::page::Page;

const ROWS: usize = 100;
const ROWS_MAX: usize = 1_000;

/// Answers a page of trades, by number; one against oneself counts twice.
pub async fn user_trades(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    parameters.only(&[
        "symbol",
        "orderId",
        "startTime",
        "endTime",
        "fromId",
        "limit",
    ])?;
    let order = parameters.integer("orderId")?.map(OrderId);
    let from = parameters.integer("fromId")?.map(TradeId);
    let Page { start, end, limit } = Page::read(parameters)?;
    if from.is_some() && (start.is_some() || end.is_some()) {
        return Err(error::bad_combination());
    }
    let symbol = call.symbol()?;
    let account = caller.account;
    let page = TradePage {
        account,
        symbol: symbol.symbol,
        order,
        from,
        start,
        end,
        limit,
    };
    let queries = call.queries();
    let trades = queries.trades(page).await?;
    let ids: Vec<TradeId> = trades.iter().map(|trade| trade.trade).collect();
    let profits = queries.trade_profits(account, symbol.symbol, ids).await?;
    let grid = Grid::new(&call.directory, symbol);
    let mut rows = Vec::with_capacity(trades.len());
    for (trade, profit) in trades.iter().zip(profits) {
        let row = |is_maker| UserTradeRow::new(&grid, call.unit, (trade, is_maker), profit);
        rows.extend(trade.roles(account, order).map(row));
    }
    Ok(Answer::json(&rows))
}

/// Answers a page of changes of the futures wallets, by time.
pub async fn income(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.only(&[
        "symbol",
        "incomeType",
        "startTime",
        "endTime",
        "page",
        "limit",
    ])?;
    let symbol = match parameters.optional("symbol")? {
        None => None,
        Some(_) => Some(call.symbol()?.symbol),
    };
    let kind = match parameters.optional("incomeType")? {
        None => None,
        Some(word) => Some(IncomeKind::parse(word).ok_or_else(|| error::invalid("incomeType"))?),
    };
    let page = IncomePage {
        account: caller.account,
        symbol,
        kind,
        start: parameters.integer("startTime")?.map(read_time),
        end: parameters.integer("endTime")?.map(read_end_time),
        limit: parameters.limit(ROWS, ROWS_MAX)?,
    };
    let changes = call.queries().income(page).await?;
    let rows: Vec<IncomeRow> = changes
        .iter()
        .filter_map(|change| IncomeRow::new(&call.directory, call.unit, change))
        .collect();
    Ok(Answer::json(&rows))
}
