//! Bad input: code and text of the rules, and never a command.

use crate::client::{Client, ORDER, Place, order_with, sign};
use crate::venue::NOW_MS;

const DECIMAL: &str = r"legal range is '^([0-9]{1,20})(\.[0-9]{1,20})?$'.";

/// Sends the good order with one change; gives the refusal.
async fn refused(client: &Client, change: &str) -> String {
    let got = client
        .signed("POST /api/v3/order", &order_with(change))
        .await;
    assert!(
        client.venue.commands().is_empty(),
        "{change} reached the sequencer"
    );
    got.refusal()
}

fn illegal(name: &str, range: &str) -> String {
    format!("400 -1100 Illegal characters found in parameter '{name}'; {range}")
}

#[tokio::test]
async fn numbers_that_are_none_are_illegal_characters() {
    let client = Client::new();
    let digits = "9".repeat(5_000);
    let texts = [
        "-1",
        "%2B1",
        "NaN",
        "1e400",
        "1e2",
        "1_000",
        "1.",
        ".5",
        "%201",
        "1%20",
        "0x1",
        "inf",
        "1%2C5",
        "%D9%A1",
        "%EF%BC%91",
        "1..2",
        "123456789012345678901",
        &digits,
    ];
    for text in texts {
        for name in ["price", "quantity"] {
            let refusal = refused(&client, &format!("{name}={text}")).await;
            assert_eq!(refusal, illegal(name, DECIMAL), "{text}");
        }
    }
}

#[tokio::test]
async fn more_than_eight_decimals_are_too_precise() {
    let client = Client::new();
    let many = format!("1.{}", "0".repeat(5_000));
    for text in ["0.123456789", "1.000000000", &many] {
        let refusal = refused(&client, &format!("price={text}")).await;
        assert_eq!(
            refusal,
            "400 -1111 Parameter 'price' has too much precision."
        );
    }
}

#[tokio::test]
async fn zero_off_grid_and_too_large_are_the_filters() {
    let client = Client::new();
    let price = "400 -1013 Filter failure: PRICE_FILTER";
    let lot = "400 -1013 Filter failure: LOT_SIZE";
    for (change, refusal) in [
        ("price=0", price),
        ("price=0.00000000", price),
        ("price=100.005", price),
        ("price=99999999999999999999", price),
        ("quantity=0", lot),
        ("quantity=0.000001", lot),
        ("quantity=99999999999999999999", lot),
    ] {
        assert_eq!(refused(&client, change).await, refusal, "{change}");
    }
    let both = ORDER
        .replace("=0.5", "=0.000001")
        .replace("price=100", "price=1000000.01");
    let got = client.signed("POST /api/v3/order", &both).await;
    assert_eq!(
        got.refusal(),
        price,
        "the price filter stands before the lot size"
    );
    client.venue.directory.lock().symbols[0].state = schemas::instrument::SymbolState::Halt;
    assert_eq!(
        refused(&client, "price=0").await,
        "400 -2010 Market is closed."
    );
}

#[tokio::test]
async fn missing_parameters_are_named() {
    let client = Client::new();
    for name in ["symbol", "side", "type", "timeInForce", "quantity", "price"] {
        let refusal = format!(
            "400 -1102 Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        );
        assert_eq!(refused(&client, name).await, refusal);
        assert_eq!(refused(&client, &format!("{name}=")).await, refusal);
    }
    let got = client
        .signed("POST /api/v3/order", "symbol=BTCUSDT&side=BUY&type=MARKET")
        .await;
    assert_eq!(
        got.refusal(),
        "400 -1102 Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"
    );
}

#[tokio::test]
async fn surplus_parameters_are_named() {
    let client = Client::new();
    for change in [
        "foo=1",
        "quoteOrderQty=10",
        "stopPrice=1",
        "trailingDelta=5",
    ] {
        let name = change.split('=').next().expect("a name");
        let refusal = format!("400 -1106 Parameter '{name}' sent when not required.");
        assert_eq!(refused(&client, change).await, refusal);
    }
    for (order, name) in [
        (
            "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&price=1",
            "price",
        ),
        (
            "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&timeInForce=GTC",
            "timeInForce",
        ),
        (
            "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=1&price=1&timeInForce=GTC",
            "timeInForce",
        ),
    ] {
        let got = client.signed("POST /api/v3/order", order).await;
        let refusal = format!("400 -1106 Parameter '{name}' sent when not required.");
        assert_eq!(got.refusal(), refusal);
    }
    let both = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&quoteOrderQty=1";
    let got = client.signed("POST /api/v3/order", both).await;
    assert_eq!(
        got.refusal(),
        "400 -1128 Combination of optional parameters invalid."
    );
    assert!(client.venue.commands().is_empty());
}

#[tokio::test]
async fn doubled_parameters_are_refused_but_the_query_wins_over_the_body() {
    let client = Client::new();
    let doubled = "400 -1101 Duplicate values for a parameter detected.";
    let twice = format!("{ORDER}&price=100");
    assert_eq!(
        client.signed("POST /api/v3/order", &twice).await.refusal(),
        doubled
    );
    let got = client
        .signed_in(Place::Body, "POST /api/v3/order", &twice)
        .await;
    assert_eq!(got.refusal(), doubled);

    let query = format!("{ORDER}&timestamp={NOW_MS}");
    let signature = sign("alice-secret", &query);
    let line = format!("POST /api/v3/order?{query}&signature={signature}");
    assert_eq!(
        client
            .raw(&line, &format!("signature={signature}"))
            .await
            .refusal(),
        doubled
    );
    assert!(client.venue.commands().is_empty());

    let signature = sign("alice-secret", &format!("{query}price=7&quantity=3"));
    let line = format!("POST /api/v3/order?{query}");
    let got = client
        .raw(&line, &format!("price=7&quantity=3&signature={signature}"))
        .await;
    assert_eq!(got.status, 200, "{got:?}");
    assert_eq!(client.venue.placed().price.0, 10_000);
}

#[tokio::test]
async fn enumerations_are_case_sensitive_and_checked_in_order() {
    let client = Client::new();
    for (change, refusal) in [
        ("symbol=NOSUCHCOIN", "400 -1121 Invalid symbol."),
        ("symbol=btcusdt", "400 -1121 Invalid symbol."),
        ("symbol=%EF%BC%91", "400 -1121 Invalid symbol."),
        ("side=buy", "400 -1117 Invalid side."),
        ("type=limit", "400 -1116 Invalid orderType."),
        ("timeInForce=GTX", "400 -1115 Invalid timeInForce."),
        (
            "newOrderRespType=full",
            "400 -1130 Data sent for parameter 'newOrderRespType' is not valid.",
        ),
        (
            "selfTradePreventionMode=TRANSFERS",
            "400 -1130 Data sent for parameter 'selfTradePreventionMode' is not valid.",
        ),
        (
            "strategyType=999999",
            "400 -1134 `strategyType` was less than 1000000.",
        ),
    ] {
        assert_eq!(refused(&client, change).await, refusal, "{change}");
    }
    let all = ORDER
        .replace("BTC", "NO")
        .replace("BUY", "b")
        .replace("LIMIT", "l");
    let got = client.signed("POST /api/v3/order", &all).await;
    assert_eq!(
        got.refusal(),
        "400 -1121 Invalid symbol.",
        "the symbol stands first"
    );
}

#[tokio::test]
async fn a_peg_is_whole_and_known() {
    let client = Client::new();
    let missing = "Mandatory parameter 'pegPriceType' was not sent, was empty/null, or malformed.";
    let offset = "Mandatory parameter 'pegOffsetType' was not sent, was empty/null, or malformed.";
    for (peg, refusal) in [
        (
            "pegPriceType=MID_PEG",
            "400 -1210 Invalid pegPriceType.".to_owned(),
        ),
        ("pegOffsetType=PRICE_LEVEL", format!("400 -1102 {missing}")),
        ("pegOffsetValue=1", format!("400 -1102 {missing}")),
        (
            "pegPriceType=MARKET_PEG&pegOffsetValue=1",
            format!("400 -1102 {offset}"),
        ),
        (
            "pegPriceType=MARKET_PEG&pegOffsetType=TICKS&pegOffsetValue=1",
            "400 -1211 Invalid pegOffsetType.".to_owned(),
        ),
        (
            "pegPriceType=MARKET_PEG&pegOffsetType=PRICE_LEVEL&pegOffsetValue=101",
            "400 -1130 Data sent for parameter 'pegOffsetValue' is not valid.".to_owned(),
        ),
    ] {
        assert_eq!(refused(&client, peg).await, refusal, "{peg}");
    }
}

#[tokio::test]
async fn client_order_ids_have_their_alphabet() {
    let client = Client::new();
    let long = "x".repeat(37);
    let range = r"legal range is '^[\.A-Z\:/a-z0-9_-]{1,36}$'.";
    for text in ["a%20b", "%C3%A4", "a%26b", "a%2Cb", &long] {
        let refusal = refused(&client, &format!("newClientOrderId={text}")).await;
        assert_eq!(refusal, illegal("newClientOrderId", range));
    }
    let refusal = refused(&client, "newClientOrderId=").await;
    assert_eq!(refusal, "400 -1105 Parameter 'newClientOrderId' was empty.");
    let good = ".A-Z:/a-z0-9_-";
    let order = order_with(&format!("newClientOrderId={good}"));
    assert_eq!(
        client.signed("POST /api/v3/order", &order).await.status,
        200
    );
    assert_eq!(client.venue.placed().client_order.as_str(), good);
}

#[tokio::test]
async fn bytes_that_are_no_text_are_illegal() {
    let client = Client::new();
    let bad = "400 -1100 Illegal characters found in a parameter.";
    for change in ["price=%FF", "price=%", "price=%4", "price=%zz"] {
        assert_eq!(refused(&client, change).await, bad);
    }
    assert_eq!(client.get("/api/v3/depth?symbol=%FF").await.refusal(), bad);
}

#[tokio::test]
async fn more_parameters_than_any_endpoint_takes_are_not_sorted_out() {
    let client = Client::new();
    let many: Vec<String> = (0..120_000).map(|number| format!("{number}=")).collect();
    let got = client.raw("POST /api/v3/order", &many.join("&")).await;
    assert_eq!(
        got.refusal(),
        "400 -1101 Too many parameters sent for this endpoint."
    );
}

#[tokio::test]
async fn another_accounts_order_is_unknown() {
    let client = Client::new();
    let mut foreign = crate::venue::resting();
    foreign.account = crate::venue::BOB;
    client.venue.state.lock().orders.push(foreign);
    let got = client
        .signed("GET /api/v3/order", "symbol=BTCUSDT&orderId=9")
        .await;
    assert_eq!(got.refusal(), "400 -2013 Order does not exist.");
}

#[tokio::test]
async fn targets_need_one_name_and_it_has_to_fit() {
    let client = Client::new();
    client
        .venue
        .state
        .lock()
        .orders
        .push(crate::venue::resting());
    let either = "400 -1102 Param 'origClientOrderId' or 'orderId' must be sent, \
                  but both were empty/null!";
    for line in [
        "GET /api/v3/order",
        "DELETE /api/v3/order",
        "PUT /api/v3/order/amend/keepPriority",
    ] {
        assert_eq!(
            client.signed(line, "symbol=BTCUSDT").await.refusal(),
            either
        );
    }
    for (target, refusal) in [
        (
            "orderId=x",
            "400 -1100 Illegal characters found in parameter 'orderId'; \
                       legal range is '^[0-9]{1,20}$'.",
        ),
        ("orderId=0", "400 -2013 Order does not exist."),
        (
            "orderId=99999999999999999999",
            "400 -2013 Order does not exist.",
        ),
        (
            "orderId=9&origClientOrderId=other",
            "400 -2039 Client order ID is not correct for this order ID.",
        ),
        ("origClientOrderId=other", "400 -2013 Order does not exist."),
    ] {
        let got = client
            .signed("GET /api/v3/order", &format!("symbol=BTCUSDT&{target}"))
            .await;
        assert_eq!(got.refusal(), refusal, "{target}");
    }
    let got = client
        .signed("DELETE /api/v3/order", "symbol=BTCUSDT&orderId=0")
        .await;
    assert_eq!(got.refusal(), "400 -2011 Unknown order sent.");
    assert!(client.venue.commands().is_empty());
}
