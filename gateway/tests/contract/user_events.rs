//! What an account is told of each event, field by field.

use expect_test::{Expect, expect};
use gateway::queries::Queries;
use gateway::wire::clock::TimeUnit;
use gateway::wire::user_events::events;
use schemas::event::{
    BalanceChanged, Event, OrderAccepted, OrderAmended, OrderDone, Trade, TradePrevented,
};
use schemas::ids::{
    AssetId, BusinessId, ClientOrderId, EventId, Offset, OrderId, OrderListId, TradeId,
};
use schemas::instrument::{ContingencyType, OrderStatus, SelfTradePrevention, Side};
use schemas::order_event::OrderListAccepted;
use schemas::report::{ListTold, OrderListReport, OrderReport, UserEvent, UserUpdate};
use schemas::units::{Amount, Price, Qty, TimeNs};
use serde_json::Value;

use crate::venue::{ALICE, BOB, BTCUSDT, NOW_MS, Venue, resting};

/// One update of Alice.
fn update(told: Vec<(Event, Option<OrderReport>)>) -> UserUpdate {
    let offset = Offset(3);
    let numbered = told.into_iter().enumerate();
    UserUpdate {
        offset,
        time: TimeNs((NOW_MS + 5) * 1_000_000),
        account: ALICE,
        events: numbered
            .map(|(index, (event, order))| UserEvent {
                id: EventId::new(offset, index as u16),
                event,
                order,
                list: None,
            })
            .collect(),
    }
}

/// How it is worded.
fn worded(unit: TimeUnit, told: Vec<(Event, Option<OrderReport>)>) -> Vec<Value> {
    let lines = events(&Venue::new().directory(), unit, &update(told));
    let read = |line: &String| serde_json::from_str(line).expect("JSON");
    lines.iter().map(read).collect()
}

/// The text of it, a line for each field.
fn told(told: Vec<(Event, Option<OrderReport>)>, expected: &Expect) {
    let lines = events(&Venue::new().directory(), TimeUnit::Milli, &update(told));
    let lines: Vec<String> = lines
        .iter()
        .map(|line| line.replace(",\"", ",\n\""))
        .collect();
    expected.assert_eq(&(lines.join("\n") + "\n"));
}

fn client(text: &str) -> ClientOrderId {
    ClientOrderId::new(text).expect("short")
}

fn trade() -> Trade {
    Trade {
        symbol: BTCUSDT,
        trade: TradeId(5),
        price: Price(10_000),
        qty: Qty(20_000),
        quote: Amount(2_000_000_000),
        taker_side: Side::Buy,
        taker_order: OrderId(9),
        taker_account: ALICE,
        taker_fee: Amount(20_000),
        maker_order: OrderId(8),
        maker_account: BOB,
        maker_fee: Amount(2_000_000),
        maker_open: Qty(0),
    }
}

fn done(status: OrderStatus) -> OrderDone {
    OrderDone {
        symbol: BTCUSDT,
        order: OrderId(9),
        account: ALICE,
        side: Side::Buy,
        status,
        price: Price(10_000),
        open: Qty(30_000),
        prevented: Qty(0),
        rested: true,
        cancel_client: client("stop-it"),
    }
}

#[test]
fn the_last_fill_of_a_taker_says_filled() {
    let mut order = resting();
    order.qty = order.executed;
    let filled = OrderReport {
        status: OrderStatus::Filled,
        ..order
    };
    told(
        vec![
            (Event::Trade(trade()), Some(order)),
            (Event::OrderDone(done(OrderStatus::Filled)), Some(filled)),
        ],
        &expect![[r#"
            {"e":"executionReport",
            "E":1700000000005,
            "s":"BTCUSDT",
            "c":"mine",
            "S":"BUY",
            "o":"LIMIT",
            "f":"GTC",
            "q":"0.20000000",
            "p":"100.00000000",
            "P":"0.00000000",
            "F":"0.00000000",
            "g":-1,
            "C":"",
            "x":"TRADE",
            "X":"FILLED",
            "r":"NONE",
            "i":9,
            "l":"0.20000000",
            "z":"0.20000000",
            "L":"100.00000000",
            "n":"0.00020000",
            "N":"BTC",
            "T":1700000000005,
            "t":5,
            "I":196608,
            "w":false,
            "m":false,
            "M":false,
            "O":1700000000000,
            "Z":"20.00000000",
            "Y":"20.00000000",
            "Q":"0.00000000",
            "W":1700000000000,
            "V":"EXPIRE_MAKER",
            "offset":3}
        "#]],
    );
}

#[test]
fn a_cancel_has_its_own_name_and_the_order_s() {
    let order = OrderReport {
        status: OrderStatus::Canceled,
        ..resting()
    };
    let told = vec![(Event::OrderDone(done(OrderStatus::Canceled)), Some(order))];
    let event = worded(TimeUnit::Micro, told).remove(0);
    for (name, value) in [
        ("x", "CANCELED"),
        ("X", "CANCELED"),
        ("c", "stop-it"),
        ("C", "mine"),
        ("l", "0.00000000"),
        ("n", "0"),
    ] {
        assert_eq!(event[name], value, "{name}");
    }
    assert_eq!((&event["t"], &event["w"]), (&(-1).into(), &false.into()));
    assert!(event["N"].is_null());
    assert_eq!(
        event["E"],
        (NOW_MS + 5) * 1_000,
        "microseconds for who asked"
    );
}

fn amended() -> OrderAmended {
    OrderAmended {
        symbol: BTCUSDT,
        order: OrderId(9),
        account: ALICE,
        side: Side::Buy,
        price: Price(10_000),
        old_qty: Qty(60_000),
        new_qty: Qty(50_000),
        executed: Qty(20_000),
        quote: Amount(2_000_000_000),
        open: Qty(30_000),
        old_client: client("before"),
        new_client: client("mine"),
    }
}

fn decremented() -> TradePrevented {
    TradePrevented {
        symbol: BTCUSDT,
        account: ALICE,
        taker_order: OrderId(11),
        maker_order: OrderId(9),
        maker_side: Side::Buy,
        price: Price(10_000),
        taker_prevented: Qty(10_000),
        maker_prevented: Qty(10_000),
        mode: SelfTradePrevention::Decrement,
    }
}

#[test]
fn amendments_and_preventions_have_their_words() {
    let less = OrderReport {
        prevented: Qty(10_000),
        ..resting()
    };
    let events = worded(
        TimeUnit::Milli,
        vec![
            (Event::OrderAmended(amended()), Some(resting())),
            (Event::TradePrevented(decremented()), Some(less)),
        ],
    );
    let text = |at: usize, name: &str| events[at][name].as_str().unwrap_or("-").to_owned();
    assert_eq!(
        text(0, "x") + &text(0, "C") + &text(0, "c"),
        "REPLACEDbeforemine"
    );
    assert_eq!(text(1, "x"), "TRADE_PREVENTION");
    assert_eq!(text(1, "X"), "PARTIALLY_FILLED", "it goes on with the rest");
    assert_eq!(text(1, "A") + &text(1, "B"), "0.100000000.10000000");
    assert_eq!(
        (&events[1]["U"], &events[1]["v"]),
        (&11.into(), &196_609.into())
    );
}

#[test]
fn money_that_comes_and_goes_has_its_words() {
    let withdrawn = Event::Withdrawn {
        account: ALICE,
        asset: AssetId(0),
        amount: Amount(150_000_000),
        business: BusinessId::new("w").expect("short"),
    };
    let balance = BalanceChanged {
        account: ALICE,
        asset: AssetId(0),
        free: Amount(1),
        held: Amount(2),
    };
    let told = vec![(withdrawn, None), (Event::BalanceChanged(balance), None)];
    let events = worded(TimeUnit::Milli, told);
    assert_eq!(
        (&events[0]["e"], &events[0]["a"]),
        (&"balanceUpdate".into(), &"BTC".into())
    );
    assert_eq!(events[0]["d"], "-1.50000000");
    assert_eq!(events[1]["e"], "outboundAccountPosition");
    assert_eq!(events[1]["B"][0]["l"], "0.00000002");
}

#[test]
fn a_list_is_told_behind_the_reports_of_its_orders() {
    let begun = OrderListAccepted {
        symbol: BTCUSDT,
        list: OrderListId(3),
        account: ALICE,
        list_client: client("pair"),
        contingency: ContingencyType::Oco,
        orders: [OrderId(9), OrderId(10), OrderId(0)],
    };
    let list = ListTold {
        report: OrderListReport {
            symbol: BTCUSDT,
            list: OrderListId(3),
            account: ALICE,
            list_client: client("pair"),
            contingency: ContingencyType::Oco,
            orders: begun.orders,
            done: false,
            created: TimeNs(NOW_MS * 1_000_000),
            updated: TimeNs(NOW_MS * 1_000_000),
        },
        names: [ClientOrderId::EMPTY, client("other"), ClientOrderId::EMPTY],
    };
    let order = resting();
    let accepted = OrderAccepted {
        symbol: order.symbol,
        order: order.order,
        account: order.account,
        client_order: order.client_order,
        side: order.side,
        order_type: order.order_type,
        time_in_force: order.time_in_force,
        self_trade: order.self_trade,
        price: order.price,
        qty: order.qty,
        quote_qty: order.quote_qty,
        orders_10s: 1,
        orders_1d: 1,
    };
    let mut update = update(vec![
        (Event::OrderListAccepted(begun), None),
        (Event::OrderAccepted(accepted), Some(order)),
    ]);
    update.events[0].list = Some(std::sync::Arc::new(list));
    let lines = events(&Venue::new().directory(), TimeUnit::Milli, &update);
    assert!(
        lines[0].starts_with(r#"{"e":"executionReport""#),
        "{lines:?}"
    );
    expect![[r#"
        {"e":"listStatus",
        "E":1700000000005,
        "s":"BTCUSDT",
        "g":3,
        "c":"OCO",
        "l":"EXEC_STARTED",
        "L":"EXECUTING",
        "r":"NONE",
        "C":"pair",
        "T":1700000000005,
        "O":[{"s":"BTCUSDT",
        "i":9,
        "c":"mine"},{"s":"BTCUSDT",
        "i":10,
        "c":"other"}],
        "offset":3}"#]]
    .assert_eq(&lines[1].replace(",\"", ",\n\""));
}
