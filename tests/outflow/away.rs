//! S4: a sink that is away for long costs nothing: memory stays flat, orders are answered as
//! before, and when it is back it catches up.
//!
//! `DAYBOOK_AWAY_SECONDS=600` makes it ten minutes, `DAYBOOK_AWAY_RATE` sets the load.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::outflow::{
    Traded, assert_trades_equal, configured, kafka_table, number, status, wait_until_told,
};
use crate::servers::kafka::Kafka;
use crate::venue::{Node, Trader, binary};

/// What memory may grow by beside what waits for the read models.
const SLACK_KIB: u64 = 64 * 1024;
/// What an order that the read models do not have yet may cost.
const WAITING_BYTES: u64 = 2_048;

/// Orders by the program's own generator, which counts from the moment each was due.
fn load(node: &Node, trader: &Trader, (rate, seconds): (u64, u64)) -> Child {
    Command::new(binary())
        .args(["load", "socket", "--json", "--target", &node.http])
        .args(["--rate", &rate.to_string()])
        .args(["--seconds", &seconds.to_string()])
        .args(["--key", &trader.key, "--secret", &trader.secret])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the program can be started")
}

fn measured(load: Child) -> Value {
    let output = load.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout);
    let facts: Value = serde_json::from_str(text.trim()).expect("it prints JSON");
    assert_eq!(facts["broken"], 0, "{facts}");
    assert_eq!(facts["refused"], 0, "{facts}");
    facts
}

/// Memory of the node that belongs to no file.
fn private_kib(node: &Node) -> u64 {
    let path = format!("/proc/{}/status", node.id());
    let text = std::fs::read_to_string(path).expect("the node runs");
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let digits = line.expect("Linux tells it").trim().trim_end_matches(" kB");
    digits.parse().expect("a number")
}

#[test]
fn a_sink_that_is_away_costs_no_memory_and_no_time() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut kafka = match Kafka::start(folder.path()) {
        Ok(kafka) => kafka,
        Err(why) => return println!("SKIPPED a sink that is away: {why}"),
    };
    let seconds = number("DAYBOOK_AWAY_SECONDS", 60);
    let rate = number("DAYBOOK_AWAY_RATE", 5_000);
    let mut start = configured(folder.path(), &kafka_table(&kafka.address));
    start.segment_bytes = None;
    let node = start.node(&folder.path().join("venue"));
    let traders = ["ann", "bob"].map(|name| node.trader(name, &["BTC=1000", "USDT=50000000"]));
    wait_until_told(&node, "kafka");
    let near = measured(load(&node, &traders[0], (rate, 10)));
    kafka.server.kill();
    let traded = Traded::begin(&node, &traders);
    let running = load(&node, &traders[0], (rate, seconds));
    let begun = Instant::now();
    std::thread::sleep(Duration::from_secs(seconds / 4));
    let early = private_kib(&node);
    std::thread::sleep(Duration::from_secs(seconds).saturating_sub(begun.elapsed()));
    let late = private_kib(&node);
    let behind = status(&node, "kafka")["lag"].as_u64().expect("a number");
    let waiting = status(&node, "sql")["lag"].as_u64().expect("a number");
    let away = measured(running);
    let acknowledged = traded.end();
    println!(
        "order p99 {} us with the sink, {} us while it is away; {}/s asked, {}/s and {}/s \
         answered; private memory {early} KiB, {} s later {late} KiB; {behind} commands behind",
        near["p99_us"],
        away["p99_us"],
        rate,
        near["per_second"],
        away["per_second"],
        seconds - seconds / 4,
    );
    assert!(0 < behind && 0 < acknowledged, "nothing happened meanwhile");
    let allowed = SLACK_KIB + waiting * WAITING_BYTES / 1_024;
    assert!(
        late <= early + allowed,
        "memory grew from {early} to {late} KiB, {allowed} allowed"
    );
    let back = Instant::now();
    kafka.restart();
    wait_until_told(&node, "kafka");
    println!("caught up {behind} commands after {:?}", back.elapsed());
    let told = assert_trades_equal(&node, &kafka.address, 1);
    assert!(0 < told, "the clients traded");
    assert_eq!(node.terminate().code, Some(0));
}
