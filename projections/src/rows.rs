//! Rows to reports: exact, checked, or an error that names the column.

use schemas::ids::{AccountId, ClientOrderId, OrderId, SymbolId, TradeId};
use schemas::instrument::{OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce};
use schemas::report::{OrderReport, TradeReport};
use schemas::units::{Amount, Price, Qty, TimeNs};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::error::SinkError;

/// The columns of an order, in the order of `orders`.
pub(crate) const ORDER_COLUMNS: &str = "symbol, id, account, client_order, side, type, \
    time_in_force, self_trade, status, price, qty, quote_qty, executed, quote, prevented, \
    created_ns, updated_ns";
/// The columns of a trade, in the order of `trades`.
pub(crate) const TRADE_COLUMNS: &str = "symbol, id, price, qty, quote, time_ns, taker_side, \
    taker_order, taker_account, taker_fee, maker_order, maker_account, maker_fee";

/// An order from a row of [`ORDER_COLUMNS`].
pub(crate) fn order(row: &SqliteRow) -> Result<OrderReport, SinkError> {
    let client: String = row.try_get("client_order")?;
    let client_order = ClientOrderId::new(&client).ok_or(SinkError::Row {
        column: "client_order",
        value: client,
    })?;
    Ok(OrderReport {
        symbol: SymbolId(whole(row, "symbol")?),
        order: OrderId(whole(row, "id")?),
        account: AccountId(whole(row, "account")?),
        client_order,
        side: number(row, "side", Side::from_number)?,
        order_type: number(row, "type", OrderType::from_number)?,
        time_in_force: number(row, "time_in_force", TimeInForce::from_number)?,
        self_trade: number(row, "self_trade", SelfTradePrevention::from_number)?,
        status: number(row, "status", OrderStatus::from_number)?,
        price: Price(row.try_get("price")?),
        qty: Qty(row.try_get("qty")?),
        quote_qty: amount(row, "quote_qty")?,
        executed: Qty(row.try_get("executed")?),
        quote: amount(row, "quote")?,
        prevented: Qty(row.try_get("prevented")?),
        created: TimeNs(whole(row, "created_ns")?),
        updated: TimeNs(whole(row, "updated_ns")?),
        extras: None,
    })
}

/// A trade from a row of [`TRADE_COLUMNS`].
pub(crate) fn trade(row: &SqliteRow) -> Result<TradeReport, SinkError> {
    Ok(TradeReport {
        symbol: SymbolId(whole(row, "symbol")?),
        trade: TradeId(whole(row, "id")?),
        price: Price(row.try_get("price")?),
        qty: Qty(row.try_get("qty")?),
        quote: amount(row, "quote")?,
        time: TimeNs(whole(row, "time_ns")?),
        taker_side: number(row, "taker_side", Side::from_number)?,
        taker_order: OrderId(whole(row, "taker_order")?),
        taker_account: AccountId(whole(row, "taker_account")?),
        taker_fee: amount(row, "taker_fee")?,
        maker_order: OrderId(whole(row, "maker_order")?),
        maker_account: AccountId(whole(row, "maker_account")?),
        maker_fee: amount(row, "maker_fee")?,
    })
}

/// A column of decimal text.
pub(crate) fn amount(row: &SqliteRow, column: &'static str) -> Result<Amount, SinkError> {
    let value: String = row.try_get(column)?;
    let parsed = value.parse().map(Amount);
    parsed.map_err(|_| SinkError::Row { column, value })
}

fn whole<T: TryFrom<i64>>(row: &SqliteRow, column: &'static str) -> Result<T, SinkError> {
    let value: i64 = row.try_get(column)?;
    T::try_from(value).map_err(|_| SinkError::Row {
        column,
        value: value.to_string(),
    })
}

fn number<T>(
    row: &SqliteRow,
    column: &'static str,
    from: impl Fn(u8) -> Option<T>,
) -> Result<T, SinkError> {
    let value: i64 = row.try_get(column)?;
    let found = u8::try_from(value).ok().and_then(from);
    found.ok_or(SinkError::Row {
        column,
        value: value.to_string(),
    })
}
