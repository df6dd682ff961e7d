//! A local book made of our own stream equals the engine's at each update id, through random
//! trading and dropped connections.
//!
//! The clients keep their books in the steps that Binance documents ("How to manage a local
//! order book correctly"), each drops its connection at random, and each writes down its whole
//! book after every message. Then the node is stopped and its journal replayed: the books of
//! the engine, command by command, are what the clients' have to be. Views number the
//! commands, as they do for the streams; what stands in the book the engine alone says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use daybook::demo::dice::Dice;
use engine::apply::{Engine, Stamp};
use futures_util::StreamExt;
use journal::reader::Reader;
use schemas::command::Command;
use schemas::ids::{Offset, SymbolId};
use schemas::instrument::Side;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use views::{Views, Wanted};

use crate::venue::client::{Client, atoms};
use crate::venue::{Node, Start};

const BTC: SymbolId = SymbolId(0);
/// How long is traded.
const TRADING: Duration = Duration::from_secs(8);
/// How long a book may take to be whole after the last order.
const PATIENCE: Duration = Duration::from_secs(20);

/// Both sides, price to quantity, in 1e-8.
type Sides = [BTreeMap<i128, i128>; 2];

/// What a client had after a message or a snapshot.
type Told = (u64, Sides);

/// A client that follows one stream.
struct Follower {
    http: String,
    stream: &'static str,
    /// How long a connection lives, in milliseconds.
    lives: (i64, i64),
    dice: Dice,
    told: Vec<Told>,
    joined: u32,
    /// Trading is over: the connection is kept.
    is_over: Arc<AtomicBool>,
}

/// A difference: first and last update id, levels of both sides.
struct Difference {
    first: u64,
    last: u64,
    levels: [Vec<(i128, i128)>; 2],
}

fn levels(value: &Value) -> Vec<(i128, i128)> {
    let rows = value.as_array().expect("levels");
    let number = |value: &Value| atoms(value.as_str().expect("a text"));
    rows.iter()
        .map(|row| (number(&row[0]), number(&row[1])))
        .collect()
}

impl Follower {
    /// The book of REST.
    fn snapshot(&self) -> Told {
        let url = format!(
            "http://{}/api/v3/depth?symbol=BTCUSDT&limit=5000",
            self.http
        );
        let mut answer = ureq::get(&url).call().expect("the node answers");
        let text = answer.body_mut().read_to_string().expect("text");
        let depth: Value = serde_json::from_str(&text).expect("JSON");
        let sides = ["bids", "asks"].map(|side| levels(&depth[side]).into_iter().collect());
        (depth["lastUpdateId"].as_u64().expect("an id"), sides)
    }

    /// Follows until trading is over and the book has that update id.
    async fn follow(mut self, newest: Arc<dyn Fn() -> u64 + Send + Sync>) -> Follower {
        let deadline = Instant::now() + TRADING + PATIENCE;
        while !self.connection(&*newest).await {
            assert!(Instant::now() < deadline, "{}: it never ends", self.stream);
        }
        self
    }

    /// One connection: differences are gathered until a snapshot joins them. True when all
    /// is over.
    async fn connection(&mut self, newest: &(dyn Fn() -> u64 + Send + Sync)) -> bool {
        let url = format!("ws://{}/ws/btcusdt@{}", self.http, self.stream);
        let (mut socket, _) = connect_async(&url).await.expect("a socket");
        let life = self.dice.between(self.lives.0, self.lives.1) as u64;
        let ends = Instant::now() + Duration::from_millis(life);
        let mut book: Option<Told> = None;
        loop {
            let is_over = self.is_over.load(Ordering::Acquire);
            if is_over && book.as_ref().is_some_and(|(id, _)| *id == newest()) {
                return true;
            }
            if !is_over && ends < Instant::now() {
                // Without a goodbye.
                return false;
            }
            let Some(difference) = hear(&mut socket).await else {
                // Nothing happened for a while: a snapshot alone is the book.
                if is_over && book.is_none() {
                    book = Some(self.snapshot());
                }
                continue;
            };
            match &mut book {
                Some(book) => {
                    let follows = difference.first == book.0 + 1;
                    assert!(follows, "{} after {}: a gap", difference.first, book.0);
                    apply(book, &difference);
                    self.told.push(book.clone());
                }
                None => book = self.join(difference, &mut socket).await,
            }
        }
    }

    /// The documented steps; the book as of the newest difference heard.
    async fn join(&mut self, first: Difference, socket: &mut Socket) -> Option<Told> {
        let mut book = self.snapshot();
        while book.0 < first.first {
            book = self.snapshot();
        }
        self.told.push(book.clone());
        let mut next = Some(first);
        while let Some(difference) = next.take() {
            if book.0 < difference.last {
                let holds = difference.first <= book.0 + 1;
                assert!(holds, "{} after the snapshot {}", difference.first, book.0);
                apply(&mut book, &difference);
                self.told.push(book.clone());
                break;
            }
            while next.is_none() && !self.is_over.load(Ordering::Acquire) {
                next = hear(socket).await;
            }
        }
        self.joined += 1;
        Some(book)
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The next difference, if one comes soon.
async fn hear(socket: &mut Socket) -> Option<Difference> {
    let heard = tokio::time::timeout(Duration::from_millis(40), socket.next()).await;
    let message = heard.ok()?.expect("it goes on").expect("it is whole");
    let Message::Text(text) = message else {
        return None;
    };
    let event: Value = serde_json::from_str(&text).expect("JSON");
    let id = |name: &str| event[name].as_u64().expect("an id");
    Some(Difference {
        first: id("U"),
        last: id("u"),
        levels: ["b", "a"].map(|side| levels(&event[side])),
    })
}

fn apply((last, sides): &mut Told, difference: &Difference) {
    for (side, changed) in sides.iter_mut().zip(&difference.levels) {
        for (price, qty) in changed {
            match qty {
                0 => side.remove(price),
                qty => side.insert(*price, *qty),
            };
        }
    }
    *last = difference.last;
}

/// The books of the engine at those update ids that follow whole commands.
fn books_of_the_journal(dir: &Path, wanted: &BTreeSet<u64>) -> BTreeMap<u64, Sides> {
    let mut engine = Engine::new(5);
    let views = Views::new();
    let mut reader = Reader::open(dir, Offset(0)).expect("the journal");
    let mut books = BTreeMap::new();
    while let Some(frame) = reader.next().expect("a whole journal") {
        let (offset, time) = (frame.offset, frame.time);
        let command = Command::decode(frame.kind, frame.ver, frame.payload).expect("a command");
        let mut events = Vec::new();
        engine.apply(Stamp { offset, time }, &command, &mut events);
        views.apply(offset, time, &events, Wanted::default());
        let Some(top) = views
            .top(BTC)
            .filter(|top| wanted.contains(&top.last_update))
        else {
            continue;
        };
        // Units of 0.001 and 0.00001.
        let level = |level: engine::reads::BookLevel| {
            let (price, qty) = (i128::from(level.price.0), i128::from(level.qty.0));
            (price * 100_000, qty * 1_000)
        };
        let sides = [Side::Buy, Side::Sell]
            .map(|side| engine.levels(BTC, side).into_iter().map(level).collect());
        let before = books.insert(top.last_update, sides.clone());
        assert!(
            before.is_none_or(|before| before == sides),
            "{offset:?}: the book changed without an update id"
        );
    }
    books
}

/// One thing that a trader does.
fn act(clients: &[Client; 2], dice: &mut Dice, live: &mut Vec<(usize, String)>) {
    let who = dice.between(0, 1) as usize;
    let client = &clients[who];
    if dice.one_in(3) && !live.is_empty() {
        let index = dice.between(0, live.len() as i64 - 1) as usize;
        let (owner, id) = live.swap_remove(index);
        let parameters = [("symbol", "BTCUSDT"), ("orderId", id.as_str())];
        let cancelled = clients[owner].signed("DELETE", "/api/v3/order", &parameters);
        cancelled.expect("the node answers");
        return;
    }
    let side = dice.between(0, 1);
    // Bids below asks, with room to meet.
    let whole = 49_998 + 2 * side + dice.between(-1, 1);
    let price = format!("{whole}.{:02}", dice.between(0, 99));
    let qty = format!("0.0{}", dice.between(11, 49));
    let side = ["BUY", "SELL"][side as usize];
    let mut order = vec![("symbol", "BTCUSDT"), ("side", side), ("quantity", &qty)];
    let limit = [("type", "LIMIT"), ("price", &*price)];
    match dice.between(0, 9) {
        0 => order.push(("type", "MARKET")),
        1 => order.extend([limit[0], limit[1], ("timeInForce", "IOC")]),
        2 | 3 => {
            order.extend([limit[0], limit[1], ("timeInForce", "GTC")]);
            order.push(("icebergQty", "0.01"));
        }
        4 => order.extend([("type", "LIMIT_MAKER"), limit[1]]),
        _ => order.extend([limit[0], limit[1], ("timeInForce", "GTC")]),
    }
    let placed = client.signed("POST", "/api/v3/order", &order);
    let placed = placed.expect("the node answers");
    if placed.status == 200 {
        live.push((who, placed.body["orderId"].to_string()));
    }
}

fn spawn(follower: Follower) -> JoinHandle<Follower> {
    let (http, is_over) = (follower.http.clone(), follower.is_over.clone());
    let newest: Arc<dyn Fn() -> u64 + Send + Sync> = Arc::new(move || {
        assert!(is_over.load(Ordering::Acquire), "asked at the end alone");
        let url = format!("http://{http}/api/v3/depth?symbol=BTCUSDT&limit=1");
        let mut answer = ureq::get(&url).call().expect("the node answers");
        let text = answer.body_mut().read_to_string().expect("text");
        let depth: Value = serde_json::from_str(&text).expect("JSON");
        depth["lastUpdateId"].as_u64().expect("an id")
    });
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime
            .expect("a runtime")
            .block_on(follower.follow(newest))
    })
}

/// Trades at random while both streams are followed; what their clients wrote down.
fn trade_and_follow(node: &Node, seed: u64) -> Vec<Follower> {
    let deposits = ["BTC=1000", "USDT=50000000"];
    let clients = ["ann", "bob"].map(|name| Client::new(&node.http, &node.trader(name, &deposits)));
    let is_over = Arc::new(AtomicBool::new(false));
    let streams = [("depth@100ms", (150, 1_200)), ("depth", (1_100, 3_500))];
    let followers = streams
        .into_iter()
        .enumerate()
        .map(|(index, (stream, lives))| {
            spawn(Follower {
                http: node.http.clone(),
                stream,
                lives,
                dice: Dice::new(seed + 1 + index as u64),
                told: Vec::new(),
                joined: 0,
                is_over: is_over.clone(),
            })
        });
    let followers: Vec<_> = followers.collect();
    let (mut dice, mut live) = (Dice::new(seed), Vec::new());
    let ends = Instant::now() + TRADING;
    while Instant::now() < ends {
        act(&clients, &mut dice, &mut live);
        if dice.one_in(40) {
            std::thread::sleep(Duration::from_millis(dice.between(1, 250) as u64));
        }
    }
    is_over.store(true, Ordering::Release);
    let ended = followers.into_iter().map(JoinHandle::join);
    ended.map(|ended| ended.expect("a client failed")).collect()
}

#[test]
fn a_local_book_equals_the_engine_s_at_each_update_id_through_dropped_connections() {
    let seed = std::env::var("DAYBOOK_SEED");
    let seed = seed.ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    println!("seed {seed}");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let followers = trade_and_follow(&node, seed);
    assert_eq!(node.terminate().code, Some(0));
    let told = followers.iter().flat_map(|follower| &follower.told);
    let wanted: BTreeSet<u64> = told.map(|(id, _)| *id).collect();
    let books = books_of_the_journal(dir.path(), &wanted);
    for (follower, least) in followers.iter().zip([(4, 30), (2, 4)]) {
        let Follower {
            stream,
            told,
            joined,
            ..
        } = follower;
        for (id, sides) in told {
            let book = books.get(id);
            let book = book.unwrap_or_else(|| panic!("{stream}: no command ends at {id}"));
            assert_eq!(sides, book, "{stream} at {id}");
        }
        let levels: usize = told
            .iter()
            .map(|(_, [bids, asks])| bids.len() + asks.len())
            .sum();
        println!(
            "{stream}: {} books of {levels} levels, {joined} connections",
            told.len()
        );
        let enough = least.0 <= *joined && least.1 <= told.len() && told.len() * 10 < levels;
        assert!(enough, "{stream}: too few to say anything");
    }
}
