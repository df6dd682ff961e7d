//! `/fapi/v1/forceOrders` and `orderAmendment`: what happened to orders.

use schemas::ids::OrderId;
use schemas::perpetual_report::AccountPage;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError};
use crate::rest::futures::orders::all_told;
use crate::wire::clock::{read_end_time, read_time};
use crate::wire::futures::order::{FuturesOrderAnswer, ModificationAnswer};
use crate::wire::grid::Grid;
use crate::wire::order_target::{ORDER, Target};

const ROWS: usize = 50;
const ROWS_MAX: usize = 100;

/// What a page of forced orders costs.
pub fn weight(parameters: &crate::wire::parameters::Parameters) -> u32 {
    if parameters.has("symbol") { 20 } else { 50 }
}

/// Orders by which this account was liquidated, the oldest first. Deleveraging closes a
/// position without an order, so that there is none of it here.
pub async fn force_orders(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.only(&["symbol", "autoCloseType", "startTime", "endTime", "limit"])?;
    let is_empty = match parameters.optional("autoCloseType")? {
        None | Some("LIQUIDATION") => false,
        Some("ADL") => true,
        Some(_) => return Err(error::invalid("autoCloseType")),
    };
    let page = page(call, caller, ROWS_MAX)?;
    let reports = match is_empty {
        true => Vec::new(),
        false => call.queries().forced_orders(page).await?,
    };
    let told = all_told(call, reports).await?;
    let grids = call.grids(call.directory.symbols.clone());
    let rows: Vec<FuturesOrderAnswer> = told
        .iter()
        .filter_map(|(report, order)| {
            let grid = grids.get(report.symbol.0 as usize)?;
            Some(FuturesOrderAnswer::new(grid, call.unit, (report, order)))
        })
        .collect();
    Ok(Answer::json(&rows))
}

/// What was changed of an order, or of all on a symbol, the oldest first.
pub async fn order_amendment(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    parameters.only(&[
        "symbol",
        ORDER.order,
        ORDER.client,
        "startTime",
        "endTime",
        "limit",
    ])?;
    let named = parameters.has(ORDER.order) || parameters.has(ORDER.client);
    let target = match named {
        true => Some(Target::read(parameters, ORDER)?),
        false => None,
    };
    let page = page(call, caller, ROWS_MAX)?;
    let symbol = call.symbol()?;
    let mut order: Option<OrderId> = None;
    if let Some(target) = target {
        let missing = || ApiError::new(-2013, "Order does not exist.");
        let known = target.known().ok_or_else(missing)?;
        let found = call.queries().order(caller.account, symbol.symbol, known);
        order = Some(found.await?.ok_or_else(missing)?.order);
    }
    let changes = call.queries().modifications(page, order).await?;
    let grid = Grid::new(&call.directory, symbol);
    let rows: Vec<ModificationAnswer> = changes
        .iter()
        .map(|change| ModificationAnswer::new(&grid, call.unit, change))
        .collect();
    Ok(Answer::json(&rows))
}

/// The page that the parameters name.
///
/// # Errors
/// For parameters that mean nothing.
pub fn page(call: &Call, caller: &Caller, most: usize) -> Result<AccountPage, ApiError> {
    let parameters = &call.parameters;
    let symbol = match parameters.optional("symbol")? {
        None => None,
        Some(_) => Some(call.symbol()?.symbol),
    };
    Ok(AccountPage {
        account: caller.account,
        symbol,
        start: parameters.integer("startTime")?.map(read_time),
        end: parameters.integer("endTime")?.map(read_end_time),
        limit: parameters.limit(ROWS.max(most / 2), most)?,
    })
}
