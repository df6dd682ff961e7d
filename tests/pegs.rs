//! A price from the book, as its owner meets it: on a real node, and over a restart.

use serde_json::Value;

use crate::venue::Start;
use crate::venue::client::Client;

fn place(client: &Client, rest: &[(&str, &str)]) -> Value {
    let mut order = vec![("symbol", "BTCUSDT"), ("quantity", "0.1")];
    order.extend(rest);
    let placed = client.signed("POST", "/api/v3/order", &order);
    placed.expect("answered").body
}

/// Refused, with the documented words.
fn nothing_that_deep(bob: &Client) {
    let deep = [
        ("side", "SELL"),
        ("type", "LIMIT_MAKER"),
        ("pegPriceType", "PRIMARY_PEG"),
        ("pegOffsetType", "PRICE_LEVEL"),
        ("pegOffsetValue", "7"),
    ];
    let refused = place(bob, &deep);
    assert_eq!(refused["code"], -2010, "{refused}");
    let text = "Order book liquidity is too low for this pegged order.";
    assert_eq!(refused["msg"], text);
}

#[test]
fn a_pegged_order_keeps_the_price_that_the_book_gave_it() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let ann = node.trader("ann", &["BTC=5", "USDT=1000000"]);
    let bob = node.trader("bob", &["BTC=5", "USDT=1000000"]);
    let cat = node.trader("cat", &["BTC=5", "USDT=1000000"]);
    let (ann, trader) = (Client::new(&node.http, &ann), bob);
    let bob = Client::new(&node.http, &trader);
    for (side, price) in [("BUY", "49000"), ("BUY", "48000"), ("SELL", "51000")] {
        let placed = ann.limit(side, "1", price, &format!("{side}-{price}"));
        assert_eq!(placed.expect("answered").status, 200);
    }
    let behind = [
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("pegPriceType", "PRIMARY_PEG"),
        ("pegOffsetType", "PRICE_LEVEL"),
        ("pegOffsetValue", "1"),
        ("newClientOrderId", "behind"),
    ];
    let told = place(&bob, &behind);
    assert_eq!(told["peggedPrice"], "48000.00000000", "{told}");
    assert_eq!(told["price"], "0.00000000");
    assert_eq!(told["status"], "NEW");
    let waiting = [
        ("side", "SELL"),
        ("type", "STOP_LOSS_LIMIT"),
        ("timeInForce", "GTC"),
        ("stopPrice", "48500"),
        ("pegPriceType", "MARKET_PEG"),
        ("newClientOrderId", "waiting"),
        ("newOrderRespType", "RESULT"),
    ];
    let told = place(&bob, &waiting);
    assert!(told.get("peggedPrice").is_none(), "{told}");
    assert_eq!(told["pegPriceType"], "MARKET_PEG");
    let takes = [
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "IOC"),
        ("pegPriceType", "MARKET_PEG"),
        ("newClientOrderId", "takes"),
    ];
    let told = place(&bob, &takes);
    assert_eq!(told["status"], "FILLED", "{told}");
    assert_eq!(told["fills"][0]["price"], "51000.00000000");
    nothing_that_deep(&bob);

    // The journal says the same, and the one that waited gets its price then.
    node.kill();
    let node = Start::default().node(dir.path());
    let (cat, bob) = (
        Client::new(&node.http, &cat),
        Client::new(&node.http, &trader),
    );
    for name in ["behind", "takes"] {
        let told = bob.order(name).expect("answered").body;
        assert_eq!(told["price"], "0.00000000", "{told}");
        assert!(told["peggedPrice"].is_string(), "{told}");
    }
    let sold = cat.limit("SELL", "1", "49000", "sold");
    assert_eq!(sold.expect("answered").status, 200);
    let sold = cat.limit("SELL", "0.05", "48000", "sold-more");
    assert_eq!(sold.expect("answered").status, 200);
    let told = bob.order("waiting").expect("answered").body;
    assert_eq!(told["peggedPrice"], "48000.00000000", "{told}");
    assert_eq!(told["executedQty"], "0.10000000");
    let verified = replay_tool::commands::verify::verify(&node.dir);
    assert!(verified.is_ok(), "{:?}", verified.err());
}
