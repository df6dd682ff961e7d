//! `GET /api/v3/rateLimit/order`: how many orders count against the account's limits.

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::wire::wallet::OrderLimitRow;

/// Answers the two windows.
pub async fn rate_limit_order(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&[])?;
    let limits = call.directory.limits;
    let (per_10s, per_day) = call.queries().order_counts(caller.account);
    let row = |interval, interval_num, limit, count| OrderLimitRow {
        rate_limit_type: "ORDERS",
        interval,
        interval_num,
        limit,
        count,
    };
    Ok(Answer::json(&[
        row("SECOND", 10, limits.orders_per_10s, per_10s),
        row("DAY", 1, limits.orders_per_day, per_day),
    ]))
}
