//! Order lists are told alike live, from memory, and by replay from before and after a
//! snapshot.

use std::sync::Arc;

use gateway::submit::Submit;
use gateway::wire::clock::TimeUnit;
use gateway::wire::user_events::events;
use schemas::command::{Command, PlaceOrderV1, RequestDigest};
use schemas::event::Event;
use schemas::ids::{AccountId, ClientOrderId, Offset, OrderId, OrderListId, SymbolId};
use schemas::instrument::{ContingencyType, OrderType, SelfTradePrevention, Side};
use schemas::order_command::{CancelOrderListV1, ListLegV1, PlaceOrderListV1};
use schemas::report::{Directory, UserUpdate};
use schemas::units::{Price, Qty, TimeNs};
use serde_json::{Value, json};

use crate::follower::{Take, take};
use crate::serve::Venue;
use crate::user_events::tests::{accounts, config, heard, send, since};

const NEVER: TimeNs = TimeNs(u64::MAX);

fn client(text: &str) -> ClientOrderId {
    ClientOrderId::new(text).expect("short")
}

fn leg(side: Side, name: &str) -> ListLegV1 {
    ListLegV1 {
        price: Price(10_000_000),
        qty: Qty(100_000),
        client_order: client(name),
        side,
        order_type: OrderType::Limit,
        ..ListLegV1::NONE
    }
}

/// An order and one that waits for it.
async fn begin(submit: &dyn Submit, account: AccountId) -> OrderListId {
    let legs = [
        leg(Side::Buy, "first"),
        leg(Side::Sell, "second"),
        ListLegV1::NONE,
    ];
    let list = PlaceOrderListV1 {
        legs,
        valid_until: NEVER,
        account,
        symbol: SymbolId(0),
        request: RequestDigest::default(),
        list_client: client("pair"),
        contingency: ContingencyType::Oto,
        self_trade: SelfTradePrevention::None,
    };
    let events = send(submit, Command::PlaceOrderList(Box::new(list))).await;
    let accepted = events.iter().find_map(|event| match event {
        Event::OrderListAccepted(list) => Some(*list),
        _ => None,
    });
    let accepted = accepted.unwrap_or_else(|| panic!("the list is refused: {events:?}"));
    accepted.list
}

/// Meets the first orders of two lists.
fn sale(account: AccountId) -> PlaceOrderV1 {
    let list = PlaceOrderListV1 {
        legs: [leg(Side::Sell, "sale"); 3],
        valid_until: NEVER,
        account,
        symbol: SymbolId(0),
        request: RequestDigest::default(),
        list_client: ClientOrderId::EMPTY,
        contingency: ContingencyType::Oto,
        self_trade: SelfTradePrevention::None,
    };
    PlaceOrderV1 {
        qty: Qty(200_000),
        ..list.leg(0).order
    }
}

async fn end(submit: &dyn Submit, account: AccountId, list: OrderListId) {
    let cancel = CancelOrderListV1 {
        list,
        valid_until: NEVER,
        account,
        symbol: SymbolId(0),
        list_client: ClientOrderId::EMPTY,
        cancel_client: client("stop"),
    };
    send(submit, Command::CancelOrderList(cancel)).await;
}

/// Type, order status and names of each list status.
fn statuses(directory: &Directory, updates: &[Arc<UserUpdate>]) -> Vec<Value> {
    let lines = updates.iter().flat_map(|update| {
        let lines = events(directory, TimeUnit::Milli, update);
        lines.into_iter().map(|line| (update.offset, line))
    });
    let read = lines.map(|(offset, line)| {
        let value: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(value["offset"], offset.0);
        value
    });
    let statuses = read.filter(|value| value["e"] == "listStatus");
    let short = |value: Value| {
        let names: Vec<_> = value["O"].as_array().expect("a list").clone();
        let names: Vec<_> = names.iter().map(|order| order["c"].clone()).collect();
        json!([value["l"], value["L"], value["C"], names])
    };
    statuses.map(short).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_told_alike_live_and_since_an_offset() {
    let dir = tempfile::tempdir().expect("a directory");
    let venue = Venue::open(config(dir.path())).await.expect("a node");
    let submit = venue.administration.submit.clone();
    let queries = venue.administration.queries.clone();
    let all = accounts(&*submit).await;
    let (ann, bob) = (all[0], all[1]);
    let receiver = queries.user_events(ann);
    let from = receiver.from;
    let (of_ann, of_bob) = (begin(&*submit, ann).await, begin(&*submit, bob).await);
    // Both first orders end long before their lists do: what they are called is remembered.
    let filled = send(&*submit, Command::PlaceOrder(sale(all[2]))).await;
    let trades = filled.iter().filter(|it| matches!(it, Event::Trade(_)));
    assert_eq!(trades.count(), 2, "{filled:?}");
    let durable = venue.node().pipeline.durable();
    let taken = take(Take {
        dir: dir.path(),
        live: Some(&durable),
        history: Offset(0),
        stop: None,
        copy: None,
    });
    let snapshot = taken.expect("a snapshot").next;
    end(&*submit, ann, of_ann).await;
    end(&*submit, bob, of_bob).await;
    let replayed = since(&*queries, ann, Offset(0), 100).await;
    let last = replayed.last().map(|update| update.offset);
    let live = heard(receiver, last).await;
    let since_then: Vec<_> = replayed
        .iter()
        .filter(|update| from <= update.offset)
        .cloned()
        .collect();
    assert_eq!(live, since_then, "by replay from the beginning");
    assert_eq!(since(&*queries, ann, from, 100).await, live, "from memory");
    let directory = queries.directory();
    let expected = [
        json!(["EXEC_STARTED", "EXECUTING", "pair", ["first", "second"]]),
        json!(["ALL_DONE", "ALL_DONE", "pair", ["first", "second"]]),
    ];
    assert_eq!(statuses(&directory, &live), expected);
    // Nobody listened to him: his past is made from the journal.
    let whole = since(&*queries, bob, Offset(0), 100).await;
    assert_eq!(statuses(&directory, &whole), expected);
    let late = since(&*queries, bob, snapshot, 100).await;
    let tail: Vec<_> = whole
        .iter()
        .filter(|update| snapshot <= update.offset)
        .cloned()
        .collect();
    assert_eq!(late, tail, "by replay from a snapshot");
    assert_eq!(statuses(&directory, &late), expected[1..]);
    let told = late[0].events.iter().find_map(|told| told.list.clone());
    assert_eq!(told.expect("its end").report.orders[2], OrderId(0));
}
