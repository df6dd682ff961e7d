//! The parameters of a new order → our command.
//!
//! Checks stand in the order of the rules: mandatory and surplus, then form, then
//! symbol, side, type and time in force, then what only the symbol's grid can tell.

use schemas::command::PlaceOrderV1;
use schemas::ids::ClientOrderId;
use schemas::instrument::{OrderType, SelfTradePrevention, Side, SymbolKind, TimeInForce};
use schemas::report::{Directory, SymbolReport};
use schemas::units::{Amount, Price, Qty};

use crate::auth::Caller;
use crate::error::{self, ApiError};
use crate::filters;
use crate::wire::client_id;
use crate::wire::decimal::Decimal;
use crate::wire::names::Name;
use crate::wire::parameters::Parameters;

/// How much the client wants to read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    Ack,
    Result,
    Full,
}

/// A new order, well-formed and of a known symbol.
#[derive(Clone, Debug)]
pub struct NewOrder {
    pub symbol: SymbolReport,
    pub side: Side,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub self_trade: SelfTradePrevention,
    pub price: Option<Decimal>,
    pub quantity: Option<Decimal>,
    pub quote_quantity: Option<Decimal>,
    pub client_order: ClientOrderId,
    pub detail: Detail,
    /// Labels that are only given back.
    pub strategy_id: Option<u64>,
    pub strategy_type: Option<u64>,
}

/// Every type of the dialect; only three of them exist here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Known(OrderType),
    /// A trigger order; the text that refuses it.
    Missing(&'static str),
    Unknown,
}

const BASICS: [&str; 9] = [
    "symbol",
    "side",
    "type",
    "quantity",
    "newClientOrderId",
    "strategyId",
    "strategyType",
    "newOrderRespType",
    "selfTradePreventionMode",
];
const TRIGGERS: [&str; 1] = ["stopPrice"];
const ICEBERG: [&str; 1] = ["icebergQty"];
const TRAILING: [&str; 1] = ["trailingDelta"];
const PEGS: [&str; 3] = ["pegPriceType", "pegOffsetValue", "pegOffsetType"];
const LIMITS: [&str; 2] = ["timeInForce", "price"];

impl Kind {
    fn parse(text: &str) -> Kind {
        match (OrderType::parse(text), text) {
            (Some(order_type), _) => Kind::Known(order_type),
            (None, "STOP_LOSS") => {
                Kind::Missing("Stop loss orders are not supported for this symbol.")
            }
            (None, "STOP_LOSS_LIMIT") => {
                Kind::Missing("Stop loss limit orders are not supported for this symbol.")
            }
            (None, "TAKE_PROFIT") => {
                Kind::Missing("Take profit orders are not supported for this symbol.")
            }
            (None, "TAKE_PROFIT_LIMIT") => {
                Kind::Missing("Take profit limit orders are not supported for this symbol.")
            }
            _ => Kind::Unknown,
        }
    }

    /// What has to be sent besides symbol, side and type.
    fn mandatory(self) -> &'static [&'static str] {
        match self {
            Kind::Known(OrderType::Limit) => &["timeInForce", "quantity", "price"],
            Kind::Known(OrderType::LimitMaker) => &["quantity", "price"],
            _ => &[],
        }
    }

    /// What may be sent besides the basics.
    fn allowed(self) -> Vec<&'static str> {
        match self {
            Kind::Known(OrderType::Limit) => [&LIMITS[..], &ICEBERG, &PEGS].concat(),
            Kind::Known(OrderType::LimitMaker) => [&["price"][..], &ICEBERG, &PEGS].concat(),
            Kind::Known(OrderType::Market) => vec!["quoteOrderQty"],
            _ => [
                &LIMITS[..],
                &ICEBERG,
                &PEGS,
                &TRIGGERS,
                &TRAILING,
                &["quoteOrderQty"],
            ]
            .concat(),
        }
    }
}

impl NewOrder {
    /// Reads an order; `extra` names what the endpoint takes besides.
    ///
    /// # Errors
    /// The first check that fails, in the order of the rules.
    pub fn read(
        parameters: &Parameters,
        directory: &Directory,
        extra: &[&str],
    ) -> Result<NewOrder, ApiError> {
        let symbol = parameters.required("symbol")?;
        let side = parameters.required("side")?;
        let kind = Kind::parse(parameters.required("type")?);
        check_names(parameters, kind, extra)?;

        let price = parameters.decimal("price")?;
        let quantity = parameters.decimal("quantity")?;
        let quote_quantity = parameters.decimal("quoteOrderQty")?;
        let client_order = client_id::read(parameters, "newClientOrderId")?;
        let (strategy_id, strategy_type) = read_strategy(parameters)?;

        let symbol = find_symbol(directory, symbol)?;
        let side = Side::parse(side).ok_or_else(|| ApiError::new(-1117, "Invalid side."))?;
        let order_type = read_type(parameters, kind)?;
        let time_in_force = match parameters.optional("timeInForce")? {
            None => TimeInForce::Gtc,
            Some(text) => TimeInForce::parse(text)
                .ok_or_else(|| ApiError::new(-1115, "Invalid timeInForce."))?,
        };
        Ok(NewOrder {
            symbol,
            side,
            order_type,
            time_in_force,
            self_trade: read_self_trade(parameters)?,
            price,
            quantity,
            quote_quantity,
            client_order: client_order.unwrap_or_else(client_id::generate),
            detail: read_detail(parameters, order_type)?,
            strategy_id,
            strategy_type,
        })
    }

    /// The command, on the symbol's grid.
    ///
    /// # Errors
    /// -1013 with the filter's name for a zero or a number off the grid.
    pub fn place(&self, caller: &Caller, directory: &Directory) -> Result<PlaceOrderV1, ApiError> {
        let price = match self.price {
            None => Price::ZERO,
            Some(price) => filters::price(&self.symbol, price)?,
        };
        let qty = match self.quantity {
            None => Qty::ZERO,
            Some(quantity) => {
                filters::qty(&self.symbol, quantity).map_err(|lot_size| {
                    // The price filter stands before the lot size.
                    filters::price_bounds(&self.symbol, price)
                        .err()
                        .unwrap_or(lot_size)
                })?
            }
        };
        let quote_qty = match self.quote_quantity {
            None => Amount::ZERO,
            Some(money) => filters::money(directory, &self.symbol, money)?,
        };
        Ok(PlaceOrderV1 {
            quote_qty,
            price,
            qty,
            valid_until: caller.valid_until,
            account: caller.account,
            symbol: self.symbol.symbol,
            request: caller.request,
            client_order: self.client_order,
            side: self.side,
            order_type: self.order_type,
            time_in_force: self.time_in_force,
            self_trade: self.self_trade,
        })
    }
}

/// The spot symbol of that name.
///
/// # Errors
/// -1121 when there is none.
pub fn find_symbol(directory: &Directory, name: &str) -> Result<SymbolReport, ApiError> {
    let named =
        |symbol: &&SymbolReport| symbol.kind == SymbolKind::Spot && symbol.name.as_str() == name;
    let found = directory.symbols.iter().find(named);
    found.copied().ok_or_else(error::invalid_symbol)
}

/// Mandatory and surplus names, by the type.
fn check_names(parameters: &Parameters, kind: Kind, extra: &[&str]) -> Result<(), ApiError> {
    for name in kind.mandatory() {
        let pegged = *name == "price" && parameters.has("pegPriceType");
        if !pegged {
            parameters.required(name)?;
        }
    }
    let market = kind == Kind::Known(OrderType::Market);
    if market && !parameters.has("quantity") && !parameters.has("quoteOrderQty") {
        return Err(error::either("quantity", "quoteOrderQty"));
    }
    parameters.only(&[&BASICS[..], &kind.allowed(), extra].concat())?;
    if market && parameters.has("quantity") && parameters.has("quoteOrderQty") {
        return Err(error::bad_combination().hint("either quantity or quoteOrderQty"));
    }
    Ok(())
}

fn read_strategy(parameters: &Parameters) -> Result<(Option<u64>, Option<u64>), ApiError> {
    let id = parameters.integer("strategyId")?;
    let kind = parameters.integer("strategyType")?;
    if kind.is_some_and(|kind| kind < 1_000_000) {
        return Err(ApiError::new(
            -1134,
            "`strategyType` was less than 1000000.",
        ));
    }
    Ok((id, kind))
}

/// The type, if it exists here; what is not built yet says so.
fn read_type(parameters: &Parameters, kind: Kind) -> Result<OrderType, ApiError> {
    let missing = |msg: &'static str| {
        ApiError::new(-1013, msg).hint("orderTypes of exchangeInfo lists what exists")
    };
    let order_type = match kind {
        Kind::Known(order_type) => order_type,
        Kind::Missing(text) => return Err(missing(text)),
        Kind::Unknown => return Err(ApiError::new(-1116, "Invalid orderType.")),
    };
    if ICEBERG.iter().any(|name| parameters.has(name)) {
        return Err(missing("Iceberg orders are not supported for this symbol."));
    }
    if PEGS.iter().any(|name| parameters.has(name)) {
        return Err(missing("Pegged orders are not supported for this symbol."));
    }
    Ok(order_type)
}

fn read_self_trade(parameters: &Parameters) -> Result<SelfTradePrevention, ApiError> {
    let name = "selfTradePreventionMode";
    match parameters.optional(name)? {
        None => Ok(SelfTradePrevention::ExpireMaker),
        Some(text) => SelfTradePrevention::parse(text).ok_or_else(|| {
            error::invalid(name).hint("allowedSelfTradePreventionModes of exchangeInfo")
        }),
    }
}

fn read_detail(parameters: &Parameters, order_type: OrderType) -> Result<Detail, ApiError> {
    match (parameters.optional("newOrderRespType")?, order_type) {
        (Some("ACK"), _) | (None, OrderType::LimitMaker) => Ok(Detail::Ack),
        (None, contingent) if contingent.is_contingent() => Ok(Detail::Ack),
        (Some("RESULT"), _) => Ok(Detail::Result),
        (Some("FULL"), _) | (None, _) => Ok(Detail::Full),
        (Some(_), _) => Err(error::invalid("newOrderRespType")),
    }
}
