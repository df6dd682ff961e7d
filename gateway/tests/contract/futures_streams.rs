//! Streams of futures: which product a root speaks of, and what an account is told.

use std::sync::Arc;

use gateway::wire::clock::TimeUnit;
use gateway::wire::futures::user_events::events;
use schemas::event::{Event, OrderDone, Trade};
use schemas::ids::{AssetId, ClientOrderId, EventId, Offset, OrderId, TradeId};
use schemas::instrument::{OrderStatus, OrderType, Side};
use schemas::perpetual::{Holding, MarginType, PerpetualTerms, PositionSide};
use schemas::perpetual_event::{
    MarginCalled, PerpetualAccepted, PositionChanged, TradeSettled, WalletChanged,
};
use schemas::perpetual_report::MarkReport;
use schemas::report::{MarketUpdate, OrderReport, UserEvent, UserUpdate};
use schemas::units::{Amount, Price, Qty, TimeNs};
use serde_json::{Value, json};

use crate::client::Client;
use crate::streams::{Socket, handshake_with, levels};
use crate::venue::{ALICE, BOB, NOW_MS, PERP, Venue, resting};

fn client() -> Client {
    let client = Client::new();
    client.venue.list_perpetual();
    client.venue.state.lock().futures.mark = MarkReport {
        symbol: PERP,
        index: Price(19_990),
        mark: Price(20_000),
        ..MarkReport::default()
    };
    client
}

async fn open(path: &str) -> Socket {
    let (head, socket) = handshake_with(client(), path).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{path}: {head}");
    socket
}

async fn ask(socket: &mut Socket, name: &str) -> Value {
    let request = json!({ "method": "SUBSCRIBE", "params": [name], "id": 1 });
    socket.say(request).await;
    loop {
        let told = socket.hear().await;
        if told["id"] == 1 {
            return told;
        }
    }
}

#[tokio::test]
async fn a_root_of_futures_speaks_of_the_perpetual() {
    for path in [
        "/public/ws",
        "/public/ws/0",
        "/market/ws",
        "/fstream/ws",
        "/fstream/stream",
    ] {
        let mut socket = open(path).await;
        let reply = ask(&mut socket, "btcusdt@depth@100ms").await;
        assert!(
            reply["result"].is_null() && reply["code"].is_null(),
            "{path}: {reply}"
        );
        // The spot symbol of that name moves, too, and is not heard here.
        socket.publish(levels(1, 3));
        let perpetual = MarketUpdate {
            symbol: PERP,
            ..levels(7, 9)
        };
        socket.publish(perpetual);
        let told = socket.hear().await;
        let event = match path {
            "/fstream/stream" => &told["data"],
            _ => &told,
        };
        assert_eq!(event["e"], "depthUpdate", "{path}: {told}");
        for (field, value) in [("U", 7), ("u", 9), ("pu", 6)] {
            assert_eq!(event[field], value, "{path} {field}");
        }
        assert_eq!(event["T"], NOW_MS + 9);
    }
}

#[tokio::test]
async fn each_product_has_its_own_streams() {
    let mut futures = open("/market/ws").await;
    for name in [
        "btcusdt@aggTrade",
        "btcusdt@trade",
        "btcusdt@depth",
        "btcusdt@depth@500ms",
        "btcusdt@bookTicker",
        "btcusdt@kline_1m",
        "btcusdt@miniTicker",
        "btcusdt@ticker",
        "btcusdt@markPrice",
        "!markPrice@arr",
        "!miniTicker@arr",
        "!ticker@arr",
        "!bookTicker",
    ] {
        let reply = ask(&mut futures, name).await;
        assert!(reply["code"].is_null(), "{name}: {reply}");
    }
    for name in [
        "btcusdt@avgPrice",
        "btcusdt@ticker_1h",
        "ethusdt@trade",
        "btcusdt@depth7",
        "btcusdt@depth5@1000ms",
    ] {
        assert_eq!(ask(&mut futures, name).await["code"], 2, "{name}");
    }
    let mut spot = open("/ws").await;
    for name in [
        "btcusdt@markPrice",
        "!markPrice@arr",
        "btcusdt@depth@500ms",
        "btcusdt@forceOrder",
    ] {
        assert_eq!(ask(&mut spot, name).await["code"], 2, "{name}");
    }
}

#[tokio::test]
async fn the_mark_price_is_told_whether_it_moves_or_not() {
    let mut socket = open("/market/ws/btcusdt@markPrice@1s").await;
    for _ in 0..2 {
        let told = socket.hear().await;
        for (field, value) in [("e", "markPriceUpdate"), ("s", "BTCUSDT")] {
            assert_eq!(told[field], value, "{told}");
        }
        assert_eq!(told["p"], "200.00000000");
        assert_eq!(told["i"], "199.90000000");
    }
}

#[tokio::test]
async fn a_listen_key_opens_the_stream_of_its_account() {
    for path in ["/private/ws?listenKey=KEY", "/fstream/ws/KEY", "/ws/KEY"] {
        let client = client();
        let key = client.raw("POST /fapi/v1/listenKey", "").await.json();
        let key = key["listenKey"].as_str().expect("a key").to_owned();
        let (head, mut socket) = handshake_with(client, &path.replace("KEY", &key)).await;
        assert!(head.starts_with("HTTP/1.1 101"), "{path}: {head}");
        // An answer shows that the stream runs and listens.
        socket.say(json!({ "method": "SUBSCRIBE", "id": 1 })).await;
        assert_eq!(socket.hear().await["code"], 2);
        let told = Arc::new(update(fill()));
        {
            let state = socket.venue.state.lock();
            let (account, sender) = state.users.last().expect("someone listens");
            assert_eq!(*account, ALICE);
            assert!(sender.send(told));
        }
        assert_eq!(socket.hear().await["e"], "ORDER_TRADE_UPDATE", "{path}");
        assert_eq!(socket.hear().await["e"], "ACCOUNT_UPDATE", "{path}");
    }
    let (head, _) = handshake_with(client(), "/private/ws?listenKey=nobody").await;
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
}

fn update(told: Vec<(Event, Option<OrderReport>)>) -> UserUpdate {
    let offset = Offset(3);
    let numbered = told.into_iter().enumerate();
    UserUpdate {
        offset,
        time: TimeNs((NOW_MS + 5) * 1_000_000),
        account: ALICE,
        events: numbered
            .map(|(index, (event, order))| UserEvent {
                id: EventId::new(offset, index as u16),
                event,
                order,
                list: None,
            })
            .collect(),
    }
}

/// Alice's order 9 buys 0.2 at 100.00 from Bob: 1.50 realised, 0.3 short is left.
fn fill() -> Vec<(Event, Option<OrderReport>)> {
    let order = OrderReport {
        symbol: PERP,
        ..resting()
    };
    let trade = Trade {
        symbol: PERP,
        trade: TradeId(5),
        price: Price(10_000),
        qty: Qty(20_000),
        quote: Amount(2_000_000_000),
        taker_side: Side::Sell,
        taker_order: OrderId(4),
        taker_account: BOB,
        taker_fee: Amount(800_000),
        maker_order: OrderId(9),
        maker_account: ALICE,
        maker_fee: Amount(400_000),
        maker_open: Qty(30_000),
    };
    let settled = TradeSettled {
        symbol: PERP,
        trade: TradeId(5),
        taker_account: BOB,
        taker_position: PositionSide::Both,
        taker_realised: Amount(-150_000_000),
        maker_account: ALICE,
        maker_position: PositionSide::Both,
        maker_realised: Amount(150_000_000),
    };
    let position = PositionChanged {
        account: ALICE,
        symbol: PERP,
        side: PositionSide::Both,
        holding: Holding {
            size: Qty(-30_000),
            cost: Amount(-6_300_000_000),
            isolated: Amount::ZERO,
        },
    };
    let wallet = WalletChanged {
        account: ALICE,
        asset: AssetId(2),
        cross: Amount(100_000_000_000),
        isolated: Amount::ZERO,
    };
    vec![
        (Event::Trade(trade), Some(order)),
        (Event::TradeSettled(settled), None),
        (Event::PositionChanged(position), None),
        (Event::WalletChanged(wallet), None),
    ]
}

fn worded(venue: &Venue, told: Vec<(Event, Option<OrderReport>)>) -> Vec<Value> {
    let lines = events(venue, TimeUnit::Milli, &update(told));
    let read = |line: &String| serde_json::from_str(line).expect("JSON");
    lines.iter().map(read).collect()
}

#[tokio::test]
async fn a_fill_tells_its_profit_and_what_it_left() {
    let client = client();
    let told = worded(&client.venue, fill());
    let [order, account] = &told[..] else {
        panic!("{told:?}");
    };
    for (field, value) in [
        ("x", json!("TRADE")),
        ("X", json!("PARTIALLY_FILLED")),
        ("l", json!("0.20000000")),
        ("L", json!("100.00000000")),
        ("n", json!("0.00400000")),
        ("N", json!("USDT")),
        ("rp", json!("1.50000000")),
        ("m", json!(true)),
        ("t", json!(5)),
        ("i", json!(9)),
        ("ps", json!("BOTH")),
    ] {
        assert_eq!(order["o"][field], value, "{field}");
    }
    assert_eq!(account["a"]["m"], "ORDER");
    assert_eq!(account["a"]["B"][0]["wb"], "1000.00000000");
    assert_eq!(account["a"]["B"][0]["bc"], "0.00000000");
    let position = &account["a"]["P"][0];
    // 0.3 short from 210.00 at a mark of 200.00.
    for (field, value) in [
        ("s", "BTCUSDT"),
        ("pa", "-0.30000000"),
        ("ep", "210.00000000"),
        ("up", "3.00000000"),
        ("mt", "cross"),
    ] {
        assert_eq!(position[field], value, "{field}");
    }
    assert_eq!(account["offset"], 3);
}

#[tokio::test]
async fn a_conditional_order_is_told_by_its_own_event_until_it_is_set_off() {
    let client = client();
    let order = OrderReport {
        symbol: PERP,
        order_type: OrderType::StopLoss,
        status: OrderStatus::New,
        executed: Qty::ZERO,
        quote: Amount::ZERO,
        ..resting()
    };
    let accepted = PerpetualAccepted {
        symbol: PERP,
        order: order.order,
        account: ALICE,
        terms: PerpetualTerms {
            reduce_only: true,
            ..PerpetualTerms::PLAIN
        },
        stop_price: Price(9_000),
        callback: 0,
        waits: true,
    };
    let told = worded(
        &client.venue,
        vec![(Event::PerpetualAccepted(accepted), Some(order))],
    );
    assert_eq!(told[0]["e"], "ALGO_UPDATE");
    assert_eq!(told[0]["o"]["X"], "NEW");
    assert_eq!(told[0]["o"]["tp"], "90.00000000");
    assert_eq!(told[0]["o"]["R"], true);
    assert_eq!(told.len(), 1);
    let done = OrderDone {
        symbol: PERP,
        order: order.order,
        account: ALICE,
        side: Side::Sell,
        status: OrderStatus::Canceled,
        price: Price::ZERO,
        open: Qty(50_000),
        prevented: Qty::ZERO,
        rested: false,
        cancel_client: ClientOrderId::EMPTY,
    };
    let ended = OrderReport {
        status: OrderStatus::Canceled,
        ..order
    };
    let told = worded(&client.venue, vec![(Event::OrderDone(done), Some(ended))]);
    assert_eq!(
        (&told[0]["e"], &told[0]["o"]["X"]),
        (&json!("ALGO_UPDATE"), &json!("CANCELED"))
    );
    let leverage = Event::LeverageChanged {
        account: ALICE,
        symbol: PERP,
        leverage: 7,
    };
    let told = worded(&client.venue, vec![(leverage, None)]);
    assert_eq!(told[0]["e"], "ACCOUNT_CONFIG_UPDATE");
    assert_eq!(told[0]["ac"], json!({ "s": "BTCUSDT", "l": 7 }));
}

fn called(margin_type: MarginType, isolated: i128) -> Event {
    Event::MarginCalled(MarginCalled {
        account: ALICE,
        symbol: PERP,
        side: PositionSide::Both,
        margin_type,
        holding: Holding {
            size: Qty(-30_000),
            cost: Amount(-6_300_000_000),
            isolated: Amount(isolated),
        },
        mark: Price(20_100),
        unrealised: Amount(-150_000_000),
        maintenance: Amount(24_120_000),
        cross: Amount(30_000_000),
    })
}

#[tokio::test]
async fn a_margin_call_tells_each_position_as_it_was() {
    let client = client();
    // The mark is another one by now: what is told does not follow it.
    let events = vec![
        (called(MarginType::Cross, 0), None),
        (called(MarginType::Isolated, 5), None),
        (called(MarginType::Cross, 0), None),
    ];
    let told = worded(&client.venue, events);
    let [cross, isolated] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(cross["e"], "MARGIN_CALL");
    assert_eq!(cross["cw"], "0.30000000");
    assert_eq!(cross["p"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        cross["p"][0],
        json!({
            "s": "BTCUSDT", "ps": "BOTH", "pa": "-0.30000000", "mt": "CROSSED",
            "iw": "0.00000000", "mp": "201.00000000", "up": "-1.50000000", "mm": "0.24120000",
        })
    );
    assert!(isolated.get("cw").is_none(), "{isolated}");
    assert_eq!(isolated["p"][0]["mt"], "ISOLATED");
    assert_eq!(isolated["p"][0]["iw"], "0.00000005");
    assert_eq!(isolated["offset"], 3);
}
