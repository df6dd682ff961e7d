//! S5: what is wrong with a sink is one line that says what to do; the core trades on, and
//! once it is mended nothing was skipped.

use std::path::Path;
use std::time::Duration;

use crate::faults::{Mount, can_mount};
use crate::outflow::{
    assert_found_equal, assert_trades_equal, configured, kafka_table, status, wait_until_told,
};
use crate::servers::kafka::{Kafka, PASSWORD};
use crate::servers::opensearch::OpenSearch;
use crate::servers::wait_for;
use crate::venue::client::Client;
use crate::venue::{Node, Start, Trader};

/// How long a sink may take to notice.
const NOTICED: Duration = Duration::from_secs(90);

/// One trade more; the core answers it whatever the sink does.
fn trade(node: &Node, traders: &[Trader; 2]) {
    for (trader, side) in traders.iter().zip(["BUY", "SELL"]) {
        let id = format!("o-{:032x}", rand::random::<u128>());
        let client = Client::new(&node.http, trader);
        let answer = client.limit(side, "0.0002", "50000", &id);
        assert_eq!(answer.expect("answered").status, 200);
    }
}

/// Trades until the projection's line says what to do, in these words.
fn until_told(node: &Node, traders: &[Trader; 2], (name, todo): (&str, &str)) {
    let mut said = String::new();
    wait_for(todo, NOTICED, || {
        trade(node, traders);
        let row = status(node, name);
        let line = row["last_error"].as_str().unwrap_or_default();
        assert!(!line.contains('\n'), "{line}");
        if !line.is_empty() && line != said {
            println!("{name}: {line}");
            said = line.to_string();
        }
        line.contains(todo)
    });
}

fn begin(start: &Start, folder: &Path) -> (Node, [Trader; 2]) {
    let node = start.node(&folder.join("venue"));
    let traders = ["ann", "bob"].map(|name| node.trader(name, &["BTC=1000", "USDT=50000000"]));
    (node, traders)
}

fn with_password(kafka: &Kafka, password: &str) -> String {
    format!(
        "{}[kafka.options]\n\"security.protocol\" = \"SASL_PLAINTEXT\"\n\
         \"sasl.mechanism\" = \"PLAIN\"\n\"sasl.username\" = \"daybook\"\n\
         \"sasl.password\" = \"{password}\"\n",
        kafka_table(&kafka.secure)
    )
}

#[test]
fn a_wrong_password_of_kafka_is_one_line_and_nothing_is_skipped() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let kafka = match Kafka::start(folder.path()) {
        Ok(kafka) => kafka,
        Err(why) => return println!("SKIPPED a wrong password of kafka: {why}"),
    };
    let wrong = configured(folder.path(), &with_password(&kafka, "wrong"));
    let (node, traders) = begin(&wrong, folder.path());
    let todo = "correct user and password in [kafka.options]";
    until_told(&node, &traders, ("kafka", todo));
    assert_eq!(node.terminate().code, Some(0));
    let right = configured(folder.path(), &with_password(&kafka, PASSWORD));
    let node = right.node(&folder.path().join("venue"));
    wait_until_told(&node, "kafka");
    assert_trades_equal(&node, &kafka.address, 1);
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn a_broker_whose_disk_is_full_is_one_line_and_nothing_is_skipped() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    if !can_mount() {
        return println!("SKIPPED a broker whose disk is full: it needs root and mounts");
    }
    let disk = Mount::tmpfs(&folder.path().join("kafka"), 64).expect("it mounts");
    let mut kafka = match Kafka::start(&disk.path) {
        Ok(kafka) => kafka,
        Err(why) => return println!("SKIPPED a broker whose disk is full: {why}"),
    };
    let start = configured(folder.path(), &kafka_table(&kafka.address));
    let (node, traders) = begin(&start, folder.path());
    trade(&node, &traders);
    wait_until_told(&node, "kafka");
    let ballast = disk.path.join("ballast");
    fill(&ballast);
    // The broker ends itself: its only disk takes nothing any more.
    until_told(&node, &traders, ("kafka", "nobody answers at Kafka"));
    std::fs::remove_file(&ballast).expect("it can be removed");
    kafka.restart();
    wait_until_told(&node, "kafka");
    assert_trades_equal(&node, &kafka.address, 1);
    assert_eq!(node.terminate().code, Some(0));
    drop(kafka);
}

/// Writes until nothing more fits.
fn fill(ballast: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(ballast).expect("it can be made");
    for size in [1 << 16, 1 << 10, 1] {
        while file.write(&vec![7; size]).is_ok_and(|written| 0 < written) {}
    }
}

#[test]
fn what_a_search_server_refuses_is_one_line_and_nothing_is_skipped() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let server = match OpenSearch::start(folder.path()) {
        Ok(server) => server,
        Err(why) => return println!("SKIPPED what a search server refuses: {why}"),
    };
    let table = format!("[search]\nurl = \"{}\"\n", server.url);
    let start = configured(folder.path(), &table);
    let (node, traders) = begin(&start, folder.path());
    trade(&node, &traders);
    wait_until_told(&node, "search");
    // What the server does by itself when its disk is full.
    let block = |on: &str| {
        let url = format!("{}/daybook-*/_settings", server.url);
        let body = format!("{{\"index.blocks.read_only_allow_delete\":{on}}}");
        let put = ureq::put(&url).header("content-type", "application/json");
        put.send(body.as_str()).expect("the server takes it");
    };
    block("true");
    until_told(
        &node,
        &traders,
        ("search", "free space on the server's disk"),
    );
    block("null");
    wait_until_told(&node, "search");
    assert_found_equal(&node);
    assert_eq!(node.terminate().code, Some(0));
}
