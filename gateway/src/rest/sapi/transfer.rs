//! `/sapi/v1/asset/transfer`: between the spot and the futures wallet of an account.

use schemas::command::Command;
use schemas::event::Event;
use schemas::perpetual::WalletDirection;
use schemas::perpetual_command::FuturesTransferV1;
use schemas::perpetual_report::{IncomeKind, IncomePage, IncomeReport};
use schemas::reject::RejectReason;
use schemas::units::Amount;
use serde_json::json;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError};
use crate::rest::futures::settings::check;
use crate::wire::client_id;
use crate::wire::clock::{TimeUnit, read_end_time, read_time};
use crate::wire::decimal::OffGrid;
use crate::wire::order_events::event_number;
use crate::wire::parameters::Parameters;
use crate::wire::wallet::TransferRow;

const WORDS: [(&str, WalletDirection); 2] = [
    ("MAIN_UMFUTURE", WalletDirection::ToFutures),
    ("UMFUTURE_MAIN", WalletDirection::ToSpot),
];
const ROWS: usize = 10;
const ROWS_MAX: usize = 100;
/// The newest so many are searched for a page.
const SEARCHED: usize = 1_000;

/// `POST`: moves money, at once.
///
/// # Errors
/// -1020 for wallets that do not exist here, -5013 for more than there is.
pub async fn transfer(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    for name in ["type", "asset", "amount"] {
        parameters.required(name)?;
    }
    parameters.only(&["type", "asset", "amount", "fromSymbol", "toSymbol"])?;
    let amount = parameters.decimal("amount")?;
    let direction = read_direction(parameters)?;
    let code = parameters.required("asset")?;
    let mut assets = call.directory.assets.iter();
    let asset = assets.find(|asset| asset.code.as_str() == code);
    let asset = asset.ok_or_else(|| error::invalid("asset"))?;
    let amount = amount.ok_or_else(|| error::mandatory("amount"))?;
    let amount = amount
        .amount(asset.scale)
        .map_err(|OffGrid| error::invalid("amount"))?;
    if amount == Amount::ZERO {
        return Err(error::invalid("amount").hint("an amount is above zero"));
    }
    let command = FuturesTransferV1 {
        amount,
        account: caller.account,
        asset: asset.asset,
        business: client_id::generate(),
        direction,
    };
    let receipt = call.submit(Command::FuturesTransfer(command)).await?;
    check(&receipt).map_err(|(reason, error)| match reason {
        RejectReason::InsufficientBalance | RejectReason::InsufficientMargin => {
            let msg = "Asset transfer failed: insufficient balance";
            ApiError::new(-5013, msg).at(receipt.offset)
        }
        _ => error,
    })?;
    let moved = |event: &Event| matches!(event, Event::FuturesTransferred(_));
    let index = receipt.events.iter().position(moved);
    let index = index.ok_or_else(error::lost)?;
    let answer = json!({ "tranId": event_number(receipt.offset, index) });
    Ok(Answer::json(&answer).at(receipt.offset))
}

/// `GET`: those of one direction, the newest first.
pub async fn transfers(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("type")?;
    parameters.only(&[
        "type",
        "startTime",
        "endTime",
        "current",
        "size",
        "fromSymbol",
        "toSymbol",
    ])?;
    let start = parameters.integer("startTime")?.map(read_time);
    let end = parameters.integer("endTime")?.map(read_end_time);
    let number = parameters.integer("current")?.unwrap_or(1).max(1);
    let size = parameters.integer("size")?.unwrap_or(ROWS as u64);
    let size = usize::try_from(size).unwrap_or(ROWS_MAX).clamp(1, ROWS_MAX);
    let direction = match read_direction(parameters) {
        Ok(direction) => direction,
        // Between wallets that do not exist nothing ever moved.
        Err(_) => return Ok(Answer::json(&json!({ "total": 0, "rows": [] }))),
    };
    let page = IncomePage {
        account: caller.account,
        symbol: None,
        kind: Some(IncomeKind::Transfer),
        start,
        end,
        limit: SEARCHED,
    };
    let changes = call.queries().income(page).await?;
    let of_direction = |change: &&IncomeReport| {
        (direction == WalletDirection::ToFutures) == (change.amount > Amount::ZERO)
    };
    let rows: Vec<TransferRow> = changes
        .iter()
        .rev()
        .filter(of_direction)
        .filter_map(|change| row(call, (change, direction), call.unit))
        .collect();
    let first = usize::try_from(number - 1)
        .unwrap_or(usize::MAX)
        .saturating_mul(size);
    let page: Vec<&TransferRow> = rows.iter().skip(first).take(size).collect();
    Ok(Answer::json(&json!({ "total": rows.len(), "rows": page })))
}

fn row<'a>(
    call: &'a Call,
    (change, direction): (&IncomeReport, WalletDirection),
    unit: TimeUnit,
) -> Option<TransferRow<'a>> {
    let asset = call.directory.assets.get(usize::from(change.asset.0))?;
    let (word, _) = WORDS.iter().find(|(_, other)| *other == direction)?;
    Some(TransferRow::new(asset, unit, (change, word)))
}

fn read_direction(parameters: &Parameters) -> Result<WalletDirection, ApiError> {
    let word = parameters.required("type")?;
    let found = WORDS.iter().find(|(name, _)| *name == word);
    found.map(|(_, direction)| *direction).ok_or_else(|| {
        error::not_supported(
            "an account has a spot and a futures wallet: MAIN_UMFUTURE, UMFUTURE_MAIN",
        )
    })
}
