//! An order read back from its own document, exactly: the digits of a decimal are its units.

use std::fmt::Debug;

use schemas::ids::{AccountId, ClientOrderId, OrderId, SymbolId};
use schemas::instrument::{OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce};
use schemas::report::{OrderExtras, OrderReport};
use schemas::units::{Amount, Price, Qty, TimeNs};
use schemas::wire::Wire;
use serde_json::Value;

/// The order of a document of `symbol`; `None` when it is no such document.
pub(super) fn order(symbol: SymbolId, body: &Value) -> Option<OrderReport> {
    let client = body["client_order"].as_str().unwrap_or_default();
    let time = |name: &str| body[name].as_str()?.parse().ok().map(TimeNs);
    Some(OrderReport {
        symbol,
        order: OrderId(body["order"].as_u64()?),
        account: AccountId(u32::try_from(body["account"].as_u64()?).ok()?),
        client_order: ClientOrderId::new(client)?,
        side: word(Side::ALL, &body["side"])?,
        order_type: word(OrderType::ALL, &body["order_type"])?,
        time_in_force: word(TimeInForce::ALL, &body["time_in_force"])?,
        self_trade: word(SelfTradePrevention::ALL, &body["self_trade"])?,
        status: word(OrderStatus::ALL, &body["status"])?,
        price: Price(units(&body["price"])?),
        qty: Qty(units(&body["qty"])?),
        quote_qty: Amount(units(&body["quote_qty"])?),
        executed: Qty(units(&body["executed"])?),
        quote: Amount(units(&body["quote"])?),
        prevented: Qty(units(&body["prevented"])?),
        created: time("created_ns")?,
        updated: time("updated_ns")?,
        extras: match &body["extras"] {
            Value::String(hex) => Some(extras(hex)?),
            _ => None,
        },
    })
}

/// The bytes of the terms, in hex.
fn extras(hex: &str) -> Option<OrderExtras> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = digits.map(byte).collect::<Option<_>>()?;
    OrderExtras::take(&mut bytes.as_slice())
}

/// `-12.50` of scale 2 is -1250 units.
fn units<T: std::str::FromStr>(value: &Value) -> Option<T> {
    let text = value.as_str()?;
    let digits: String = text.chars().filter(|letter| *letter != '.').collect();
    digits.parse().ok()
}

/// `EXPIRE_TAKER` is `ExpireTaker`.
fn word<T: Copy + Debug>(all: &[T], value: &Value) -> Option<T> {
    let text = value.as_str()?;
    let plain: String = text.chars().filter(|letter| *letter != '_').collect();
    let named = |it: &&T| format!("{it:?}").eq_ignore_ascii_case(&plain);
    all.iter().find(named).copied()
}
