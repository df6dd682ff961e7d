//! `/fapi/v1/order`, `openOrder`, `openOrders`, `allOrders` and their conditional siblings:
//! what an account's orders are, and their cancels.
//!
//! A conditional order that waits is known to `algoOrder` alone; once it is set off it is an
//! order like any other, under the same number, and known to both.

use schemas::command::{CancelAllV1, CancelOrderV1, Command, OrderRef};
use schemas::perpetual_report::PerpetualOrder;
use schemas::reject::RejectReason;
use schemas::report::{OrderReport, SymbolReport};
use serde_json::json;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::futures as refusal;
use crate::error::{self, ApiError};
use crate::rest::all_orders;
use crate::rest::cancel_order::ended;
use crate::wire::client_id;
use crate::wire::futures::order::{AlgoOrderAnswer, FuturesOrderAnswer};
use crate::wire::grid::Grid;
use crate::wire::order_events::{cancel_refusal, cancelled};
use crate::wire::order_target::{ORDER, Target, TargetNames};
use crate::wire::parameters::Parameters;

/// How conditional orders are named.
const ALGO: TargetNames = TargetNames {
    order: "algoId",
    client: "clientAlgoId",
};

/// Which of an account's orders an endpoint is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Those in the book, or that were there.
    Plain,
    /// Those with a trigger.
    Algo,
}

impl Kind {
    fn names(self) -> TargetNames {
        match self {
            Kind::Plain => ORDER,
            Kind::Algo => ALGO,
        }
    }

    /// Whether an order is of this kind, open ones by where they stand now.
    fn has(self, (report, order): &Told) -> bool {
        let is_open = report.status.is_open();
        match self {
            Kind::Plain => !order.waits,
            Kind::Algo => report.order_type.is_contingent() && (order.waits || !is_open),
        }
    }

    fn row(self, grid: &Grid, call: &Call, (report, order): &Told) -> serde_json::Value {
        let told = match self {
            Kind::Plain => {
                let answer = FuturesOrderAnswer::new(grid, call.unit, (report, order));
                serde_json::to_value(answer)
            }
            Kind::Algo => {
                let answer = AlgoOrderAnswer::new(grid, call.unit, (report, order));
                serde_json::to_value(answer)
            }
        };
        told.expect("answers have text keys only")
    }
}

/// An order with what perpetuals add.
pub type Told = (OrderReport, PerpetualOrder);

/// What a list of open orders costs.
pub fn weight(parameters: &Parameters) -> u32 {
    if parameters.has("symbol") { 1 } else { 40 }
}

/// `GET order`.
pub async fn query(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.required("symbol")?;
    one(call, caller, (Kind::Plain, false)).await
}

/// `GET openOrder`.
pub async fn query_open(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.required("symbol")?;
    one(call, caller, (Kind::Plain, true)).await
}

/// `GET algoOrder`.
pub async fn query_algo(call: &Call, caller: &Caller) -> Outcome {
    one(call, caller, (Kind::Algo, false)).await
}

/// `GET openOrders`.
pub async fn open(call: &Call, caller: &Caller) -> Outcome {
    list_open(call, caller, Kind::Plain).await
}

/// `GET openAlgoOrders`.
pub async fn open_algo(call: &Call, caller: &Caller) -> Outcome {
    list_open(call, caller, Kind::Algo).await
}

/// `GET allOrders`.
pub async fn all(call: &Call, caller: &Caller) -> Outcome {
    page(call, caller, Kind::Plain).await
}

/// `GET allAlgoOrders`.
pub async fn all_algo(call: &Call, caller: &Caller) -> Outcome {
    page(call, caller, Kind::Algo).await
}

/// `DELETE order`.
pub async fn cancel(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    let target = Target::read(parameters, ORDER)?;
    parameters.only(&["symbol", ORDER.order, ORDER.client])?;
    let symbol = call.symbol()?;
    let told = cancel_one(call, caller, (symbol, target)).await?;
    let grid = Grid::new(&call.directory, symbol);
    Ok(Answer::json(&Kind::Plain.row(&grid, call, &told)))
}

/// `DELETE algoOrder`: the symbol may be left out.
pub async fn cancel_algo(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    let target = Target::read(parameters, ALGO)?;
    parameters.only(&["symbol", ALGO.order, ALGO.client])?;
    let unknown = |error: ApiError| match error.code {
        -2013 => RejectReason::UnknownOrder.into(),
        _ => error,
    };
    let found = find(call, caller, (target, Kind::Algo)).await;
    let (symbol, told) = found.map_err(unknown)?;
    if !told.1.waits || !told.0.status.is_open() {
        return Err(RejectReason::UnknownOrder.into());
    }
    let target = Target {
        order: Some(told.0.order),
        client_order: None,
    };
    submit_cancel(call, caller, (symbol, target)).await?;
    Ok(Answer::json(&json!({
        "algoId": told.0.order.0,
        "clientAlgoId": told.0.client_order.as_str(),
        "code": "200",
        "msg": "success",
    })))
}

/// `DELETE allOpenOrders`: nothing open is no mistake here.
pub async fn cancel_all(call: &Call, caller: &Caller) -> Outcome {
    cancel_every(call, caller, Kind::Plain).await
}

/// `DELETE algoOpenOrders`.
pub async fn cancel_all_algo(call: &Call, caller: &Caller) -> Outcome {
    cancel_every(call, caller, Kind::Algo).await
}

/// Cancels an order that does not wait, and tells it as it ended.
///
/// # Errors
/// -2011 for one that is not open.
pub async fn cancel_one(
    call: &Call,
    caller: &Caller,
    (symbol, target): (SymbolReport, Target),
) -> Result<Told, ApiError> {
    let unknown = || ApiError::from(RejectReason::UnknownOrder);
    let known = target.known().ok_or_else(unknown)?;
    let queries = call.queries();
    let found = queries.order(caller.account, symbol.symbol, known).await?;
    let waits = match found {
        None => None,
        Some(report) => extra(call, report).await?,
    };
    if waits.is_some_and(|order| order.waits) {
        return Err(unknown().hint("a conditional order: cancel it by algoOrder"));
    }
    submit_cancel(call, caller, (symbol, target)).await
}

async fn submit_cancel(
    call: &Call,
    caller: &Caller,
    (symbol, target): (SymbolReport, Target),
) -> Result<Told, ApiError> {
    let target = target
        .known()
        .ok_or_else(|| ApiError::from(RejectReason::UnknownOrder))?;
    let cancel = CancelOrderV1 {
        target,
        valid_until: caller.valid_until,
        account: caller.account,
        symbol: symbol.symbol,
        cancel_client: client_id::generate(),
    };
    let receipt = call.submit(Command::CancelOrder(cancel)).await?;
    let meant = (symbol.symbol, target, &cancel.cancel_client);
    let Some(report) = ended(call, caller, meant, &receipt).await else {
        let reason = cancel_refusal(&receipt);
        return Err(reason
            .map_or_else(error::lost, refusal::of)
            .at(receipt.offset));
    };
    told(call, report).await
}

/// What an order has beside its report, however old it is.
///
/// # Errors
/// When nobody can look.
pub async fn told(call: &Call, report: OrderReport) -> Result<Told, ApiError> {
    let extra = extra(call, report).await?;
    Ok((report, extra.unwrap_or(forgotten(&report))))
}

async fn extra(call: &Call, report: OrderReport) -> Result<Option<PerpetualOrder>, ApiError> {
    let found = call.queries().perpetual_terms(vec![report]).await?;
    Ok(found.into_iter().next().flatten())
}

fn forgotten(report: &OrderReport) -> PerpetualOrder {
    PerpetualOrder {
        symbol: report.symbol,
        order: report.order,
        terms: schemas::perpetual::PerpetualTerms::PLAIN,
        stop_price: schemas::units::Price::ZERO,
        callback: 0,
        waits: false,
        triggered: schemas::units::TimeNs(0),
    }
}

/// The same of many.
///
/// # Errors
/// When nobody can look.
pub async fn all_told(call: &Call, reports: Vec<OrderReport>) -> Result<Vec<Told>, ApiError> {
    let extras = call.queries().perpetual_terms(reports.clone()).await?;
    let pairs = reports.into_iter().zip(extras);
    Ok(pairs
        .map(|(report, extra)| (report, extra.unwrap_or(forgotten(&report))))
        .collect())
}

async fn one(call: &Call, caller: &Caller, (kind, must_be_open): (Kind, bool)) -> Outcome {
    let names = kind.names();
    let target = Target::read(&call.parameters, names)?;
    call.parameters
        .only(&["symbol", names.order, names.client])?;
    let (symbol, told) = find(call, caller, (target, kind)).await?;
    if must_be_open && !told.0.status.is_open() {
        return Err(missing());
    }
    let grid = Grid::new(&call.directory, symbol);
    Ok(Answer::json(&kind.row(&grid, call, &told)))
}

/// The order that is meant: on its symbol, or on the first perpetual that knows it.
async fn find(
    call: &Call,
    caller: &Caller,
    (target, kind): (Target, Kind),
) -> Result<(SymbolReport, Told), ApiError> {
    let symbols = match call.parameters.optional("symbol")? {
        Some(_) => vec![call.symbol()?],
        None => perpetuals(call),
    };
    let known: OrderRef = target.known().ok_or_else(missing)?;
    for symbol in symbols {
        let found = call.queries().order(caller.account, symbol.symbol, known);
        let Some(report) = found.await? else { continue };
        let told = told(call, report).await?;
        if kind.has(&told) {
            return Ok((symbol, told));
        }
    }
    Err(missing())
}

fn missing() -> ApiError {
    ApiError::new(-2013, "Order does not exist.")
}

fn perpetuals(call: &Call) -> Vec<SymbolReport> {
    let of_product = |symbol: &&SymbolReport| symbol.kind == call.product;
    call.directory
        .symbols
        .iter()
        .filter(of_product)
        .copied()
        .collect()
}

async fn list_open(call: &Call, caller: &Caller, kind: Kind) -> Outcome {
    call.parameters.only(&["symbol", "algoType", "algoId"])?;
    let symbol = match call.parameters.optional("symbol")? {
        None => None,
        Some(_) => Some(call.symbol()?.symbol),
    };
    let reports = call.queries().open_orders(caller.account, symbol);
    let mut rows = Vec::new();
    for told in all_told(call, reports).await? {
        let Some(symbol) = call.directory.symbols.get(told.0.symbol.0 as usize) else {
            continue;
        };
        if symbol.kind == call.product && kind.has(&told) {
            let grid = Grid::new(&call.directory, *symbol);
            rows.push(kind.row(&grid, call, &told));
        }
    }
    Ok(Answer::json(&rows))
}

async fn page(call: &Call, caller: &Caller, kind: Kind) -> Outcome {
    let (grid, reports) = all_orders::page(call, caller, kind.names().order).await?;
    let told = all_told(call, reports).await?;
    let rows: Vec<_> = told
        .iter()
        .filter(|told| kind.has(told))
        .map(|told| kind.row(&grid, call, told))
        .collect();
    Ok(Answer::json(&rows))
}

/// Cancels every open order of a kind. One command when there is no other kind to be
/// spared, else one for each order.
async fn cancel_every(call: &Call, caller: &Caller, kind: Kind) -> Outcome {
    call.parameters.required("symbol")?;
    call.parameters.only(&["symbol"])?;
    let symbol = call.symbol()?;
    let open = call
        .queries()
        .open_orders(caller.account, Some(symbol.symbol));
    let open = all_told(call, open).await?;
    let (wanted, others): (Vec<Told>, Vec<Told>) =
        open.into_iter().partition(|told| kind.has(told));
    let mut offset = None;
    if others.is_empty() && !wanted.is_empty() {
        let command = CancelAllV1 {
            valid_until: caller.valid_until,
            account: caller.account,
            symbol: symbol.symbol,
        };
        let receipt = call.submit(Command::CancelAll(command)).await?;
        let refused = cancel_refusal(&receipt);
        let mut done = cancelled(&receipt, caller.account);
        let is_done = done.any(|done| done.symbol == symbol.symbol);
        match refused.filter(|_| !is_done) {
            None | Some(RejectReason::UnknownOrder) => {}
            Some(reason) => return Err(refusal::of(reason).at(receipt.offset)),
        }
        offset = Some(receipt.offset);
    } else {
        for (report, _) in wanted {
            let target = Target {
                order: Some(report.order),
                client_order: None,
            };
            match submit_cancel(call, caller, (symbol, target)).await {
                // It ended by itself meanwhile.
                Err(error) if error.code == -2011 => {}
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
    }
    let mut answer = Answer::json(&json!({
        "code": 200,
        "msg": "The operation of cancel all open order is done.",
    }));
    answer.offset = offset;
    Ok(answer)
}
