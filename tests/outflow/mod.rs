//! S1: what flows out is what happened, whatever is killed or paused meanwhile.
//!
//! The journal is the oracle: its trades, found by replay, are the trades that readers of
//! Kafka see with `read_committed`: the same sequence per symbol, none missing, none twice.
//!
//! Reading order: this file, `away` (a sink that is gone for long), `wrong` (one that refuses),
//! `restored` (a directory whose journal begins at a snapshot), `commands_in` (the way in).

mod away;
mod wrong;
mod restored;
mod commands_in;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use daybook::demo::dice::Dice;
use projections::kafka::reader::{position, read_all};
use projections::kafka::settings::Settings;
use projections::kafka::topics::TopicNames;
use projections::telling::Topic;
use replay_tool::walk::Walk;
use schemas::event::Event;
use serde_json::Value;

use crate::servers::kafka::Kafka;
use crate::servers::opensearch::OpenSearch;
use crate::servers::{Server, wait_for};
use crate::venue::client::Client;
use crate::venue::{Node, Start, Trader};

/// How long everything may take to be told once all are well again.
const CATCH_UP: Duration = Duration::from_secs(180);

/// A node whose clients trade.
struct Traded {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<u64>>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Traded {
    /// Four clients, each placing orders that meet those of the others.
    fn begin(node: &Node, traders: &[Trader]) -> Traded {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(Mutex::new(0));
        let threads = (0..4).map(|number| {
            let client = Client::new(&node.http, &traders[number % traders.len()]);
            let (stop, acknowledged) = (stop.clone(), acknowledged.clone());
            std::thread::spawn(move || {
                let side = if number % 2 == 0 { "BUY" } else { "SELL" };
                while !stop.load(Ordering::Acquire) {
                    let id = format!("o-{:032x}", rand::random::<u128>());
                    match client.limit(side, "0.0002", "50000", &id) {
                        Some(answer) => assert_eq!(answer.status, 200, "{answer:?}"),
                        None => return,
                    }
                    *acknowledged.lock().expect("no thread panics") += 1;
                }
            })
        });
        Traded {
            threads: threads.collect(),
            stop,
            acknowledged,
        }
    }

    fn acknowledged(&self) -> u64 {
        *self.acknowledged.lock().expect("no thread panics")
    }

    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Release);
        for thread in self.threads {
            thread.join().expect("a client failed");
        }
        let acknowledged = self.acknowledged.lock().expect("no thread panics");
        *acknowledged
    }
}

fn kafka_table(brokers: &str) -> String {
    format!("[kafka]\nbrokers = \"{brokers}\"\nprefix = \"venue.\"\n")
}

/// A node with this configuration.
fn configured(folder: &Path, text: &str) -> Start {
    let path = folder.join("daybook.toml");
    std::fs::write(&path, text).expect("the file can be written");
    Start {
        segment_bytes: Some(65_536),
        config: Some(path),
        ..Start::default()
    }
}

fn settings(brokers: &str) -> Settings {
    let mut settings = Settings::at(brokers);
    settings.prefix = "venue.".to_string();
    settings
}

/// The row of one projection in `daybook projection status`.
fn status(node: &Node, name: &str) -> Value {
    let rows = node
        .administer(&["projection", "status", name])
        .expect("the node answers");
    rows.as_array()
        .and_then(|rows| rows.first())
        .expect("one row")
        .clone()
}

fn wait_until_told(node: &Node, name: &str) {
    wait_for(&format!("projection {name}"), CATCH_UP, || {
        let row = status(node, name);
        row["lag"] == 0 && row["last_error"].is_null()
    });
}

/// (symbol, trade id, quantity in units) of every trade, by replay of the journal.
fn in_the_journal(dir: &Path) -> Vec<(u32, u64, i64)> {
    let mut walk = Walk::whole(dir).expect("the journal reads");
    let mut trades = Vec::new();
    while let Some(step) = walk.step().expect("the journal verifies") {
        for event in step.applied.events {
            if let Event::Trade(trade) = event {
                trades.push((trade.symbol.0, trade.trade.0, trade.qty.0));
            }
        }
    }
    trades
}

/// The trades of one generation, by symbol and in the order of their places.
fn in_kafka(brokers: &str, generation: u32) -> BTreeMap<String, Vec<Value>> {
    let settings = settings(brokers);
    let topic = TopicNames::of(&settings.prefix, generation);
    let records = read_all(&settings, topic.name(Topic::Trade)).expect("the topic reads");
    let mut trades: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for record in records {
        let value = serde_json::from_slice(&record.value).expect("JSON");
        trades.entry(record.key).or_default().push(value);
    }
    trades
}

fn assert_trades_equal(node: &Node, brokers: &str, generation: u32) -> usize {
    let journal = in_the_journal(&node.dir);
    let kafka = in_kafka(brokers, generation);
    let expected: Vec<u64> = (1..=journal.len() as u64).collect();
    let ids = |value: &Value| value["trade"].as_u64().expect("a trade id");
    let found: Vec<u64> = kafka
        .get("BTCUSDT")
        .into_iter()
        .flatten()
        .map(ids)
        .collect();
    assert_eq!(found, expected, "each trade once, in order");
    assert_eq!(
        kafka.len(),
        usize::from(!expected.is_empty()),
        "one symbol traded"
    );
    for (trade, value) in journal.iter().zip(&kafka["BTCUSDT"]) {
        assert_eq!(trade.1, ids(value));
        let qty = value["qty"].as_str().expect("a decimal");
        let units: String = qty.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(units.parse::<i64>().ok(), Some(trade.2), "{value}");
    }
    journal.len()
}

/// A server that may be killed and paused, and what it must hold in the end.
trait Sink {
    fn name(&self) -> &'static str;
    fn server(&mut self) -> &mut Server;
    fn restart(&mut self);
    /// How many trades it holds, all of them those of the journal.
    fn assert_equal(&self, node: &Node) -> usize;
}

impl Sink for Kafka {
    fn name(&self) -> &'static str {
        "kafka"
    }
    fn server(&mut self) -> &mut Server {
        &mut self.server
    }
    fn restart(&mut self) {
        Kafka::restart(self);
    }
    fn assert_equal(&self, node: &Node) -> usize {
        assert_trades_equal(node, &self.address, 1)
    }
}

impl Sink for OpenSearch {
    fn name(&self) -> &'static str {
        "search"
    }
    fn server(&mut self) -> &mut Server {
        &mut self.server
    }
    fn restart(&mut self) {
        OpenSearch::restart(self);
    }
    fn assert_equal(&self, node: &Node) -> usize {
        assert_found_equal(node)
    }
}

/// Trades, kills, pauses; after each round the sink holds what the journal does.
fn survive(sink: &mut dyn Sink, start: &Start, folder: &Path) -> (Node, usize) {
    let (seed, rounds) = (number("DAYBOOK_SEED", 21), number("DAYBOOK_ROUNDS", 3));
    println!("seed {seed}, {rounds} rounds");
    let mut dice = Dice::new(seed);
    let dir = folder.join("venue");
    let mut node = start.node(&dir);
    let traders = ["ann", "bob"].map(|name| node.trader(name, &["BTC=1000", "USDT=50000000"]));
    let mut told = 0;
    for round in 0..rounds {
        let traded = Traded::begin(&node, &traders);
        std::thread::sleep(Duration::from_millis(dice.between(200, 1_500) as u64));
        let before = traded.acknowledged();
        sink.server().kill();
        std::thread::sleep(Duration::from_millis(dice.between(500, 2_000) as u64));
        assert!(
            traded.acknowledged() > before,
            "trading went on without the sink"
        );
        sink.restart();
        std::thread::sleep(Duration::from_millis(dice.between(500, 6_000) as u64));
        sink.server().pause();
        std::thread::sleep(Duration::from_millis(dice.between(200, 3_000) as u64));
        if dice.between(0, 1) == 0 {
            // A node that dies while the sink is away leaves its last step half done.
            node.kill();
            sink.server().resume();
        } else {
            sink.server().resume();
            std::thread::sleep(Duration::from_millis(dice.between(200, 2_000) as u64));
            node.kill();
        }
        node = start.node(&dir);
        let acknowledged = traded.end();
        let started = Instant::now();
        wait_until_told(&node, sink.name());
        let caught_up = started.elapsed();
        told = sink.assert_equal(&node);
        println!(
            "round {round}: {acknowledged} orders acknowledged, {told} trades equal, caught up \
             after {caught_up:?}"
        );
    }
    assert!(told > rounds as usize, "the clients hardly traded");
    (node, told)
}

#[test]
fn trades_in_kafka_are_those_of_the_journal_whatever_is_killed() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut kafka = match Kafka::start(folder.path()) {
        Ok(kafka) => kafka,
        Err(why) => return println!("SKIPPED trades in kafka: {why}"),
    };
    let start = configured(folder.path(), &kafka_table(&kafka.address));
    let (node, told) = survive(&mut kafka, &start, folder.path());
    // The index in the data directory was there all the time, killed with the node.
    wait_until_told(&node, "search");
    assert_eq!(assert_found_equal(&node), told);
    rebuilt_equal(&node, &kafka.address, told);
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn trades_in_a_search_server_are_those_of_the_journal_whatever_is_killed() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut server = match OpenSearch::start(folder.path()) {
        Ok(server) => server,
        Err(why) => return println!("SKIPPED trades in a search server: {why}"),
    };
    let table = format!("[search]\nurl = \"{}\"\n", server.url);
    let start = configured(folder.path(), &table);
    let (node, told) = survive(&mut server, &start, folder.path());
    node.administer(&["projection", "rebuild", "search"])
        .expect("it begins");
    let alias = format!("{}/_alias/daybook-trade", server.url);
    wait_for("a new generation", CATCH_UP, || {
        let answer = ureq::get(&alias)
            .call()
            .and_then(|mut it| it.body_mut().read_to_string());
        answer.is_ok_and(|text| text.contains("-g2"))
    });
    wait_until_told(&node, "search");
    assert_eq!(assert_found_equal(&node), told, "made again and equal");
    assert_eq!(node.terminate().code, Some(0));
}

/// The ids of all trades that staff finds, page by page, ascending.
fn found(node: &Node) -> Vec<u64> {
    let token = std::fs::read_to_string(node.dir.join("admin.token")).expect("a token");
    let address = std::fs::read_to_string(node.dir.join("admin.address")).expect("an address");
    let mut before = String::new();
    let mut ids = Vec::new();
    loop {
        let path = format!("/admin/v1/search?kind=trade&symbol=BTCUSDT&limit=1000{before}");
        let request = ureq::get(format!("http://{}{path}", address.trim()))
            .header("authorization", format!("Bearer {}", token.trim()));
        let mut answer = request.call().expect("the node answers");
        let text = answer.body_mut().read_to_string().expect("text");
        let page: Value = serde_json::from_str(&text).expect("JSON");
        let documents = page["documents"].as_array().expect("a list").iter();
        ids.extend(documents.map(|it| it["trade"].as_u64().expect("a trade id")));
        match page["before"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    ids.reverse();
    ids
}

fn assert_found_equal(node: &Node) -> usize {
    let journal: Vec<u64> = in_the_journal(&node.dir).iter().map(|it| it.1).collect();
    // A server shows what it took a second later.
    wait_for("all trades found", Duration::from_secs(20), || {
        found(node).len() >= journal.len()
    });
    assert_eq!(found(node), journal, "each trade once");
    journal.len()
}

/// S2: a new generation of the topics holds the same.
fn rebuilt_equal(node: &Node, brokers: &str, told: usize) {
    node.administer(&["projection", "rebuild", "kafka"])
        .expect("it begins");
    wait_for("a new generation", CATCH_UP, || {
        let stands = position(&settings(brokers)).expect("it reads");
        stands.is_some_and(|stands| stands.generation == 2 && stands.next.0 > 0)
    });
    wait_until_told(node, "kafka");
    assert_eq!(assert_trades_equal(node, brokers, 2), told);
    for topic in Topic::ALL {
        let read = |generation| {
            let names = TopicNames::of("venue.", generation);
            let records = read_all(&settings(brokers), names.name(topic)).expect("it reads");
            records
                .into_iter()
                .map(|it| (it.partition, it.key, it.value))
                .collect::<Vec<_>>()
        };
        assert!(
            read(1) == read(2),
            "{}: another generation, other messages",
            topic.name()
        );
    }
}

#[test]
fn a_wrong_address_is_one_line_and_the_core_trades_on() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let start = configured(folder.path(), &kafka_table("127.0.0.1:1"));
    let node = start.node(&folder.path().join("venue"));
    let trader = node.trader("ann", &["USDT=1000000"]);
    wait_for("a line about Kafka", Duration::from_secs(90), || {
        status(&node, "kafka")["last_error"].is_string()
    });
    let row = status(&node, "kafka");
    let line = row["last_error"].as_str().expect("a line");
    assert!(
        line.contains("127.0.0.1:1") && !line.contains('\n'),
        "{line}"
    );
    let client = Client::new(&node.http, &trader);
    let answer = client
        .limit("BUY", "0.001", "50000", "while-kafka-is-away")
        .expect("answered");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(row["offset"], 0, "nothing is skipped");
    let ended = node.terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

/// A number of the environment, so that a run can be made longer or again.
fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}
