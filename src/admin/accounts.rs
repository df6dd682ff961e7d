//! Accounts: create, fund, freeze, limits.

use axum::Json;
use axum::extract::{Path, State};
use schemas::command::{
    Command, CreateAccountV1, DepositV1, SetAccountLimitsV1, SetAccountStateV1, SetAccountTierV1,
    TransferV1, WithdrawV1,
};
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, BusinessId};
use schemas::instrument::AccountState;
use schemas::perpetual::WalletDirection;
use schemas::perpetual_command::FuturesTransferV1;
use schemas::trade_group::SetTradeGroupV1;
use schemas::units::Amount;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::admin::act::{Refused, asset_code, business, done, usage};
use crate::decimal::{parse_amount, print_amount};
use crate::keyring::Grant;

/// A new account.
#[derive(Deserialize)]
pub struct Create {
    name: String,
    id: String,
    #[serde(default)]
    deposits: Vec<Money>,
    /// Put into the futures wallet, besides the deposits.
    #[serde(default)]
    futures: Vec<Money>,
}

/// So much of an asset.
#[derive(Deserialize)]
pub struct Money {
    asset: String,
    amount: String,
}

/// A movement of money.
#[derive(Deserialize)]
pub struct Movement {
    #[serde(flatten)]
    money: Money,
    id: String,
    to: Option<u32>,
}

/// What may be set of an account.
#[derive(Deserialize)]
pub struct Settings {
    tier: Option<u8>,
    trade_group: Option<u32>,
    orders_per_10s: Option<u32>,
    orders_per_day: Option<u32>,
}

/// A movement with everything checked.
struct Checked {
    account: AccountId,
    asset: AssetId,
    amount: Amount,
    business: BusinessId,
}

/// `POST accounts`: an account, its deposits and its first key.
pub async fn create(
    State(admin): State<Admin>,
    Json(body): Json<Create>,
) -> Result<Json<Value>, Refused> {
    // A caller that goes away in the middle must not leave half an account behind.
    let created = tokio::spawn(create_whole(admin, body)).await;
    created.unwrap_or_else(|_| Err(usage("the account was not created")))
}

async fn create_whole(admin: Admin, body: Create) -> Result<Json<Value>, Refused> {
    let id = business(&body.id)?;
    let deposits = payments(&admin, &body.deposits, &body.id)?;
    let futures = payments(&admin, &body.futures, &format!("{}/futures", body.id))?;
    let receipt = admin
        .act(Command::CreateAccount(CreateAccountV1 { business: id }))
        .await?;
    let account = receipt.events.iter().find_map(|event| match event {
        Event::AccountCreated { account, .. } => Some(*account),
        _ => None,
    });
    let account = account.ok_or_else(|| usage("the account was not created"))?;
    admin.keys.name(account, &body.name).await?;
    for (asset, amount, business) in deposits.into_iter().chain(futures.iter().copied()) {
        admin
            .act(Command::Deposit(DepositV1 {
                amount,
                account,
                asset,
                business,
            }))
            .await?;
    }
    for (asset, amount, paid) in futures {
        let digest = blake3::hash(paid.as_bytes()).to_hex();
        admin
            .act(Command::FuturesTransfer(FuturesTransferV1 {
                amount,
                account,
                asset,
                business: business(&digest[..32])?,
                direction: WalletDirection::ToFutures,
            }))
            .await?;
    }
    let key = admin.keys.create(&admin, Grant::usual(account)).await?;
    Ok(Json(json!({
        "account": account.0, "name": body.name, "api_key": key.key, "api_secret": key.secret,
    })))
}

/// Amounts and the ids of their payments, made of the act's own.
fn payments(
    admin: &Admin,
    monies: &[Money],
    act: &str,
) -> Result<Vec<(AssetId, Amount, BusinessId)>, Refused> {
    let payment = |(index, money): (usize, &Money)| {
        let asset = admin.asset(&money.asset)?;
        let amount = amount(money, asset.scale)?;
        let digest = blake3::hash(format!("{act}/{index}").as_bytes()).to_hex();
        Ok((asset.asset, amount, business(&digest[..32])?))
    };
    monies.iter().enumerate().map(payment).collect()
}

/// `GET accounts/N`.
pub async fn show(
    State(admin): State<Admin>,
    Path(number): Path<u32>,
) -> Result<Json<Value>, Refused> {
    let account = admin.account(number)?;
    let report = admin
        .queries
        .account(account)
        .ok_or_else(|| usage("no such account"))?;
    let directory = admin.queries.directory();
    let balances: Vec<_> = report
        .balances
        .iter()
        .map(|(asset, free, held)| {
            let scale = directory
                .assets
                .get(usize::from(asset.0))
                .map_or(0, |asset| asset.scale);
            json!({
                "asset": asset_code(&directory, *asset),
                "free": print_amount(*free, scale),
                "held": print_amount(*held, scale),
            })
        })
        .collect();
    Ok(Json(json!({
        "account": number,
        "name": admin.keys.name_of(account),
        "state": format!("{:?}", report.state).to_lowercase(),
        "tier": report.tier,
        "trade_group": report.trade_group,
        "balances": balances,
    })))
}

/// One command sets both limits, so that neither changes unsaid.
const LIMITS_TOGETHER: &str =
    "give --orders-per-10s and --orders-per-day together; 0 = the venue's limit";

/// `POST accounts/N/deposit`.
pub async fn deposit(
    State(admin): State<Admin>,
    Path(number): Path<u32>,
    Json(body): Json<Movement>,
) -> Result<Json<Value>, Refused> {
    let moved = checked(&admin, number, &body)?;
    admin
        .answer(Command::Deposit(DepositV1 {
            amount: moved.amount,
            account: moved.account,
            asset: moved.asset,
            business: moved.business,
        }))
        .await
}

/// `POST accounts/N/withdraw`.
pub async fn withdraw(
    State(admin): State<Admin>,
    Path(number): Path<u32>,
    Json(body): Json<Movement>,
) -> Result<Json<Value>, Refused> {
    let moved = checked(&admin, number, &body)?;
    admin
        .answer(Command::Withdraw(WithdrawV1 {
            amount: moved.amount,
            account: moved.account,
            asset: moved.asset,
            business: moved.business,
        }))
        .await
}

/// `POST accounts/N/transfer`.
pub async fn transfer(
    State(admin): State<Admin>,
    Path(number): Path<u32>,
    Json(body): Json<Movement>,
) -> Result<Json<Value>, Refused> {
    let Checked {
        account: from,
        asset,
        amount,
        business,
    } = checked(&admin, number, &body)?;
    let to = admin.account(body.to.ok_or_else(|| usage("`to` is missing"))?)?;
    admin
        .answer(Command::Transfer(TransferV1 {
            amount,
            from,
            to,
            asset,
            business,
        }))
        .await
}

/// `POST accounts/N/freeze`.
pub async fn freeze(
    State(admin): State<Admin>,
    Path(number): Path<u32>,
) -> Result<Json<Value>, Refused> {
    set_state(&admin, number, AccountState::Frozen).await
}

/// `POST accounts/N/unfreeze`.
pub async fn unfreeze(
    State(admin): State<Admin>,
    Path(number): Path<u32>,
) -> Result<Json<Value>, Refused> {
    set_state(&admin, number, AccountState::Active).await
}

/// `POST accounts/N/set`.
pub async fn set(
    State(admin): State<Admin>,
    Path(number): Path<u32>,
    Json(body): Json<Settings>,
) -> Result<Json<Value>, Refused> {
    let account = admin.account(number)?;
    let limits = match (body.orders_per_10s, body.orders_per_day) {
        (None, None) => None,
        (Some(orders_per_10s), Some(orders_per_day)) => Some(SetAccountLimitsV1 {
            account,
            orders_per_10s,
            orders_per_day,
        }),
        _ => return Err(usage(LIMITS_TOGETHER)),
    };
    let mut last = None;
    if let Some(tier) = body.tier {
        let command = Command::SetAccountTier(SetAccountTierV1 { account, tier });
        last = Some(admin.act(command).await?);
    }
    if let Some(group) = body.trade_group {
        let command = Command::SetTradeGroup(SetTradeGroupV1 { account, group });
        last = Some(admin.act(command).await?);
    }
    if let Some(limits) = limits {
        last = Some(admin.act(Command::SetAccountLimits(limits)).await?);
    }
    match last {
        Some(receipt) => Ok(Json(done(&receipt))),
        None => Err(usage(
            "nothing to set: give --tier, --trade-group, --orders-per-10s or --orders-per-day",
        )),
    }
}

async fn set_state(
    admin: &Admin,
    number: u32,
    state: AccountState,
) -> Result<Json<Value>, Refused> {
    let account = admin.account(number)?;
    admin
        .answer(Command::SetAccountState(SetAccountStateV1 {
            account,
            state,
        }))
        .await
}

fn checked(admin: &Admin, number: u32, body: &Movement) -> Result<Checked, Refused> {
    let account = admin.account(number)?;
    let asset = admin.asset(&body.money.asset)?;
    let amount = amount(&body.money, asset.scale)?;
    Ok(Checked {
        account,
        asset: asset.asset,
        amount,
        business: business(&body.id)?,
    })
}

fn amount(money: &Money, scale: u8) -> Result<Amount, Refused> {
    parse_amount(&money.amount, scale).ok_or_else(|| {
        usage(format!(
            "`{}` is no amount of {} (digits, at most {scale} decimals)",
            money.amount, money.asset
        ))
    })
}
