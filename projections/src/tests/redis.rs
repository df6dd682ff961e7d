//! A real Redis, by `DAYBOOK_TEST_REDIS`; each test has keys of its own.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::redis::{Commands, Connection};
use schemas::ids::Offset;
use schemas::instrument::Side;
use schemas::report::TradeReport;
use schemas::units::{Price, TimeNs};
use serde_json::Value;

use crate::error::SinkError;
use crate::projection::{Answered, Projection};
use crate::redis::settings::Settings;
use crate::redis::sink::RedisProjection;
use crate::tests::batch;
use crate::tests::fake::Fake;

const JOURNAL: &str = "0707";
const DAY_NS: u64 = 86_400_000_000_000;
const MINUTE_NS: u64 = 60_000_000_000;

/// Keys that nobody else writes, or a loud line.
fn settings(test: &str) -> Option<Settings> {
    let Ok(url) = std::env::var("DAYBOOK_TEST_REDIS") else {
        println!("SKIPPED {test}: DAYBOOK_TEST_REDIS names no server");
        return None;
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let prefix = format!("{test}-{}:", now.as_nanos());
    println!("keys {prefix}*");
    Some(Settings {
        url,
        prefix,
        timeout: Duration::from_secs(10),
    })
}

fn writer(settings: &Settings) -> RedisProjection {
    RedisProjection::new(settings.clone(), JOURNAL, Fake::names())
}

fn reader(settings: &Settings) -> Connection {
    let client = ::redis::Client::open(settings.url.as_str()).expect("an address");
    client.get_connection().expect("Redis answers")
}

/// A fake venue whose minutes pass quickly: some leave the last day while it trades.
fn commands(seed: u64, count: u64) -> (Fake, Vec<Answered>) {
    let mut fake = Fake::new(seed);
    fake.prevents = false;
    let slow = |mut answered: Answered| {
        answered.time = slowed(answered.offset.0);
        answered
    };
    let commands = (0..count).map(|offset| slow(fake.step(offset))).collect();
    (fake, commands)
}

/// Commands come every four minutes.
fn slowed(offset: u64) -> TimeNs {
    TimeNs(Fake::time(0).0 + offset * 4 * MINUTE_NS)
}

/// Every key of the venue with all it holds, sorted.
fn held(settings: &Settings) -> BTreeMap<String, Vec<String>> {
    let mut connection = reader(settings);
    let keys: Vec<String> = connection
        .keys(format!("{}*", settings.prefix))
        .expect("they are listed");
    let mut held = BTreeMap::new();
    for key in keys {
        let kind: String = ::redis::cmd("TYPE")
            .arg(&key)
            .query(&mut connection)
            .expect("it has a type");
        let rows: Vec<String> = match kind.as_str() {
            "zset" => connection.zrange(&key, 0, -1).expect("it reads"),
            _ => {
                let fields: BTreeMap<String, String> = connection.hgetall(&key).expect("it reads");
                fields.iter().map(|(k, v)| format!("{k}={v}")).collect()
            }
        };
        held.insert(key[settings.prefix.len()..].to_string(), rows);
    }
    held
}

/// The book, the price and the ticker are what the fake knows by other means.
fn check(settings: &Settings, fake: &Fake, last: TimeNs) {
    let held = held(settings);
    for (key, side) in [
        ("bids:BASEQUOTE", Side::Buy),
        ("asks:BASEQUOTE", Side::Sell),
    ] {
        let mut levels: BTreeMap<Price, i64> = BTreeMap::new();
        for order in fake.orders.iter().filter(|it| it.side == side) {
            let open = order.qty.0 - order.executed.0 - order.prevented.0;
            if order.status.is_open() && 0 < open {
                *levels.entry(order.price).or_default() += open;
            }
        }
        let levels: Vec<String> = levels
            .iter()
            .map(|(price, qty)| format!("{:019}:{qty}", price.0))
            .collect();
        assert_eq!(held.get(key).cloned().unwrap_or_default(), levels, "{key}");
    }
    let times: BTreeMap<u64, TimeNs> = fake.trades.iter().map(|it| (it.trade.0, it.time)).collect();
    let time_of = |it: &TradeReport| {
        let offset = (times[&it.trade.0].0 - Fake::time(0).0) / 1_000_000;
        slowed(offset)
    };
    let newest = fake.trades.last().expect("the fake trades");
    assert_eq!(
        held["price"],
        vec![format!("BASEQUOTE=0.{}", newest.price.0)]
    );
    let opens = (last.0 - DAY_NS) / MINUTE_NS * MINUTE_NS;
    let day: Vec<_> = fake
        .trades
        .iter()
        .filter(|it| opens <= time_of(it).0)
        .collect();
    assert!(day.len() < fake.trades.len(), "some trades are older");
    let ticker = held["ticker"][0].split_once('=').expect("a field").1;
    let ticker: Value = serde_json::from_str(ticker).expect("JSON");
    let volume: i64 = day.iter().map(|it| it.qty.0).sum();
    assert_eq!(ticker["trades"], day.len());
    assert_eq!(
        ticker["volume"],
        format!("{}.{:05}", volume / 100_000, volume % 100_000)
    );
    let prices = || day.iter().map(|it| it.price.0);
    for (field, price) in [
        ("open", prices().next()),
        ("high", prices().max()),
        ("low", prices().min()),
        ("last", prices().next_back()),
    ] {
        let price = price.expect("somebody traded that day");
        assert_eq!(ticker[field], format!("0.{price}"), "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_holds_books_prices_and_day_tickers_exactly() {
    let Some(settings) = settings("exact") else {
        return;
    };
    let (mut fake, commands) = commands(41, 600);
    let mut sink = writer(&settings);
    let mut done = sink.cursor().await.expect("a cursor").0 as usize;
    while done < commands.len() {
        let most = (1 + fake.below(60) as usize).min(commands.len() - done);
        let piece = batch(&commands[done..done + most]);
        sink.commit(&piece).await.expect("it commits");
        done += most;
        if fake.below(3) == 0 {
            sink = writer(&settings);
            let cursor = sink.cursor().await.expect("a cursor");
            assert_eq!(
                cursor,
                Offset(done as u64),
                "what it holds and the cursor move together"
            );
        }
    }
    let last = commands.last().expect("some").time;
    check(&settings, &fake, last);
    let before = held(&settings);
    sink.reset().await.expect("thrown away");
    assert_eq!(held(&settings).into_keys().collect::<Vec<_>>(), ["cursor"]);
    sink.commit(&batch(&commands))
        .await
        .expect("made again at once");
    assert_eq!(held(&settings), before, "made again and equal");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_of_redis_only_one_moves_the_cursor() {
    let Some(settings) = settings("two") else {
        return;
    };
    let (fake, commands) = commands(42, 420);
    let (mut older, mut newer) = (writer(&settings), writer(&settings));
    older.cursor().await.expect("a cursor");
    older
        .commit(&batch(&commands[..20]))
        .await
        .expect("it commits");
    assert_eq!(newer.cursor().await.expect("a cursor"), Offset(20));
    newer
        .commit(&batch(&commands[20..40]))
        .await
        .expect("it commits");
    let late = older.commit(&batch(&commands[20..30])).await;
    assert!(matches!(late, Err(SinkError::Fenced { .. })), "{late:?}");
    assert_eq!(older.cursor().await.expect("a cursor"), Offset(40));
    older
        .commit(&batch(&commands[40..]))
        .await
        .expect("it goes on");
    check(&settings, &fake, commands.last().expect("some").time);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_tells_subscribers_what_changed() {
    let Some(settings) = settings("told") else {
        return;
    };
    let (fake, commands) = commands(43, 80);
    let mut listening = reader(&settings);
    let mut channel = listening.as_pubsub();
    channel
        .psubscribe(format!("{}*", settings.prefix))
        .expect("it subscribes");
    let mut sink = writer(&settings);
    sink.cursor().await.expect("a cursor");
    for piece in commands.chunks(10) {
        sink.commit(&batch(piece)).await.expect("it commits");
    }
    let end = format!("{}end", settings.prefix);
    let _: u64 = reader(&settings).publish(end, "1").expect("it is told");
    let (mut trades, mut book) = (Vec::new(), BTreeMap::new());
    channel
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("it can be set");
    loop {
        let message = channel.get_message().expect("all of it arrives");
        let name = message.get_channel_name()[settings.prefix.len()..].to_string();
        let value: Value = serde_json::from_slice(message.get_payload_bytes()).expect("JSON");
        if name == "market.BASEQUOTE" && value["type"] == "PublicTrade" {
            trades.push(value["trade"].as_u64().expect("a trade id"));
        }
        if name == "depth.BASEQUOTE" {
            for side in ["bids", "asks"] {
                for level in value[side].as_array().expect("a list") {
                    book.insert((side, level[0].to_string()), level[1].to_string());
                }
            }
        }
        if name == "end" {
            break;
        }
    }
    let expected: Vec<u64> = (1..=fake.trades.len() as u64).collect();
    assert_eq!(trades, expected, "each trade once, in order");
    book.retain(|_, qty| qty != "\"0.00000\"");
    let held = held(&settings);
    let mut told = Vec::new();
    for (key, side) in [("bids:BASEQUOTE", "bids"), ("asks:BASEQUOTE", "asks")] {
        for level in held.get(key).into_iter().flatten() {
            let (price, qty) = level.split_once(':').expect("a level");
            let price: i64 = price.parse().expect("a number");
            let qty: i64 = qty.parse().expect("a number");
            told.push(((side, format!("\"0.{price}\"")), format!("\"0.{qty:05}\"")));
        }
    }
    assert_eq!(
        book,
        told.into_iter().collect(),
        "the changes add up to the book"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_redis_is_said_in_one_line() {
    let mut nobody = Settings {
        url: "redis://ann:secret@127.0.0.1:1".to_string(),
        prefix: "x:".to_string(),
        timeout: Duration::from_secs(5),
    };
    let refused = writer(&nobody).cursor().await.expect_err("nobody is there");
    let line = refused.to_string();
    assert!(matches!(refused, SinkError::Unreachable { .. }), "{line}");
    assert!(
        line.contains("127.0.0.1:1") && !line.contains("secret"),
        "{line}"
    );
    nobody.url = "postgres://x".to_string();
    let line = writer(&nobody)
        .cursor()
        .await
        .expect_err("no such scheme")
        .to_string();
    assert!(line.contains("correct `url` in [redis]"), "{line}");
    let Some(settings) = settings("wrong") else {
        return;
    };
    let mut stranger = settings.clone();
    stranger.url = settings.url.replace("redis://", "redis://nobody:wrong@");
    let line = writer(&stranger)
        .cursor()
        .await
        .expect_err("no such user")
        .to_string();
    assert!(
        line.contains("correct user and password") && !line.contains("wrong@"),
        "{line}"
    );
    let mut connection = reader(&settings);
    let cursor = format!("{}cursor", settings.prefix);
    let fields = [("v", "9"), ("journal", JOURNAL), ("next", "5")];
    let _: () = connection
        .hset_multiple(&cursor, &fields)
        .expect("it is set");
    let line = writer(&settings)
        .cursor()
        .await
        .expect_err("too new")
        .to_string();
    assert!(
        line.contains("version 9") && line.contains("start the newer build"),
        "{line}"
    );
    let _: () = connection.hset(&cursor, "v", "1").expect("it is set");
    let mut other = RedisProjection::new(settings.clone(), "0808", Fake::names());
    let line = other
        .cursor()
        .await
        .expect_err("another journal")
        .to_string();
    assert!(line.contains("tell of another journal, 0707"), "{line}");
    other.reset().await.expect("taken over");
    assert_eq!(other.cursor().await.expect("a cursor"), Offset(0));
    let _: () = connection
        .hset(format!("{}orders", settings.prefix), "x", "y")
        .expect("it is set");
    let line = other.cursor().await.expect_err("strange").to_string();
    assert!(line.contains("projection rebuild redis"), "{line}");
}
