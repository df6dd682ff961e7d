//! Redis holds what the node itself answers, whatever is killed or paused meanwhile.
//!
//! The node's REST answers are the oracle: they come from its views, which share no code
//! with the projection.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use daybook::demo::dice::Dice;
use redis::Commands;
use serde_json::Value;

use crate::servers::redis::Redis;
use crate::servers::wait_for;
use crate::venue::client::Client;
use crate::venue::{Node, Start, Trader, administer};

/// How long Redis may take to hold everything once all are well again.
const CATCH_UP: Duration = Duration::from_secs(120);

fn configured(folder: &Path, redis: &Redis) -> Start {
    let path = folder.join("daybook.toml");
    let text = format!("[redis]\nurl = \"{}\"\n", redis.url());
    std::fs::write(&path, text).expect("the file can be written");
    Start {
        segment_bytes: Some(65_536),
        config: Some(path),
        ..Start::default()
    }
}

fn status(node: &Node) -> Value {
    let rows = node.administer(&["projection", "status", "redis"]);
    let rows = rows.expect("the node answers");
    rows[0].clone()
}

fn wait_until_told(node: &Node) {
    wait_for("projection redis", CATCH_UP, || {
        let row = status(node);
        row["lag"] == 0 && row["last_error"].is_null()
    });
}

/// Orders that meet, rest, hide and go again, until told to stop.
fn trade(client: &Client, side: &str, (seed, stop): (u64, Arc<AtomicBool>)) -> u64 {
    let mut dice = Dice::new(seed);
    let mut answered = 0;
    while !stop.load(Ordering::Acquire) {
        let id = format!("o-{:032x}", rand::random::<u128>());
        let price = format!("{}", 50_000 + dice.between(-3, 3));
        let qty = format!("0.00{}", dice.between(20, 99));
        let mut order = vec![
            ("symbol", "BTCUSDT"),
            ("side", side),
            ("type", "LIMIT"),
            ("timeInForce", "GTC"),
            ("quantity", &qty),
            ("price", &price),
            ("newClientOrderId", &id),
        ];
        if dice.between(0, 3) == 0 {
            order.push(("icebergQty", "0.001"));
        }
        let Some(answer) = client.signed("POST", "/api/v3/order", &order) else {
            return answered;
        };
        assert_eq!(answer.status, 200, "{answer:?}");
        answered += 1;
        if dice.between(0, 2) == 0 {
            let named = [("symbol", "BTCUSDT"), ("origClientOrderId", id.as_str())];
            if client.signed("DELETE", "/api/v3/order", &named).is_none() {
                return answered;
            }
        }
    }
    answered
}

fn asked(client: &Client, path: &str) -> Value {
    let answer = client.raw("GET", path, "").expect("the node answers");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// A decimal's digits, without the point and zeros before.
fn units(text: &str) -> i128 {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().expect("digits")
}

/// Book, last price and day ticker as the node answers them.
fn assert_equal(redis: &Redis, client: &Client) -> usize {
    let mut connection = redis.connection();
    let symbol: String = connection
        .hget("daybook:symbol", "BTCUSDT")
        .expect("it is there");
    let symbol: Value = serde_json::from_str(&symbol).expect("JSON");
    let scales = ["price_scale", "qty_scale"].map(|it| symbol[it].as_u64().expect("a number"));
    let book = asked(client, "/api/v3/depth?symbol=BTCUSDT&limit=5000");
    let mut levels = 0;
    for side in ["bids", "asks"] {
        let held: Vec<String> = connection
            .zrange(format!("daybook:{side}:BTCUSDT"), 0, -1)
            .expect("it reads");
        let held: BTreeMap<i128, i128> = held
            .iter()
            .map(|level| level.split_once(':').expect("a level"))
            .map(|(price, qty)| (units(price), units(qty)))
            .collect();
        // REST prints eight decimals, Redis whole units.
        let scaled = |text: &Value, scale: u64| {
            units(text.as_str().expect("a decimal")) / 10_i128.pow(8 - scale as u32)
        };
        let shown = book[side].as_array().expect("a list").iter();
        let shown: BTreeMap<i128, i128> = shown
            .map(|level| (scaled(&level[0], scales[0]), scaled(&level[1], scales[1])))
            .collect();
        assert_eq!(held, shown, "{side}");
        levels += held.len();
    }
    let price: String = connection
        .hget("daybook:price", "BTCUSDT")
        .expect("it is there");
    let shown = asked(client, "/api/v3/ticker/price?symbol=BTCUSDT");
    let shown = shown["price"].as_str().expect("a price").to_string();
    assert!(shown.starts_with(&price), "{price} is not {shown}");
    let ticker: String = connection
        .hget("daybook:ticker", "BTCUSDT")
        .expect("it is there");
    let ticker: Value = serde_json::from_str(&ticker).expect("JSON");
    let shown = asked(client, "/api/v3/ticker/24hr?symbol=BTCUSDT");
    for (held, told) in [
        ("open", "openPrice"),
        ("high", "highPrice"),
        ("low", "lowPrice"),
        ("last", "lastPrice"),
        ("volume", "volume"),
        ("quote_volume", "quoteVolume"),
    ] {
        let held = ticker[held].as_str().expect("a decimal");
        let shown = shown[told].as_str().expect("a decimal");
        let (short, long) = if held.len() < shown.len() {
            (held, shown)
        } else {
            (shown, held)
        };
        let rest = long.strip_prefix(short);
        assert!(
            rest.is_some_and(|rest| rest.bytes().all(|byte| byte == b'0')),
            "{told}: {held} is not {shown}"
        );
    }
    assert_eq!(ticker["trades"], shown["count"]);
    levels
}

fn clients(node: &Node, traders: &[Trader]) -> Vec<Client> {
    traders
        .iter()
        .map(|trader| Client::new(&node.http, trader))
        .collect()
}

#[test]
fn redis_holds_what_the_node_answers_whatever_is_killed() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut redis = match Redis::start(folder.path()) {
        Ok(redis) => redis,
        Err(why) => return println!("SKIPPED redis: {why}"),
    };
    let seed = number("DAYBOOK_SEED", 17);
    println!("seed {seed}");
    let mut dice = Dice::new(seed);
    let start = configured(folder.path(), &redis);
    let dir = folder.path().join("venue");
    let mut node = start.node(&dir);
    let traders = ["ann", "bob"].map(|name| node.trader(name, &["BTC=1000", "USDT=50000000"]));
    for round in 0..number("DAYBOOK_ROUNDS", 3) {
        let stop = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = clients(&node, &traders)
            .into_iter()
            .zip(["BUY", "SELL"])
            .map(|(client, side)| {
                let with = (seed + round, stop.clone());
                std::thread::spawn(move || trade(&client, side, with))
            })
            .collect();
        let pause = |dice: &mut Dice| {
            std::thread::sleep(Duration::from_millis(dice.between(300, 1_500) as u64));
        };
        pause(&mut dice);
        redis.server.kill();
        pause(&mut dice);
        redis.restart(round % 2 == 1);
        pause(&mut dice);
        redis.server.pause();
        pause(&mut dice);
        if round == 0 {
            node.kill();
            redis.server.resume();
            node = start.node(&dir);
        } else {
            redis.server.resume();
            pause(&mut dice);
        }
        stop.store(true, Ordering::Release);
        let answered: u64 = threads
            .into_iter()
            .map(|thread| thread.join().expect("a client failed"))
            .sum();
        assert!(0 < answered, "trading went on");
        wait_until_told(&node);
        let levels = assert_equal(&redis, &clients(&node, &traders)[0]);
        println!("round {round}: {answered} orders answered, {levels} levels equal");
    }
    node.administer(&["projection", "rebuild", "redis"])
        .expect("it begins");
    wait_until_told(&node);
    assert_equal(&redis, &clients(&node, &traders)[0]);
    assert_eq!(node.terminate().code, Some(0));
}

/// Orders of one seed, until so many were answered.
fn trade_some(node: &Node, traders: &[Trader], seed: u64) {
    let stop = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = clients(node, traders)
        .into_iter()
        .zip(["BUY", "SELL"])
        .map(|(client, side)| {
            let with = (seed, stop.clone());
            std::thread::spawn(move || trade(&client, side, with))
        })
        .collect();
    std::thread::sleep(Duration::from_millis(700));
    stop.store(true, Ordering::Release);
    for thread in threads {
        assert!(0 < thread.join().expect("a client failed"));
    }
}

#[test]
fn redis_beside_a_restored_directory_begins_with_the_books_of_the_snapshot() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let redis = match Redis::start(folder.path()) {
        Ok(redis) => redis,
        Err(why) => return println!("SKIPPED redis: {why}"),
    };
    let start = configured(folder.path(), &redis);
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let node = start.node(&first);
    let traders = ["ann", "bob"].map(|name| node.trader(name, &["BTC=1000", "USDT=50000000"]));
    trade_some(&node, &traders, 3);
    administer(&first, &["snapshot", "take"]).expect("a snapshot beside a running node");
    trade_some(&node, &traders, 4);
    wait_until_told(&node);
    assert_eq!(node.terminate().code, Some(0));
    let from = first.display().to_string();
    let arguments = ["snapshot", "restore", "--from", &from];
    administer(&second, &arguments).expect("it restores");

    let node = start.node(&second);
    trade_some(&node, &traders, 5);
    wait_for("another journal", CATCH_UP, || {
        let row = status(&node);
        let line = row["last_error"].as_str().unwrap_or_default().to_string();
        line.contains("tell of another journal") && line.contains("projection rebuild redis")
    });
    node.administer(&["projection", "rebuild", "redis"])
        .expect("it begins");
    wait_until_told(&node);
    let levels = assert_equal(&redis, &clients(&node, &traders)[0]);
    trade_some(&node, &traders, 6);
    wait_until_told(&node);
    let more = assert_equal(&redis, &clients(&node, &traders)[0]);
    println!("{levels} levels equal, then {more}");
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn a_redis_that_refuses_is_one_line_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let redis = match Redis::start(folder.path()) {
        Ok(redis) => redis,
        Err(why) => return println!("SKIPPED redis: {why}"),
    };
    let start = configured(folder.path(), &redis);
    let node = start.node(&folder.path().join("venue"));
    let traders = ["ann", "bob"].map(|name| node.trader(name, &["BTC=1000", "USDT=50000000"]));
    let clients = clients(&node, &traders);
    let place = |number: u32, side: &str| {
        let client = &clients[usize::from(side == "SELL")];
        let answer = client.limit(side, "0.001", "50000", &format!("it-{number}"));
        assert_eq!(answer.expect("answered").status, 200);
    };
    place(0, "BUY");
    wait_until_told(&node);
    // (what is set, its way back, what the line says to do)
    let wrongs = [
        ("maxmemory", ("1", "0"), "give Redis more memory"),
        ("requirepass", ("other", ""), "correct user and password"),
        (
            "min-replicas-to-write",
            ("1", "0"),
            "bring its replicas back",
        ),
    ];
    let mut number = 0;
    for (name, (wrong, right), todo) in wrongs {
        redis.set("", (name, wrong));
        place(number + 1, "SELL");
        wait_for(todo, CATCH_UP, || {
            let row = status(&node);
            row["last_error"].as_str().is_some_and(|line| {
                assert!(!line.contains('\n'), "{line}");
                line.contains(todo)
            })
        });
        println!("{}", status(&node)["last_error"]);
        place(number + 2, "BUY");
        number += 2;
        redis.set(
            if name == "requirepass" { wrong } else { "" },
            (name, right),
        );
        wait_until_told(&node);
        assert_equal(&redis, &clients[0]);
    }
    assert_eq!(node.terminate().code, Some(0));
}

/// A number of the environment, so that a run can be made longer or again.
fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}
