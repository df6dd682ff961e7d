//! `POST /api/v3/countdownCancelAll`: cancel everything unless one is heard of again.
//!
//! A path of our own: Binance has it for futures alone, and its parameters are kept. The
//! countdown begins anew with each call; zero switches it off.

use schemas::command::Command;
use schemas::order_command::SetCountdownV1;
use serde_json::json;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError};
use crate::wire::order_events::order_refusal;

const MILLISECOND_NS: u64 = 1_000_000;
/// A day.
const COUNTDOWN_MS_MAX: u64 = 86_400_000;

/// Sets or stops the countdown of one symbol.
pub async fn countdown_cancel_all(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    parameters.required("countdownTime")?;
    parameters.only(&["symbol", "countdownTime"])?;
    let countdown = parameters
        .integer("countdownTime")?
        .filter(|millis| *millis <= COUNTDOWN_MS_MAX)
        .ok_or_else(|| error::invalid("countdownTime").hint("milliseconds, at most a day"))?;
    let symbol = call.symbol()?;
    let command = SetCountdownV1 {
        after_ns: countdown * MILLISECOND_NS,
        valid_until: caller.valid_until,
        account: caller.account,
        symbol: symbol.symbol,
    };
    let receipt = call.submit(Command::SetCountdown(command)).await?;
    if let Some(reason) = order_refusal(&receipt) {
        return Err(ApiError::from(reason).at(receipt.offset));
    }
    let answer = json!({
        "symbol": symbol.name.as_str(),
        "countdownTime": countdown.to_string(),
    });
    Ok(Answer::json(&answer).at(receipt.offset))
}
