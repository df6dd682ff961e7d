//! Amendments and prevented matches answer at once, after a kill, from a snapshot, and when
//! the read models are made again.

use serde_json::{Value, json};

use crate::snapshot_restore::wait_caught_up;
use crate::venue::client::{Answer, Client};
use crate::venue::{Start, Trader};

fn start() -> Start {
    Start {
        segment_bytes: Some(65_536),
        ..Start::default()
    }
}

/// The orders that a test asks about.
struct Asked {
    ann: Trader,
    amended: u64,
    /// (taker, maker)
    prevented: (u64, u64),
}

fn number(answer: &Answer, name: &str) -> u64 {
    let found = answer.body[name].as_u64();
    found.unwrap_or_else(|| panic!("no {name}: {answer:?}"))
}

fn get(client: &Client, path: &str, parameters: &[(&str, &str)]) -> Value {
    let mut all = vec![("symbol", "BTCUSDT")];
    all.extend(parameters);
    let answer = client.signed("GET", path, &all).expect("answered");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// Everything that is asked, under its own names.
fn told(http: &str, asked: &Asked) -> Value {
    let client = Client::new(http, &asked.ann);
    let amended = asked.amended.to_string();
    let (taker, maker) = (asked.prevented.0.to_string(), asked.prevented.1.to_string());
    let amendments = get(&client, AMENDMENTS, &[("orderId", &amended)]);
    let by_taker = get(&client, PREVENTED, &[("orderId", &taker)]);
    let by_maker = get(&client, PREVENTED, &[("orderId", &maker)]);
    let id = by_taker[0]["preventedMatchId"].to_string();
    let by_number = get(&client, PREVENTED, &[("preventedMatchId", &id)]);
    assert_eq!(by_taker, by_number);
    assert_eq!(by_taker, by_maker);
    json!({ "amendments": amendments, "prevented": by_taker })
}

const AMENDMENTS: &str = "/api/v3/order/amendments";
const PREVENTED: &str = "/api/v3/myPreventedMatches";

fn amend(client: &Client, order: u64, qty: &str, name: &str) -> u64 {
    let order = order.to_string();
    let parameters = [
        ("symbol", "BTCUSDT"),
        ("orderId", order.as_str()),
        ("newQty", qty),
        ("newClientOrderId", name),
    ];
    let path = "/api/v3/order/amend/keepPriority";
    let answer = client.signed("PUT", path, &parameters).expect("answered");
    assert_eq!(answer.status, 200, "{answer:?}");
    let offset = answer.offset.expect("an offset");
    let id = number(&answer, "executionId");
    assert_eq!(id >> 16, offset, "an execution is named by its command");
    id
}

#[test]
fn changes_of_orders_answer_after_any_restart() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = start().node(dir.path());
    let ann = node.trader("ann", &["BTC=10", "USDT=1000000"]);
    let client = Client::new(&node.http, &ann);
    let resting = client.limit("SELL", "0.005", "60000", "first");
    let amended = number(&resting.expect("answered"), "orderId");
    let first = amend(&client, amended, "0.004", "second");
    let maker = client.limit("SELL", "0.003", "50000", "maker");
    let maker = number(&maker.expect("answered"), "orderId");
    let taker = client.signed(
        "POST",
        "/api/v3/order",
        &[
            ("symbol", "BTCUSDT"),
            ("side", "BUY"),
            ("type", "LIMIT"),
            ("timeInForce", "GTC"),
            ("quantity", "0.002"),
            ("price", "50000"),
            ("selfTradePreventionMode", "EXPIRE_BOTH"),
        ],
    );
    let taker = taker.expect("answered");
    let id = number(&taker, "preventedMatchId");
    let second = amend(&client, amended, "0.001", "third");
    let asked = Asked {
        ann,
        amended,
        prevented: (number(&taker, "orderId"), maker),
    };
    let expected = told(&node.http, &asked);
    let row =
        |id: u64, names: [&str; 2], qty: [&str; 2]| json!([id, names[0], names[1], qty[0], qty[1]]);
    let rows: Vec<Value> = (0..2)
        .map(|at| {
            let row = &expected["amendments"][at];
            let names = ["executionId", "origClientOrderId", "newClientOrderId"];
            let fields = names.into_iter().chain(["origQty", "newQty"]);
            fields.map(|name| row[name].clone()).collect()
        })
        .collect();
    let quantities = ["0.00500000", "0.00400000", "0.00100000"];
    assert_eq!(
        rows,
        [
            row(first, ["first", "second"], [quantities[0], quantities[1]]),
            row(second, ["second", "third"], [quantities[1], quantities[2]]),
        ]
    );
    let met = &expected["prevented"][0];
    assert_eq!(met["preventedMatchId"], id);
    assert_eq!(met["takerPreventedQuantity"], "0.00200000", "{met}");
    assert_eq!(met["makerPreventedQuantity"], "0.00300000", "{met}");
    node.kill();
    let node = start().node(dir.path());
    assert_eq!(told(&node.http, &asked), expected, "after a kill");
    wait_caught_up(dir.path());
    assert_eq!(told(&node.http, &asked), expected, "from SQL");
    node.administer(&["snapshot", "take"]).expect("a snapshot");
    assert_eq!(node.terminate().code, Some(0));
    for ending in ["", "-wal", "-shm"] {
        // The -wal and -shm files are gone after a clean stop.
        let _ = std::fs::remove_file(dir.path().join(format!("read-models.sqlite{ending}")));
    }
    let node = start().node(dir.path());
    wait_caught_up(dir.path());
    assert_eq!(told(&node.http, &asked), expected, "made again");
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn a_strategy_s_labels_are_told_whenever_the_order_is() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = start().node(dir.path());
    let ann = node.trader("ann", &["BTC=10", "USDT=1000000"]);
    let labelled = [
        ("symbol", "BTCUSDT"),
        ("side", "SELL"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("quantity", "0.002"),
        ("price", "60000"),
        ("strategyId", "37463720"),
        ("strategyType", "1000001"),
    ];
    let client = Client::new(&node.http, &ann);
    let order = |name: &str| {
        let named = [&labelled[..], &[("newClientOrderId", name)]].concat();
        let answer = client.signed("POST", "/api/v3/order", &named);
        number(&answer.expect("answered"), "orderId").to_string()
    };
    let (open, closed) = (order("open"), order("closed"));
    let cancel = [("symbol", "BTCUSDT"), ("orderId", closed.as_str())];
    let cancelled = client.signed("DELETE", "/api/v3/order", &cancel);
    assert_eq!(cancelled.expect("answered").status, 200);
    let check = |http: &str| {
        let client = Client::new(http, &ann);
        let one = |id: &str| get(&client, "/api/v3/order", &[("orderId", id)]);
        let all = get(&client, "/api/v3/allOrders", &[]);
        let mut rows = vec![one(&open), one(&closed), all[0].clone(), all[1].clone()];
        rows.push(get(&client, "/api/v3/openOrders", &[])[0].clone());
        for row in rows {
            let labels = (&row["strategyId"], &row["strategyType"]);
            assert_eq!(labels, (&json!(37_463_720), &json!(1_000_001)), "{row}");
        }
    };
    check(&node.http);
    wait_caught_up(dir.path());
    node.kill();
    let node = start().node(dir.path());
    check(&node.http);
    assert_eq!(node.terminate().code, Some(0));
}
