//! What a client may know of a symbol's protection.

use schemas::instrument::SymbolState;
use schemas::protection::Protection;
use schemas::report::Indicative;
use schemas::units::{Price, Qty};

use crate::client::{Client, flat};

#[tokio::test]
async fn bands_are_execution_rules_and_auctions_show_their_price() {
    let client = Client::new();
    let none = r#"{"symbolRules":[]}"#;
    assert_eq!(client.get("/api/v3/executionRules").await.text, none);
    client.venue.directory.lock().symbols[1].protection = Protection {
        band: 12_500,
        ..Protection::default()
    };
    let rule = flat(
        r#"{"symbolRules":[{"rules":[{"askLimitMultDown":"0.0000",
        "askLimitMultUp":"2.2500","bidLimitMultDown":"0.0000","bidLimitMultUp":"2.2500",
        "ruleType":"PRICE_RANGE"}],"symbol":"ETHUSDT"}]}"#,
    );
    for query in ["", "?symbol=ETHUSDT", "?symbols=%5B%22ETHUSDT%22%5D"] {
        let got = client.get(&format!("/api/v3/executionRules{query}")).await;
        assert_eq!(got.text, rule, "{query}");
    }
    let btc = client.get("/api/v3/executionRules?symbol=BTCUSDT").await;
    assert_eq!(btc.text, none);
    for (query, refusal) in [
        ("?symbol=NONE", "400 -1121 Invalid symbol."),
        ("?symbols=x", "-1100"),
        ("?other=1", "-1106"),
    ] {
        let got = client.get(&format!("/api/v3/executionRules{query}")).await;
        assert!(
            got.refusal().contains(refusal),
            "{query}: {}",
            got.refusal()
        );
    }
    let refused = client.get("/api/v1/auction").await.refusal();
    assert!(refused.contains("-1102"), "{refused}");
    let got = client.get("/api/v1/auction?symbol=BTCUSDT").await.json();
    assert_eq!(got["status"], "TRADING");
    assert_eq!(got["auction"], false);
    assert_eq!(got["indicativePrice"], "0.00000000");
    {
        let mut directory = client.venue.directory.lock();
        directory.symbols[0].state = SymbolState::Auction;
        directory.symbols[0].indicative = Some(Indicative {
            price: Price(5_000_000),
            qty: Qty(150_000),
            surplus: -100_000,
        });
    }
    let got = client.get("/api/v1/auction?symbol=BTCUSDT").await.json();
    assert_eq!(got["status"], "AUCTION_MATCH");
    assert_eq!(got["auction"], true);
    assert_eq!(got["indicativePrice"], "50000.00000000");
    assert_eq!(got["indicativeQty"], "1.50000000");
    assert_eq!(got["surplusBidQty"], "0.00000000");
    assert_eq!(got["surplusAskQty"], "1.00000000");
    let listed = client
        .get("/api/v3/exchangeInfo?symbolStatus=AUCTION_MATCH")
        .await;
    assert_eq!(listed.json()["symbols"][0]["symbol"], "BTCUSDT");
}
