//! What a number off a symbol's unit grid is told, before there could be a command.
//!
//! The engine owns the filters. Only text that no command can carry is refused here:
//! off the unit grid, zero, or beyond the range; and never rounded.

use schemas::instrument::{OrderType, SymbolState, VenueState};
use schemas::order_command::PlaceOrderWithTermsV1;
use schemas::reject::RejectReason;
use schemas::report::{Directory, SymbolReport};
use schemas::units::{Amount, Price, Qty};

use crate::error::{self, ApiError};
use crate::wire::decimal::Decimal;

/// The price in the symbol's units.
///
/// # Errors
/// -1013 PRICE_FILTER for zero, off the unit grid, or out of range.
pub fn price(symbol: &SymbolReport, price: Decimal) -> Result<Price, ApiError> {
    match price.price(symbol.price_scale) {
        Ok(price) if price != Price::ZERO => Ok(price),
        _ => Err(error::filter("PRICE_FILTER")),
    }
}

/// The quantity in the symbol's units.
///
/// # Errors
/// -1013 LOT_SIZE for zero, off the unit grid, or out of range.
pub fn qty(symbol: &SymbolReport, qty: Decimal) -> Result<Qty, ApiError> {
    match qty.qty(symbol.qty_scale) {
        Ok(qty) if qty != Qty::ZERO => Ok(qty),
        _ => Err(error::filter("LOT_SIZE")),
    }
}

/// Money in atoms of the symbol's quote asset.
///
/// # Errors
/// -1013 LOT_SIZE for zero, as for any amount that buys less than a step; -1111 for more
/// decimals than the asset has.
pub fn money(
    directory: &Directory,
    symbol: &SymbolReport,
    money: Decimal,
) -> Result<Amount, ApiError> {
    if money.is_zero() {
        return Err(error::filter("LOT_SIZE"));
    }
    let precise = || ApiError::new(-1111, "Parameter 'quoteOrderQty' has too much precision.");
    money
        .amount(asset_scale(directory, symbol.quote.0))
        .map_err(|_| precise())
}

/// Decimals of an asset; 8 for one that is not in the directory.
pub fn asset_scale(directory: &Directory, asset: u16) -> u8 {
    directory
        .assets
        .get(usize::from(asset))
        .map_or(8, |asset| asset.scale)
}

/// PRICE_FILTER; a price of zero is no price.
///
/// # Errors
/// -1013.
pub fn price_bounds(symbol: &SymbolReport, price: Price) -> Result<(), ApiError> {
    let rule = symbol.price;
    let low = rule.min != Price::ZERO && price < rule.min;
    let high = rule.max != Price::ZERO && rule.max < price;
    let between = rule.tick != Price::ZERO && price.0 % rule.tick.0 != 0;
    let refused = price != Price::ZERO && (low || high || between);
    if refused {
        Err(error::filter("PRICE_FILTER"))
    } else {
        Ok(())
    }
}

/// Whether new orders are refused now, whatever they say.
pub fn is_closed(directory: &Directory, symbol: &SymbolReport) -> bool {
    !matches!(symbol.state, SymbolState::Trading | SymbolState::Auction)
        || directory.venue.unwrap_or(VenueState::Open) != VenueState::Open
}

/// The filters that need neither book nor account, for a test order.
///
/// # Errors
/// -1013 with the filter's name.
pub fn test(symbol: &SymbolReport, order: &schemas::command::PlaceOrderV1) -> Result<(), ApiError> {
    price_bounds(symbol, order.price)?;
    let outside = |rule: schemas::instrument::LotSize| {
        let low = rule.min != Qty::ZERO && order.qty < rule.min;
        let high = rule.max != Qty::ZERO && rule.max < order.qty;
        low || high || (rule.step != Qty::ZERO && order.qty.0 % rule.step.0 != 0)
    };
    let by_quote = order.quote_qty != Amount::ZERO;
    if !by_quote && outside(symbol.lot_size) {
        return Err(error::filter("LOT_SIZE"));
    }
    let market = order.order_type == OrderType::Market;
    if market && !by_quote && outside(symbol.market_lot_size) {
        return Err(error::filter("MARKET_LOT_SIZE"));
    }
    Ok(())
}

/// The same for what an order has beyond a plain one.
///
/// # Errors
/// -1013 with the filter's name, -2010 for an iceberg that hides nothing.
pub fn test_terms(symbol: &SymbolReport, placed: &PlaceOrderWithTermsV1) -> Result<(), ApiError> {
    let PlaceOrderWithTermsV1 { order, terms } = placed;
    price_bounds(symbol, terms.stop_price)?;
    if let Some(delta) = terms.trailing_delta() {
        let rule = symbol.order_rules.trailing_delta;
        let (least, most) = if order.order_type.triggers_above(order.side) {
            (rule.min_above, rule.max_above)
        } else {
            (rule.min_below, rule.max_below)
        };
        if delta < least || (most != 0 && most < delta) {
            return Err(error::filter("TRAILING_DELTA"));
        }
    }
    match terms.iceberg_qty() {
        Some(shown) if order.qty <= shown => Err(RejectReason::IcebergTooLarge.into()),
        _ => Ok(()),
    }
}
