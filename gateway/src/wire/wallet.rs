//! Wallets on their way out: coins, fees, and what a key or an account may do.
//!
//! No coin can come in or go out yet: every network says so.

use schemas::perpetual_report::IncomeReport;
use schemas::report::{AccountReport, AssetReport, Directory};
use schemas::units::{Amount, Rate};
use serde::Serialize;

use crate::wire::account::rates;
use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;

/// The one network that every coin has: the venue's own ledger.
const NETWORK: &str = "DAYBOOK";
/// What clients read as "no bound".
const MOST: Fixed = Fixed::new(9_999_999_999, 0);

/// One coin of capital/config/getall.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoinAnswer<'a> {
    coin: &'a str,
    deposit_all_enable: bool,
    free: Fixed,
    freeze: Fixed,
    ipoable: Fixed,
    ipoing: Fixed,
    is_legal_money: bool,
    locked: Fixed,
    name: &'a str,
    network_list: [NetworkAnswer<'a>; 1],
    storage: Fixed,
    trading: bool,
    withdraw_all_enable: bool,
    withdrawing: Fixed,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NetworkAnswer<'a> {
    address_regex: &'static str,
    busy: bool,
    coin: &'a str,
    contract_address: &'static str,
    contract_address_url: &'static str,
    deposit_desc: &'static str,
    deposit_dust: Fixed,
    deposit_enable: bool,
    estimated_arrival_time: u32,
    is_default: bool,
    memo_regex: &'static str,
    min_confirm: u32,
    name: &'static str,
    network: &'static str,
    reset_address_status: bool,
    same_address: bool,
    special_tips: &'static str,
    un_lock_confirm: u32,
    withdraw_desc: &'static str,
    withdraw_enable: bool,
    withdraw_fee: Fixed,
    withdraw_integer_multiple: Fixed,
    withdraw_internal_min: Fixed,
    withdraw_max: Fixed,
    withdraw_min: Fixed,
}

impl<'a> CoinAnswer<'a> {
    /// A coin with what the account has of it.
    pub fn new(
        directory: &Directory,
        asset: &'a AssetReport,
        account: &AccountReport,
    ) -> CoinAnswer<'a> {
        let mut owned = account.balances.iter();
        let (free, locked) = owned
            .find(|(id, _, _)| *id == asset.asset)
            .map_or((Amount::ZERO, Amount::ZERO), |(_, free, held)| {
                (*free, *held)
            });
        let coin = asset.code.as_str();
        let traded = |id| asset.asset == id;
        CoinAnswer {
            coin,
            deposit_all_enable: false,
            free: Fixed::amount(free, asset.scale),
            freeze: Fixed::ZERO,
            ipoable: Fixed::ZERO,
            ipoing: Fixed::ZERO,
            is_legal_money: false,
            locked: Fixed::amount(locked, asset.scale),
            name: coin,
            network_list: [NetworkAnswer::new(asset)],
            storage: Fixed::ZERO,
            trading: directory
                .symbols
                .iter()
                .any(|symbol| traded(symbol.base) || traded(symbol.quote)),
            withdraw_all_enable: false,
            withdrawing: Fixed::ZERO,
        }
    }
}

impl<'a> NetworkAnswer<'a> {
    fn new(asset: &'a AssetReport) -> NetworkAnswer<'a> {
        let atom = Fixed::new(1, asset.scale);
        NetworkAnswer {
            address_regex: "",
            busy: false,
            coin: asset.code.as_str(),
            contract_address: "",
            contract_address_url: "",
            deposit_desc: "Deposits are entered by the operator",
            deposit_dust: atom,
            deposit_enable: false,
            estimated_arrival_time: 0,
            is_default: true,
            memo_regex: "",
            min_confirm: 0,
            name: NETWORK,
            network: NETWORK,
            reset_address_status: false,
            same_address: false,
            special_tips: "",
            un_lock_confirm: 0,
            withdraw_desc: "Withdrawals are entered by the operator",
            withdraw_enable: false,
            withdraw_fee: Fixed::ZERO,
            withdraw_integer_multiple: atom,
            withdraw_internal_min: atom,
            withdraw_max: MOST,
            withdraw_min: atom,
        }
    }
}

/// One row of asset/tradeFee.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TradeFeeAnswer<'a> {
    symbol: &'a str,
    maker_commission: Fixed,
    taker_commission: Fixed,
}

impl<'a> TradeFeeAnswer<'a> {
    /// What a symbol costs an account of that tier.
    pub fn new(directory: &Directory, grid: &'a Grid, tier: u8) -> TradeFeeAnswer<'a> {
        let (maker, taker): (Rate, Rate) = rates(directory, tier, Some(&grid.symbol));
        TradeFeeAnswer {
            symbol: grid.name(),
            maker_commission: Fixed::rate(maker),
            taker_commission: Fixed::rate(taker),
        }
    }
}

/// The answer of account/apiRestrictions.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestrictionsAnswer {
    pub ip_restrict: bool,
    pub create_time: u64,
    pub enable_reading: bool,
    pub enable_withdrawals: bool,
    pub enable_internal_transfer: bool,
    pub enable_margin: bool,
    pub enable_futures: bool,
    pub permits_universal_transfer: bool,
    pub enable_vanilla_options: bool,
    pub enable_fix_api_trade: bool,
    pub enable_fix_read_only: bool,
    pub enable_spot_and_margin_trading: bool,
    pub enable_portfolio_margin_trading: bool,
}

/// One row of rateLimit/order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLimitRow {
    pub rate_limit_type: &'static str,
    pub interval: &'static str,
    pub interval_num: u32,
    pub limit: u32,
    pub count: u32,
}

/// One row of asset/transfer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferRow<'a> {
    asset: &'a str,
    amount: Fixed,
    #[serde(rename = "type")]
    word: &'static str,
    status: &'static str,
    tran_id: u64,
    timestamp: u64,
}

impl<'a> TransferRow<'a> {
    /// One change of a futures wallet, in the direction of that word.
    pub fn new(
        asset: &'a AssetReport,
        unit: TimeUnit,
        (change, word): (&IncomeReport, &'static str),
    ) -> TransferRow<'a> {
        TransferRow {
            asset: asset.code.as_str(),
            amount: Fixed::amount(Amount(change.amount.0.abs()), asset.scale),
            word,
            status: "CONFIRMED",
            tran_id: change.id.0,
            timestamp: unit.print(change.time),
        }
    }
}
