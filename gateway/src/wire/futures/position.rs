//! Positions on their way out: positionRisk and the rows of an account.

use schemas::margin::{Table, price_of_loss};
use schemas::perpetual::{Holding, MarginType};
use schemas::perpetual_report::{ContractReport, PositionReport};
use schemas::units::{Amount, Qty, RATE_ONE, Rate, TimeNs};
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::futures::names::small_margin_type;
use crate::wire::grid::Grid;
use crate::wire::names::Spelled;

/// Decimals of a break-even price, which lies between ticks.
const BREAK_EVEN_SCALE: u8 = 8;

/// A position with what it is printed by.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    pub grid: &'a Grid,
    pub unit: TimeUnit,
    pub position: &'a PositionReport,
    /// The largest notional at its leverage.
    pub most: Option<Amount>,
    pub taker_fee: Rate,
}

/// One row of positionRisk v3, which shows live positions alone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PositionRiskV3<'a> {
    symbol: &'a str,
    position_side: &'static str,
    position_amt: Fixed,
    entry_price: Fixed,
    break_even_price: Fixed,
    mark_price: Fixed,
    #[serde(rename = "unRealizedProfit")]
    unrealised: Fixed,
    liquidation_price: Fixed,
    isolated_margin: Fixed,
    notional: Fixed,
    margin_asset: &'a str,
    isolated_wallet: Fixed,
    initial_margin: Fixed,
    maint_margin: Fixed,
    position_initial_margin: Fixed,
    open_order_initial_margin: Fixed,
    bid_notional: Fixed,
    ask_notional: Fixed,
    update_time: u64,
}

/// One row of positionRisk v2, which shows every perpetual.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PositionRiskV2<'a> {
    symbol: &'a str,
    position_amt: Fixed,
    entry_price: Fixed,
    break_even_price: Fixed,
    mark_price: Fixed,
    #[serde(rename = "unRealizedProfit")]
    unrealised: Fixed,
    liquidation_price: Fixed,
    leverage: String,
    max_notional_value: Fixed,
    margin_type: &'static str,
    isolated_margin: Fixed,
    is_auto_add_margin: &'static str,
    position_side: &'static str,
    notional: Fixed,
    isolated_wallet: Fixed,
    update_time: u64,
}

/// One position of account v2.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountPositionV2<'a> {
    symbol: &'a str,
    initial_margin: Fixed,
    maint_margin: Fixed,
    #[serde(rename = "unrealizedProfit")]
    unrealised: Fixed,
    position_initial_margin: Fixed,
    open_order_initial_margin: Fixed,
    leverage: String,
    isolated: bool,
    entry_price: Fixed,
    break_even_price: Fixed,
    max_notional: Fixed,
    bid_notional: Fixed,
    ask_notional: Fixed,
    position_side: &'static str,
    position_amt: Fixed,
    notional: Fixed,
    isolated_wallet: Fixed,
    update_time: u64,
}

/// One position of account v3.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountPositionV3<'a> {
    symbol: &'a str,
    position_side: &'static str,
    position_amt: Fixed,
    #[serde(rename = "unrealizedProfit")]
    unrealised: Fixed,
    isolated_margin: Fixed,
    notional: Fixed,
    isolated_wallet: Fixed,
    initial_margin: Fixed,
    maint_margin: Fixed,
    update_time: u64,
}

impl<'a> Shown<'a> {
    /// As positionRisk v3 has it.
    pub fn risk_v3(&self) -> PositionRiskV3<'a> {
        let (grid, position) = (self.grid, self.position);
        PositionRiskV3 {
            symbol: grid.name(),
            position_side: position.side.text(),
            position_amt: grid.qty(position.holding.size),
            entry_price: self.entry_price(),
            break_even_price: self.break_even(),
            mark_price: grid.price(position.mark),
            unrealised: grid.quote(position.unrealised),
            liquidation_price: self.liquidation(),
            isolated_margin: self.isolated_margin(),
            notional: self.notional(),
            margin_asset: grid.quote.code.as_str(),
            isolated_wallet: grid.quote(position.holding.isolated),
            initial_margin: self.initial_margin(),
            maint_margin: grid.quote(position.maintenance),
            position_initial_margin: grid.quote(position.position_margin),
            open_order_initial_margin: grid.quote(position.order_margin),
            bid_notional: grid.quote(position.bid_notional),
            ask_notional: grid.quote(position.ask_notional),
            update_time: self.updated(),
        }
    }

    /// As positionRisk v2 has it.
    pub fn risk_v2(&self) -> PositionRiskV2<'a> {
        let (grid, position) = (self.grid, self.position);
        PositionRiskV2 {
            symbol: grid.name(),
            position_amt: grid.qty(position.holding.size),
            entry_price: self.entry_price(),
            break_even_price: self.break_even(),
            mark_price: grid.price(position.mark),
            unrealised: grid.quote(position.unrealised),
            liquidation_price: self.liquidation(),
            leverage: position.leverage.to_string(),
            max_notional_value: self.most_notional(),
            margin_type: small_margin_type(position.margin_type),
            isolated_margin: self.isolated_margin(),
            is_auto_add_margin: "false",
            position_side: position.side.text(),
            notional: self.notional(),
            isolated_wallet: grid.quote(position.holding.isolated),
            update_time: self.updated(),
        }
    }

    /// As account v2 has it.
    pub fn account_v2(&self) -> AccountPositionV2<'a> {
        let (grid, position) = (self.grid, self.position);
        AccountPositionV2 {
            symbol: grid.name(),
            initial_margin: self.initial_margin(),
            maint_margin: grid.quote(position.maintenance),
            unrealised: grid.quote(position.unrealised),
            position_initial_margin: grid.quote(position.position_margin),
            open_order_initial_margin: grid.quote(position.order_margin),
            leverage: position.leverage.to_string(),
            isolated: position.margin_type == MarginType::Isolated,
            entry_price: self.entry_price(),
            break_even_price: self.break_even(),
            max_notional: self.most_notional(),
            bid_notional: grid.quote(position.bid_notional),
            ask_notional: grid.quote(position.ask_notional),
            position_side: position.side.text(),
            position_amt: grid.qty(position.holding.size),
            notional: self.notional(),
            isolated_wallet: grid.quote(position.holding.isolated),
            update_time: self.updated(),
        }
    }

    /// As account v3 has it.
    pub fn account_v3(&self) -> AccountPositionV3<'a> {
        let (grid, position) = (self.grid, self.position);
        AccountPositionV3 {
            symbol: grid.name(),
            position_side: position.side.text(),
            position_amt: grid.qty(position.holding.size),
            unrealised: grid.quote(position.unrealised),
            isolated_margin: self.isolated_margin(),
            notional: self.notional(),
            isolated_wallet: grid.quote(position.holding.isolated),
            initial_margin: self.initial_margin(),
            maint_margin: grid.quote(position.maintenance),
            update_time: self.updated(),
        }
    }

    fn entry_price(&self) -> Fixed {
        entry_price(self.grid, &self.position.holding)
    }

    /// Where closing by a taker order would come out at nothing.
    fn break_even(&self) -> Fixed {
        let lot = quote_per_tick_lot(self.grid);
        let exact = price_of_loss(
            &self.position.holding,
            Amount::ZERO,
            (self.taker_fee, 0),
            lot,
        );
        let Some(exact) = exact.filter(|exact| exact.numerator >= 0) else {
            return Fixed::ZERO;
        };
        let scale = self.grid.symbol.price_scale;
        let printed = Fixed::ratio((exact.numerator, scale), (exact.denominator, 0));
        printed.unwrap_or(Fixed::new(0, BREAK_EVEN_SCALE))
    }

    fn liquidation(&self) -> Fixed {
        let liquidation = self.position.liquidation;
        liquidation.map_or(Fixed::ZERO, |price| self.grid.price(price))
    }

    /// |size| x mark with the sign of the size.
    fn notional(&self) -> Fixed {
        let Amount(notional) = self.position.notional;
        let Qty(size) = self.position.holding.size;
        self.grid
            .quote(Amount(notional * i128::from(size.signum())))
    }

    fn isolated_margin(&self) -> Fixed {
        let position = self.position;
        let margin = match position.margin_type {
            MarginType::Isolated => Amount(position.holding.isolated.0 + position.unrealised.0),
            MarginType::Cross => Amount::ZERO,
        };
        self.grid.quote(margin)
    }

    fn initial_margin(&self) -> Fixed {
        let position = self.position;
        let margin = position.position_margin.0 + position.order_margin.0;
        self.grid.quote(Amount(margin))
    }

    fn most_notional(&self) -> Fixed {
        most_notional(self.grid, self.most)
    }

    fn updated(&self) -> u64 {
        match self.position.updated {
            TimeNs(0) => 0,
            time => self.unit.print(time),
        }
    }
}

/// A largest notional; without a bound what 64 bits of atoms hold, which nobody exceeds.
pub fn most_notional(grid: &Grid, most: Option<Amount>) -> Fixed {
    grid.quote(most.unwrap_or(Amount(i128::from(i64::MAX))))
}

/// The largest notional of a contract at a leverage.
pub fn notional_max(contract: Option<&ContractReport>, leverage: u32) -> Option<Amount> {
    Table::new(&contract?.brackets)?.notional_max(leverage)
}

/// Cost by size, to 8 decimals; zero when flat.
pub fn entry_price(grid: &Grid, holding: &Holding) -> Fixed {
    let cost = (holding.cost.0.abs(), grid.quote.scale);
    let size = (i128::from(holding.size.0).abs(), grid.symbol.qty_scale);
    Fixed::ratio(cost, size).unwrap_or(Fixed::ZERO)
}

/// Quote atoms of one lot at one price unit.
pub fn quote_per_tick_lot(grid: &Grid) -> u64 {
    let fine = grid.symbol.price_scale + grid.symbol.qty_scale;
    let power = u32::from(grid.quote.scale.saturating_sub(fine));
    10_u64.pow(power)
}

/// A rate as a plain number of JSON.
pub fn number(rate: Rate) -> serde_json::Value {
    let one = RATE_ONE as i64;
    let text = format!("{}.{:08}", rate.0 / one, rate.0 % one);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    serde_json::from_str(text).expect("digits and a point are a number")
}
