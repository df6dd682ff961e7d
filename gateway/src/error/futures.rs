//! What futures call their refusals: the same reasons have other codes than on spot, and the
//! codes tell more, so that a few numbers of the order are looked at.

use schemas::instrument::Side;
use schemas::perpetual_command::PlacePerpetualV1;
use schemas::perpetual_report::MarkReport;
use schemas::reject::RejectReason;
use schemas::units::{Price, Qty};

use crate::error::ApiError;
use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;

/// A multiplier of PERCENT_PRICE, in 1e-4.
const MULTIPLIER_SCALE: u8 = 4;

/// Why an order was refused, in the words of futures.
pub fn of_order(
    reason: RejectReason,
    grid: &Grid,
    (order, mark): (&PlacePerpetualV1, Option<MarkReport>),
) -> ApiError {
    use RejectReason as R;
    match reason {
        R::PriceFilter => price_filter(grid, order),
        R::LotSize | R::MarketLotSize => lot_size(grid, reason, order.order.qty),
        R::PercentPrice => percent_price(grid, order.order.side, mark),
        R::Notional => {
            let least = grid.quote(grid.symbol.notional.min);
            let msg = format!(
                "Order's notional must be no smaller than {least} (unless you choose reduce only)."
            );
            ApiError::new(-4164, msg)
        }
        reason => of(reason),
    }
}

/// Why a command on a perpetual was refused, in the words of futures.
pub fn of(reason: RejectReason) -> ApiError {
    use RejectReason as R;
    match reason {
        R::MaxNumOrders => ApiError::new(-2025, "Reach max open order limit."),
        R::MaxNumAlgoOrders => ApiError::new(-4045, "Reach max stop order limit."),
        R::WouldMatch => ApiError::new(
            -5022,
            "Due to the order could not be executed as maker, the Post Only order will be \
             rejected.",
        ),
        R::WouldTrigger => ApiError::new(-2021, "Order would immediately trigger."),
        R::DuplicateOrder => ApiError::new(-4116, "ClientOrderId is duplicated."),
        R::MarketClosed | R::SymbolFault => {
            ApiError::new(-4140, "Invalid symbol status for opening position.")
        }
        R::AccountFrozen => ApiError::new(-4088, "User can not place order currently."),
        R::InsufficientBalance => ApiError::from(R::InsufficientMargin),
        R::TrailingDelta => invalid_callback(),
        reason => ApiError::from(reason),
    }
}

fn price_filter(grid: &Grid, order: &PlacePerpetualV1) -> ApiError {
    let rule = grid.symbol.price;
    for (price, is_trigger) in [(order.order.price, false), (order.stop_price, true)] {
        if price == Price::ZERO {
            continue;
        }
        if rule.max != Price::ZERO && rule.max < price {
            return match is_trigger {
                false => ApiError::new(-4002, "Price greater than max price."),
                true => ApiError::new(-4007, "Stop price greater than max price."),
            };
        }
        if price < rule.min {
            return ApiError::new(-4013, "Price less than min price.");
        }
        if rule.tick != Price::ZERO && price.0 % rule.tick.0 != 0 {
            return off_tick();
        }
    }
    no_price()
}

fn lot_size(grid: &Grid, reason: RejectReason, qty: Qty) -> ApiError {
    let rule = match reason {
        RejectReason::MarketLotSize => grid.symbol.market_lot_size,
        _ => grid.symbol.lot_size,
    };
    if qty < rule.min {
        return ApiError::new(-4004, "Quantity less than min quantity.");
    }
    if rule.max != Qty::ZERO && rule.max < qty {
        return ApiError::new(-4005, "Quantity greater than max quantity.");
    }
    off_step()
}

fn percent_price(grid: &Grid, side: Side, mark: Option<MarkReport>) -> ApiError {
    let rule = grid.symbol.percent_price;
    let mark = mark.map_or(Price::ZERO, |mark| mark.mark);
    let bound = |multiplier: u32| {
        let units = i128::from(mark.0) * i128::from(multiplier);
        Fixed::new(units, grid.symbol.price_scale + MULTIPLIER_SCALE)
    };
    match side {
        Side::Buy => {
            let most = bound(rule.bid_up);
            let msg = format!("Limit price can't be higher than {most}.");
            ApiError::new(-4016, msg)
        }
        Side::Sell => {
            let least = bound(rule.ask_down);
            let msg = format!("Limit price can't be lower than {least}.");
            ApiError::new(-4024, msg)
        }
    }
}

/// -4001.
pub fn no_price() -> ApiError {
    ApiError::new(-4001, "Price less than 0.").hint("a price is above zero")
}

/// -4014.
pub fn off_tick() -> ApiError {
    ApiError::new(-4014, "Price not increased by tick size.")
}

/// -4003.
pub fn no_quantity() -> ApiError {
    ApiError::new(-4003, "Quantity less than or equal to zero.")
}

/// -4023.
pub fn off_step() -> ApiError {
    ApiError::new(-4023, "Qty not increased by step size.")
}

/// -4015.
pub fn bad_client_order() -> ApiError {
    ApiError::new(-4015, "Client order id is not valid.")
}

/// -4060.
pub fn invalid_position_side() -> ApiError {
    ApiError::new(-4060, "Invalid position side.")
}

/// -4028.
pub fn invalid_leverage(given: &str) -> ApiError {
    ApiError::new(
        -4028,
        format!("Leverage {} is not valid", given.escape_default()),
    )
}

/// -2007.
pub fn invalid_callback() -> ApiError {
    ApiError::new(-2007, "Invalid callBack rate.")
}

/// -4120.
pub fn use_algo_order() -> ApiError {
    ApiError::new(
        -4120,
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints \
         instead.",
    )
}

/// -4136.
pub fn cannot_close_position(order_type: &str) -> ApiError {
    let order_type = order_type.escape_default();
    let msg = format!("Target strategy invalid for orderType '{order_type}',closePosition 'true'.");
    ApiError::new(-4136, msg)
}

/// -4137.
pub fn quantity_with_close_position() -> ApiError {
    ApiError::new(
        -4137,
        "Quantity must be zero with closePosition equals true",
    )
}
