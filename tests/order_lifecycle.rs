//! Two traders meet over REST: fills, cancels, balances to the atom.

use crate::venue::Start;
use crate::venue::client::{Client, atoms};

#[test]
fn two_traders_trade_and_every_atom_is_accounted_for() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let ann = node.trader("ann", &["BTC=2", "USDT=100000"]);
    let bob = node.trader("bob", &["BTC=2", "USDT=100000"]);
    let (ann, bob) = (Client::new(&node.http, &ann), Client::new(&node.http, &bob));

    let rested = ann.limit("SELL", "0.5", "50000", "ask").expect("answered");
    assert_eq!(rested.body["status"], "NEW", "{rested:?}");
    assert_eq!(
        ann.balance("BTC"),
        ("1.50000000".into(), "0.50000000".into())
    );

    let taken = bob.limit("BUY", "0.2", "50000", "bid").expect("answered");
    assert_eq!(taken.body["status"], "FILLED", "{taken:?}");
    assert_eq!(taken.body["fills"][0]["commission"], "0.00020000");
    assert_eq!(taken.body["fills"][0]["commissionAsset"], "BTC");

    let seen = ann.order("ask").expect("answered");
    assert_eq!(seen.body["status"], "PARTIALLY_FILLED");
    assert_eq!(seen.body["executedQty"], "0.20000000");
    let parameters = [("symbol", "BTCUSDT"), ("origClientOrderId", "ask")];
    let cancelled = ann
        .signed("DELETE", "/api/v3/order", &parameters)
        .expect("answered");
    assert_eq!(cancelled.body["status"], "CANCELED", "{cancelled:?}");
    assert_eq!(
        ann.balance("BTC"),
        ("1.80000000".into(), "0.00000000".into())
    );
    assert_eq!(
        ann.balance("USDT"),
        ("109990.00000000".into(), "0.00000000".into())
    );
    assert_eq!(
        bob.balance("BTC"),
        ("2.19980000".into(), "0.00000000".into())
    );
    assert_eq!(
        bob.balance("USDT"),
        ("90000.00000000".into(), "0.00000000".into())
    );

    let total = |asset: &str| {
        [&ann, &bob]
            .iter()
            .map(|client| atoms(&client.balance(asset).0))
            .sum::<i128>()
    };
    assert_eq!(
        total("BTC"),
        atoms("4") - atoms("0.0002"),
        "all but the commission"
    );
    assert_eq!(
        total("USDT"),
        atoms("200000") - atoms("10"),
        "all but the commission"
    );
    let ended = node.terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}
