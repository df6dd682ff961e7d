//! One order's own parameters, under the names that an endpoint gives them.
//!
//! A plain order, each order of a list and the old form of the pair differ in names alone:
//! what its type demands, allows and means is the same and stands here once.

use schemas::command::PlaceOrderV1;
use schemas::ids::ClientOrderId;
use schemas::instrument::{OrderType, TimeInForce};
use schemas::order_command::OrderTerms;
use schemas::peg::{Peg, PegPriceType};
use schemas::reject::RejectReason;
use schemas::report::SymbolReport;
use schemas::units::{Price, Qty};

use crate::error::{self, ApiError};
use crate::filters;
use crate::wire::client_id;
use crate::wire::decimal::Decimal;
use crate::wire::names::Name;
use crate::wire::parameters::Parameters;

const STRATEGY_TYPE_MIN: u64 = 1_000_000;

/// The names of one order's parameters.
#[derive(Clone, Copy, Debug)]
pub struct LegNames {
    pub client: &'static str,
    pub price: &'static str,
    pub stop_price: &'static str,
    pub trailing_delta: &'static str,
    pub iceberg: &'static str,
    pub time_in_force: &'static str,
    pub strategy_id: &'static str,
    pub strategy_type: &'static str,
    pub pegs: [&'static str; 3],
}

/// The names of a plain order.
pub const PLAIN: LegNames = LegNames {
    client: "newClientOrderId",
    price: "price",
    stop_price: "stopPrice",
    trailing_delta: "trailingDelta",
    iceberg: "icebergQty",
    time_in_force: "timeInForce",
    strategy_id: "strategyId",
    strategy_type: "strategyType",
    pegs: ["pegPriceType", "pegOffsetType", "pegOffsetValue"],
};

/// The names of an order of a list, with its place in the list before each.
macro_rules! prefixed {
    ($prefix:literal) => {
        LegNames {
            client: concat!($prefix, "ClientOrderId"),
            price: concat!($prefix, "Price"),
            stop_price: concat!($prefix, "StopPrice"),
            trailing_delta: concat!($prefix, "TrailingDelta"),
            iceberg: concat!($prefix, "IcebergQty"),
            time_in_force: concat!($prefix, "TimeInForce"),
            strategy_id: concat!($prefix, "StrategyId"),
            strategy_type: concat!($prefix, "StrategyType"),
            pegs: [
                concat!($prefix, "PegPriceType"),
                concat!($prefix, "PegOffsetType"),
                concat!($prefix, "PegOffsetValue"),
            ],
        }
    };
}
/// Of a pair.
pub const ABOVE: LegNames = prefixed!("above");
pub const BELOW: LegNames = prefixed!("below");
/// Of a list whose first order comes before the others.
pub const WORKING: LegNames = prefixed!("working");
pub const PENDING: LegNames = prefixed!("pending");
pub const PENDING_ABOVE: LegNames = prefixed!("pendingAbove");
pub const PENDING_BELOW: LegNames = prefixed!("pendingBelow");
/// Of the old form of the pair.
pub const OLD_LIMIT: LegNames = LegNames {
    client: "limitClientOrderId",
    price: "price",
    iceberg: "limitIcebergQty",
    strategy_id: "limitStrategyId",
    strategy_type: "limitStrategyType",
    ..ABOVE
};
pub const OLD_STOP: LegNames = LegNames {
    client: "stopClientOrderId",
    price: "stopLimitPrice",
    stop_price: "stopPrice",
    trailing_delta: "trailingDelta",
    iceberg: "stopIcebergQty",
    time_in_force: "stopLimitTimeInForce",
    strategy_id: "stopStrategyId",
    strategy_type: "stopStrategyType",
    ..BELOW
};

impl LegNames {
    /// All of them.
    pub fn all(&self) -> [&'static str; 11] {
        let [peg, offset, value] = self.pegs;
        [
            self.client,
            self.price,
            self.stop_price,
            self.trailing_delta,
            self.iceberg,
            self.time_in_force,
            self.strategy_id,
            self.strategy_type,
            peg,
            offset,
            value,
        ]
    }

    /// What a type demands and what it has no use for.
    ///
    /// # Errors
    /// -1102 and -1106.
    pub fn check(&self, parameters: &Parameters, order_type: OrderType) -> Result<(), ApiError> {
        let priced = order_type.working() != OrderType::Market;
        let timed = order_type.working() == OrderType::Limit;
        let contingent = order_type.is_contingent();
        if timed {
            parameters.required(self.time_in_force)?;
        }
        if priced && !parameters.has(self.pegs[0]) {
            parameters.required(self.price)?;
        }
        let is_set_off = parameters.has(self.stop_price) || parameters.has(self.trailing_delta);
        if contingent && !is_set_off {
            return Err(error::either(self.stop_price, self.trailing_delta));
        }
        if !priced && self.pegs.iter().any(|name| parameters.has(name)) {
            return Err(RejectReason::PegOrderType.into());
        }
        for (name, allowed) in [
            (self.time_in_force, timed),
            (self.price, priced),
            (self.iceberg, priced),
            (self.stop_price, contingent),
            (self.trailing_delta, contingent),
        ] {
            if !allowed && parameters.has(name) {
                return Err(error::surplus(name));
            }
        }
        Ok(())
    }

    /// The order, with numbers and names that have their form.
    ///
    /// # Errors
    /// -1100, -1105, -1111 for a malformed number or name, -1134 for a strategy's type.
    pub fn read(&self, parameters: &Parameters) -> Result<Written, ApiError> {
        let strategy_type = parameters.integer(self.strategy_type)?;
        if strategy_type.is_some_and(|number| number < STRATEGY_TYPE_MIN) {
            let msg = format!("`{}` was less than 1000000.", self.strategy_type);
            return Err(ApiError::new(-1134, msg));
        }
        let too_large = |_| error::invalid(self.strategy_type);
        Ok(Written {
            price: parameters.decimal(self.price)?,
            stop_price: parameters.decimal(self.stop_price)?,
            iceberg: parameters.decimal(self.iceberg)?,
            trailing_delta: parameters.integer(self.trailing_delta)?,
            client_order: client_id::read(parameters, self.client)?,
            strategy_id: parameters.integer(self.strategy_id)?,
            strategy_type: strategy_type
                .map(|number| u32::try_from(number).map_err(too_large))
                .transpose()?,
        })
    }

    /// The whole order of a known type.
    ///
    /// # Errors
    /// -1115 for a time in force that does not exist, -1210 and -1211 for a peg, -1160 for an
    /// iceberg that is not good till cancelled.
    pub fn leg(
        &self,
        parameters: &Parameters,
        written: Written,
        order_type: OrderType,
    ) -> Result<Leg, ApiError> {
        let time_in_force = match parameters.optional(self.time_in_force)? {
            None => TimeInForce::Gtc,
            Some(text) => TimeInForce::parse(text)
                .ok_or_else(|| ApiError::new(-1115, "Invalid timeInForce."))?,
        };
        let peg = self.peg(parameters)?;
        let iceberg = written.iceberg.filter(|iceberg| !iceberg.is_zero());
        if iceberg.is_some() && time_in_force != TimeInForce::Gtc {
            let (iceberg, time) = (self.iceberg, self.time_in_force);
            let msg = format!("Parameter '{iceberg}' is not supported if `{time}` is not GTC.");
            return Err(ApiError::new(-1160, msg));
        }
        Ok(Leg {
            order_type,
            time_in_force,
            peg,
            written: Written { iceberg, ..written },
        })
    }

    /// Which level of the book gives the price.
    fn peg(&self, parameters: &Parameters) -> Result<Peg, ApiError> {
        let [price_type, offset_type, offset] = self.pegs;
        let is_offset = parameters.has(offset_type) || parameters.has(offset);
        let price_type = match parameters.optional(price_type)? {
            None if is_offset => return Err(error::mandatory(price_type)),
            None => return Ok(Peg::NONE),
            Some("PRIMARY_PEG") => PegPriceType::Primary,
            Some("MARKET_PEG") => PegPriceType::Market,
            Some(_) => {
                return Err(
                    ApiError::new(-1210, "Invalid pegPriceType.").hint("PRIMARY_PEG or MARKET_PEG")
                );
            }
        };
        if !is_offset {
            return Ok(Peg {
                price_type,
                offset: 0,
            });
        }
        parameters.required(offset)?;
        if parameters.required(offset_type)? != "PRICE_LEVEL" {
            return Err(ApiError::new(-1211, "Invalid pegOffsetType.").hint("PRICE_LEVEL"));
        }
        let levels = parameters.integer(offset)?.unwrap_or(0);
        let levels = u8::try_from(levels).ok();
        let known = levels.filter(|levels| *levels <= Peg::OFFSET_MAX);
        Ok(Peg {
            price_type,
            offset: known.ok_or_else(|| error::invalid(offset).hint("0 to 100"))?,
        })
    }
}

/// What a client wrote about one order.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    pub price: Option<Decimal>,
    pub stop_price: Option<Decimal>,
    /// Never zero in a [`Leg`].
    pub iceberg: Option<Decimal>,
    pub trailing_delta: Option<u64>,
    pub client_order: Option<ClientOrderId>,
    pub strategy_id: Option<u64>,
    pub strategy_type: Option<u32>,
}

/// One order, well-formed.
#[derive(Clone, Copy, Debug)]
pub struct Leg {
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub peg: Peg,
    pub written: Written,
}

impl Leg {
    /// The price on the symbol's grid; zero without one.
    ///
    /// # Errors
    /// -1013 PRICE_FILTER.
    pub fn price(&self, symbol: &SymbolReport) -> Result<Price, ApiError> {
        let price = self.written.price;
        price.map_or(Ok(Price::ZERO), |price| filters::price(symbol, price))
    }

    /// What the order has beyond a plain one, on the symbol's grid.
    ///
    /// # Errors
    /// -1013 with the filter's name for a number that is none there.
    pub fn terms(&self, symbol: &SymbolReport) -> Result<OrderTerms, ApiError> {
        let written = &self.written;
        let stop_price = written
            .stop_price
            .map_or(Ok(Price::ZERO), |price| filters::price(symbol, price))?;
        let iceberg_qty = written
            .iceberg
            .map_or(Ok(Qty::ZERO), |qty| filters::qty(symbol, qty))?;
        let trailing_delta = match written.trailing_delta {
            None => 0,
            Some(delta) => u32::try_from(delta)
                .ok()
                .filter(|delta| *delta != 0)
                .ok_or_else(|| error::filter("TRAILING_DELTA"))?,
        };
        Ok(OrderTerms {
            stop_price,
            iceberg_qty,
            strategy_id: written.strategy_id.unwrap_or(0),
            strategy_type: written.strategy_type.unwrap_or(0),
            trailing_delta,
        })
    }

    /// The client's name for the order, or one of ours.
    pub fn client_order(&self) -> ClientOrderId {
        self.written
            .client_order
            .unwrap_or_else(client_id::generate)
    }
}

/// Whether an order needs no terms, so that it can be the small command.
pub fn is_plain(order: &PlaceOrderV1, terms: &OrderTerms) -> bool {
    *terms == OrderTerms::default() && !order.order_type.is_contingent()
}
