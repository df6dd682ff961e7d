//! The parameters of a new order list → our command: pairs, and orders that come after others.
//!
//! Five endpoints and the old form of the pair differ in names; which type may stand where
//! is the same.

use schemas::ids::ClientOrderId;
use schemas::instrument::{ContingencyType, OrderType, SelfTradePrevention, Side};
use schemas::order_command::{ListLegV1, PlaceOrderListV1};
use schemas::peg::Peg;
use schemas::report::{Directory, SymbolReport};
use schemas::units::Qty;

use crate::auth::Caller;
use crate::error::{self, ApiError};
use crate::filters;
use crate::wire::client_id;
use crate::wire::decimal::Decimal;
use crate::wire::leg::{
    ABOVE, BELOW, Leg, LegNames, OLD_LIMIT, OLD_STOP, PENDING, PENDING_ABOVE, PENDING_BELOW,
    WORKING,
};
use crate::wire::names::Name;
use crate::wire::new_order::{
    Detail, find_symbol, invalid_type, read_detail, read_self_trade, read_side,
};
use crate::wire::parameters::Parameters;

/// The client's own name for a list.
pub const LIST_CLIENT: &str = "listClientOrderId";

/// How an endpoint writes one order of a list.
#[derive(Clone, Copy)]
struct Group {
    names: LegNames,
    order_type: Kind,
    side: &'static str,
    /// `None` of an order that sells what another one buys.
    quantity: Option<&'static str>,
}

/// Where an order's type comes from.
#[derive(Clone, Copy)]
enum Kind {
    /// From a parameter.
    Named(&'static str),
    /// It cannot be chosen.
    Fixed(OrderType),
}

const fn group(
    names: LegNames,
    order_type: &'static str,
    (side, quantity): (&'static str, &'static str),
) -> Group {
    Group {
        names,
        order_type: Kind::Named(order_type),
        side,
        quantity: Some(quantity),
    }
}

/// The same order without a quantity of its own.
const fn unsized_group(group: Group) -> Group {
    Group {
        quantity: None,
        ..group
    }
}

const PAIR: (&str, &str) = ("side", "quantity");
const OCO: [Group; 2] = [
    group(ABOVE, "aboveType", PAIR),
    group(BELOW, "belowType", PAIR),
];
const FIRST: Group = group(WORKING, "workingType", ("workingSide", "workingQuantity"));
const SECOND: (&str, &str) = ("pendingSide", "pendingQuantity");
const OTO: [Group; 2] = [FIRST, group(PENDING, "pendingType", SECOND)];
const OTOCO: [Group; 3] = [
    FIRST,
    group(PENDING_ABOVE, "pendingAboveType", SECOND),
    group(PENDING_BELOW, "pendingBelowType", SECOND),
];
const OPO: [Group; 2] = [FIRST, unsized_group(OTO[1])];
const OPOCO: [Group; 3] = [FIRST, unsized_group(OTOCO[1]), unsized_group(OTOCO[2])];

/// An order list, well-formed and of a known symbol.
pub struct NewOrderList {
    pub symbol: SymbolReport,
    pub detail: Detail,
    contingency: ContingencyType,
    self_trade: SelfTradePrevention,
    list_client: ClientOrderId,
    /// Whether the pending orders sell what the working one buys.
    pub pays: bool,
    legs: Vec<(Side, Option<Decimal>, Leg)>,
}

impl NewOrderList {
    /// Reads a list of that kind.
    ///
    /// # Errors
    /// The first check that fails, in the order of the rules.
    pub fn read(
        parameters: &Parameters,
        directory: &Directory,
        contingency: ContingencyType,
    ) -> Result<NewOrderList, ApiError> {
        let groups: &[Group] = match contingency {
            ContingencyType::Oco => &OCO,
            ContingencyType::Oto => &OTO,
            ContingencyType::Otoco => &OTOCO,
        };
        read_groups(parameters, directory, (contingency, groups))
    }

    /// Reads a list whose pending orders sell what the working one buys.
    ///
    /// # Errors
    /// As [`NewOrderList::read`]; -1222 and -1223 for the wrong side.
    pub fn read_paying(
        parameters: &Parameters,
        directory: &Directory,
        contingency: ContingencyType,
    ) -> Result<NewOrderList, ApiError> {
        let groups: &[Group] = match contingency {
            ContingencyType::Otoco => &OPOCO,
            _ => &OPO,
        };
        let list = read_groups(parameters, directory, (contingency, groups))?;
        if list.legs[0].0 != Side::Buy {
            let msg = "Working order in an OPO list must be a bid.";
            return Err(ApiError::new(-1222, msg));
        }
        if list.legs[1..].iter().any(|(side, ..)| *side != Side::Sell) {
            let msg = "Pending orders in an OPO list must be asks.";
            return Err(ApiError::new(-1223, msg));
        }
        Ok(NewOrderList { pays: true, ..list })
    }

    /// Reads the old form of a pair: a limit order and a stop; the side tells which is above.
    ///
    /// # Errors
    /// As [`NewOrderList::read`].
    pub fn read_old(
        parameters: &Parameters,
        directory: &Directory,
    ) -> Result<NewOrderList, ApiError> {
        parameters.required("price")?;
        parameters.required("stopPrice")?;
        let of = |names, order_type| Group {
            names,
            order_type: Kind::Fixed(order_type),
            side: "side",
            quantity: Some("quantity"),
        };
        let limit = of(OLD_LIMIT, OrderType::LimitMaker);
        let stop = if parameters.has("stopLimitPrice") {
            of(OLD_STOP, OrderType::StopLossLimit)
        } else {
            of(OLD_STOP, OrderType::StopLoss)
        };
        let groups = match parameters.get("side") {
            Some("BUY") => [stop, limit],
            _ => [limit, stop],
        };
        read_groups(parameters, directory, (ContingencyType::Oco, &groups))
    }

    /// The peg of each order.
    pub fn pegs(&self) -> [Peg; 3] {
        let mut pegs = [Peg::NONE; 3];
        for (place, (_, _, leg)) in pegs.iter_mut().zip(&self.legs) {
            *place = leg.peg;
        }
        pegs
    }

    /// The command, on the symbol's grid.
    ///
    /// # Errors
    /// -1013 with the filter's name for a zero or a number off the grid.
    pub fn place(&self, caller: &Caller) -> Result<PlaceOrderListV1, ApiError> {
        let mut legs = [ListLegV1::NONE; 3];
        for (place, (side, quantity, leg)) in legs.iter_mut().zip(&self.legs) {
            *place = ListLegV1 {
                price: leg.price(&self.symbol)?,
                qty: quantity.map_or(Ok(Qty::ZERO), |qty| filters::qty(&self.symbol, qty))?,
                terms: leg.terms(&self.symbol)?,
                client_order: leg.client_order(),
                side: *side,
                order_type: leg.order_type,
                time_in_force: leg.time_in_force,
            };
        }
        Ok(PlaceOrderListV1 {
            legs,
            valid_until: caller.valid_until,
            account: caller.account,
            symbol: self.symbol.symbol,
            request: caller.request,
            list_client: self.list_client,
            contingency: self.contingency,
            self_trade: self.self_trade,
        })
    }
}

fn read_groups(
    parameters: &Parameters,
    directory: &Directory,
    (contingency, groups): (ContingencyType, &[Group]),
) -> Result<NewOrderList, ApiError> {
    let symbol = parameters.required("symbol")?;
    let mut types = Vec::with_capacity(groups.len());
    let mut names = vec![
        "symbol",
        LIST_CLIENT,
        "newOrderRespType",
        "selfTradePreventionMode",
    ];
    for group in groups {
        parameters.required(group.side)?;
        if let Some(quantity) = group.quantity {
            parameters.required(quantity)?;
            names.push(quantity);
        }
        let order_type = match group.order_type {
            Kind::Fixed(order_type) => Some(order_type),
            Kind::Named(name) => {
                names.push(name);
                OrderType::parse(parameters.required(name)?)
            }
        };
        if let Some(order_type) = order_type {
            group.names.check(parameters, order_type)?;
        }
        types.push(order_type);
        names.push(group.side);
        names.extend(group.names.all());
    }
    parameters.only(&names)?;
    let list_client = client_id::read(parameters, LIST_CLIENT)?;
    let mut written = Vec::with_capacity(groups.len());
    for group in groups {
        let mut quantity = None;
        if let Some(name) = group.quantity {
            let found = parameters.decimal(name)?;
            quantity = Some(found.ok_or_else(|| error::mandatory(name))?);
        }
        written.push((quantity, group.names.read(parameters)?));
    }
    let symbol = find_symbol(directory, symbol)?;
    let mut legs = Vec::with_capacity(groups.len());
    for ((group, order_type), (quantity, written)) in groups.iter().zip(types).zip(written) {
        let side = read_side(parameters.required(group.side)?)?;
        let order_type = order_type.ok_or_else(invalid_type)?;
        let leg = group.names.leg(parameters, written, order_type)?;
        legs.push((side, quantity, leg));
    }
    let typed: Vec<(Side, OrderType)> = legs
        .iter()
        .map(|(side, _, leg)| (*side, leg.order_type))
        .collect();
    check_types(contingency, &typed)?;
    Ok(NewOrderList {
        symbol,
        detail: read_detail(parameters)?.unwrap_or(Detail::Result),
        contingency,
        self_trade: read_self_trade(parameters)?,
        list_client: list_client.unwrap_or_else(client_id::generate),
        pays: false,
        legs,
    })
}

/// Which type may stand where.
fn check_types(contingency: ContingencyType, legs: &[(Side, OrderType)]) -> Result<(), ApiError> {
    let pair = match contingency {
        ContingencyType::Oco => legs,
        ContingencyType::Oto | ContingencyType::Otoco => {
            let (_, working) = legs[0];
            if !matches!(working, OrderType::Limit | OrderType::LimitMaker) {
                return Err(ApiError::new(-1014, "Unsupported order combination.")
                    .hint("workingType is LIMIT or LIMIT_MAKER"));
            }
            &legs[1..]
        }
    };
    match pair {
        [(side, above), (_, below)] => check_pair(*side, *above, *below),
        _ => Ok(()),
    }
}

/// A stop loss on the losing side of the price, a limit or a profit on the other.
fn check_pair(side: Side, above: OrderType, below: OrderType) -> Result<(), ApiError> {
    use OrderType as T;
    let refused = |code, msg: &'static str| Err(ApiError::new(code, msg));
    let plain = [above, below].map(|leg| matches!(leg, T::Limit | T::Market));
    if plain.contains(&true) {
        return refused(-1158, "Order type not supported in OCO.");
    }
    if [above, below] == [T::LimitMaker; 2] {
        return refused(-1168, "At least one OCO order must be contingent.");
    }
    let is_stop = |leg| matches!(leg, T::StopLoss | T::StopLossLimit);
    match side {
        Side::Buy if above == T::LimitMaker => {
            refused(-1165, "A limit order in a buy OCO must be below.")
        }
        Side::Buy if !is_stop(above) => {
            refused(-1198, "A take profit order in a buy OCO must be below.")
        }
        Side::Buy if is_stop(below) => {
            refused(-1196, "A stop loss order in a buy OCO must be above.")
        }
        Side::Sell if below == T::LimitMaker => {
            refused(-1166, "A limit order in a sell OCO must be above.")
        }
        Side::Sell if !is_stop(below) => {
            refused(-1199, "A take profit order in a sell OCO must be above.")
        }
        Side::Sell if is_stop(above) => {
            refused(-1197, "A stop loss order in a sell OCO must be below.")
        }
        Side::Buy | Side::Sell => Ok(()),
    }
}
