//! Commands through Kafka: done once each and in order, whatever dies meanwhile.
//!
//! The journal is the oracle: the orders that it accepted, found by replay, are the messages
//! that were said, one each; also when the node died between journaling and committing how far
//! it had read, when the broker died, and when the feeder said again what it was not sure of.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use projections::kafka::feeder::Feeder;
use projections::kafka::reader::read_all;
use replay_tool::walk::Walk;
use schemas::event::Event;
use serde_json::{Value, json};

use crate::outflow::{configured, kafka_table, number, settings};
use crate::servers::kafka::Kafka;
use crate::servers::wait_for;
use crate::venue::client::Client;
use crate::venue::{Node, Trader};

const PATIENCE: Duration = Duration::from_secs(90);
/// Messages of each producer in each round.
const MESSAGES: u64 = 600;
const PRODUCERS: [&str; 2] = ["desk-1", "desk-2"];

fn table(brokers: &str, account: u64) -> String {
    let kafka = kafka_table(brokers);
    format!("{kafka}[kafka.commands.producers]\ndesk-1 = [{account}]\ndesk-2 = [{account}]\n")
}

/// An order that never rests, so that no limit on open orders is met.
fn order(producer: &str, sequence: u64, account: u64) -> Value {
    json!({
        "v": 1, "producer": producer, "sequence": sequence, "account": account,
        "method": "order.place",
        "params": {
            "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "IOC",
            "quantity": "0.0002", "price": "50000",
            "newClientOrderId": format!("{producer}-{sequence}"),
        },
    })
}

/// Client order ids of every accepted order, by replay of the journal.
fn accepted(dir: &Path) -> Vec<String> {
    let mut walk = Walk::whole(dir).expect("the journal reads");
    let mut found = Vec::new();
    while let Some(step) = walk.step().expect("the journal verifies") {
        for event in step.applied.events {
            if let Event::OrderAccepted(it) = event {
                found.push(it.client_order.to_string());
            }
        }
    }
    found
}

/// How often each status was answered, and the answers with `done` by producer and number.
fn answers(brokers: &str) -> (BTreeMap<String, u64>, BTreeMap<(String, u64), u64>) {
    let (mut statuses, mut done) = (BTreeMap::new(), BTreeMap::new());
    for record in read_all(&settings(brokers), "venue.answers").expect("the topic reads") {
        let value: Value = serde_json::from_slice(&record.value).expect("JSON");
        let status = value["status"].as_str().expect("a word").to_string();
        if status == "done" {
            let number = value["sequence"].as_u64().expect("a number");
            *done.entry((record.key, number)).or_default() += 1;
        }
        *statuses.entry(status).or_default() += 1;
    }
    (statuses, done)
}

fn account(folder: &Path) -> (u64, Trader) {
    let node = configured(folder, "").node(&folder.join("venue"));
    let words = ["account", "create", "desk", "--deposit", "USDT=50000000"];
    let made = node.administer(&words).expect("an account");
    node.kill();
    let text = |name: &str| made[name].as_str().expect("a text").to_string();
    let trader = Trader {
        key: text("api_key"),
        secret: text("api_secret"),
    };
    (made["account"].as_u64().expect("a number"), trader)
}

fn wait_until_done(node: &Node, trader: &Trader, newest: u64) {
    let client = Client::new(&node.http, trader);
    for producer in PRODUCERS {
        wait_for(&format!("{producer} {newest}"), PATIENCE, || {
            let answer = client.order(&format!("{producer}-{newest}"));
            answer.is_some_and(|answer| answer.status == 200)
        });
    }
}

#[test]
fn commands_through_kafka_are_done_once_whatever_dies() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut kafka = match Kafka::start(folder.path()) {
        Ok(kafka) => kafka,
        Err(why) => return println!("SKIPPED commands through kafka: {why}"),
    };
    let (account, trader) = account(folder.path());
    let start = configured(folder.path(), &table(&kafka.address, account));
    let dir = folder.path().join("venue");
    let mut node = start.node(&dir);
    wait_for("the topic", PATIENCE, || {
        read_all(&settings(&kafka.address), "venue.commands").is_ok()
    });
    let (mut said, rounds) = (0, number("DAYBOOK_ROUNDS", 3));
    for round in 0..rounds {
        // Who is not sure begins again a little before.
        let from = said.max(50) - 49;
        said += MESSAGES;
        let feeder = Feeder::new(&settings(&kafka.address)).expect("a feeder");
        for producer in PRODUCERS {
            let messages = (from..=said).map(|it| order(producer, it, account).to_string());
            let messages: Vec<String> = messages.collect();
            feeder
                .say(producer, &messages)
                .expect("the broker takes it");
        }
        let client = Client::new(&node.http, &trader);
        let some = format!("desk-1-{}", said - MESSAGES + 20 + round * 70);
        wait_for("some of it", PATIENCE, || {
            client
                .order(&some)
                .is_some_and(|answer| answer.status == 200)
        });
        // What the node journals from here on it cannot commit as read; then it dies.
        kafka.server.pause();
        std::thread::sleep(Duration::from_millis(150));
        node.kill();
        if round == 1 {
            kafka.restart();
        } else {
            kafka.server.resume();
        }
        node = start.node(&dir);
        wait_until_done(&node, &trader, said);
    }
    let expected = (rounds * MESSAGES * 2) as usize;
    let found = accepted(&dir);
    assert_each_once(&found, said);
    assert_eq!(found.len(), expected, "nobody else ordered anything");
    wait_for("every answer", PATIENCE, || {
        let statuses = answers(&kafka.address).0;
        statuses.values().sum::<u64>() >= expected as u64
    });
    let (statuses, done) = answers(&kafka.address);
    println!("{expected} messages in {rounds} rounds were answered {statuses:?}");
    assert!(done.values().all(|times| *times == 1), "done is said once");
    let repeated = statuses.get("repeated").copied().unwrap_or(0);
    assert!(
        repeated > 50 * 2 * (rounds - 1),
        "no crash between journal and commit was met"
    );
    refusals(&node, &kafka.address, (account, said));
    assert_eq!(node.terminate().code, Some(0));
}

/// Every message of every producer became one order, in the order of their numbers.
fn assert_each_once(found: &[String], said: u64) {
    for producer in PRODUCERS {
        let prefix = format!("{producer}-");
        let numbers: Vec<u64> = found
            .iter()
            .filter_map(|name| name.strip_prefix(&prefix)?.parse().ok())
            .collect();
        let all: Vec<u64> = (1..=said).collect();
        let count = numbers.len();
        assert!(numbers == all, "{producer}: {count} orders of {said}");
    }
}

/// What cannot be done has its answer, too, and what follows is not held up.
fn refusals(node: &Node, brokers: &str, (account, said): (u64, u64)) {
    let before = answers(brokers).0;
    let mut foreign = order("desk-1", said + 1, account);
    foreign["account"] = (account + 1).into();
    let texts = [
        "no JSON".to_string(),
        "x".repeat(20_000),
        order("desk-9", 1, account).to_string(),
        order("desk-1", said + 9, account).to_string(),
        foreign.to_string(),
        order("desk-1", said + 2, account).to_string(),
    ];
    let feeder = Feeder::new(&settings(brokers)).expect("a feeder");
    feeder.say("desk-1", &texts).expect("the broker takes it");
    let words = ["malformed", "oversized", "denied", "gap", "refused", "done"];
    wait_for("each answer", PATIENCE, || {
        let now = answers(brokers).0;
        let count = |all: &BTreeMap<String, u64>, word: &str| all.get(word).copied().unwrap_or(0);
        words
            .iter()
            .all(|word| count(&now, word) == count(&before, word) + 1)
    });
    let address = std::fs::read_to_string(node.dir.join("admin.address")).expect("an address");
    let mut counted = ureq::get(format!("http://{}/metrics", address.trim()))
        .call()
        .expect("the node answers");
    let counted = counted.body_mut().read_to_string().expect("text");
    for word in ["malformed", "oversized", "denied", "gap", "refused"] {
        let line = format!("daybook_bulk_messages_total{{status=\"{word}\"}} 1\n");
        assert!(counted.contains(&line), "{line}");
    }
    let orders = accepted(&node.dir);
    let last = orders.last().expect("an order");
    assert_eq!(*last, format!("desk-1-{}", said + 2));
}
