//! Rows to reports and back: exact, checked, or an error that names the column.

use schemas::event::Event;
use schemas::ids::{AccountId, ClientOrderId, EventId, OrderId, OrderListId, SymbolId, TradeId};
use schemas::instrument::{
    ContingencyType, OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce,
};
use schemas::order_change::{AmendmentReport, PreventedReport};
use schemas::order_event::OrderListAccepted;
use schemas::report::{OrderExtras, OrderListReport, OrderReport, TradeReport};
use schemas::units::{Amount, Price, Qty, TimeNs};
use schemas::wire::Wire;

use crate::error::SinkError;
use crate::orders::When;
use crate::sql::database::{Row, Statement, Value};

/// An order from a row of `orders`.
pub(crate) fn order(row: &Row) -> Result<OrderReport, SinkError> {
    let client_order = client(row, "client_order")?;
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
        price: Price(row.whole("price")?),
        qty: Qty(row.whole("qty")?),
        quote_qty: amount(row, "quote_qty")?,
        executed: Qty(row.whole("executed")?),
        quote: amount(row, "quote")?,
        prevented: Qty(row.whole("prevented")?),
        created: TimeNs(whole(row, "created_ns")?),
        updated: TimeNs(whole(row, "updated_ns")?),
        extras: extras(row)?,
    })
}

/// What an order with terms has besides, as stored: hex of the explicit encoding.
fn extras(row: &Row) -> Result<Option<OrderExtras>, SinkError> {
    let value = row.text("extras")?;
    if value.is_empty() {
        return Ok(None);
    }
    let digits = value.as_bytes().chunks(2).map(|pair| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    });
    let bytes: Option<Vec<u8>> = digits.collect();
    let taken = bytes.and_then(|bytes| OrderExtras::take(&mut bytes.as_slice()));
    let column = "extras";
    taken.map(Some).ok_or(SinkError::Row { column, value })
}

fn hex(extras: &OrderExtras) -> String {
    use std::fmt::Write;
    let mut bytes = Vec::new();
    extras.put(&mut bytes);
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An order's row in `orders`.
pub(crate) fn order_values(order: &OrderReport) -> [Value; 19] {
    [
        order.symbol.0.into(),
        order.order.0.into(),
        order.account.0.into(),
        order.client_order.to_string().into(),
        (order.side as i64).into(),
        (order.order_type as i64).into(),
        (order.time_in_force as i64).into(),
        (order.self_trade as i64).into(),
        (order.status as i64).into(),
        order.price.0.into(),
        order.qty.0.into(),
        order.quote_qty.0.into(),
        order.executed.0.into(),
        order.quote.0.into(),
        order.prevented.0.into(),
        order.created.0.into(),
        order.updated.0.into(),
        order.list().map_or(0, |list| list.0).into(),
        order.extras.as_ref().map_or(String::new(), hex).into(),
    ]
}

/// A new list's row in `order_lists`.
pub(crate) fn list_values(list: &OrderListAccepted, time: TimeNs) -> [Value; 11] {
    let [first, second, third] = list.orders;
    [
        list.symbol.0.into(),
        list.list.0.into(),
        list.account.0.into(),
        list.list_client.to_string().into(),
        (list.contingency as i64).into(),
        first.0.into(),
        second.0.into(),
        third.0.into(),
        0_i64.into(),
        time.0.into(),
        time.0.into(),
    ]
}

/// A list from a row of `order_lists`.
pub(crate) fn list(row: &Row) -> Result<OrderListReport, SinkError> {
    let list_client = client(row, "client_list")?;
    let order = |column| whole(row, column).map(OrderId);
    Ok(OrderListReport {
        symbol: SymbolId(whole(row, "symbol")?),
        list: OrderListId(whole(row, "id")?),
        account: AccountId(whole(row, "account")?),
        list_client,
        contingency: number(row, "contingency", ContingencyType::from_number)?,
        orders: [order("order_1")?, order("order_2")?, order("order_3")?],
        done: row.whole("done")? != 0,
        created: TimeNs(whole(row, "created_ns")?),
        updated: TimeNs(whole(row, "updated_ns")?),
    })
}

/// An amendment's row in `amendments`.
pub(crate) fn amendment_values(amendment: &AmendmentReport) -> [Value; 9] {
    [
        amendment.id.0.into(),
        amendment.symbol.0.into(),
        amendment.order.0.into(),
        amendment.account.0.into(),
        amendment.old_client.to_string().into(),
        amendment.new_client.to_string().into(),
        amendment.old_qty.0.into(),
        amendment.new_qty.0.into(),
        amendment.time.0.into(),
    ]
}

/// An amendment from a row of `amendments`.
pub(crate) fn amendment(row: &Row) -> Result<AmendmentReport, SinkError> {
    Ok(AmendmentReport {
        id: EventId(whole(row, "event")?),
        symbol: SymbolId(whole(row, "symbol")?),
        order: OrderId(whole(row, "id")?),
        account: AccountId(whole(row, "account")?),
        old_client: client(row, "old_client")?,
        new_client: client(row, "new_client")?,
        old_qty: Qty(row.whole("old_qty")?),
        new_qty: Qty(row.whole("new_qty")?),
        time: TimeNs(whole(row, "time_ns")?),
    })
}

/// A prevented match's row in `prevented_matches`.
pub(crate) fn prevented_values(met: &PreventedReport) -> [Value; 11] {
    [
        met.id.0.into(),
        met.symbol.0.into(),
        met.account.0.into(),
        met.taker_order.0.into(),
        met.maker_order.0.into(),
        (met.maker_side as i64).into(),
        met.price.0.into(),
        met.taker_prevented.0.into(),
        met.maker_prevented.0.into(),
        (met.mode as i64).into(),
        met.time.0.into(),
    ]
}

/// A prevented match from a row of `prevented_matches`.
pub(crate) fn prevented(row: &Row) -> Result<PreventedReport, SinkError> {
    Ok(PreventedReport {
        id: EventId(whole(row, "event")?),
        symbol: SymbolId(whole(row, "symbol")?),
        account: AccountId(whole(row, "account")?),
        taker_order: OrderId(whole(row, "taker_order")?),
        maker_order: OrderId(whole(row, "maker_order")?),
        maker_side: number(row, "maker_side", Side::from_number)?,
        price: Price(row.whole("price")?),
        taker_prevented: Qty(row.whole("taker_prevented")?),
        maker_prevented: Qty(row.whole("maker_prevented")?),
        mode: number(row, "mode", SelfTradePrevention::from_number)?,
        time: TimeNs(whole(row, "time_ns")?),
    })
}

/// A trade from a row of `trades`.
pub(crate) fn trade(row: &Row) -> Result<TradeReport, SinkError> {
    Ok(TradeReport {
        symbol: SymbolId(whole(row, "symbol")?),
        trade: TradeId(whole(row, "id")?),
        price: Price(row.whole("price")?),
        qty: Qty(row.whole("qty")?),
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

/// A trade's row in `trades`.
pub(crate) fn trade_values(trade: &TradeReport) -> [Value; 13] {
    [
        trade.symbol.0.into(),
        trade.trade.0.into(),
        trade.price.0.into(),
        trade.qty.0.into(),
        trade.quote.0.into(),
        trade.time.0.into(),
        (trade.taker_side as i64).into(),
        trade.taker_order.0.into(),
        trade.taker_account.0.into(),
        trade.taker_fee.0.into(),
        trade.maker_order.0.into(),
        trade.maker_account.0.into(),
        trade.maker_fee.0.into(),
    ]
}

/// How an order ended, in `order_events`.
pub(crate) const fn status_word(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::New => "new",
        OrderStatus::PendingNew => "pending-new",
        OrderStatus::PartiallyFilled => "partially-filled",
        OrderStatus::Filled => "filled",
        OrderStatus::Canceled => "canceled",
        OrderStatus::Expired => "expired",
        OrderStatus::ExpiredInMatch => "expired-in-match",
    }
}

/// A change of one row of the directory or of an account, if the event makes one.
pub(crate) fn update(when: When, event: &Event) -> Option<Statement> {
    let of_account = |account: AccountId, column: &str, value: Value| {
        let text = format!("UPDATE accounts SET {column} = ?, updated_ns = ? WHERE account = ?");
        Statement::new(text)
            .bind(value)
            .bind(when.time.0)
            .bind(account.0)
    };
    Some(match *event {
        Event::AccountStateChanged { account, state } => {
            of_account(account, "state", (state as i64).into())
        }
        Event::AccountTierChanged { account, tier } => {
            of_account(account, "tier", u32::from(tier).into())
        }
        Event::AccountLimitsChanged {
            account,
            orders_per_10s,
            orders_per_day,
        } => Statement::new(
            "UPDATE accounts SET orders_per_10s = ?, orders_per_day = ?, updated_ns = ? \
             WHERE account = ?",
        )
        .bind(orders_per_10s)
        .bind(orders_per_day)
        .bind(when.time.0)
        .bind(account.0),
        Event::SymbolStateChanged { symbol, state } => {
            Statement::new("UPDATE symbols SET state = ? WHERE symbol = ?")
                .bind(state as i64)
                .bind(symbol.0)
        }
        Event::SymbolFeesChanged {
            symbol,
            maker,
            taker,
        } => Statement::new("UPDATE symbols SET maker_fee = ?, taker_fee = ? WHERE symbol = ?")
            .bind(maker.0)
            .bind(taker.0)
            .bind(symbol.0),
        Event::OrderListDone(list) => Statement::new(
            "UPDATE order_lists SET done = 1, updated_ns = ? WHERE symbol = ? AND id = ?",
        )
        .bind(when.time.0)
        .bind(list.symbol.0)
        .bind(list.list.0),
        _ => return None,
    })
}

/// A column of decimal text.
pub(crate) fn amount(row: &Row, column: &'static str) -> Result<Amount, SinkError> {
    let value = row.text(column)?;
    let parsed = value.parse().map(Amount);
    parsed.map_err(|_| SinkError::Row { column, value })
}

/// A column that holds a number of a smaller range.
pub(crate) fn whole<T: TryFrom<i64>>(row: &Row, column: &'static str) -> Result<T, SinkError> {
    let value = row.whole(column)?;
    T::try_from(value).map_err(|_| SinkError::Row {
        column,
        value: value.to_string(),
    })
}

/// A column that holds a client order id.
pub(crate) fn client(row: &Row, column: &'static str) -> Result<ClientOrderId, SinkError> {
    let value = row.text(column)?;
    ClientOrderId::new(&value).ok_or(SinkError::Row { column, value })
}

/// A column that holds an enumeration's number.
pub(crate) fn number<T>(
    row: &Row,
    column: &'static str,
    from: impl Fn(u8) -> Option<T>,
) -> Result<T, SinkError> {
    let value = row.whole(column)?;
    let found = u8::try_from(value).ok().and_then(from);
    found.ok_or(SinkError::Row {
        column,
        value: value.to_string(),
    })
}
