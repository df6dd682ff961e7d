//! The documents of orders with terms and of order lists.

use schemas::event::Event;
use schemas::ids::{AccountId, OrderId, SymbolId};
use schemas::order_command::OrderTerms;
use schemas::report::OrderExtras;
use schemas::wire::Wire;

use crate::document::Document;
use crate::names::Names;
use crate::telling::words::Scales;

/// Begins with whose order it is.
fn order<'n>(
    document: &mut Document<'_>,
    names: &'n Names,
    (symbol, order, account): (SymbolId, OrderId, AccountId),
) -> Scales<'n> {
    let scales = Scales::of(document, names, symbol);
    document
        .number("order", order.0)
        .number("account", account.0.into());
    scales
}

/// What an order has beyond a plain one; absent parts are left out.
fn terms(document: &mut Document<'_>, (scales, it): (&Scales<'_>, &OrderTerms)) {
    if let Some(price) = it.stop_price() {
        scales.price(document, "stop_price", price);
    }
    if let Some(qty) = it.iceberg_qty() {
        scales.qty(document, "iceberg_qty", qty);
    }
    if let Some(delta) = it.trailing_delta() {
        document.number("trailing_delta", delta.into());
    }
    if it.strategy_id != 0 {
        document.big("strategy_id", it.strategy_id);
    }
    if it.strategy_type != 0 {
        document.number("strategy_type", it.strategy_type.into());
    }
}

/// A step in the life of an order with terms.
pub(super) fn step(document: &mut Document<'_>, names: &Names, event: &Event) {
    match event {
        Event::OrderTermsAccepted(it) => {
            let scales = order(document, names, (it.symbol, it.order, it.account));
            terms(document, (&scales, &it.terms));
            if let Some(list) = it.list {
                document.number("list", list.0);
            }
            document.word("stage", it.stage);
        }
        Event::TrailingStarted(it) | Event::OrderTriggered(it) => {
            let scales = order(document, names, (it.symbol, it.order, it.account));
            scales.price(document, "price", it.price);
        }
        Event::OrderActivated(it) => {
            order(document, names, (it.symbol, it.order, it.account));
            document.word("stage", it.stage);
        }
        Event::IcebergRefilled(it) => {
            let scales = order(document, names, (it.symbol, it.order, it.account));
            document.word("side", it.side);
            scales.price(document, "price", it.price);
            scales.qty(document, "shown", it.shown);
        }
        Event::OrderExpiring(it) => {
            order(document, names, (it.symbol, it.order, it.account));
            document.word("reason", it.reason);
        }
        Event::OrderPegged(it) => {
            let scales = order(document, names, (it.symbol, it.order, it.account));
            document
                .word("peg", it.peg.price_type)
                .number("offset_levels", it.peg.offset.into());
            scales.price(document, "limit", it.limit);
            scales.price(document, "price", it.price);
        }
        Event::OrderSized(it) => {
            let scales = order(document, names, (it.symbol, it.order, it.account));
            scales.qty(document, "qty", it.qty);
        }
        other => unreachable!("{} is no step of an order", other.name()),
    }
}

/// Order lists and countdowns.
pub(super) fn list(document: &mut Document<'_>, names: &Names, event: &Event) {
    match event {
        Event::OrderListAccepted(it) => {
            Scales::of(document, names, it.symbol);
            document
                .number("list", it.list.0)
                .number("account", it.account.0.into())
                .text_if("list_client", it.list_client.as_str())
                .word("contingency", it.contingency);
            let legs = &it.orders[..it.contingency.legs()];
            document.numbers("orders", legs.iter().map(|order| order.0));
        }
        Event::OrderListDone(it) => {
            Scales::of(document, names, it.symbol);
            document
                .number("list", it.list.0)
                .number("account", it.account.0.into());
        }
        Event::OrderListRejected(it) => {
            Scales::of(document, names, it.symbol);
            document
                .number("account", it.account.0.into())
                .text_if("list_client", it.list_client.as_str())
                .word("reason", it.reason);
        }
        Event::CountdownSet {
            account,
            symbol,
            due,
        } => {
            Scales::of(document, names, *symbol);
            document
                .number("account", account.0.into())
                .big("due_ns", due.0);
        }
        Event::CountdownElapsed { account, symbol } => {
            Scales::of(document, names, *symbol);
            document.number("account", account.0.into());
        }
        other => unreachable!("{} is no list", other.name()),
    }
}

/// Terms and progress of an order as it now is; `extras` are the same for machines, so that
/// the document alone gives the order back.
pub(super) fn extras(document: &mut Document<'_>, (scales, it): (&Scales<'_>, &OrderExtras)) {
    terms(document, (scales, &it.terms));
    document
        .number("list", it.list.0)
        .word("stage", it.stage)
        .word("expiry", it.expiry);
    let mut bytes = Vec::new();
    it.put(&mut bytes);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    document.text("extras", &hex);
}
