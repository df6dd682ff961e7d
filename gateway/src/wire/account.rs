//! An account on its way out: balances, rates, own trades.

use schemas::ids::AccountId;
use schemas::instrument::{AccountState, Side};
use schemas::report::{AccountReport, Directory, SymbolReport, TradeReport};
use schemas::units::{Amount, Rate, TimeNs};
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::exchange_info::PERMISSION;
use crate::wire::grid::Grid;

/// A rate of 1e-8 in hundredths of a percent.
const BASIS_POINT: i64 = 10_000;

/// Maker, taker, buyer and seller rates.
#[derive(Serialize)]
pub struct Rates {
    maker: Fixed,
    taker: Fixed,
    buyer: Fixed,
    seller: Fixed,
}

impl Rates {
    /// Those of a maker and a taker.
    pub fn new((maker, taker): (Rate, Rate)) -> Rates {
        let (maker, taker) = (Fixed::rate(maker), Fixed::rate(taker));
        Rates {
            maker,
            taker,
            buyer: Fixed::ZERO,
            seller: Fixed::ZERO,
        }
    }
}

/// The answer of account.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountAnswer<'a> {
    maker_commission: i64,
    taker_commission: i64,
    buyer_commission: i64,
    seller_commission: i64,
    commission_rates: Rates,
    can_trade: bool,
    can_withdraw: bool,
    can_deposit: bool,
    brokered: bool,
    require_self_trade_prevention: bool,
    prevent_sor: bool,
    update_time: u64,
    account_type: &'static str,
    balances: Vec<BalanceAnswer<'a>>,
    permissions: [&'static str; 1],
    uid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    trade_group_id: Option<u32>,
}

#[derive(Serialize)]
struct BalanceAnswer<'a> {
    asset: &'a str,
    free: Fixed,
    locked: Fixed,
}

impl<'a> AccountAnswer<'a> {
    /// An account with every asset of the venue, or only with those that it owns.
    pub fn new(
        directory: &'a Directory,
        report: &AccountReport,
        unit: TimeUnit,
        omit_zeros: bool,
    ) -> AccountAnswer<'a> {
        let rates = rates(directory, report.tier, directory.symbols.first());
        let balances = directory.assets.iter().map(|asset| {
            let mut owned = report.balances.iter();
            let found = owned.find(|(id, _, _)| *id == asset.asset);
            let (free, locked) = found.map_or((Amount::ZERO, Amount::ZERO), |(_, free, held)| {
                (*free, *held)
            });
            (asset, free, locked)
        });
        let shown = balances
            .filter(|(_, free, locked)| !omit_zeros || free.0 != 0 || locked.0 != 0)
            .map(|(asset, free, locked)| BalanceAnswer {
                asset: asset.code.as_str(),
                free: Fixed::amount(free, asset.scale),
                locked: Fixed::amount(locked, asset.scale),
            });
        AccountAnswer {
            maker_commission: rates.0.0 / BASIS_POINT,
            taker_commission: rates.1.0 / BASIS_POINT,
            buyer_commission: 0,
            seller_commission: 0,
            commission_rates: Rates::new(rates),
            can_trade: report.state == AccountState::Active,
            can_withdraw: directory.withdrawals,
            can_deposit: true,
            brokered: false,
            require_self_trade_prevention: false,
            prevent_sor: false,
            update_time: unit.print(report.updated),
            account_type: PERMISSION,
            balances: shown.collect(),
            permissions: [PERMISSION],
            uid: report.account.0,
            trade_group_id: Some(report.trade_group).filter(|group| *group != 0),
        }
    }
}

/// An account that nothing ever happened to.
pub fn untouched(account: AccountId) -> AccountReport {
    AccountReport {
        account,
        state: AccountState::Active,
        tier: 0,
        trade_group: 0,
        balances: Vec::new(),
        updated: TimeNs(0),
    }
}

/// (maker, taker) of a tier; of tier 0 those of the symbol itself.
pub fn rates(directory: &Directory, tier: u8, symbol: Option<&SymbolReport>) -> (Rate, Rate) {
    let own = symbol.map_or((Rate(0), Rate(0)), |symbol| {
        (symbol.maker_fee, symbol.taker_fee)
    });
    match tier {
        0 => own,
        tier => directory
            .tiers
            .get(usize::from(tier))
            .copied()
            .unwrap_or(own),
    }
}

/// The discount that nobody has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Discount {
    enabled_for_account: bool,
    enabled_for_symbol: bool,
    discount_asset: Option<&'static str>,
    discount: Fixed,
}

/// No discount.
pub const NO_DISCOUNT: Discount = Discount {
    enabled_for_account: false,
    enabled_for_symbol: false,
    discount_asset: None,
    discount: Fixed::ZERO,
};

/// The answer of account/commission.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CommissionAnswer<'a> {
    symbol: &'a str,
    standard_commission: Rates,
    special_commission: Rates,
    tax_commission: Rates,
    discount: Discount,
}

impl<'a> CommissionAnswer<'a> {
    /// Only the standard part is ever set.
    pub fn new(grid: &'a Grid, rates: (Rate, Rate)) -> CommissionAnswer<'a> {
        CommissionAnswer {
            symbol: grid.name(),
            standard_commission: Rates::new(rates),
            special_commission: Rates::new((Rate(0), Rate(0))),
            tax_commission: Rates::new((Rate(0), Rate(0))),
            discount: NO_DISCOUNT,
        }
    }
}

/// Maker and taker rates alone.
#[derive(Serialize)]
struct OrderRates {
    maker: Fixed,
    taker: Fixed,
}

impl OrderRates {
    fn new((maker, taker): (Rate, Rate)) -> OrderRates {
        OrderRates {
            maker: Fixed::rate(maker),
            taker: Fixed::rate(taker),
        }
    }
}

/// The answer to a test order that asks for its rates.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestAnswer {
    standard_commission_for_order: OrderRates,
    special_commission_for_order: OrderRates,
    tax_commission_for_order: OrderRates,
    discount: Discount,
}

impl TestAnswer {
    /// Only the standard part is ever set.
    pub fn new(rates: (Rate, Rate)) -> TestAnswer {
        TestAnswer {
            standard_commission_for_order: OrderRates::new(rates),
            special_commission_for_order: OrderRates::new((Rate(0), Rate(0))),
            tax_commission_for_order: OrderRates::new((Rate(0), Rate(0))),
            discount: NO_DISCOUNT,
        }
    }
}

/// One row of myTrades.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MyTradeAnswer<'a> {
    symbol: &'a str,
    id: u64,
    order_id: u64,
    order_list_id: i64,
    price: Fixed,
    qty: Fixed,
    quote_qty: Fixed,
    commission: Fixed,
    commission_asset: &'a str,
    time: u64,
    is_buyer: bool,
    is_maker: bool,
    is_best_match: bool,
}

impl<'a> MyTradeAnswer<'a> {
    /// One side of a trade.
    pub fn new(
        grid: &'a Grid,
        unit: TimeUnit,
        trade: &TradeReport,
        is_maker: bool,
    ) -> MyTradeAnswer<'a> {
        let is_buyer = (trade.taker_side == Side::Buy) != is_maker;
        let (order, fee) = if is_maker {
            (trade.maker_order, trade.maker_fee)
        } else {
            (trade.taker_order, trade.taker_fee)
        };
        let (commission, commission_asset) = grid.received(is_buyer, fee);
        MyTradeAnswer {
            symbol: grid.name(),
            id: trade.trade.0,
            order_id: order.0,
            order_list_id: -1,
            price: grid.price(trade.price),
            qty: grid.qty(trade.qty),
            quote_qty: grid.quote(trade.quote),
            commission,
            commission_asset,
            time: unit.print(trade.time),
            is_buyer,
            is_maker,
            is_best_match: true,
        }
    }
}
