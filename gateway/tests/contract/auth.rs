//! Keys, times and signatures, in the order of the rules.

use gateway::auth::signature;
use gateway::queries::Secret;
use gateway::wire::parameters::Parameters;
use schemas::units::TimeNs;

use crate::client::{Client, ORDER, Place, sign};
use crate::venue::{ALICE, NOW_MS};

const BINANCE_SECRET: &[u8] = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
const ASCII: &str = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1\
                     &recvWindow=5000&timestamp=1499827319559";
const ASCII_SIGNATURE: &str = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71";
const WIDE: &str = "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY\
                    &type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000\
                    &timestamp=1499827319559";
const WIDE_SIGNATURE: &str = "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3";

/// Whether the published secret signs that query and body.
fn verifies(query: &str, body: &str) -> bool {
    let parameters = Parameters::read(query.as_bytes(), body.as_bytes()).expect("parses");
    signature::check(&parameters, &Secret::Hmac(BINANCE_SECRET.to_vec())).is_ok()
}

#[test]
fn the_published_examples_verify_wherever_the_parameters_travel() {
    for (payload, signature) in [(ASCII, ASCII_SIGNATURE), (WIDE, WIDE_SIGNATURE)] {
        let signed = format!("signature={signature}");
        let (front, back) = payload.split_at(payload.find("&quantity").expect("there"));
        let upper = signature.to_uppercase();
        assert!(verifies(&format!("{payload}&{signed}"), ""));
        assert!(verifies(&format!("{signed}&{payload}"), ""));
        assert!(verifies(&format!("{front}&{signed}{back}"), ""));
        assert!(verifies("", &format!("{payload}&{signed}")));
        assert!(verifies(&signed, payload));
        assert!(verifies(payload, &signed));
        assert!(verifies(front, &format!("{back}&{signed}")));
        assert!(verifies(payload, &format!("signature={upper}")));
        assert!(!verifies(
            &payload.replace("price=0.1", "price=0.2"),
            &signed
        ));
        assert!(!verifies(&payload.replace('&', "&&"), &signed));
    }
}

#[tokio::test]
async fn checks_come_in_the_order_of_the_rules() {
    let client = Client::new();
    let old = NOW_MS - 20_000;
    let stale = format!("timestamp={old}");
    let window = r"legal range is '^[0-9]{1,20}(\.[0-9]{1,3})?$'.";
    let window = format!("400 -1100 Illegal characters found in parameter 'recvWindow'; {window}");
    let rows = [
        (
            "GET /api/v3/order?recvWindow=x",
            "400 -1102 Mandatory parameter 'timestamp' was not \
          sent, was empty/null, or malformed.",
        ),
        (
            "GET /api/v3/order?timestamp=x",
            "400 -1100 Illegal characters found in parameter \
          'timestamp'; legal range is '^[0-9]{1,20}$'.",
        ),
        (
            "GET /api/v3/order?timestamp=",
            "400 -1102 Mandatory parameter 'timestamp' was not \
          sent, was empty/null, or malformed.",
        ),
        (
            &format!("GET /api/v3/order?{stale}&recvWindow=60001"),
            "400 -1131 recvWindow must be less than 60000.",
        ),
        (
            &format!("GET /api/v3/order?{stale}&recvWindow=60000.001"),
            "400 -1131 recvWindow must be less than 60000.",
        ),
        (&format!("GET /api/v3/order?{stale}&recvWindow=-1"), &window),
        (
            &format!("GET /api/v3/order?{stale}&recvWindow=20000.0001"),
            &window,
        ),
        (
            &format!("GET /api/v3/order?{stale}&signature=00"),
            "400 -1021 Timestamp for this request is outside of the recvWindow.",
        ),
        (
            &format!("GET /api/v3/order?timestamp={}", NOW_MS + 1_000),
            "400 -1021 Timestamp for this request was 1000ms ahead of the server's time.",
        ),
        (
            &format!("GET /api/v3/order?{stale}&recvWindow=20000"),
            "400 -1102 Mandatory parameter 'signature' was not sent, was empty/null, or malformed.",
        ),
        (
            &format!("GET /api/v3/order?{stale}&recvWindow=20000&signature=00"),
            "400 -1022 Signature for this request is not valid.",
        ),
        (
            &format!(
                "GET /api/v3/order?{stale}&recvWindow=20000&signature={}",
                "0".repeat(64)
            ),
            "400 -1022 Signature for this request is not valid.",
        ),
    ];
    for (line, refusal) in rows {
        assert_eq!(client.raw(line, "").await.refusal(), refusal, "{line}");
    }
    assert!(client.venue.commands().is_empty());
}

#[tokio::test]
async fn times_are_milliseconds_or_microseconds_by_their_size() {
    let client = Client::new();
    let micros = NOW_MS * 1_000 + 123;
    let order = format!("{ORDER}&recvWindow=100.5&timestamp={micros}");
    assert_eq!(
        client.signed("POST /api/v3/order", &order).await.status,
        200
    );
    let until = (micros + 100_500) * 1_000;
    assert_eq!(client.venue.placed().valid_until, TimeNs(until));
}

#[tokio::test]
async fn keys_are_checked_before_anything_else() {
    let client = Client::new();
    let malformed = "401 -2014 API-key format invalid.";
    let rejected = "401 -2015 Invalid API-key, IP, or permissions for action.";
    let long = "k".repeat(65);
    for (key, refusal) in [
        ("", malformed),
        ("no key", malformed),
        (&*long, malformed),
        ("nobody", rejected),
    ] {
        let request = axum::http::Request::get("/api/v3/account").header("X-MBX-APIKEY", key);
        let got = client
            .send(request.body(axum::body::Body::empty()).expect("valid"))
            .await;
        assert_eq!(got.refusal(), refusal);
    }
    let got = client.get("/api/v3/account").await;
    assert_eq!(got.refusal(), malformed);

    client.venue.keys.lock()[0].may_trade = false;
    assert_eq!(
        client.signed("POST /api/v3/order", ORDER).await.refusal(),
        rejected
    );
    assert_eq!(client.signed("GET /api/v3/account", "").await.status, 200);
    client.venue.keys.lock()[0].addresses = vec![[10, 0, 0, 1].into()];
    assert_eq!(
        client.signed("GET /api/v3/account", "").await.refusal(),
        rejected
    );
    client.venue.keys.lock()[0]
        .addresses
        .push([127, 0, 0, 1].into());
    assert_eq!(client.signed("GET /api/v3/account", "").await.status, 200);
    assert!(client.venue.commands().is_empty());
}

#[tokio::test]
async fn a_signature_of_another_secret_or_of_other_bytes_is_refused() {
    let client = Client::new();
    let payload = format!("{ORDER}&timestamp={NOW_MS}");
    let foreign = sign("bob-secret", &payload);
    let own = sign("alice-secret", &payload);
    let changed = payload.replace("price=100", "price=101");
    let wrong = "400 -1022 Signature for this request is not valid.";
    for (payload, signature) in [(&payload, &foreign), (&changed, &own)] {
        let line = format!("POST /api/v3/order?{payload}&signature={signature}");
        assert_eq!(client.raw(&line, "").await.refusal(), wrong);
    }
    assert!(client.venue.commands().is_empty());
}

#[tokio::test]
async fn the_command_carries_who_until_when_and_a_digest_of_the_request() {
    let client = Client::new();
    for place in [Place::Query, Place::Body] {
        assert_eq!(
            client
                .signed_in(place, "POST /api/v3/order", ORDER)
                .await
                .status,
            200
        );
    }
    let other = format!("{ORDER}&recvWindow=4000");
    assert_eq!(
        client.signed("POST /api/v3/order", &other).await.status,
        200
    );
    let commands = client.venue.commands();
    let orders: Vec<_> = commands
        .iter()
        .map(|command| match command {
            schemas::command::Command::PlaceOrder(order) => order,
            other => panic!("an order was expected, not {other:?}"),
        })
        .collect();
    assert!(orders.iter().all(|order| order.account == ALICE));
    assert_eq!(orders[0].valid_until, TimeNs::from_millis(NOW_MS + 5_000));
    assert_eq!(orders[2].valid_until, TimeNs::from_millis(NOW_MS + 4_000));
    assert_eq!(
        orders[0].request, orders[1].request,
        "the same bytes signed twice"
    );
    assert_ne!(orders[0].request, orders[2].request);
}
