//! Index prices that other nodes say, and the end of a contract by command line.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::venue::client::Client;
use crate::venue::{Node, Start};

/// A trade on spot BTCUSDT at a price.
fn trade(node: &Node, name: &str, price: &str) {
    let trader = node.trader(name, &["USDT=1000000", "BTC=10"]);
    let client = Client::new(&node.http, &trader);
    let other = node.trader(&format!("{name}-too"), &["USDT=1000000"]);
    let other = Client::new(&node.http, &other);
    let sold = client.limit("SELL", "0.01", price, "s").expect("an answer");
    assert_eq!(sold.status, 200, "{}", sold.body);
    let bought = other.limit("BUY", "0.01", price, "b").expect("an answer");
    assert_eq!(bought.body["status"], "FILLED", "{}", bought.body);
}

fn read(node: &Node, path: &str) -> Value {
    let path = format!("/fapi/v1/{path}?symbol=BTCUSDT");
    let trader = crate::venue::Trader {
        key: String::new(),
        secret: String::new(),
    };
    let answer = Client::new(&node.http, &trader).raw("GET", &path, "");
    answer.expect("an answer").body
}

/// Waits until the node says so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within 30 s");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn configured(dir: &Path, sources: &str) -> Start {
    let file = dir.join("daybook.toml");
    let text = format!(
        "[index]\ninterval_ms = 100\nstale_ms = 1000\n\
         [index.contracts.BTCUSDT]\nneeded = 2\nsources = [{sources}]\n"
    );
    std::fs::write(&file, text).expect("written");
    Start {
        config: Some(file),
        ..Start::default()
    }
}

#[test]
fn other_venues_say_the_index_price_by_rest_and_socket() {
    let dirs = [(); 3].map(|()| tempfile::tempdir().expect("a directory"));
    let first = Start::default().node(dirs[0].path());
    let second = Start::default().node(dirs[1].path());
    trade(&first, "ann", "50000.00");
    trade(&second, "ben", "50010.00");
    let sources = format!(
        "{{ name = \"first\", url = \"http://{}\", symbol = \"BTCUSDT\" }}, \
         {{ name = \"second\", url = \"ws://{}\", symbol = \"BTCUSDT\", weight = 3 }}",
        first.http, second.http
    );
    let start = configured(dirs[2].path(), &sources);
    let node = start.node(&dirs[2].path().join("data"));
    let index = |node: &Node| read(node, "premiumIndex")["indexPrice"].clone();
    // One part 50,000 and three parts 50,010.
    until("the first price", || index(&node) == "50007.50000000");
    let rows = read(&node, "constituents")["constituents"].clone();
    assert_eq!(rows[0]["exchange"], "first");
    assert_eq!(rows[1]["price"], "50010.00000000");
    assert_eq!(rows[1]["weight"], "0.75000000");
    // One of two is not enough: the price stands, whatever the other one says.
    second.kill();
    let weight = |node: &Node| read(node, "constituents")["constituents"][1]["weight"].clone();
    until("the second is gone", || weight(&node) == "0.00000000");
    trade(&first, "cem", "50500.00");
    until("the first is heard", || {
        read(&node, "constituents")["constituents"][0]["price"] == "50500.00000000"
    });
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(index(&node), "50007.50000000", "too few live");
    // An operator may say it, and what he said is replayed like the rest.
    let set = node.administer(&["price", "index", "perp:BTCUSDT", "50400"]);
    set.expect("the price is taken");
    assert_eq!(index(&node), "50400.00000000");
    node.kill();
    let node = Start::default().node(&dirs[2].path().join("data"));
    assert_eq!(index(&node), "50400.00000000");
    let rows = read(&node, "constituents")["constituents"].clone();
    assert_eq!(rows[0]["exchange"], "manual");
}

#[test]
fn a_held_contract_is_delisted_at_its_final_price_by_command() {
    let dir = tempfile::tempdir().expect("a directory");
    let node = Start::default().node(dir.path());
    let said = node.administer(&["price", "index", "perp:BTCUSDT", "50000"]);
    said.expect("the price is taken");
    let trader = |name: &str| {
        let money = ["--deposit", "USDT=100000", "--futures", "USDT=100000"];
        let arguments = ["account", "create", name];
        let answer = node.administer(&[&arguments[..], &money[..]].concat());
        let answer = answer.expect("the account is created");
        let text = |name: &str| answer[name].as_str().expect("a text").to_owned();
        Client::new(
            &node.http,
            &crate::venue::Trader {
                key: text("api_key"),
                secret: text("api_secret"),
            },
        )
    };
    let (long, short) = (trader("long"), trader("short"));
    for (client, side) in [(&short, "SELL"), (&long, "BUY")] {
        let order = [
            ("symbol", "BTCUSDT"),
            ("side", side),
            ("type", "LIMIT"),
            ("timeInForce", "GTC"),
            ("quantity", "0.100"),
            ("price", "50000"),
        ];
        let placed = client.signed("POST", "/fapi/v1/order", &order);
        assert_eq!(placed.expect("an answer").status, 200);
    }
    let arguments = ["symbol", "delist", "perp:BTCUSDT", "--final-price", "51000"];
    let again = [&arguments[..], &["--id", "the-end"]].concat();
    node.administer(&again).expect("it is delisted");
    node.administer(&again).expect("said twice, done once");
    let wallet = |client: &Client| {
        let account = client.signed("GET", "/fapi/v3/account", &[]);
        let account = account.expect("an answer").body;
        assert_eq!(
            account["positions"].as_array().map(Vec::len),
            Some(0),
            "{account}"
        );
        account["totalWalletBalance"]
            .as_str()
            .expect("a text")
            .to_owned()
    };
    // 0.1 x 1,000 less a taker's fee of 2 and a maker's of 1.
    assert_eq!(wallet(&long), "100098.00000000");
    assert_eq!(wallet(&short), "99899.00000000");
    let order = [
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("type", "MARKET"),
        ("quantity", "0.100"),
    ];
    let refused = long
        .signed("POST", "/fapi/v1/order", &order)
        .expect("an answer");
    assert_eq!(refused.status, 400, "{}", refused.body);
}
