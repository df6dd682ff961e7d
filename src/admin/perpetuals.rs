//! Perpetual contracts: an index price by hand, the insurance fund, funding on demand, and
//! money between the two wallets of an account.

use axum::Json;
use axum::extract::{Path, State};
use schemas::command::Command;
use schemas::ids::AccountId;
use schemas::perpetual::{PriceSource, WalletDirection};
use schemas::perpetual_command::{
    FuturesTransferV1, InsuranceDepositV1, RunFundingV1, SetIndexPriceV1, SettleContractV1,
};
use schemas::report::SymbolReport;
use schemas::units::{Amount, Price};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::admin::act::{Refused, asset_code, business, usage};
use crate::decimal::{parse_amount, print_amount};

/// A price in quote units.
#[derive(Deserialize)]
pub struct PriceBody {
    price: String,
    id: String,
}

/// So much of an asset.
#[derive(Deserialize)]
pub struct MoneyBody {
    asset: String,
    amount: String,
    id: String,
}

/// Money that changes the wallet.
#[derive(Deserialize)]
pub struct FuturesBody {
    #[serde(flatten)]
    money: MoneyBody,
    /// From the futures wallet back to the spot one.
    #[serde(default)]
    out: bool,
}

/// An act that has nothing but its id.
#[derive(Deserialize)]
pub struct ActBody {
    id: String,
}

/// `POST prices/NAME`.
pub async fn price(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    Json(body): Json<PriceBody>,
) -> Result<Json<Value>, Refused> {
    let symbol = admin.perpetual(&name)?;
    let price = read_price(&symbol, &body)?;
    admin
        .answer(Command::SetIndexPrice(SetIndexPriceV1 {
            price,
            symbol: symbol.symbol,
            business: business(&body.id)?,
            source: PriceSource::Operator,
        }))
        .await
}

/// `POST funding/NAME`.
pub async fn funding(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    Json(body): Json<ActBody>,
) -> Result<Json<Value>, Refused> {
    let symbol = admin.perpetual(&name)?.symbol;
    let business = business(&body.id)?;
    admin
        .answer(Command::RunFunding(RunFundingV1 { symbol, business }))
        .await
}

/// `POST settlement/NAME`: the contract ends at a price.
pub async fn settle(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    Json(body): Json<PriceBody>,
) -> Result<Json<Value>, Refused> {
    let symbol = admin.perpetual(&name)?;
    admin
        .answer(Command::SettleContract(SettleContractV1 {
            price: read_price(&symbol, &body)?,
            symbol: symbol.symbol,
            business: business(&body.id)?,
        }))
        .await
}

/// `POST insurance`.
pub async fn insure(
    State(admin): State<Admin>,
    Json(body): Json<MoneyBody>,
) -> Result<Json<Value>, Refused> {
    let asset = admin.asset(&body.asset)?;
    let amount = amount(&body, asset.scale)?;
    admin
        .answer(Command::InsuranceDeposit(InsuranceDepositV1 {
            amount,
            asset: asset.asset,
            business: business(&body.id)?,
        }))
        .await
}

/// `GET insurance`: the fund by asset.
pub async fn insurance(State(admin): State<Admin>) -> Json<Value> {
    let directory = admin.queries.directory();
    let fund = admin.queries.futures_account(AccountId::INSURANCE);
    let balances = fund.map(|fund| fund.balances).unwrap_or_default();
    let rows: Vec<_> = balances
        .iter()
        .map(|balance| {
            let asset = directory.assets.get(usize::from(balance.asset.0));
            let scale = asset.map_or(0, |asset| asset.scale);
            json!({
                "asset": asset_code(&directory, balance.asset),
                "wallet": print_amount(balance.wallet(), scale),
                "unrealised": print_amount(balance.unrealised(), scale),
            })
        })
        .collect();
    Json(Value::Array(rows))
}

/// `POST accounts/N/futures`.
pub async fn transfer(
    State(admin): State<Admin>,
    Path(number): Path<u32>,
    Json(body): Json<FuturesBody>,
) -> Result<Json<Value>, Refused> {
    let account = admin.account(number)?;
    let asset = admin.asset(&body.money.asset)?;
    let direction = match body.out {
        true => WalletDirection::ToSpot,
        false => WalletDirection::ToFutures,
    };
    admin
        .answer(Command::FuturesTransfer(FuturesTransferV1 {
            amount: amount(&body.money, asset.scale)?,
            account,
            asset: asset.asset,
            business: business(&body.money.id)?,
            direction,
        }))
        .await
}

fn read_price(symbol: &SymbolReport, body: &PriceBody) -> Result<Price, Refused> {
    let units = parse_amount(&body.price, symbol.price_scale);
    let units = units.and_then(|amount| i64::try_from(amount.0).ok());
    units.map(Price).ok_or_else(|| {
        let decimals = symbol.price_scale;
        usage(format!("{} is no price of {decimals} decimals", body.price))
    })
}

fn amount(body: &MoneyBody, scale: u8) -> Result<Amount, Refused> {
    let parsed = parse_amount(&body.amount, scale).filter(|amount| amount.0 > 0);
    let why = || usage(format!("{} is no amount of {}", body.amount, body.asset));
    parsed.ok_or_else(why)
}
