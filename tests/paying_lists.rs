//! A list that pays, as its owner meets it: on a real node, over a kill and a restart.

use serde_json::Value;

use crate::venue::Start;
use crate::venue::client::Client;

/// What is free and held of BTC, by the account's own words.
fn held(client: &Client) -> (String, String) {
    client.balance("BTC")
}

fn status(client: &Client, name: &str) -> Value {
    client.order(name).expect("answered").body
}

#[test]
fn what_was_bought_for_a_list_survives_a_kill_and_is_sold() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let bob = node.trader("bob", &["BTC=5", "USDT=1000000"]);
    let ann = node.trader("ann", &["USDT=1000000"]);
    let info = Client::new(&node.http, &ann).raw("GET", "/api/v3/exchangeInfo?symbol=BTCUSDT", "");
    let info = info.expect("answered").body;
    assert_eq!(info["symbols"][0]["opoAllowed"], true, "{info}");
    let client = Client::new(&node.http, &ann);
    let list = [
        ("symbol", "BTCUSDT"),
        ("workingType", "LIMIT"),
        ("workingSide", "BUY"),
        ("workingPrice", "50000"),
        ("workingQuantity", "0.3"),
        ("workingTimeInForce", "GTC"),
        ("workingClientOrderId", "in"),
        ("pendingSide", "SELL"),
        ("pendingAboveType", "LIMIT_MAKER"),
        ("pendingAbovePrice", "51000"),
        ("pendingAboveClientOrderId", "above"),
        ("pendingBelowType", "STOP_LOSS"),
        ("pendingBelowStopPrice", "49000"),
        ("pendingBelowClientOrderId", "below"),
    ];
    let told = client.signed("POST", "/api/v3/orderList/opoco", &list);
    let told = told.expect("answered").body;
    assert_eq!(told["orderReports"][1]["status"], "PENDING_NEW", "{told}");
    assert!(told["orderReports"][1].get("origQty").is_none(), "{told}");
    let seller = Client::new(&node.http, &bob);
    let sold = seller.limit("SELL", "0.1", "50000", "first");
    assert_eq!(sold.expect("answered").status, 200);
    let (free, locked) = held(&client);
    assert_eq!(free, "0.00000000", "what was bought is for the list");
    assert_ne!(locked, "0.00000000");

    node.kill();
    let node = Start::default().node(dir.path());
    let (client, seller) = (Client::new(&node.http, &ann), Client::new(&node.http, &bob));
    assert_eq!(held(&client), (free, locked));
    let sold = seller.limit("SELL", "0.2", "50000", "second");
    assert_eq!(sold.expect("answered").status, 200);
    let (above, below) = (status(&client, "above"), status(&client, "below"));
    assert_eq!(
        (&above["status"], &below["status"]),
        (&"NEW".into(), &"NEW".into())
    );
    assert_eq!(above["origQty"], below["origQty"], "{above} {below}");
    assert_ne!(above["origQty"], "0.00000000");
    let (_, locked) = held(&client);
    assert_eq!(above["origQty"], Value::String(locked), "one hold for both");
    let cancel = [("symbol", "BTCUSDT"), ("origClientOrderId", "above")];
    let gone = client.signed("DELETE", "/api/v3/order", &cancel);
    assert_eq!(gone.expect("answered").status, 200);
    assert_eq!(held(&client).1, "0.00000000");
    let verified = replay_tool::commands::verify::verify(&node.dir);
    assert!(verified.is_ok(), "{:?}", verified.err());
}
