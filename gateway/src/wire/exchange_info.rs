//! The venue's rules on their way out.

use schemas::instrument::{LotSize, OrderType, PercentPrice, SelfTradePrevention, TrailingDelta};
use schemas::report::{Directory, OrderRules, SymbolReport};
use schemas::units::{Amount, Price, Qty};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;
use crate::wire::names::{Name, Spelled, symbol_status};

/// What every account may trade.
pub const PERMISSION: &str = "SPOT";

/// The answer of exchangeInfo.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeInfo<'a> {
    timezone: &'static str,
    server_time: u64,
    rate_limits: Vec<RateLimit>,
    exchange_filters: [(); 0],
    symbols: Vec<SymbolInfo<'a>>,
}

/// One of the venue's limits.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    rate_limit_type: &'static str,
    interval: &'static str,
    interval_num: u32,
    limit: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SymbolInfo<'a> {
    symbol: &'a str,
    status: &'static str,
    base_asset: &'a str,
    base_asset_precision: u8,
    quote_asset: &'a str,
    quote_precision: u8,
    quote_asset_precision: u8,
    base_commission_precision: u8,
    quote_commission_precision: u8,
    order_types: Vec<&'static str>,
    iceberg_allowed: bool,
    oco_allowed: bool,
    oto_allowed: bool,
    opo_allowed: bool,
    quote_order_qty_market_allowed: bool,
    allow_trailing_stop: bool,
    cancel_replace_allowed: bool,
    amend_allowed: bool,
    peg_instructions_allowed: bool,
    is_spot_trading_allowed: bool,
    is_margin_trading_allowed: bool,
    filters: Vec<Filter>,
    permissions: [&'static str; 0],
    permission_sets: Vec<[&'static str; 1]>,
    default_self_trade_prevention_mode: &'static str,
    allowed_self_trade_prevention_modes: Vec<&'static str>,
}

impl<'a> ExchangeInfo<'a> {
    /// The rules of those symbols.
    pub fn new(
        directory: &'a Directory,
        grids: &'a [Grid],
        server_time: u64,
        with_sets: bool,
    ) -> ExchangeInfo<'a> {
        ExchangeInfo {
            timezone: "UTC",
            server_time,
            rate_limits: rate_limits(directory, 0),
            exchange_filters: [],
            symbols: grids
                .iter()
                .map(|grid| symbol_info(directory, grid, with_sets))
                .collect(),
        }
    }
}

impl ExchangeInfo<'_> {
    /// The same with the limit of requests a second; 0 = there is none.
    pub fn requests_per_second(mut self, limit: u32) -> Self {
        self.rate_limits.extend(raw_requests(limit));
        self
    }
}

/// The venue's limits, with that of requests a second; 0 = there is none.
pub fn rate_limits(directory: &Directory, per_second: u32) -> Vec<RateLimit> {
    let limits = directory.limits;
    let row = |rate_limit_type, interval, interval_num, limit| RateLimit {
        rate_limit_type,
        interval,
        interval_num,
        limit,
    };
    let mut rows = vec![
        row("REQUEST_WEIGHT", "MINUTE", 1, limits.weight_per_minute),
        row("ORDERS", "SECOND", 10, limits.orders_per_10s),
        row("ORDERS", "DAY", 1, limits.orders_per_day),
    ];
    rows.extend(raw_requests(per_second));
    rows
}

fn raw_requests(limit: u32) -> Option<RateLimit> {
    (limit != 0).then_some(RateLimit {
        rate_limit_type: "RAW_REQUESTS",
        interval: "SECOND",
        interval_num: 1,
        limit,
    })
}

fn symbol_info<'a>(directory: &Directory, grid: &'a Grid, with_sets: bool) -> SymbolInfo<'a> {
    let symbol = &grid.symbol;
    SymbolInfo {
        symbol: grid.name(),
        status: symbol_status(symbol.state, directory.venue),
        base_asset: grid.base.code.as_str(),
        base_asset_precision: grid.base.scale,
        quote_asset: grid.quote.code.as_str(),
        quote_precision: grid.quote.scale,
        quote_asset_precision: grid.quote.scale,
        base_commission_precision: grid.base.scale,
        quote_commission_precision: grid.quote.scale,
        order_types: OrderType::NAMES.iter().map(|(_, name)| *name).collect(),
        iceberg_allowed: true,
        oco_allowed: true,
        oto_allowed: true,
        opo_allowed: true,
        quote_order_qty_market_allowed: true,
        allow_trailing_stop: true,
        cancel_replace_allowed: true,
        amend_allowed: true,
        peg_instructions_allowed: true,
        is_spot_trading_allowed: true,
        is_margin_trading_allowed: false,
        filters: filters(grid),
        permissions: [],
        permission_sets: if with_sets {
            vec![[PERMISSION]]
        } else {
            Vec::new()
        },
        default_self_trade_prevention_mode: SelfTradePrevention::ExpireMaker.text(),
        allowed_self_trade_prevention_modes: SelfTradePrevention::NAMES
            .iter()
            .map(|(_, name)| *name)
            .collect(),
    }
}

/// One filter: its name, then its fields in the dialect's order.
pub struct Filter(pub &'static str, pub Vec<(&'static str, Value)>);

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = json!(self.0);
        let head = [("filterType", &name)];
        let fields = self.1.iter().map(|(field, value)| (*field, value));
        serializer.collect_map(head.into_iter().chain(fields))
    }
}

/// The symbol's filters in the order in which they are checked.
fn filters(grid: &Grid) -> Vec<Filter> {
    let symbol = &grid.symbol;
    let mut filters = vec![price_filter(grid)];
    if symbol.percent_price != PercentPrice::default() {
        filters.push(percent_price(symbol.percent_price));
    }
    filters.extend(lot_sizes(grid));
    filters.push(Filter(
        "NOTIONAL",
        vec![
            ("minNotional", json!(grid.quote(symbol.notional.min))),
            (
                "applyMinToMarket",
                json!(symbol.notional.apply_min_to_market),
            ),
            ("maxNotional", json!(grid.quote(most_notional(grid)))),
            (
                "applyMaxToMarket",
                json!(symbol.notional.apply_max_to_market),
            ),
            ("avgPriceMins", json!(symbol.percent_price.minutes)),
        ],
    ));
    if symbol.max_num_orders != 0 {
        let most = json!(symbol.max_num_orders);
        filters.push(Filter("MAX_NUM_ORDERS", vec![("maxNumOrders", most)]));
    }
    filters.extend(order_rules(&symbol.order_rules));
    if symbol.max_position != Qty::ZERO {
        let most = json!(grid.qty(symbol.max_position));
        filters.push(Filter("MAX_POSITION", vec![("maxPosition", most)]));
    }
    filters
}

/// The filters of orders with terms that are set.
fn order_rules(rules: &OrderRules) -> impl Iterator<Item = Filter> {
    let trailing = rules.trailing_delta;
    let delta = Filter(
        "TRAILING_DELTA",
        vec![
            ("minTrailingAboveDelta", json!(trailing.min_above)),
            ("maxTrailingAboveDelta", json!(trailing.max_above)),
            ("minTrailingBelowDelta", json!(trailing.min_below)),
            ("maxTrailingBelowDelta", json!(trailing.max_below)),
        ],
    );
    let counts = [
        ("ICEBERG_PARTS", "limit", rules.iceberg_parts),
        (
            "MAX_NUM_ALGO_ORDERS",
            "maxNumAlgoOrders",
            rules.max_num_algo_orders,
        ),
        (
            "MAX_NUM_ICEBERG_ORDERS",
            "maxNumIcebergOrders",
            rules.max_num_iceberg_orders,
        ),
        (
            "MAX_NUM_ORDER_LISTS",
            "maxNumOrderLists",
            rules.max_num_order_lists,
        ),
        (
            "MAX_NUM_ORDER_AMENDS",
            "maxNumOrderAmends",
            rules.max_num_order_amends,
        ),
    ];
    let counts = counts.into_iter().filter(|(_, _, most)| *most != 0);
    let counts = counts.map(|(name, field, most)| Filter(name, vec![(field, json!(most))]));
    let delta = (trailing != TrailingDelta::default()).then_some(delta);
    delta.into_iter().chain(counts)
}

/// PRICE_FILTER.
pub fn price_filter(grid: &Grid) -> Filter {
    let symbol = &grid.symbol;
    Filter(
        "PRICE_FILTER",
        vec![
            ("minPrice", json!(grid.price(symbol.price.min))),
            ("maxPrice", json!(grid.price(symbol.price.max))),
            ("tickSize", json!(grid.price(symbol.price.tick))),
        ],
    )
}

/// LOT_SIZE and MARKET_LOT_SIZE.
pub fn lot_sizes(grid: &Grid) -> [Filter; 2] {
    let symbol = &grid.symbol;
    let mut market = symbol.market_lot_size;
    if market.max == Qty::ZERO {
        // Bots read a zero as "nothing may be traded"; the other lot size binds anyway.
        market.max = symbol.lot_size.max;
    }
    [
        lot_size("LOT_SIZE", grid, symbol.lot_size),
        lot_size("MARKET_LOT_SIZE", grid, market),
    ]
}

fn lot_size(name: &'static str, grid: &Grid, rule: LotSize) -> Filter {
    Filter(
        name,
        vec![
            ("minQty", json!(grid.qty(rule.min))),
            ("maxQty", json!(grid.qty(rule.max))),
            ("stepSize", json!(grid.qty(rule.step))),
        ],
    )
}

fn percent_price(rule: PercentPrice) -> Filter {
    let multiplier = |value: u32| json!(Fixed::new(i128::from(value), 4));
    Filter(
        "PERCENT_PRICE_BY_SIDE",
        vec![
            ("bidMultiplierUp", multiplier(rule.bid_up)),
            ("bidMultiplierDown", multiplier(rule.bid_down)),
            ("askMultiplierUp", multiplier(rule.ask_up)),
            ("askMultiplierDown", multiplier(rule.ask_down)),
            ("avgPriceMins", json!(rule.minutes)),
        ],
    )
}

/// The most an order can be worth. Bots read a zero as "nothing may be traded", so
/// without a bound it is what the largest price and quantity give, which nothing exceeds.
fn most_notional(grid: &Grid) -> Amount {
    let symbol: &SymbolReport = &grid.symbol;
    if symbol.notional.max != Amount::ZERO {
        return symbol.notional.max;
    }
    let most = |bound: i64| {
        if bound == 0 {
            i128::from(i64::MAX)
        } else {
            i128::from(bound)
        }
    };
    let (Price(price), Qty(qty)) = (symbol.price.max, symbol.lot_size.max);
    let fine = u32::from(symbol.price_scale) + u32::from(symbol.qty_scale);
    let factor = u32::from(grid.quote.scale)
        .checked_sub(fine)
        .map(|power| 10_i128.pow(power));
    let product = factor.and_then(|factor| most(price).checked_mul(most(qty))?.checked_mul(factor));
    Amount(product.unwrap_or(i128::from(i64::MAX)))
}
