//! Perpetual contracts beyond what the views remember: answered whole from the read models,
//! whose rows add up.

use std::path::Path;

use projections::sql::database::Statement;
use serde_json::{Value, json};

use crate::venue::client::{Client, atoms};
use crate::venue::{Node, Start, Trader};

/// More orders and trades than the views remember of a contract.
const SMALL: usize = 2_050;

fn trader(node: &Node, name: &str, futures: &str) -> Client {
    let deposit = format!("USDT={futures}");
    let arguments = ["account", "create", name, "--deposit", &deposit];
    let more = ["--futures", &deposit];
    let answer = node.administer(&[&arguments[..], &more[..]].concat());
    let answer = answer.expect("the account is created");
    let text = |name: &str| answer[name].as_str().expect("a text").to_string();
    let keys = Trader {
        key: text("api_key"),
        secret: text("api_secret"),
    };
    Client::new(&node.http, &keys)
}

fn index(node: &Node, price: &str) {
    let set = node.administer(&["price", "index", "perp:BTCUSDT", price]);
    set.expect("the price is taken");
}

fn ask(client: &Client, method: &str, path: &str, parameters: &[(&str, &str)]) -> Value {
    let path = format!("/fapi/v1/{path}");
    let answer = client.signed(method, &path, parameters);
    let answer = answer.expect("the node answers");
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

fn place(client: &Client, (side, qty, price): (&str, &str, &str), more: &[(&str, &str)]) -> Value {
    let mut parameters = vec![
        ("symbol", "BTCUSDT"),
        ("side", side),
        ("type", "LIMIT"),
        ("quantity", qty),
        ("price", price),
    ];
    parameters.extend(more);
    if !more.iter().any(|(name, _)| *name == "timeInForce") {
        parameters.push(("timeInForce", "GTC"));
    }
    ask(client, "POST", "order", &parameters)
}

fn buy_small(client: &Client, count: usize) {
    let order = json!({
        "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001",
    });
    let batch = Value::Array(vec![order; 5]).to_string();
    let batch: String = batch
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    for _ in 0..count / 5 {
        let placed = ask(client, "POST", "batchOrders", &[("batchOrders", &batch)]);
        assert!(placed[4]["orderId"].is_u64(), "{placed}");
    }
}

/// One column of the read models, added up.
fn sum(dir: &Path, text: &'static str) -> i128 {
    let path = dir.join("read-models.sqlite");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let database = projections::sql::file::open(&path).await.expect("it opens");
        let rows = database.rows(Statement::new(text)).await.expect("it reads");
        let value = |row: &projections::sql::database::Row| row.text("value").expect("a text");
        let sum = rows
            .iter()
            .map(|row| value(row).parse::<i128>().expect("a number"));
        let sum = sum.sum();
        database.close().await;
        sum
    })
}

#[test]
fn old_orders_trades_and_income_of_perpetuals_are_answered_whole() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let (ann, bob) = (
        trader(&node, "ann", "1000000"),
        trader(&node, "bob", "1000000"),
    );
    index(&node, "50000");
    let till = (crate::venue::client::now_millis() + 86_400_000).to_string();
    let gtd = [("timeInForce", "GTD"), ("goodTillDate", till.as_str())];
    let first = place(&ann, ("SELL", "0.010", "50000"), &gtd);
    place(&bob, ("BUY", "0.010", "50000"), &[]);
    place(&ann, ("BUY", "0.005", "50100"), &[]);
    place(&bob, ("SELL", "0.005", "50100"), &[("reduceOnly", "true")]);
    place(&ann, ("SELL", "3.000", "50100"), &[]);
    let forgotten = ask(
        &bob,
        "GET",
        "userTrades",
        &[("symbol", "BTCUSDT"), ("fromId", "2")],
    );
    buy_small(&bob, SMALL);

    let page = [("symbol", "BTCUSDT"), ("fromId", "1"), ("limit", "2")];
    let trades = ask(&bob, "GET", "userTrades", &page);
    assert_eq!(
        trades[1], forgotten[0],
        "it is told as before it was forgotten"
    );
    assert_eq!(trades[0]["realizedPnl"], "0.00000000");
    assert_eq!(trades[1]["realizedPnl"], "0.50000000");
    let page = [("symbol", "BTCUSDT"), ("orderId", "1"), ("limit", "4")];
    let orders = ask(&ann, "GET", "allOrders", &page);
    assert_eq!(orders[0]["orderId"], first["orderId"]);
    assert_eq!(orders[0]["timeInForce"], "GTD");
    assert_eq!(orders[0]["goodTillDate"].to_string(), till);
    let orders = ask(&bob, "GET", "allOrders", &page);
    assert_eq!(orders[1]["reduceOnly"], true, "{orders}");

    let page = [("startTime", "1"), ("limit", "4")];
    let income = ask(&bob, "GET", "income", &page);
    let told = |row: &Value| (row["incomeType"].clone(), row["income"].clone());
    let told: Vec<(Value, Value)> = income.as_array().expect("rows").iter().map(told).collect();
    let expected = [
        ("TRANSFER", "1000000.00000000"),
        ("COMMISSION", "-0.20000000"),
        ("REALIZED_PNL", "0.50000000"),
        ("COMMISSION", "-0.10020000"),
    ];
    assert_eq!(told, expected.map(|(kind, sum)| (kind.into(), sum.into())));
    // Every change of the wallet is in it, the newest as well as the oldest.
    let account = ask_v2(&bob, "balance");
    let balance = account.as_array().expect("rows")[0]["balance"].clone();
    let sum = sum(
        dir.path(),
        "SELECT amount AS value FROM income WHERE account = \
        (SELECT account FROM accounts ORDER BY account DESC LIMIT 1)",
    );
    assert_eq!(sum, atoms(balance.as_str().expect("a text")));
    node.terminate();
}

fn ask_v2(client: &Client, path: &str) -> Value {
    let answer = client.signed("GET", &format!("/fapi/v2/{path}"), &[]);
    answer.expect("the node answers").body
}

#[test]
fn liquidations_funding_and_prices_are_read_back_at_once() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let (ann, cat) = (trader(&node, "ann", "1000000"), trader(&node, "cat", "200"));
    let deposit = node.administer(&["insurance", "deposit", "USDT=5000"]);
    deposit.expect("the fund is filled");
    index(&node, "50000");
    let isolated = [("symbol", "BTCUSDT"), ("marginType", "ISOLATED")];
    ask(&cat, "POST", "marginType", &isolated);
    let rests = place(&ann, ("SELL", "0.040", "50000"), &[]);
    place(&cat, ("BUY", "0.020", "50000"), &[]);
    let add = [("symbol", "BTCUSDT"), ("amount", "7.5"), ("type", "1")];
    ask(&cat, "POST", "positionMargin", &add);
    let number = rests["orderId"].to_string();
    let modify = [
        ("symbol", "BTCUSDT"),
        ("orderId", number.as_str()),
        ("side", "SELL"),
        ("quantity", "0.030"),
        ("price", "50010"),
    ];
    ask(&ann, "PUT", "order", &modify);
    node.administer(&["funding", "run", "perp:BTCUSDT"])
        .expect("funding is paid");

    changes_are_told(&ann, &cat);

    place(&ann, ("BUY", "0.050", "47200"), &[]);
    index(&node, "47300");
    let forced = ask(&cat, "GET", "forceOrders", &[]);
    let forced = &forced.as_array().expect("rows")[0];
    assert_eq!(
        (&forced["side"], &forced["status"]),
        (&json!("SELL"), &json!("FILLED"))
    );
    assert_eq!(forced["timeInForce"], "IOC");
    let name = forced["clientOrderId"].as_str().expect("a text");
    assert!(name.starts_with("autoclose-"), "{name}");
    let adl = [("autoCloseType", "ADL")];
    assert_eq!(ask(&cat, "GET", "forceOrders", &adl), json!([]));
    assert_eq!(ask(&ann, "GET", "forceOrders", &[]), json!([]));

    let fund = prices_are_told(&ann);
    check_sums(dir.path(), (&ann, fund));
    node.terminate();
    let reconciled = crate::read_models::reconcile(dir.path(), &Start::default());
    assert_eq!(reconciled.0, Some(0), "{}", reconciled.1);
}

/// Wallets sum to zero, longs equal shorts, and the newest rows are what is told.
fn check_sums(dir: &Path, (client, fund): (&Client, i128)) {
    assert_eq!(
        sum(dir, "SELECT cross_balance AS value FROM wallets")
            + sum(dir, "SELECT isolated AS value FROM wallets"),
        0
    );
    assert_eq!(
        sum(dir, "SELECT CAST(size AS TEXT) AS value FROM positions"),
        0
    );
    let told = sum(
        dir,
        "SELECT balance AS value FROM insurance ORDER BY event DESC LIMIT 1",
    );
    assert_eq!(told, fund);
    let lots = sum(
        dir,
        "SELECT lots AS value FROM open_interest ORDER BY open_ns DESC LIMIT 1",
    );
    let interest = ask(client, "GET", "openInterest", &[("symbol", "BTCUSDT")]);
    let interest = interest["openInterest"].as_str().expect("a text");
    assert_eq!(lots * 100_000, atoms(interest), "lots of 0.001");
    let paid = sum(dir, "SELECT amount AS value FROM funding_payments");
    assert!(
        paid <= 0,
        "what is left over is the venue's rounding: {paid}"
    );
}

/// Margin put beside a position, modifications, and places in the queue.
fn changes_are_told(ann: &Client, cat: &Client) {
    let of_symbol = [("symbol", "BTCUSDT")];
    let changes = ask(cat, "GET", "positionMargin/history", &of_symbol);
    let change = &changes.as_array().expect("rows")[..];
    assert_eq!(change.len(), 1);
    assert_eq!(
        (&change[0]["type"], &change[0]["amount"]),
        (&json!(1), &json!("7.50000000"))
    );
    let taken = [("symbol", "BTCUSDT"), ("type", "2")];
    assert_eq!(ask(cat, "GET", "positionMargin/history", &taken), json!([]));
    let amended = ask(ann, "GET", "orderAmendment", &of_symbol);
    assert_eq!(amended[0]["amendment"]["price"]["before"], "50000.00000000");
    assert_eq!(amended[0]["amendment"]["price"]["after"], "50010.00000000");
    assert_eq!(amended[0]["amendment"]["origQty"]["after"], "0.03000000");
    let ranks = ask(cat, "GET", "adlQuantile", &of_symbol);
    assert_eq!(
        ranks,
        json!([{"symbol": "BTCUSDT", "adlQuantile": {"BOTH": 4}}])
    );
}

/// Candles of prices, and the insurance fund, which is returned in atoms.
fn prices_are_told(ann: &Client) -> i128 {
    let page = [("symbol", "BTCUSDT"), ("interval", "1M"), ("limit", "1")];
    let marks = ask(ann, "GET", "markPriceKlines", &page);
    assert_eq!(marks[0][1], "50000.00000000", "{marks}");
    assert_eq!(marks[0][5], "0");
    let page = [("pair", "BTCUSDT"), ("interval", "1M"), ("limit", "1")];
    let indices = ask(ann, "GET", "indexPriceKlines", &page);
    let prices = [
        "50000.00000000",
        "50000.00000000",
        "47300.00000000",
        "47300.00000000",
    ]
    .map(Value::from);
    assert_eq!(indices[0].as_array().expect("a row")[1..5], prices);
    assert_eq!(ask(ann, "GET", "indexInfo", &[]), json!([]));
    let fund = ask(ann, "GET", "insuranceBalance", &page[..0]);
    let of_symbol = [("symbol", "BTCUSDT")];
    assert_eq!(fund[0], ask(ann, "GET", "insuranceBalance", &of_symbol));
    let fund = fund[0]["assets"][0]["marginBalance"]
        .as_str()
        .expect("a text");
    assert!(
        atoms("5000.00000000") < atoms(fund),
        "the fee came in: {fund}"
    );
    atoms(fund)
}
