//! `GET /api/v1/userEvents` and `userDataStream.since`: all that happened to an account
//! since an offset, without a gap. Ours; Binance has nothing like it.

use schemas::ids::Offset;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::mandatory;
use crate::wire::user_events::events;

/// What it weighs: a page of the past may be made by replay.
pub const WEIGHT: u32 = 20;
/// Commands on a page, unless asked for fewer or more.
const LIMIT: usize = 500;
const LIMIT_MAX: usize = 1_000;

/// Answers with the events, and where to ask on.
pub async fn user_events(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("fromOffset")?;
    let from = parameters.integer("fromOffset")?;
    let from = Offset(from.ok_or_else(|| mandatory("fromOffset"))?);
    let limit = parameters.limit(LIMIT, LIMIT_MAX)?;
    parameters.only(&["fromOffset", "limit"])?;
    let page = call
        .queries()
        .user_events_since(caller.account, from, limit)
        .await?;
    let mut told = Vec::new();
    for update in &page.updates {
        told.extend(events(&call.directory, call.unit, update));
    }
    Ok(Answer::text(format!(
        r#"{{"events":[{}],"nextOffset":{},"isLast":{}}}"#,
        told.join(","),
        page.next.0,
        page.is_last
    )))
}
