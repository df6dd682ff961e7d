//! `GET /api/v1/search`: own orders, trades, payments and refusals by any of their words.

use schemas::search::SearchQuery;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::wire::search;

/// Answers a page, newest first, of the caller's documents alone.
pub async fn search(call: &Call, caller: &Caller) -> Outcome {
    let query = SearchQuery {
        account: Some(caller.account),
        ..search::read(&call.parameters)?
    };
    let page = call.queries().search(query).await?;
    Ok(Answer::json(&search::answer(&page)))
}
