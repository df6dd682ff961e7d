//! Futures wallets on their way out: balance, account, income.

use schemas::perpetual_report::{FuturesBalance, IncomeKind, IncomeReport};
use schemas::report::{AssetReport, Directory, SymbolReport};
use schemas::units::{Amount, TimeNs};
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::names::Spelled;

/// One row of balance v2 and v3.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BalanceRow<'a> {
    account_alias: String,
    asset: &'a str,
    balance: Fixed,
    cross_wallet_balance: Fixed,
    cross_un_pnl: Fixed,
    available_balance: Fixed,
    max_withdraw_amount: Fixed,
    margin_available: bool,
    update_time: u64,
}

impl<'a> BalanceRow<'a> {
    /// One asset of an account's futures wallet.
    pub fn new(
        asset: &'a AssetReport,
        unit: TimeUnit,
        (account, balance): (u32, &FuturesBalance),
    ) -> BalanceRow<'a> {
        let money = |amount| Fixed::amount(amount, asset.scale);
        BalanceRow {
            account_alias: account.to_string(),
            asset: asset.code.as_str(),
            balance: money(balance.wallet()),
            cross_wallet_balance: money(balance.cross),
            cross_un_pnl: money(balance.cross_unrealised),
            available_balance: money(balance.available),
            max_withdraw_amount: money(balance.withdrawable),
            margin_available: true,
            update_time: date(unit, balance.updated),
        }
    }
}

/// One asset of account v2 and v3.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountAsset<'a> {
    asset: &'a str,
    wallet_balance: Fixed,
    unrealized_profit: Fixed,
    margin_balance: Fixed,
    maint_margin: Fixed,
    initial_margin: Fixed,
    position_initial_margin: Fixed,
    open_order_initial_margin: Fixed,
    cross_wallet_balance: Fixed,
    cross_un_pnl: Fixed,
    available_balance: Fixed,
    max_withdraw_amount: Fixed,
    margin_available: bool,
    update_time: u64,
}

impl<'a> AccountAsset<'a> {
    /// One asset of an account's futures wallet.
    pub fn new(
        asset: &'a AssetReport,
        unit: TimeUnit,
        balance: &FuturesBalance,
    ) -> AccountAsset<'a> {
        let money = |amount| Fixed::amount(amount, asset.scale);
        let sum = |left: Amount, right: Amount| money(Amount(left.0 + right.0));
        AccountAsset {
            asset: asset.code.as_str(),
            wallet_balance: money(balance.wallet()),
            unrealized_profit: money(balance.unrealised()),
            margin_balance: sum(balance.wallet(), balance.unrealised()),
            maint_margin: money(balance.maintenance),
            initial_margin: sum(balance.position_margin, balance.order_margin),
            position_initial_margin: money(balance.position_margin),
            open_order_initial_margin: money(balance.order_margin),
            cross_wallet_balance: money(balance.cross),
            cross_un_pnl: money(balance.cross_unrealised),
            available_balance: money(balance.available),
            max_withdraw_amount: money(balance.withdrawable),
            margin_available: true,
            update_time: date(unit, balance.updated),
        }
    }
}

/// The totals of an account, in the one asset that margin is kept in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    total_initial_margin: Fixed,
    total_maint_margin: Fixed,
    total_wallet_balance: Fixed,
    total_unrealized_profit: Fixed,
    total_margin_balance: Fixed,
    total_position_initial_margin: Fixed,
    total_open_order_initial_margin: Fixed,
    total_cross_wallet_balance: Fixed,
    total_cross_un_pnl: Fixed,
    available_balance: Fixed,
    max_withdraw_amount: Fixed,
}

impl Totals {
    /// Those of one asset's wallet.
    pub fn new(scale: u8, balance: &FuturesBalance) -> Totals {
        let money = |amount| Fixed::amount(amount, scale);
        let sum = |left: Amount, right: Amount| money(Amount(left.0 + right.0));
        Totals {
            total_initial_margin: sum(balance.position_margin, balance.order_margin),
            total_maint_margin: money(balance.maintenance),
            total_wallet_balance: money(balance.wallet()),
            total_unrealized_profit: money(balance.unrealised()),
            total_margin_balance: sum(balance.wallet(), balance.unrealised()),
            total_position_initial_margin: money(balance.position_margin),
            total_open_order_initial_margin: money(balance.order_margin),
            total_cross_wallet_balance: money(balance.cross),
            total_cross_un_pnl: money(balance.cross_unrealised),
            available_balance: money(balance.available),
            max_withdraw_amount: money(balance.withdrawable),
        }
    }
}

/// What only account v2 tells besides.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Permissions {
    pub fee_tier: u8,
    pub fee_burn: bool,
    pub can_trade: bool,
    pub can_deposit: bool,
    pub can_withdraw: bool,
    pub update_time: u64,
    pub multi_assets_margin: bool,
    pub trade_group_id: i64,
}

/// The answer of account v2 and v3.
#[derive(Serialize)]
pub struct FuturesAccountAnswer<'a, P> {
    #[serde(flatten)]
    pub permissions: Option<Permissions>,
    #[serde(flatten)]
    pub totals: Totals,
    pub assets: Vec<AccountAsset<'a>>,
    pub positions: Vec<P>,
}

/// One row of income.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IncomeRow<'a> {
    symbol: &'a str,
    income_type: &'static str,
    income: Fixed,
    asset: &'a str,
    info: String,
    time: u64,
    tran_id: u64,
    trade_id: String,
}

impl<'a> IncomeRow<'a> {
    /// One change of a wallet; the asset is one of the directory.
    pub fn new(
        directory: &'a Directory,
        unit: TimeUnit,
        income: &IncomeReport,
    ) -> Option<IncomeRow<'a>> {
        let asset = directory.assets.get(usize::from(income.asset.0))?;
        let symbol = |number: u32| directory.symbols.get(number as usize);
        let name = match income.symbol {
            None => "",
            Some(number) => symbol(number.0).map_or("", |SymbolReport { name, .. }| name.as_str()),
        };
        let trade = income
            .trade
            .map_or(String::new(), |trade| trade.0.to_string());
        Some(IncomeRow {
            symbol: name,
            income_type: income.kind.text(),
            income: Fixed::amount(income.amount, asset.scale),
            asset: asset.code.as_str(),
            info: match (income.kind, &trade[..]) {
                (IncomeKind::Transfer, _) | (_, "") => income.kind.text().to_owned(),
                _ => trade.clone(),
            },
            time: unit.print(income.time),
            tran_id: income.id.0,
            trade_id: trade,
        })
    }
}

/// A time that may not have come: zero then.
fn date(unit: TimeUnit, time: TimeNs) -> u64 {
    match time {
        TimeNs(0) => 0,
        time => unit.print(time),
    }
}
