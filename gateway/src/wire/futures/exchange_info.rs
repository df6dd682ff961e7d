//! The rules of perpetuals on their way out.

use schemas::instrument::{PercentPrice, SymbolState};
use schemas::report::Directory;
use serde::Serialize;
use serde_json::json;

use crate::wire::decimal::Fixed;
use crate::wire::exchange_info::{Filter, RateLimit, lot_sizes, price_filter, rate_limits};
use crate::wire::grid::Grid;
use crate::wire::names::symbol_status;

/// What futures call a contract without an end; its delivery is the end of the year 2100.
const CONTRACT: &str = "PERPETUAL";
const NO_DELIVERY_MS: u64 = 4_133_404_800_000;

/// What a perpetual can be ordered by; those after MARKET through algoOrder.
const ORDER_TYPES: [&str; 7] = [
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
];
const TIMES_IN_FORCE: [&str; 5] = ["GTC", "IOC", "FOK", "GTX", "GTD"];

/// The answer of exchangeInfo.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FuturesInfo<'a> {
    timezone: &'static str,
    server_time: u64,
    futures_type: &'static str,
    rate_limits: Vec<RateLimit>,
    exchange_filters: [(); 0],
    assets: Vec<MarginAsset<'a>>,
    symbols: Vec<ContractInfo<'a>>,
}

/// An asset that margin is paid in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MarginAsset<'a> {
    asset: &'a str,
    margin_available: bool,
    auto_asset_exchange: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContractInfo<'a> {
    symbol: &'a str,
    pair: &'a str,
    contract_type: &'static str,
    delivery_date: u64,
    status: &'static str,
    base_asset: &'a str,
    quote_asset: &'a str,
    margin_asset: &'a str,
    price_precision: u32,
    quantity_precision: u32,
    base_asset_precision: u8,
    quote_precision: u8,
    underlying_type: &'static str,
    underlying_sub_type: [(); 0],
    filters: Vec<Filter>,
    order_types: [&'static str; 7],
    time_in_force: [&'static str; 5],
}

impl<'a> FuturesInfo<'a> {
    /// The rules of those perpetuals; `per_second` as in [`rate_limits`].
    pub fn new(
        directory: &'a Directory,
        grids: &'a [Grid],
        (server_time, per_second): (u64, u32),
    ) -> FuturesInfo<'a> {
        let mut assets: Vec<MarginAsset<'a>> = Vec::new();
        for grid in grids {
            let asset = grid.quote.code.as_str();
            if assets.iter().all(|other| other.asset != asset) {
                assets.push(MarginAsset {
                    asset,
                    margin_available: true,
                    auto_asset_exchange: None,
                });
            }
        }
        FuturesInfo {
            timezone: "UTC",
            server_time,
            futures_type: "U_MARGINED",
            rate_limits: rate_limits(directory, per_second),
            exchange_filters: [],
            assets,
            symbols: grids.iter().map(|grid| contract(directory, grid)).collect(),
        }
    }
}

fn contract<'a>(directory: &Directory, grid: &'a Grid) -> ContractInfo<'a> {
    let symbol = &grid.symbol;
    ContractInfo {
        symbol: grid.name(),
        pair: grid.name(),
        contract_type: CONTRACT,
        delivery_date: NO_DELIVERY_MS,
        status: match symbol.state {
            SymbolState::PreTrading => "PENDING_TRADING",
            state => symbol_status(state, directory.venue),
        },
        base_asset: grid.base.code.as_str(),
        quote_asset: grid.quote.code.as_str(),
        margin_asset: grid.quote.code.as_str(),
        price_precision: decimals(symbol.price.tick.0, symbol.price_scale),
        quantity_precision: decimals(symbol.lot_size.step.0, symbol.qty_scale),
        base_asset_precision: grid.base.scale,
        quote_precision: grid.quote.scale,
        underlying_type: "COIN",
        underlying_sub_type: [],
        filters: filters(grid),
        order_types: ORDER_TYPES,
        time_in_force: TIMES_IN_FORCE,
    }
}

/// How many decimals multiples of a step have, in units of 10^-`scale`.
fn decimals(step: i64, scale: u8) -> u32 {
    let mut places = u32::from(scale);
    let mut step = step;
    while 0 < places && step != 0 && step % 10 == 0 {
        step /= 10;
        places -= 1;
    }
    places
}

/// The contract's filters in the order in which they are checked.
fn filters(grid: &Grid) -> Vec<Filter> {
    let symbol = &grid.symbol;
    let mut filters = vec![price_filter(grid)];
    filters.extend(lot_sizes(grid));
    if symbol.max_num_orders != 0 {
        let most = json!(symbol.max_num_orders);
        filters.push(Filter("MAX_NUM_ORDERS", vec![("limit", most)]));
    }
    if symbol.order_rules.max_num_algo_orders != 0 {
        let most = json!(symbol.order_rules.max_num_algo_orders);
        filters.push(Filter("MAX_NUM_ALGO_ORDERS", vec![("limit", most)]));
    }
    let notional = json!(grid.quote(symbol.notional.min));
    filters.push(Filter("MIN_NOTIONAL", vec![("notional", notional)]));
    if symbol.percent_price != PercentPrice::default() {
        let multiplier = |value: u32| json!(Fixed::new(i128::from(value), 4));
        let bounds = vec![
            ("multiplierUp", multiplier(symbol.percent_price.bid_up)),
            ("multiplierDown", multiplier(symbol.percent_price.ask_down)),
            ("multiplierDecimal", json!("4")),
        ];
        filters.push(Filter("PERCENT_PRICE", bounds));
    }
    filters
}

#[cfg(test)]
mod tests {
    use super::decimals;

    #[test]
    fn precision_is_that_of_the_step() {
        for (step, scale, places) in [(1, 3, 3), (100, 3, 1), (1_000, 3, 0), (5, 1, 1), (0, 2, 2)] {
            assert_eq!(decimals(step, scale), places, "{step} at {scale}");
        }
    }
}
