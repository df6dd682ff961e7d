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

/// What memory may grow by above the same load with the sink there: a few clients of
/// librdkafka that try again, each with threads of its own.
const SLACK_KIB: u64 = 32 * 1024;
/// How long a load runs until memory stands: signed requests are remembered for a minute.
const FILLED: u64 = 65;
/// What an order that the read models do not have yet may cost.
const WAITING_BYTES: u64 = 2_048;
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(500);

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

/// What a node needed under a load.
struct Loaded {
    facts: Value,
    /// The most private memory.
    peak_kib: u64,
    /// The most commands that waited for the read models, which the views keep until then.
    waiting: u64,
    acknowledged: u64,
}

/// The same load each time: the generator, and four clients whose orders meet.
fn loaded(node: &Node, traders: &[Trader; 2], of: (u64, u64)) -> Loaded {
    let traded = Traded::begin(node, traders);
    let mut running = load(node, &traders[0], of);
    let (mut peak_kib, mut waiting) = (0, 0);
    while running.try_wait().expect("it is ours").is_none() {
        peak_kib = peak_kib.max(private_kib(node));
        let lag = status(node, "sql")["lag"].as_u64().expect("a number");
        waiting = waiting.max(lag);
        std::thread::sleep(LOOK);
    }
    Loaded {
        facts: measured(running),
        peak_kib,
        waiting,
        acknowledged: traded.end(),
    }
}

/// The venue itself grows under a new load: what it remembers of the last minute and of the
/// last orders fills up, whether a sink is there or not. So the same load goes before, for
/// as long as that takes, and what a sink that is away costs is the difference.
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
    let near = loaded(&node, &traders, (rate, FILLED));
    kafka.server.kill();
    let away = loaded(&node, &traders, (rate, seconds));
    let behind = status(&node, "kafka")["lag"].as_u64().expect("a number");
    println!(
        "order p99 {} us with the sink, {} us while it is away; {rate}/s asked, {}/s and {}/s \
         answered; private memory at most {} KiB with it, {} KiB without; at most {} and {} \
         commands waited for the read models; {behind} commands behind",
        near.facts["p99_us"],
        away.facts["p99_us"],
        near.facts["per_second"],
        away.facts["per_second"],
        near.peak_kib,
        away.peak_kib,
        near.waiting,
        away.waiting,
    );
    assert!(
        0 < behind && 0 < away.acknowledged,
        "nothing happened meanwhile"
    );
    let waited = away.waiting.saturating_sub(near.waiting);
    let allowed = SLACK_KIB + waited * WAITING_BYTES / 1_024;
    assert!(
        away.peak_kib <= near.peak_kib + allowed,
        "{} KiB without the sink, {} KiB with it, {allowed} KiB more allowed",
        away.peak_kib,
        near.peak_kib
    );
    let back = Instant::now();
    kafka.restart();
    wait_until_told(&node, "kafka");
    println!("caught up {behind} commands after {:?}", back.elapsed());
    let told = assert_trades_equal(&node, &kafka.address, 1);
    assert!(0 < told, "the clients traded");
    assert_eq!(node.terminate().code, Some(0));
}
