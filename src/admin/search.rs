//! `GET search`: everybody's documents, for staff.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use gateway::wire::parameters::Parameters;
use gateway::wire::search;
use schemas::ids::AccountId;
use serde_json::Value;

use crate::admin::Admin;
use crate::admin::act::{Refused, refusal, usage};

/// The parameters of the public endpoint, and `account`.
pub async fn search(
    State(admin): State<Admin>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refused> {
    let text = query.unwrap_or_default();
    // `account` is staff's alone: the public words do not know it.
    let (own, rest): (Vec<&str>, Vec<&str>) = text
        .split('&')
        .partition(|part| part.starts_with("account="));
    let account = match own.first().and_then(|part| part.split_once('=')) {
        None => None,
        Some((_, number)) => match number.parse() {
            Ok(number) => Some(AccountId(number)),
            Err(_) => return Err(usage(format!("account={number}: the number of an account"))),
        },
    };
    let parameters = Parameters::read(rest.join("&").as_bytes(), b"");
    let query = parameters.and_then(|parameters| search::read(&parameters));
    let mut query = query.map_err(|error| usage(error.body()))?;
    query.account = account;
    let page = admin.queries.search(query).await;
    let page = page.map_err(|error| refusal(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    Ok(Json(search::answer(&page)))
}
