//! `POST`, `PUT` and `DELETE /fapi/v1/batchOrders`: up to five at a time, each with an answer
//! of its own. They are handed over one after another; what fails stops none of the others.

use schemas::command::RequestDigest;
use schemas::ids::{ClientOrderId, OrderId};
use serde_json::Value;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError, illegal};
use crate::rest::futures::{modify_order, new_order, orders};
use crate::wire::futures::order::FuturesOrderAnswer;
use crate::wire::grid::Grid;
use crate::wire::order_target::Target;
use crate::wire::parameters::Parameters;

/// The most orders of one batch of new ones, and of one of cancels.
const ORDERS_MAX: usize = 5;
const CANCELS_MAX: usize = 10;

/// Places each order of the list.
pub async fn place(call: &Call, caller: &Caller) -> Outcome {
    let batch = read_batch(call)?;
    let mut answers = Vec::new();
    for (index, parameters) in batch.iter().enumerate() {
        let request = part_of(caller.request, index);
        let placed = async {
            let order = new_order::read(call, parameters)?;
            new_order::place(call, caller, (&order, request)).await
        };
        answers.push(placed.await);
    }
    Ok(all(answers))
}

/// Modifies each order of the list.
pub async fn modify(call: &Call, caller: &Caller) -> Outcome {
    let batch = read_batch(call)?;
    let mut answers = Vec::new();
    for (index, parameters) in batch.iter().enumerate() {
        let request = part_of(caller.request, index);
        answers.push(modify_order::modify(call, caller, (parameters, request)).await);
    }
    Ok(all(answers))
}

/// Cancels each order of the list.
pub async fn cancel(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    let numbers = ["orderIdList", "orderidlist"];
    let clients = ["origClientOrderIdList", "origclientorderidlist"];
    parameters.only(&[&["symbol"], &numbers[..], &clients].concat())?;
    let sent = |names: [&'static str; 2]| names.into_iter().find(|name| parameters.has(name));
    let targets = match (sent(numbers), sent(clients)) {
        (None, None) => return Err(error::either(numbers[0], clients[0])),
        (Some(_), Some(_)) => return Err(error::bad_combination()),
        (Some(name), None) => read_list(parameters, name, by_number)?,
        (None, Some(name)) => read_list(parameters, name, by_client)?,
    };
    let symbol = call.symbol()?;
    let grid = Grid::new(&call.directory, symbol);
    let mut answers = Vec::new();
    for target in targets {
        let ended = orders::cancel_one(call, caller, (symbol, target)).await;
        answers.push(ended.map(|(report, order)| {
            let answer = FuturesOrderAnswer::new(&grid, call.unit, (&report, &order));
            Answer::json(&answer)
        }));
    }
    Ok(all(answers))
}

/// The digest of one order of a batch, since each is a request of its own.
fn part_of(request: RequestDigest, index: usize) -> RequestDigest {
    let mut digest = request;
    if !request.is_none() {
        digest.0[0] = digest.0[0].wrapping_add(index as u8);
    }
    digest
}

fn all(answers: Vec<Outcome>) -> Answer {
    let offset = answers.iter().rev().find_map(|answer| match answer {
        Ok(answer) => answer.offset,
        Err(error) => error.offset,
    });
    let counts = answers
        .iter()
        .rev()
        .find_map(|answer| answer.as_ref().ok()?.order_counts);
    let rows: Vec<String> = answers
        .into_iter()
        .map(|answer| answer.map_or_else(|error| error.nested(), |answer| answer.body))
        .collect();
    let mut answer = Answer::text(format!("[{}]", rows.join(",")));
    answer.offset = offset;
    answer.order_counts = counts;
    answer
}

/// `batchOrders`: a JSON list of objects, each the parameters of one order.
fn read_batch(call: &Call) -> Result<Vec<Parameters>, ApiError> {
    let text = call.parameters.required("batchOrders")?;
    call.parameters.only(&["batchOrders"])?;
    let malformed = || illegal("batchOrders", "a JSON list of up to 5 objects");
    let list: Vec<serde_json::Map<String, Value>> =
        serde_json::from_str(text).map_err(|_| malformed())?;
    if list.is_empty() || ORDERS_MAX < list.len() {
        return Err(malformed());
    }
    list.into_iter()
        .map(|object| {
            let pairs = object.into_iter().map(|(name, value)| match value {
                Value::String(text) => Ok((name, text)),
                Value::Number(number) => Ok((name, number.to_string())),
                Value::Bool(flag) => Ok((name, flag.to_string())),
                _ => Err(malformed()),
            });
            let pairs: Result<Vec<_>, ApiError> = pairs.collect();
            Ok(Parameters::from_pairs(pairs?, Vec::new()))
        })
        .collect()
}

fn read_list(
    parameters: &Parameters,
    name: &str,
    target: fn(&Value) -> Option<Target>,
) -> Result<Vec<Target>, ApiError> {
    let malformed = || illegal(name, "a JSON list of up to 10 ids");
    let list: Vec<Value> =
        serde_json::from_str(parameters.required(name)?).map_err(|_| malformed())?;
    if list.is_empty() || CANCELS_MAX < list.len() {
        return Err(malformed());
    }
    let targets: Option<Vec<Target>> = list.iter().map(target).collect();
    targets.ok_or_else(malformed)
}

fn by_number(value: &Value) -> Option<Target> {
    let number = match value {
        Value::String(text) => text.parse().ok()?,
        other => other.as_u64()?,
    };
    Some(Target {
        order: Some(OrderId(number)),
        client_order: None,
    })
}

fn by_client(value: &Value) -> Option<Target> {
    Some(Target {
        order: None,
        client_order: Some(ClientOrderId::new(value.as_str()?)?),
    })
}
