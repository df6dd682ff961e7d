//! The WebSocket API for futures, forced orders and best levels, over real sockets.

use schemas::command::Command;
use schemas::instrument::{OrderStatus, OrderType, Side, TimeInForce};
use schemas::report::{MarketUpdate, OrderReport};
use schemas::units::{Amount, Price, Qty};
use serde_json::json;

use crate::client::Client;
use crate::sessions::{ask, signed};
use crate::streams::{Socket, handshake_with, levels};
use crate::venue::{PERP, resting};

async fn open(path: &str) -> Socket {
    let client = Client::new();
    client.venue.list_perpetual();
    let (head, socket) = handshake_with(client, path).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    socket
}

#[tokio::test]
async fn a_session_of_futures_answers_by_the_endpoints_of_futures() {
    let mut socket = open("/ws-fapi/v1").await;
    let parameters = [
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "GTX"),
        ("quantity", "0.5"),
        ("price", "100"),
        ("reduceOnly", "true"),
    ];
    let place = json!({ "id": 1, "method": "order.place", "params": signed(&parameters) });
    let answer = ask(&mut socket, place).await;
    assert_eq!(answer["status"], 200, "{answer}");
    assert_eq!(answer["result"]["reduceOnly"], true);
    assert_eq!(answer["result"]["timeInForce"], "GTX");
    let commands = socket.venue.commands();
    let [Command::PlacePerpetual(placed)] = &commands[..] else {
        panic!("an order on the perpetual, not {commands:?}");
    };
    assert!(placed.order.symbol == PERP && placed.terms.reduce_only);
    for method in [
        "v2/account.position",
        "v2/account.balance",
        "v2/account.status",
    ] {
        let asked = json!({ "id": 2, "method": method, "params": signed(&[]) });
        let answer = ask(&mut socket, asked).await;
        assert_eq!(answer["status"], 200, "{method}: {answer}");
    }
    let book = json!({ "id": 3, "method": "ticker.book", "params": { "symbol": "BTCUSDT" } });
    let answer = ask(&mut socket, book).await;
    assert_eq!(answer["result"]["symbol"], "BTCUSDT", "{answer}");
    for method in [
        "order.cancelReplace",
        "userDataStream.subscribe",
        "myTrades",
        "v3/ping",
    ] {
        let asked = json!({ "id": 4, "method": method });
        let answer = ask(&mut socket, asked).await;
        assert_eq!(answer["error"]["code"], -1020, "{method}: {answer}");
    }
    let status = ask(&mut socket, json!({ "id": 5, "method": "session.status" })).await;
    assert!(status["result"]["apiKey"].is_null(), "{status}");
}

#[tokio::test]
async fn a_listen_key_is_started_kept_and_stopped_over_the_session() {
    let mut socket = open("/ws-fapi/v1").await;
    let key = json!({ "apiKey": "alice" });
    let asked = |id: u64, method: &str| json!({ "id": id, "method": method, "params": key });
    let ended = ask(&mut socket, asked(1, "userDataStream.ping")).await;
    assert_eq!(ended["error"]["code"], -1125, "{ended}");
    let started = ask(&mut socket, asked(2, "userDataStream.start")).await;
    assert_eq!(started["status"], 200, "{started}");
    let name = started["result"]["listenKey"].as_str().expect("a name");
    assert!(name.len() >= 32, "{started}");
    let kept = ask(&mut socket, asked(3, "userDataStream.ping")).await;
    assert_eq!(kept["result"]["listenKey"], name, "{kept}");
    let stopped = ask(&mut socket, asked(4, "userDataStream.stop")).await;
    assert_eq!(stopped["result"], json!({}), "{stopped}");
    let again = ask(&mut socket, asked(5, "userDataStream.stop")).await;
    assert_eq!(again["error"]["code"], -1125, "{again}");
    for parameters in [json!({}), json!({ "apiKey": "nobody" })] {
        let request = json!({ "id": 6, "method": "userDataStream.start", "params": parameters });
        let refused = ask(&mut socket, request).await;
        assert_ne!(refused["status"], 200, "{refused}");
    }
}

/// A forced sale of which a part was filled in its command.
fn forced() -> MarketUpdate {
    let order = OrderReport {
        symbol: PERP,
        side: Side::Sell,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Ioc,
        status: OrderStatus::Expired,
        price: Price(9_500),
        qty: Qty(50_000),
        executed: Qty(20_000),
        quote: Amount(1_920_000_000),
        ..resting()
    };
    MarketUpdate {
        symbol: PERP,
        forced: vec![order],
        ..levels(4, 3)
    }
}

#[tokio::test]
async fn a_forced_order_is_told_to_everybody_without_its_owner() {
    for path in [
        "/market/ws/btcusdt@forceOrder",
        "/market/ws/!forceOrder@arr",
    ] {
        let mut socket = open(path).await;
        // An answer shows that the stream runs and listens.
        socket
            .say(json!({ "method": "LIST_SUBSCRIPTIONS", "id": 1 }))
            .await;
        assert_eq!(socket.hear().await["id"], 1);
        socket.publish(levels(1, 3));
        socket.publish(forced());
        let told = socket.hear().await;
        assert_eq!(told["e"], "forceOrder", "{path}: {told}");
        for (field, value) in [
            ("s", "BTCUSDT"),
            ("S", "SELL"),
            ("o", "LIMIT"),
            ("f", "IOC"),
            ("q", "0.50000000"),
            ("p", "95.00000000"),
            ("ap", "96.00000000"),
            ("X", "EXPIRED"),
            ("z", "0.20000000"),
        ] {
            assert_eq!(told["o"][field], value, "{path}: {field} of {told}");
        }
        let names = told["o"].as_object().expect("an object");
        assert!(
            !names.contains_key("c") && !names.contains_key("i"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn the_best_levels_of_futures_name_the_changes_they_hold() {
    let mut socket = open("/public/ws/btcusdt@depth5@100ms").await;
    let first = socket.hear().await;
    assert_eq!(
        (&first["e"], &first["s"]),
        (&json!("depthUpdate"), &json!("BTCUSDT"))
    );
    assert_eq!(first["U"], first["u"], "a newcomer gets the book as it is");
    socket.publish(MarketUpdate {
        symbol: PERP,
        ..levels(7, 9)
    });
    let told = socket.hear().await;
    assert_eq!((&told["U"], &told["pu"]), (&json!(7), &json!(6)), "{told}");
    assert!(told["b"].as_array().expect("bids").len() <= 5);
}
