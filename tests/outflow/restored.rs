//! A directory that was restored from a snapshot feeds its sinks from there on.

use std::path::Path;

use serde_json::Value;

use crate::outflow::{
    CATCH_UP, configured, found, in_kafka, in_the_journal, kafka_table, status, wait_until_told,
};
use crate::servers::kafka::Kafka;
use crate::servers::wait_for;
use crate::venue::client::Client;
use crate::venue::{Node, Trader, administer};

/// Sells that rest for long, and small buys that take from the first of them.
fn trade(node: &Node, traders: &[Trader; 2], round: u32) {
    let [ann, bob] = traders.each_ref().map(|it| Client::new(&node.http, it));
    let placed = |client: &Client, (side, qty): (&str, &str), id: &str| {
        let answer = client.limit(side, qty, "50000", id).expect("answered");
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    for count in 0..3 {
        placed(&ann, ("SELL", "0.01"), &format!("s{round}-{count}"));
        placed(&bob, ("BUY", "0.002"), &format!("b{round}-{count}"));
    }
}

/// What staff finds of one order.
fn order(node: &Node, client_order: &str) -> Value {
    let read = |name| std::fs::read_to_string(node.dir.join(name)).expect("it is there");
    let (token, address) = (read("admin.token"), read("admin.address"));
    let path = format!("/admin/v1/search?kind=order&clientOrderId={client_order}");
    let request = ureq::get(format!("http://{}{path}", address.trim()))
        .header("authorization", format!("Bearer {}", token.trim()));
    let mut answer = request.call().expect("the node answers");
    let text = answer.body_mut().read_to_string().expect("text");
    let page: Value = serde_json::from_str(&text).expect("JSON");
    page["documents"][0].clone()
}

fn restored(from: &Path, into: &Path) {
    let from = from.display().to_string();
    let arguments = ["snapshot", "restore", "--from", &from];
    administer(into, &arguments).expect("it restores");
}

#[test]
fn a_restored_directory_feeds_kafka_and_search_from_its_snapshot_on() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let kafka = match Kafka::start(folder.path()) {
        Ok(kafka) => kafka,
        Err(why) => return println!("SKIPPED a restored directory: {why}"),
    };
    let start = configured(folder.path(), &kafka_table(&kafka.address));
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let node = start.node(&first);
    let traders = ["ann", "bob"].map(|name| node.trader(name, &["BTC=100", "USDT=5000000"]));
    trade(&node, &traders, 0);
    administer(&first, &["snapshot", "take"]).expect("a snapshot beside a running node");
    let before = in_the_journal(&first).len();
    trade(&node, &traders, 1);
    wait_until_told(&node, "kafka");
    assert_eq!(node.terminate().code, Some(0));
    restored(&first, &second);

    let node = start.node(&second);
    trade(&node, &traders, 2);
    // The index is new: it begins with the orders that were open then, and goes on.
    wait_until_told(&node, "search");
    let journal: Vec<u64> = in_the_journal(&second).iter().map(|it| it.1).collect();
    assert_eq!(journal.first(), Some(&(before as u64 + 1)), "{journal:?}");
    assert_eq!(found(&node), journal);
    let opened = order(&node, "s0-0");
    assert_eq!(opened["status"], "FILLED", "{opened}");
    assert_eq!(order(&node, "s0-2")["status"], "NEW", "open all the time");
    assert_eq!(order(&node, "s1-0"), Value::Null, "not yet then");
    // The topics tell what went on otherwise: nothing is mixed with that.
    wait_for("another journal", CATCH_UP, || {
        let row = status(&node, "kafka");
        let line = row["last_error"].as_str().unwrap_or_default().to_string();
        line.contains("tell of another journal") && line.contains("projection rebuild kafka")
    });
    node.administer(&["projection", "rebuild", "kafka"])
        .expect("it begins");
    wait_until_told(&node, "kafka");
    let told: Vec<u64> = in_kafka(&kafka.address, 2)["BTCUSDT"]
        .iter()
        .map(|value| value["trade"].as_u64().expect("a trade id"))
        .collect();
    assert_eq!(told, journal, "a generation that begins at the snapshot");
    let refused = node.administer(&["projection", "rebuild", "sql"]);
    let said = refused.expect_err("rows of all times").stderr;
    assert!(said.contains("the journal begins at offset"), "{said}");
    assert_eq!(node.terminate().code, Some(0));
}
