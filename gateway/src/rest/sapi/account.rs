//! `/sapi/v1/account` and `/sapi/v1/system`: whether account, key and venue may trade.

use schemas::instrument::{AccountState, VenueState};
use serde_json::json;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::wire::account::untouched;
use crate::wire::wallet::RestrictionsAnswer;

/// `GET account/status`.
pub async fn status(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&[])?;
    let data = if is_frozen(call, caller) {
        "Locked"
    } else {
        "Normal"
    };
    Ok(Answer::json(&json!({ "data": data })))
}

/// `GET account/apiTradingStatus`: no indicator ever locks an account here.
pub async fn trading_status(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&[])?;
    let account = call.queries().account(caller.account);
    let updated = account.unwrap_or_else(|| untouched(caller.account)).updated;
    Ok(Answer::json(&json!({
        "data": {
            "isLocked": is_frozen(call, caller),
            "plannedRecoverTime": 0,
            "triggerCondition": { "GCR": 0, "IFER": 0, "UFR": 0 },
            "updateTime": call.unit.print(updated),
        }
    })))
}

/// `GET account/apiRestrictions`: what the key of this request may do.
pub async fn restrictions(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&[])?;
    Ok(Answer::json(&RestrictionsAnswer {
        ip_restrict: caller.is_bound_to_addresses,
        create_time: 0,
        enable_reading: true,
        enable_withdrawals: false,
        enable_internal_transfer: false,
        enable_margin: false,
        enable_futures: false,
        permits_universal_transfer: false,
        enable_vanilla_options: false,
        enable_fix_api_trade: caller.may_trade,
        enable_fix_read_only: true,
        enable_spot_and_margin_trading: caller.may_trade,
        enable_portfolio_margin_trading: false,
    }))
}

/// `GET system/status`: 0 while the venue is open.
pub async fn system_status(call: &Call) -> Outcome {
    call.parameters.only(&[])?;
    let open = call.directory.venue.unwrap_or(VenueState::Open) == VenueState::Open;
    let (status, msg) = if open {
        (0, "normal")
    } else {
        (1, "system_maintenance")
    };
    Ok(Answer::json(&json!({ "status": status, "msg": msg })))
}

fn is_frozen(call: &Call, caller: &Caller) -> bool {
    let account = call.queries().account(caller.account);
    account.is_some_and(|account| account.state == AccountState::Frozen)
}
