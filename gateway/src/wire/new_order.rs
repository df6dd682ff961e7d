//! The parameters of a new order → our command.
//!
//! Checks stand in the order of the rules: mandatory and surplus, then form, then
//! symbol, side, type and time in force, then what only the symbol's grid can tell.

use schemas::command::{Command, PlaceOrderV1};
use schemas::ids::ClientOrderId;
use schemas::instrument::{OrderType, SelfTradePrevention, Side, SymbolKind, TimeInForce};
use schemas::order_command::PlaceOrderWithTermsV1;
use schemas::peg::{Peg, PegPriceType, PlacePeggedV1};
use schemas::reject::RejectReason;
use schemas::report::{Directory, SymbolReport};
use schemas::units::{Amount, Qty};

use crate::auth::Caller;
use crate::error::{self, ApiError};
use crate::filters;
use crate::wire::decimal::Decimal;
use crate::wire::leg::{Leg, PLAIN, is_plain};
use crate::wire::names::Name;
use crate::wire::parameters::Parameters;
use crate::wire::symbol_query::find;

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
    pub self_trade: SelfTradePrevention,
    pub quantity: Option<Decimal>,
    pub quote_quantity: Option<Decimal>,
    pub leg: Leg,
    pub client_order: ClientOrderId,
    pub detail: Detail,
}

const BASICS: [&str; 7] = [
    "symbol",
    "side",
    "type",
    "quantity",
    "quoteOrderQty",
    "newOrderRespType",
    "selfTradePreventionMode",
];

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
        let order_type = OrderType::parse(parameters.required("type")?);
        check_names(parameters, order_type, extra)?;

        let written = PLAIN.read(parameters)?;
        let quantity = parameters.decimal("quantity")?;
        let quote_quantity = parameters.decimal("quoteOrderQty")?;

        let symbol = find_symbol(directory, symbol)?;
        let side = read_side(side)?;
        let order_type = order_type.ok_or_else(invalid_type)?;
        let leg = PLAIN.leg(parameters, written, order_type)?;
        Ok(NewOrder {
            symbol,
            side,
            self_trade: read_self_trade(parameters)?,
            quantity,
            quote_quantity,
            client_order: leg.client_order(),
            leg,
            detail: read_detail(parameters)?.unwrap_or(usual_detail(order_type)),
        })
    }

    /// The order on the symbol's grid.
    ///
    /// # Errors
    /// -1013 with the filter's name for a zero or a number off the grid.
    pub fn place(
        &self,
        caller: &Caller,
        directory: &Directory,
    ) -> Result<PlaceOrderWithTermsV1, ApiError> {
        let price = self.leg.price(&self.symbol)?;
        let terms = self.leg.terms(&self.symbol)?;
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
        let order = PlaceOrderV1 {
            quote_qty,
            price,
            qty,
            valid_until: caller.valid_until,
            account: caller.account,
            symbol: self.symbol.symbol,
            request: caller.request,
            client_order: self.client_order,
            side: self.side,
            order_type: self.leg.order_type,
            time_in_force: self.leg.time_in_force,
            self_trade: self.self_trade,
        };
        Ok(PlaceOrderWithTermsV1 { order, terms })
    }
}

/// The smallest command that places the order.
pub fn command(placed: PlaceOrderWithTermsV1, peg: Peg) -> Command {
    if peg.is_some() {
        Command::PlacePegged(PlacePeggedV1 { new: placed, peg })
    } else if is_plain(&placed.order, &placed.terms) {
        Command::PlaceOrder(placed.order)
    } else {
        Command::PlaceOrderWithTerms(placed)
    }
}

/// Whether the type may have such a peg, for a test order.
///
/// # Errors
/// -2010, as the engine's refusal.
pub fn pegs_fit(order: &NewOrder) -> Result<(), ApiError> {
    let Leg {
        order_type,
        time_in_force,
        peg,
        ..
    } = order.leg;
    let primary = peg.price_type == PegPriceType::Primary;
    let fits = match order_type {
        OrderType::LimitMaker => primary,
        OrderType::Limit => !primary || time_in_force == TimeInForce::Gtc,
        _ => true,
    };
    match fits || !peg.is_some() {
        true => Ok(()),
        false => Err(RejectReason::PegPriceType.into()),
    }
}

/// The spot symbol of that name.
///
/// # Errors
/// -1121 when there is none.
pub fn find_symbol(directory: &Directory, name: &str) -> Result<SymbolReport, ApiError> {
    find(directory, SymbolKind::Spot, name)
}

/// A side.
///
/// # Errors
/// -1117 when there is no such one.
pub fn read_side(text: &str) -> Result<Side, ApiError> {
    Side::parse(text).ok_or_else(|| ApiError::new(-1117, "Invalid side."))
}

/// -1116.
pub fn invalid_type() -> ApiError {
    ApiError::new(-1116, "Invalid orderType.")
}

/// Mandatory and surplus names, by the type.
fn check_names(
    parameters: &Parameters,
    order_type: Option<OrderType>,
    extra: &[&str],
) -> Result<(), ApiError> {
    let market = order_type == Some(OrderType::Market);
    if let Some(order_type) = order_type {
        if market {
            if !parameters.has("quantity") && !parameters.has("quoteOrderQty") {
                return Err(error::either("quantity", "quoteOrderQty"));
            }
        } else {
            parameters.required("quantity")?;
        }
        PLAIN.check(parameters, order_type)?;
        if !market && parameters.has("quoteOrderQty") {
            return Err(error::surplus("quoteOrderQty"));
        }
    }
    parameters.only(&[&BASICS[..], &PLAIN.all(), extra].concat())?;
    if market && parameters.has("quantity") && parameters.has("quoteOrderQty") {
        return Err(error::bad_combination().hint("either quantity or quoteOrderQty"));
    }
    Ok(())
}

/// `selfTradePreventionMode`; EXPIRE_MAKER without it.
///
/// # Errors
/// -1130 for a mode that does not exist here.
pub fn read_self_trade(parameters: &Parameters) -> Result<SelfTradePrevention, ApiError> {
    let name = "selfTradePreventionMode";
    match parameters.optional(name)? {
        None => Ok(SelfTradePrevention::ExpireMaker),
        Some(text) => SelfTradePrevention::parse(text).ok_or_else(|| {
            error::invalid(name).hint("allowedSelfTradePreventionModes of exchangeInfo")
        }),
    }
}

/// `newOrderRespType`, if it was sent.
///
/// # Errors
/// -1130 for another word.
pub fn read_detail(parameters: &Parameters) -> Result<Option<Detail>, ApiError> {
    match parameters.optional("newOrderRespType")? {
        None => Ok(None),
        Some("ACK") => Ok(Some(Detail::Ack)),
        Some("RESULT") => Ok(Some(Detail::Result)),
        Some("FULL") => Ok(Some(Detail::Full)),
        Some(_) => Err(error::invalid("newOrderRespType")),
    }
}

fn usual_detail(order_type: OrderType) -> Detail {
    match order_type {
        OrderType::Limit | OrderType::Market => Detail::Full,
        _ => Detail::Ack,
    }
}
