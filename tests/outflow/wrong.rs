//! S5: what is wrong with a sink is one line that says what to do; the core trades on, and
//! once it is mended nothing was skipped.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
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
    let mut file = std::fs::File::create(ballast).expect("it can be made");
    for size in [1 << 16, 1 << 10, 1] {
        while file.write(&vec![7; size]).is_ok_and(|written| 0 < written) {}
    }
}

#[test]
fn too_few_brokers_are_one_line_and_nothing_is_skipped() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let kafka = match Kafka::start(folder.path()) {
        Ok(kafka) => kafka,
        Err(why) => return println!("SKIPPED too few brokers: {why}"),
    };
    let table = kafka_table(&kafka.address);
    let three = configured(folder.path(), &format!("{table}replication = 3\n"));
    let (node, traders) = begin(&three, folder.path());
    let todo = "start more brokers, or lower `replication` in [kafka]";
    until_told(&node, &traders, ("kafka", todo));
    assert_eq!(node.terminate().code, Some(0));
    let one = configured(folder.path(), &format!("{table}replication = 1\n"));
    let node = one.node(&folder.path().join("venue"));
    wait_until_told(&node, "kafka");
    assert_trades_equal(&node, &kafka.address, 1);
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn too_few_copies_while_it_runs_are_one_line_and_nothing_is_skipped() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (kafka, mut second) = match Kafka::start_pair(folder.path()) {
        Ok(pair) => pair,
        Err(why) => return println!("SKIPPED too few copies: {why}"),
    };
    let text = format!("{}replication = 2\n", kafka_table(&kafka.address));
    let start = configured(folder.path(), &text);
    let (node, traders) = begin(&start, folder.path());
    trade(&node, &traders);
    wait_until_told(&node, "kafka");
    second.server.kill();
    let todo = "bring the missing brokers back";
    until_told(&node, &traders, ("kafka", todo));
    second.restart();
    wait_until_told(&node, "kafka");
    assert_trades_equal(&node, &kafka.address, 1);
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn a_full_disk_under_the_index_is_one_line_and_nothing_is_skipped() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    if !can_mount() {
        return println!("SKIPPED a full disk under the index: it needs root and mounts");
    }
    let disk = Mount::tmpfs(&folder.path().join("venue/search"), 16).expect("it mounts");
    let start = configured(folder.path(), "");
    let (node, traders) = begin(&start, folder.path());
    trade(&node, &traders);
    wait_until_told(&node, "search");
    let ballast = disk.path.join("ballast");
    fill(&ballast);
    until_told(&node, &traders, ("search", "if it stays so: free space"));
    std::fs::remove_file(&ballast).expect("it can be removed");
    wait_until_told(&node, "search");
    assert_found_equal(&node);
    assert_eq!(node.terminate().code, Some(0));
}

/// Lets those through to a server who know the password, as a server with security would.
fn guarded(server: &OpenSearch, secret: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let target = server.url.trim_start_matches("http://").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let target = target.clone();
            std::thread::spawn(move || guard(stream, &target, secret));
        }
    });
    format!("http://{address}")
}

fn guard(mut client: TcpStream, target: &str, secret: &str) -> Option<()> {
    let mut head = Vec::new();
    let mut piece = [0; 4_096];
    while !head.windows(4).any(|it| it == b"\r\n\r\n") {
        match client.read(&mut piece).ok()? {
            0 => return None,
            read => head.extend_from_slice(&piece[..read]),
        }
    }
    if !String::from_utf8_lossy(&head).contains(&format!("Basic {secret}")) {
        let body = r#"{"error":{"type":"security_exception","reason":"who is that"},"status":401}"#;
        let answer = format!(
            "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        return client.write_all(answer.as_bytes()).ok();
    }
    let mut server = TcpStream::connect(target).ok()?;
    server.write_all(&head).ok()?;
    let (mut from, mut to) = (client.try_clone().ok()?, server.try_clone().ok()?);
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    std::io::copy(&mut server, &mut client).ok().map(drop)
}

#[test]
fn a_wrong_password_of_search_is_one_line_and_nothing_is_skipped() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let server = match OpenSearch::start(folder.path()) {
        Ok(server) => server,
        Err(why) => return println!("SKIPPED a wrong password of search: {why}"),
    };
    // daybook:right
    let url = guarded(&server, "ZGF5Ym9vazpyaWdodA==");
    let table = |password: &str| {
        let user = "user = \"daybook\"";
        format!("[search]\nurl = \"{url}\"\n{user}\npassword = \"{password}\"\n")
    };
    let wrong = configured(folder.path(), &table("wrong"));
    let (node, traders) = begin(&wrong, folder.path());
    let todo = "correct `user` and `password` in [search]";
    until_told(&node, &traders, ("search", todo));
    assert!(
        !status(&node, "search").to_string().contains("wrong"),
        "the password is told"
    );
    assert_eq!(node.terminate().code, Some(0));
    let right = configured(folder.path(), &table("right"));
    let node = right.node(&folder.path().join("venue"));
    wait_until_told(&node, "search");
    assert_found_equal(&node);
    assert_eq!(node.terminate().code, Some(0));
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
