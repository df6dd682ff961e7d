//! The parameters of a new order on a perpetual → our command.
//!
//! Checks stand in the order of the rules: mandatory and surplus, then form, then symbol,
//! side, type and time in force, then what only the contract's grid can tell. Conditional
//! orders come through `algoOrder` alone, the others through `order` alone.

use schemas::command::{PlaceOrderV1, RequestDigest};
use schemas::ids::ClientOrderId;
use schemas::instrument::{OrderType, SelfTradePrevention, Side, SymbolKind, TimeInForce};
use schemas::perpetual::{PerpetualTerms, PositionSide, PriceMatch, WorkingType};
use schemas::perpetual_command::PlacePerpetualV1;
use schemas::report::{Directory, SymbolReport};
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::auth::Caller;
use crate::error::futures as refusal;
use crate::error::{self, ApiError};
use crate::wire::client_id;
use crate::wire::clock::read_time;
use crate::wire::decimal::Decimal;
use crate::wire::futures::names::CONDITIONAL;
use crate::wire::names::Name;
use crate::wire::new_order::{invalid_type, read_self_trade, read_side};
use crate::wire::parameters::Parameters;
use crate::wire::symbol_query::find;

/// A callback of one percent, in the units of a decimal parameter's hundredths.
const CALLBACK_BIPS: std::ops::RangeInclusive<u32> = 10..=1_000;

/// Names of both kinds of order.
const BASICS: [&str; 13] = [
    "symbol",
    "side",
    "positionSide",
    "type",
    "timeInForce",
    "quantity",
    "reduceOnly",
    "price",
    "newOrderRespType",
    "closePosition",
    "priceMatch",
    "selfTradePreventionMode",
    "goodTillDate",
];
/// What only `order` takes besides.
const PLAIN: [&str; 1] = ["newClientOrderId"];
/// What only `algoOrder` takes besides.
const WITH_TRIGGER: [&str; 7] = [
    "algoType",
    "clientAlgoId",
    "triggerPrice",
    "activatePrice",
    "callbackRate",
    "workingType",
    "priceProtect",
];
/// Old names of conditional orders on `order`, which is no longer theirs.
const OLD: [&str; 5] = [
    "stopPrice",
    "activationPrice",
    "callbackRate",
    "workingType",
    "priceProtect",
];

/// A new order, well-formed and of a known perpetual.
#[derive(Clone, Debug)]
pub struct FuturesOrder {
    pub symbol: SymbolReport,
    pub side: Side,
    pub order_type: OrderType,
    pub client_order: ClientOrderId,
    time_in_force: TimeInForce,
    self_trade: SelfTradePrevention,
    quantity: Option<Decimal>,
    price: Option<Decimal>,
    /// The trigger, or the price from which a trailing order follows.
    trigger: Option<Decimal>,
    callback: u32,
    terms: PerpetualTerms,
}

impl FuturesOrder {
    /// Reads what `order`, `order/test` and `batchOrders` take.
    ///
    /// # Errors
    /// The first check that fails, in the order of the rules; -4120 for a conditional type.
    pub fn read(parameters: &Parameters, directory: &Directory) -> Result<FuturesOrder, ApiError> {
        let symbol = parameters.required("symbol")?;
        let side = parameters.required("side")?;
        let word = parameters.required("type")?;
        if CONDITIONAL.iter().any(|(name, _)| *name == word) {
            return Err(refusal::use_algo_order());
        }
        parameters.only(&[&BASICS[..], &PLAIN, &OLD].concat())?;
        let is_limit = word == "LIMIT";
        if let Some(name) = OLD.iter().find(|name| is_told(parameters, name)) {
            return Err(error::surplus(name));
        }
        let price_match = read_price_match(parameters)?;
        if is_limit {
            parameters.required("timeInForce")?;
            check_price(parameters, price_match)?;
        } else if word == "MARKET" {
            refuse(parameters, &["timeInForce", "price", "goodTillDate"])?;
        }
        if parameters.flag("closePosition")? {
            return Err(refusal::cannot_close_position(word));
        }
        parameters.required("quantity")?;
        let symbol = find(directory, SymbolKind::Perpetual, symbol)?;
        let side = read_side(side)?;
        let order_type = match word {
            "LIMIT" => OrderType::Limit,
            "MARKET" => OrderType::Market,
            _ => return Err(invalid_type()),
        };
        let client_order = read_client(parameters, "newClientOrderId")?;
        let order = FuturesOrder {
            symbol,
            side,
            order_type,
            client_order,
            time_in_force: TimeInForce::Gtc,
            self_trade: read_self_trade(parameters)?,
            quantity: parameters.decimal("quantity")?,
            price: parameters.decimal("price")?,
            trigger: None,
            callback: 0,
            terms: PerpetualTerms {
                price_match,
                ..read_terms(parameters)?
            },
        };
        order.with_time_in_force(parameters)
    }

    /// Reads what `algoOrder` takes.
    ///
    /// # Errors
    /// The first check that fails, in the order of the rules.
    pub fn read_algo(
        parameters: &Parameters,
        directory: &Directory,
    ) -> Result<FuturesOrder, ApiError> {
        let algo = parameters.required("algoType")?;
        let symbol = parameters.required("symbol")?;
        let side = parameters.required("side")?;
        let word = parameters.required("type")?;
        parameters.only(&[&BASICS[..], &WITH_TRIGGER].concat())?;
        if algo != "CONDITIONAL" {
            return Err(error::invalid("algoType").hint("CONDITIONAL is the only one"));
        }
        let known = CONDITIONAL.iter().find(|(name, _)| *name == word);
        let price_match = read_price_match(parameters)?;
        let closes = parameters.flag("closePosition")?;
        if let Some((_, order_type)) = known {
            check_trigger(parameters, word)?;
            check_size(parameters, *order_type, (price_match, closes))?;
        }
        let symbol = find(directory, SymbolKind::Perpetual, symbol)?;
        let side = read_side(side)?;
        let (_, order_type) = known.ok_or_else(invalid_type)?;
        let trigger = match word {
            "TRAILING_STOP_MARKET" => parameters.decimal("activatePrice")?,
            _ => parameters.decimal("triggerPrice")?,
        };
        let terms = PerpetualTerms {
            working_type: read_working_type(parameters)?,
            price_match,
            close_position: closes,
            price_protect: parameters.flag("priceProtect")?,
            ..read_terms(parameters)?
        };
        let order = FuturesOrder {
            symbol,
            side,
            order_type: *order_type,
            client_order: read_client(parameters, "clientAlgoId")?,
            time_in_force: TimeInForce::Gtc,
            self_trade: read_self_trade(parameters)?,
            quantity: parameters.decimal("quantity")?,
            price: parameters.decimal("price")?,
            trigger,
            callback: read_callback(parameters)?,
            terms,
        };
        order.with_time_in_force(parameters)
    }

    fn with_time_in_force(mut self, parameters: &Parameters) -> Result<FuturesOrder, ApiError> {
        let good_till = parameters.integer("goodTillDate")?;
        match parameters.optional("timeInForce")? {
            None | Some("GTC") => {}
            Some("IOC") => self.time_in_force = TimeInForce::Ioc,
            Some("FOK") => self.time_in_force = TimeInForce::Fok,
            Some("GTX") if self.order_type == OrderType::Limit => {
                self.order_type = OrderType::LimitMaker;
            }
            Some("GTD") => {
                let until = good_till.ok_or_else(|| error::mandatory("goodTillDate"))?;
                self.terms.good_till = read_time(until);
                return Ok(self);
            }
            Some(_) => return Err(ApiError::new(-1115, "Invalid timeInForce.")),
        }
        match good_till {
            None | Some(0) => Ok(self),
            Some(_) => Err(error::surplus("goodTillDate")),
        }
    }

    /// The order on the contract's grid.
    ///
    /// # Errors
    /// -4001, -4003 for a zero, -4014 and -4023 for a number off the unit grid, -4002 and
    /// -4005 beyond its range.
    pub fn place(
        &self,
        caller: &Caller,
        request: RequestDigest,
    ) -> Result<PlacePerpetualV1, ApiError> {
        let price = |given: Option<Decimal>| match given {
            None => Ok(Price::ZERO),
            Some(given) => price(&self.symbol, given),
        };
        let qty = match self.quantity {
            None => Qty::ZERO,
            Some(given) => qty(&self.symbol, given)?,
        };
        Ok(PlacePerpetualV1 {
            order: PlaceOrderV1 {
                quote_qty: Amount::ZERO,
                price: price(self.price)?,
                qty,
                valid_until: caller.valid_until,
                account: caller.account,
                symbol: self.symbol.symbol,
                request,
                client_order: self.client_order,
                side: self.side,
                order_type: self.order_type,
                time_in_force: self.time_in_force,
                self_trade: self.self_trade,
            },
            stop_price: price(self.trigger)?,
            terms: self.terms,
            callback: self.callback,
        })
    }
}

/// A price in the contract's units.
///
/// # Errors
/// -4001 for zero, -4014 off the unit grid or out of range.
pub fn price(symbol: &SymbolReport, given: Decimal) -> Result<Price, ApiError> {
    match given.price(symbol.price_scale) {
        Ok(Price::ZERO) => Err(refusal::no_price()),
        Ok(price) => Ok(price),
        Err(_) => Err(refusal::off_tick()),
    }
}

/// A quantity in the contract's units.
///
/// # Errors
/// -4003 for zero, -4023 off the unit grid or out of range.
pub fn qty(symbol: &SymbolReport, given: Decimal) -> Result<Qty, ApiError> {
    match given.qty(symbol.qty_scale) {
        Ok(Qty::ZERO) => Err(refusal::no_quantity()),
        Ok(qty) => Ok(qty),
        Err(_) => Err(refusal::off_step()),
    }
}

/// `positionSide`; BOTH without it.
///
/// # Errors
/// -4060.
pub fn read_position_side(parameters: &Parameters) -> Result<PositionSide, ApiError> {
    match parameters.optional("positionSide")? {
        None => Ok(PositionSide::Both),
        Some(text) => PositionSide::parse(text).ok_or_else(refusal::invalid_position_side),
    }
}

/// `priceMatch`; none without it.
///
/// # Errors
/// -1130.
pub fn read_price_match(parameters: &Parameters) -> Result<PriceMatch, ApiError> {
    match parameters.optional("priceMatch")? {
        None => Ok(PriceMatch::None),
        Some(text) => PriceMatch::parse(text).ok_or_else(|| error::invalid("priceMatch")),
    }
}

/// Either a price or where it comes from.
///
/// # Errors
/// -1102 for neither, -1106 for both.
pub fn check_price(parameters: &Parameters, price_match: PriceMatch) -> Result<(), ApiError> {
    match price_match {
        PriceMatch::None => parameters.required("price").map(drop),
        _ => refuse(parameters, &["price"]),
    }
}

fn read_client(parameters: &Parameters, name: &str) -> Result<ClientOrderId, ApiError> {
    let given = client_id::read(parameters, name).map_err(|error| match error.code {
        -1100 => refusal::bad_client_order(),
        _ => error,
    })?;
    Ok(given.unwrap_or_else(client_id::generate))
}

fn read_terms(parameters: &Parameters) -> Result<PerpetualTerms, ApiError> {
    let position_side = read_position_side(parameters)?;
    if position_side != PositionSide::Both && parameters.has("reduceOnly") {
        // A hedged order says by its side and position side what it does.
        return Err(error::surplus("reduceOnly"));
    }
    Ok(PerpetualTerms {
        good_till: TimeNs(0),
        position_side,
        reduce_only: parameters.flag("reduceOnly")?,
        ..PerpetualTerms::PLAIN
    })
}

fn read_working_type(parameters: &Parameters) -> Result<WorkingType, ApiError> {
    match parameters.optional("workingType")? {
        None => Ok(WorkingType::ContractPrice),
        Some(text) => WorkingType::parse(text).ok_or_else(|| error::invalid("workingType")),
    }
}

/// `callbackRate` in percent, as BIPS.
fn read_callback(parameters: &Parameters) -> Result<u32, ApiError> {
    let Some(rate) = parameters.decimal("callbackRate")? else {
        return Ok(0);
    };
    let bips = rate.at_scale(2).ok();
    let bips = bips.and_then(|bips| u32::try_from(bips).ok());
    bips.filter(|bips| CALLBACK_BIPS.contains(bips))
        .ok_or_else(refusal::invalid_callback)
}

/// What sets a conditional order off.
fn check_trigger(parameters: &Parameters, word: &str) -> Result<(), ApiError> {
    if word == "TRAILING_STOP_MARKET" {
        parameters.required("callbackRate")?;
        return refuse(parameters, &["triggerPrice", "price"]);
    }
    parameters.required("triggerPrice")?;
    refuse(parameters, &["callbackRate", "activatePrice"])
}

/// How much, and at which price.
fn check_size(
    parameters: &Parameters,
    order_type: OrderType,
    (price_match, closes): (PriceMatch, bool),
) -> Result<(), ApiError> {
    if order_type.working() == OrderType::Limit {
        check_price(parameters, price_match)?;
        parameters.required("quantity")?;
        return match closes {
            true => Err(refusal::cannot_close_position("STOP")),
            false => Ok(()),
        };
    }
    refuse(parameters, &["price"])?;
    if !closes {
        return parameters.required("quantity").map(drop);
    }
    if is_told(parameters, "quantity") {
        return Err(refusal::quantity_with_close_position());
    }
    match parameters.has("reduceOnly") {
        true => Err(error::surplus("reduceOnly")),
        false => Ok(()),
    }
}

/// Refuses names that do not belong to the type; "0" and "false" say nothing.
fn refuse(parameters: &Parameters, names: &[&str]) -> Result<(), ApiError> {
    match names.iter().find(|name| is_told(parameters, name)) {
        Some(name) => Err(error::surplus(name)),
        None => Ok(()),
    }
}

fn is_told(parameters: &Parameters, name: &str) -> bool {
    let value = parameters.get(name).unwrap_or("");
    let word = ["", "0", "false", "FALSE", "CONTRACT_PRICE"];
    !word.contains(&value)
}
