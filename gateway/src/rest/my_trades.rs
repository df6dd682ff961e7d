//! `GET /api/v3/myTrades`: own trades, a page at a time.

use schemas::ids::{OrderId, TradeId};
use schemas::page::TradePage;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error;
use crate::wire::account::MyTradeAnswer;
use crate::wire::grid::Grid;
use crate::wire::page::Page;
use crate::wire::parameters::Parameters;

/// What a page costs, with an order or without.
pub fn weight(parameters: &Parameters) -> u32 {
    if parameters.has("orderId") { 5 } else { 20 }
}

/// Answers a page of trades, by number; one against oneself counts twice.
pub async fn my_trades(call: &Call, caller: &Caller) -> Outcome {
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
    let timed = start.is_some() || end.is_some();
    if timed && (order.is_some() || from.is_some()) {
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
    let trades = call.queries().trades(page).await?;
    let grid = Grid::new(&call.directory, symbol);
    let mut rows = Vec::with_capacity(trades.len());
    for trade in &trades {
        let roles = trade.roles(account, order);
        rows.extend(roles.map(|maker| MyTradeAnswer::new(&grid, call.unit, trade, maker)));
    }
    Ok(Answer::json(&rows))
}
