//! Accounts of one trade group: TRANSFER moves money without a trade, both are told of their
//! own orders, and every store agrees afterwards.

use serde_json::Value;

use crate::venue::client::Client;
use crate::venue::{Node, Start};

fn offer(client: &Client, (side, qty, price): (&str, &str, &str), name: &str) -> Value {
    let order = [
        ("symbol", "BTCUSDT"),
        ("side", side),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("quantity", qty),
        ("price", price),
        ("selfTradePreventionMode", "TRANSFER"),
        ("newClientOrderId", name),
    ];
    let placed = client.signed("POST", "/api/v3/order", &order);
    placed.expect("answered").body
}

/// The account's own number.
fn number(client: &Client) -> String {
    let account = client.signed("GET", "/api/v3/account", &[]);
    account.expect("answered").body["uid"].to_string()
}

fn prevented(client: &Client, order: &Value) -> Value {
    let id = order["orderId"].to_string();
    let of = [("symbol", "BTCUSDT"), ("orderId", id.as_str())];
    let found = client.signed("GET", "/api/v3/myPreventedMatches", &of);
    found.expect("answered").body
}

fn join(node: &Node, client: &Client, group: &str) {
    let number = number(client);
    node.administer(&["account", "set", &number, "--trade-group", group])
        .expect("the account is in the group");
}

/// What both own of either asset, free and locked.
fn owned(clients: [&Client; 2]) -> Vec<(String, String)> {
    let of = |client: &Client| [client.balance("BTC"), client.balance("USDT")];
    clients.into_iter().flat_map(of).collect()
}

#[test]
fn accounts_of_a_group_move_money_without_a_trade() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let traders = ["ann", "bob"].map(|name| node.trader(name, &["BTC=5", "USDT=1000000"]));
    let [ann, bob] = traders.map(|trader| Client::new(&node.http, &trader));
    join(&node, &ann, "7");
    join(&node, &bob, "7");
    let sold = offer(&ann, ("SELL", "0.3", "50000"), "sold");
    let bought = offer(&bob, ("BUY", "0.5", "50000"), "bought");
    assert_eq!(bought["executedQty"], "0.00000000", "{bought}");
    assert_eq!(bought["preventedQuantity"], "0.30000000");
    assert_eq!(bought["status"], "NEW");
    let told = ann.order("sold").expect("answered").body;
    assert_eq!(told["status"], "EXPIRED_IN_MATCH", "{told}");
    assert_eq!(told["preventedQuantity"], "0.30000000");

    // Base to the buyer, money to the seller, nothing to the venue.
    let text = |text: &str| text.to_owned();
    let expected = vec![
        (text("4.70000000"), text("0.00000000")),
        (text("1015000.00000000"), text("0.00000000")),
        (text("5.30000000"), text("0.00000000")),
        (text("975000.00000000"), text("10000.00000000")),
    ];
    assert_eq!(owned([&ann, &bob]), expected);
    for (client, order, own, other) in [
        (
            &ann,
            &sold,
            "makerPreventedQuantity",
            "takerPreventedQuantity",
        ),
        (
            &bob,
            &bought,
            "takerPreventedQuantity",
            "makerPreventedQuantity",
        ),
    ] {
        let found = prevented(client, order);
        assert_eq!(found[0]["tradeGroupId"], 7, "{found}");
        assert_eq!(found[0]["selfTradePreventionMode"], "TRANSFER");
        assert_eq!(found[0][own], "0.30000000");
        assert!(found[0].get(other).is_none(), "{found}");
    }
    let trades = ann.raw("GET", "/api/v3/trades?symbol=BTCUSDT", "");
    assert_eq!(trades.expect("answered").body, serde_json::json!([]));

    // After a kill everything is the same, and whoever left the group trades.
    let traders = [ann.trader.clone(), bob.trader.clone()];
    node.kill();
    let node = Start::default().node(dir.path());
    let [ann, bob] = traders.map(|trader| Client::new(&node.http, &trader));
    assert_eq!(owned([&ann, &bob]), expected);
    let account = ann.signed("GET", "/api/v3/account", &[]);
    assert_eq!(account.expect("answered").body["tradeGroupId"], 7);
    join(&node, &ann, "0");
    let taken = offer(&ann, ("SELL", "0.2", "50000"), "taken");
    assert_eq!(taken["status"], "FILLED", "{taken}");
    let ended = node.terminate();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let compared = crate::venue::administer(dir.path(), &["reconcile"]);
    assert!(compared.is_ok(), "{compared:?}");
}
