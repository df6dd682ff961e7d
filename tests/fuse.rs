//! One symbol's fault stops that symbol and no other; an operator sees it and lifts it.

use crate::metrics::samples;
use crate::venue::client::{Answer, Client};
use crate::venue::{Node, Start};

/// A limit order of ann on the symbol without filters.
fn wide(client: &Client, (qty, price): (&str, &str)) -> Answer {
    let order = [
        ("symbol", "ETHBTC"),
        ("side", "SELL"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("quantity", qty),
        ("price", price),
    ];
    client
        .signed("POST", "/api/v3/order", &order)
        .expect("answered")
}

fn state_of(node: &Node, name: &str) -> String {
    let listed = node.administer(&["symbol", "list"]).expect("listed");
    let rows = listed.as_array().expect("rows");
    let full = format!("spot:{name}");
    let row = rows
        .iter()
        .find(|row| row["name"] == full.as_str() || row["name"] == name);
    let row = row.unwrap_or_else(|| panic!("{name} in {listed}"));
    row["state"].as_str().expect("a text").to_owned()
}

/// A sum that no ledger can hold.
const TOO_MUCH: (&str, &str) = ("90000000000000", "90000000000000");

#[test]
fn a_symbol_s_fault_halts_it_alone_and_an_operator_lifts_it() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let ann = node.trader("ann", &["BTC=5", "ETH=5", "USDT=1000000"]);
    let ann = Client::new(&node.http, &ann);
    // Listed without filters, so that nothing else refuses what cannot be counted.
    let add = ["symbol", "add", "ETHBTC", "--base", "ETH", "--quote", "BTC"];
    let scales = ["--price-scale", "4", "--qty-scale", "4"];
    let listed = node.administer(&[&add[..], &scales[..]].concat());
    listed.expect("the symbol is added");
    node.administer(&["symbol", "resume", "ETHBTC"])
        .expect("it opens");
    assert_eq!(wide(&ann, ("1", "2")).status, 200);

    let refused = wide(&ann, TOO_MUCH);
    assert_eq!(refused.body["code"], -2010, "{refused:?}");
    assert_eq!(state_of(&node, "ETHBTC"), "halt");
    assert_eq!(state_of(&node, "BTCUSDT"), "trading");
    let counted = r#"daybook_refused_total{reason="SymbolFault"}"#;
    assert_eq!(samples(&node).get(counted), Some(&1));
    let waits = wide(&ann, ("1", "2"));
    assert_eq!(waits.body["msg"], "Market is closed.", "{waits:?}");
    let others = ann.limit("SELL", "0.1", "50000", "another-symbol");
    assert_eq!(others.expect("answered").status, 200);
    let open = ann.signed("DELETE", "/api/v3/openOrders", &[("symbol", "ETHBTC")]);
    assert_eq!(open.expect("answered").status, 200, "cancels work");

    // The journal says the same: after a power cut, and to an auditor.
    let trader = ann.trader.clone();
    node.kill();
    let node = Start::default().node(dir.path());
    assert_eq!(state_of(&node, "ETHBTC"), "halt");
    let ann = Client::new(&node.http, &trader);
    assert_eq!(wide(&ann, ("1", "2")).body["code"], -2010);
    node.administer(&["symbol", "resume", "ETHBTC"])
        .expect("the operator lifts it");
    assert_eq!(wide(&ann, ("1", "2")).status, 200);
    assert_eq!(state_of(&node, "ETHBTC"), "trading");
    let verified = replay_tool::commands::verify::verify(&node.dir);
    assert!(verified.is_ok(), "{:?}", verified.err());
}
