//! `scenarios/binance_stp.jsonl`: the dialect's own examples of self-trade prevention.

use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::OrderId;
use schemas::instrument::{OrderStatus, OrderType, SelfTradePrevention};
use schemas::units::Price;
use serde_json::Value;

use super::flow::Flow;
use super::{file, in_1e_8, side, text};

/// What became of one order, from its events alone.
#[derive(Clone, Debug)]
pub struct Fate {
    pub qty: i64,
    pub executed: i64,
    pub prevented: i64,
    pub status: OrderStatus,
}

pub fn mode(name: &str) -> SelfTradePrevention {
    match name {
        "NONE" => SelfTradePrevention::None,
        "EXPIRE_TAKER" => SelfTradePrevention::ExpireTaker,
        "EXPIRE_MAKER" => SelfTradePrevention::ExpireMaker,
        "EXPIRE_BOTH" => SelfTradePrevention::ExpireBoth,
        "DECREMENT" => SelfTradePrevention::Decrement,
        other => panic!("unknown mode {other}"),
    }
}

/// Sends the orders of one account one after another; prices and quantities in 1e-4.
pub fn fates(orders: &[Value]) -> Vec<Fate> {
    let mut flow: Flow<usize> = Flow::new();
    let symbol = flow.add_symbol("STP");
    let mut fates: Vec<Fate> = Vec::new();
    for order in orders {
        let scaled = |key: &str| {
            if order[key].is_null() {
                0
            } else {
                in_1e_8(&order[key]) / 10_000
            }
        };
        let mut placed = flow.order(symbol, side(&order["side"]), (scaled("px"), scaled("qty")));
        placed.self_trade = mode(order["stp"].as_str().expect("a mode"));
        if order["type"] == "MARKET" {
            (placed.order_type, placed.price) = (OrderType::Market, Price(0));
        }
        fates.push(Fate {
            qty: placed.qty.0,
            executed: 0,
            prevented: 0,
            status: OrderStatus::New,
        });
        for event in flow.venue.complete(&Command::PlaceOrder(placed)) {
            follow(&mut fates, &event);
        }
        flow.venue.engine.check_invariants().expect("a sound state");
    }
    fates
}

/// Order ids are 1, 2, 3 … in sending order.
fn follow(fates: &mut [Fate], event: &Event) {
    let place = |order: OrderId| order.0 as usize - 1;
    match event {
        Event::OrderRejected(rejected) => panic!("refused: {rejected:?}"),
        Event::Trade(trade) => {
            for order in [trade.maker_order, trade.taker_order] {
                let fate = &mut fates[place(order)];
                fate.executed += trade.qty.0;
                fate.status = OrderStatus::PartiallyFilled;
                if fate.executed + fate.prevented == fate.qty {
                    fate.status = OrderStatus::Filled;
                }
            }
        }
        Event::TradePrevented(prevented) => {
            fates[place(prevented.maker_order)].prevented += prevented.maker_prevented.0;
            fates[place(prevented.taker_order)].prevented += prevented.taker_prevented.0;
        }
        Event::OrderDone(done) => {
            let fate = &mut fates[place(done.order)];
            fate.prevented += done.prevented.0;
            fate.status = done.status;
        }
        _ => {}
    }
}

pub fn status(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::New => "NEW",
        OrderStatus::PartiallyFilled => "PARTIALLY_FILLED",
        OrderStatus::Filled => "FILLED",
        OrderStatus::Canceled => "CANCELED",
        OrderStatus::Expired => "EXPIRED",
        OrderStatus::ExpiredInMatch => "EXPIRED_IN_MATCH",
        OrderStatus::PendingNew => "PENDING_NEW",
    }
}

#[test]
fn oracle_self_trade_prevention_gives_the_documented_ends() {
    let Some(path) = file("scenarios/binance_stp.jsonl") else {
        return;
    };
    for line in text(&path).lines() {
        let entry: Value = serde_json::from_str(line).expect("a JSON line");
        let id = entry["id"].as_str().expect("an id");
        let found = fates(entry["orders"].as_array().expect("orders"));
        let expected = entry["final"].as_array().expect("final states");
        assert_eq!(found.len(), expected.len(), "{id}");
        for (fate, last) in found.iter().zip(expected) {
            let scaled = |key: &str| in_1e_8(&last[key]) / 10_000;
            assert_eq!(
                status(fate.status),
                last["status"].as_str().expect("a status"),
                "{id}"
            );
            assert_eq!(fate.qty, scaled("origQty"), "{id}");
            assert_eq!(fate.executed, scaled("executedQty"), "{id}");
            let prevented = if last["preventedQuantity"].is_null() {
                0
            } else {
                scaled("preventedQuantity")
            };
            assert_eq!(fate.prevented, prevented, "{id}");
        }
        println!("{id}: as documented");
    }
}
