//! The WebSocket API over a real socket.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gateway::queries::Secret;
use ring::signature::{Ed25519KeyPair, KeyPair};
use schemas::command::Command;
use schemas::event::{BalanceChanged, Event};
use schemas::ids::{AssetId, EventId, Offset};
use schemas::report::{UserEvent, UserUpdate};
use schemas::units::{Amount, TimeNs};
use serde_json::{Value, json};

use crate::client::sign;
use crate::streams::{Socket, open_raw};
use crate::venue::{ALICE, NOW_MS, Reply, Venue};

/// Sends one request and hears its answer.
pub async fn ask(socket: &mut Socket, request: Value) -> Value {
    socket.say(request).await;
    socket.hear().await
}

/// Alice's parameters, signed over `name=value` in the order of names.
pub fn signed(parameters: &[(&str, &str)]) -> Value {
    let now = NOW_MS.to_string();
    let mut pairs: Vec<(&str, &str)> = parameters.to_vec();
    pairs.extend([("apiKey", "alice"), ("timestamp", &now)]);
    pairs.sort_unstable();
    let payload: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut object = serde_json::Map::new();
    for (name, value) in pairs {
        object.insert(name.to_owned(), json!(value));
    }
    // Clients send the time as a number; its text is what is signed.
    object.insert("timestamp".to_owned(), json!(NOW_MS));
    let signature = sign("alice-secret", &payload.join("&"));
    object.insert("signature".to_owned(), json!(signature));
    Value::Object(object)
}

const ORDER: [(&str, &str); 6] = [
    ("symbol", "BTCUSDT"),
    ("side", "BUY"),
    ("type", "LIMIT"),
    ("timeInForce", "GTC"),
    ("quantity", "0.5"),
    ("price", "100"),
];

fn deposit(offset: u64) -> UserUpdate {
    let balance = BalanceChanged {
        account: ALICE,
        asset: AssetId(2),
        free: Amount(1_250_000_000),
        held: Amount(0),
    };
    UserUpdate {
        offset: Offset(offset),
        time: TimeNs(NOW_MS * 1_000_000),
        account: ALICE,
        events: vec![UserEvent {
            id: EventId::new(Offset(offset), 0),
            event: Event::BalanceChanged(balance),
            order: None,
            list: None,
        }],
    }
}

fn position(offset: u64) -> Value {
    json!({
        "e": "outboundAccountPosition", "E": NOW_MS, "u": NOW_MS,
        "B": [{ "a": "USDT", "f": "12.50000000", "l": "0.00000000" }], "offset": offset,
    })
}

#[tokio::test]
async fn a_request_is_answered_by_its_endpoint_under_its_id() {
    let mut socket = open_raw("/ws-api/v3").await;
    let answer = ask(&mut socket, json!({ "id": "a", "method": "time" })).await;
    assert_eq!(
        (&answer["id"], &answer["status"]),
        (&json!("a"), &json!(200))
    );
    assert_eq!(answer["result"], json!({ "serverTime": NOW_MS }));
    let weight = &answer["rateLimits"][0];
    assert_eq!(weight["rateLimitType"], "REQUEST_WEIGHT");
    assert_eq!(
        (&weight["interval"], &weight["intervalNum"]),
        (&json!("MINUTE"), &json!(1))
    );
    assert_eq!(
        weight["count"], 3,
        "two for the connection, one for the request"
    );
    let hidden =
        json!({ "id": null, "method": "v3/ping", "params": { "returnRateLimits": false } });
    assert_eq!(
        ask(&mut socket, hidden).await,
        json!({ "id": null, "status": 200, "result": {} })
    );
    let params = json!({ "symbol": "BTCUSDT", "limit": 5 });
    let depth = ask(
        &mut socket,
        json!({ "id": 7, "method": "depth", "params": params }),
    )
    .await;
    assert!(depth["result"]["bids"].is_array(), "{depth}");
}

#[tokio::test]
async fn an_order_is_signed_over_its_sorted_parameters() {
    let mut socket = open_raw("/ws-api/v3?timeUnit=MICROSECOND").await;
    let place = json!({ "id": 1, "method": "order.place", "params": signed(&ORDER) });
    let answer = ask(&mut socket, place.clone()).await;
    assert_eq!(answer["status"], 200, "{answer}");
    assert_eq!(answer["result"]["symbol"], "BTCUSDT");
    assert_eq!(answer["result"]["transactTime"], NOW_MS * 1_000);
    assert_eq!(answer["offset"], 100);
    let kinds: Vec<_> = (0..3)
        .map(|at| answer["rateLimits"][at]["count"].clone())
        .collect();
    assert_eq!(
        kinds[..2],
        [json!(3), json!(44)],
        "orders in 10 s and in a day"
    );
    assert!(matches!(
        socket.venue.commands()[..],
        [Command::PlaceOrder(_)]
    ));
    let mut tampered = place;
    tampered["params"]["price"] = json!("101");
    let answer = ask(&mut socket, tampered).await;
    assert_eq!(
        (&answer["status"], &answer["error"]["code"]),
        (&json!(400), &json!(-1022))
    );
    assert_eq!(
        socket.venue.commands().len(),
        1,
        "nothing more was handed over"
    );
}

#[tokio::test]
async fn what_cannot_be_done_is_answered_with_its_code() {
    let mut socket = open_raw("/ws-api/v3").await;
    for (text, id, code) in [
        ("{", "null", -1135),
        (r#"{"id":[],"method":"ping"}"#, "null", -1135),
        (r#"{"id":3}"#, "3", -1102),
        (r#"{"id":4,"method":"nothing"}"#, "4", -1020),
        (
            r#"{"id":5,"method":"depth","params":{"symbol":"A","symbol":"B"}}"#,
            "5",
            -1101,
        ),
        (r#"{"id":6,"method":"depth"}"#, "6", -1102),
        (
            r#"{"id":7,"method":"depth","params":{"symbol":"NOPE"}}"#,
            "7",
            -1121,
        ),
        (
            r#"{"id":8,"method":"account.status","params":{}}"#,
            "8",
            -1102,
        ),
        (
            r#"{"id":9,"method":"account.status","params":{"apiKey":"x"}}"#,
            "9",
            -2015,
        ),
        (
            r#"{"id":10,"method":"userDataStream.subscribe"}"#,
            "10",
            -1020,
        ),
        (
            r#"{"id":11,"method":"userDataStream.unsubscribe","params":{"subscriptionId":4}}"#,
            "11",
            -2036,
        ),
    ] {
        socket.say_text(text).await;
        let answer = socket.hear().await;
        assert_eq!(answer["id"].to_string(), id, "{text}");
        assert_eq!(answer["error"]["code"], code, "{text}: {answer}");
        assert_eq!(
            answer["status"].as_u64().map(|status| status / 100),
            Some(4),
            "{text}"
        );
    }
}

#[tokio::test]
async fn requests_reach_the_sequencer_in_their_order_without_waiting() {
    let mut socket = open_raw("/ws-api/v3").await;
    socket.venue.reply(Reply::Silent);
    for (id, price) in ["100", "101", "102"].into_iter().enumerate() {
        let mut order = ORDER;
        order[5].1 = price;
        let request = json!({ "id": id, "method": "order.place", "params": signed(&order) });
        socket.say(request).await;
    }
    let answers = [socket.hear().await, socket.hear().await];
    assert_eq!(
        (&answers[0]["id"], &answers[1]["id"]),
        (&json!(1), &json!(2))
    );
    let prices: Vec<i64> = socket
        .venue
        .commands()
        .iter()
        .map(|command| match command {
            Command::PlaceOrder(order) => order.price.0,
            other => panic!("an order was expected, not {other:?}"),
        })
        .collect();
    assert_eq!(prices, [10_100, 10_200], "the silent one is never answered");
}

#[tokio::test]
async fn user_events_come_with_their_offset() {
    let mut socket = open_raw("/ws-api/v3").await;
    let method = "userDataStream.subscribe.signature";
    let subscribe = |id: u64| json!({ "id": id, "method": method, "params": signed(&[]) });
    let answer = ask(&mut socket, subscribe(1)).await;
    assert_eq!(
        answer["result"],
        json!({ "subscriptionId": 0, "fromOffset": 0 })
    );
    assert_eq!(ask(&mut socket, subscribe(2)).await["error"]["code"], -2035);
    tell(&socket.venue, deposit(9));
    assert_eq!(
        socket.hear().await,
        json!({ "subscriptionId": 0, "event": position(9) })
    );
    let list = json!({ "id": 3, "method": "session.subscriptions" });
    let answer = ask(&mut socket, list.clone()).await;
    assert_eq!(answer["result"], json!([{ "subscriptionId": 0 }]));
    let stop = json!({ "id": 4, "method": "userDataStream.unsubscribe" });
    assert_eq!(ask(&mut socket, stop).await["result"], json!({}));
    let terminated = json!({ "e": "eventStreamTerminated", "E": NOW_MS });
    assert_eq!(
        socket.hear().await,
        json!({ "subscriptionId": 0, "event": terminated })
    );
    assert_eq!(ask(&mut socket, list).await["result"], json!([]));
}

/// The venue tells whoever listens.
fn tell(venue: &Venue, update: UserUpdate) {
    let state = venue.state.lock();
    let mut listeners = state
        .users
        .iter()
        .filter(|(account, _)| *account == update.account);
    let (_, sender) = listeners.next_back().expect("someone listens");
    assert!(sender.send(Arc::new(update)));
}

#[tokio::test]
async fn what_was_missed_is_asked_for_by_offset() {
    let mut socket = open_raw("/ws-api/v3").await;
    let told = [5, 7, 9].map(|offset| Arc::new(deposit(offset)));
    socket.venue.state.lock().told = told.to_vec();
    let since = |from: &str, limit: &str| {
        let params = signed(&[("fromOffset", from), ("limit", limit)]);
        json!({ "id": 1, "method": "userDataStream.since", "params": params })
    };
    let answer = ask(&mut socket, since("6", "1")).await;
    assert_eq!(
        answer["result"],
        json!({ "events": [position(7)], "nextOffset": 8, "isLast": false })
    );
    let answer = ask(&mut socket, since("8", "10")).await;
    assert_eq!(
        answer["result"],
        json!({ "events": [position(9)], "nextOffset": 10, "isLast": true })
    );
}

#[tokio::test]
async fn a_session_logs_on_with_ed25519_alone() {
    let mut socket = open_raw("/ws-api/v3").await;
    let logon = |params: Value| json!({ "id": 1, "method": "session.logon", "params": params });
    let answer = ask(&mut socket, logon(signed(&[]))).await;
    assert_eq!(answer["error"]["code"], -4056, "HMAC may not: {answer}");
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
    let point = pair.public_key().as_ref().to_vec();
    socket.venue.keys.lock()[0].secret = Secret::Ed25519(point);
    let payload = format!("apiKey=alice&timestamp={NOW_MS}");
    let signature = STANDARD.encode(pair.sign(payload.as_bytes()));
    let params = json!({ "apiKey": "alice", "timestamp": NOW_MS, "signature": signature });
    let answer = ask(&mut socket, logon(params)).await;
    assert_eq!(answer["result"]["apiKey"], "alice", "{answer}");
    assert_eq!(answer["result"]["userDataStream"], false);
    let subscribe = json!({ "id": 2, "method": "userDataStream.subscribe" });
    assert_eq!(
        ask(&mut socket, subscribe).await["result"]["subscriptionId"],
        0
    );
    let mut order = serde_json::Map::new();
    for (name, value) in ORDER {
        order.insert(name.to_owned(), json!(value));
    }
    order.insert("timestamp".to_owned(), json!(NOW_MS));
    let place = json!({ "id": 3, "method": "order.place", "params": order });
    assert_eq!(ask(&mut socket, place.clone()).await["status"], 200);
    let logout = json!({ "id": 4, "method": "session.logout" });
    assert_eq!(
        ask(&mut socket, logout).await["result"]["apiKey"],
        Value::Null
    );
    let ended = socket.hear().await;
    assert_eq!(ended["event"]["e"], "eventStreamTerminated");
    assert_eq!(ask(&mut socket, place).await["error"]["code"], -1102);
}

#[tokio::test]
async fn a_revoked_key_ends_its_subscription() {
    let mut socket = open_raw("/ws-api/v3").await;
    let params = signed(&[]);
    let subscribe =
        json!({ "id": 1, "method": "userDataStream.subscribe.signature", "params": params });
    assert_eq!(ask(&mut socket, subscribe).await["status"], 200);
    let key = socket.venue.keys.lock()[0].clone();
    key.life.end();
    let ended = socket.hear().await;
    assert_eq!(ended["event"]["e"], "eventStreamTerminated");
}

#[tokio::test]
async fn a_stop_is_told_after_what_was_asked_is_answered() {
    let mut socket = open_raw("/ws-api/v3").await;
    ask(&mut socket, json!({ "id": 1, "method": "ping" })).await;
    let sockets = socket.sockets.clone();
    tokio::spawn(async move { sockets.close(std::time::Duration::from_secs(5)).await });
    let event = json!({ "e": "serverShutdown", "E": NOW_MS });
    assert_eq!(socket.hear().await, json!({ "event": event }));
    let (opcode, payload) = socket.frame().await;
    assert_eq!((opcode, &payload[2..]), (8, &b"the node is stopping"[..]));
}
