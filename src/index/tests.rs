//! Sources that lie, cheat, hang or die: none of them moves the mark, and each is named.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use schemas::ids::{Offset, SymbolId};
use schemas::units::{Price, Rate};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::config::index::{Contract, Index, Source, Sources};
use crate::config::{Config, Flags};
use crate::index::judge::{Belief, Reading, judge};
use crate::index::{Board, Feed, Venue};
use crate::node::Node;

/// The perpetual BTCUSDT of a new venue; its prices have five decimals.
const PERP: SymbolId = SymbolId(2);

const BELIEF: Belief = Belief {
    deviation: Rate(5_000_000),
    needed: 2,
};

fn read(prices: &[i64]) -> Vec<Option<Reading>> {
    let reading = |price: &i64| {
        (*price != 0).then_some(Reading {
            price: *price,
            weight: 1,
        })
    };
    prices.iter().map(reading).collect()
}

#[test]
fn the_price_is_the_weighted_mean_of_those_near_the_median() {
    for (prices, last, expected) in [
        (&[100, 102, 104][..], None, Some(102)),
        // Rounded toward zero.
        (&[100, 101], None, Some(100)),
        // Put aside: 100 x, a hundredth, 6 %.
        (&[100, 102, 10_200], None, Some(101)),
        (&[100, 102, 1], None, Some(101)),
        (&[1_000, 1_000, 1_060], None, Some(1_000)),
        (&[1_000, 1_000, 1_050], None, Some(1_016)),
        // Too few live.
        (&[100, 0, 0], Some(100), None),
        (&[0, 0, 0], Some(100), None),
        (&[], None, None),
        // Two that differ: the last price says who is wrong.
        (&[100, 10_000], Some(100), None),
        (&[100, 10_000], None, None),
        // A market that fell, as two say: the last price is outvoted.
        (&[80, 80, 0], Some(100), Some(80)),
    ] {
        let verdict = judge(&read(prices), last, BELIEF);
        assert_eq!(verdict.price, expected, "{prices:?} after {last:?}");
    }
    let heavy = [(100, 3), (104, 1)].map(|(price, weight)| Some(Reading { price, weight }));
    assert_eq!(judge(&heavy, None, BELIEF).price, Some(101));
}

#[test]
fn one_source_alone_cannot_jump_further_than_the_guard() {
    let alone = Belief {
        needed: 1,
        ..BELIEF
    };
    for (last, says, expected) in [
        (None, 100, Some(100)),
        (Some(1_000), 1_100, Some(1_100)),
        (Some(1_000), 100_000, None),
        (Some(1_000), 1, None),
    ] {
        assert_eq!(
            judge(&read(&[says]), last, alone).price,
            expected,
            "{last:?}"
        );
    }
}

/// A venue that answers every connection with these bytes; `None`: it never answers.
async fn server(answer: Option<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0_u8; 1_024];
            let _ = stream.read(&mut head).await;
            match &answer {
                Some(text) => {
                    let _ = stream.write_all(text.as_bytes()).await;
                    let _ = stream.shutdown().await;
                }
                None => held.push(stream),
            }
        }
    });
    format!("http://{address}")
}

fn http(status: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{more}content-length: {length}\r\n\r\n{body}")
}

fn says(price: &str) -> String {
    http(
        "200 OK",
        "",
        &format!(r#"{{"symbol":"BTCUSDT","price":{price}}}"#),
    )
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    flags: Flags,
}

struct Bench {
    node: Node,
    venue: Venue,
    board: Arc<Board>,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().to_str().expect("a name");
        let line = Line::try_parse_from(["test", "--data-dir", path, "--segment-bytes", "1048576"]);
        let config = Config::load(&line.expect("flags").flags).expect("a configuration");
        let node = Node::open(&config, Offset(0)).expect("a node");
        node.found_venue().expect("a venue");
        let venue = Venue::of(&node);
        Bench {
            node,
            venue,
            board: Arc::default(),
            _dir: dir,
        }
    }

    fn index(&self) -> (Price, Price) {
        let mark = self.venue.views.mark(PERP).expect("it is listed");
        (mark.index, mark.mark)
    }

    async fn step(&self, feed: &mut Feed) {
        assert!(feed.step(&self.board, &self.venue).await);
    }
}

fn feed(needed: u32, urls: &[&str]) -> Feed {
    let source = |(number, url): (usize, &&str)| Source {
        name: format!("venue-{number}"),
        url: (*url).to_owned(),
        symbol: "BTCUSDT".to_owned(),
        weight: 1,
    };
    let sources: Vec<Source> = urls.iter().enumerate().map(source).collect();
    let config = Index {
        interval_ms: 100,
        timeout_ms: 300,
        stale_ms: 400,
        ..Index::default()
    };
    let contract = Contract {
        needed,
        sources: Sources::Venues(sources.clone()),
    };
    Feed::new(&config, ("BTCUSDT", &contract, &sources), None)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bad_source_moves_the_mark_and_each_is_named() {
    let bench = Bench::new();
    let good = [
        server(Some(says("\"60000.00000000\""))).await,
        server(Some(says("\"60010.00000000\""))).await,
    ];
    let elsewhere = format!("location: {}/api/v3/ticker/price\r\n", good[0]);
    let bad = [
        (Some(says("\"0.00000000\"")), "its price is \"0.00000000\""),
        (Some(says("\"-60000.00000000\"")), "its price is \"-60000"),
        (Some(says("\"NaN\"")), "its price is \"NaN\""),
        (
            Some(says("\"6000500.00000000\"")),
            "6000500.00000000 is too far from 60010",
        ),
        (
            Some(says("\"600.05000000\"")),
            "600.05000000 is too far from 60000",
        ),
        (Some(says("\"1e9\"")), "its price is \"1e9\""),
        (Some(says("60000.0")), "its price is 60000.0"),
        (
            Some(says("\"99999999999999999999\"")),
            "its price is \"9999",
        ),
        (Some(http("200 OK", "", "<html>")), "no JSON"),
        (Some(http("200 OK", "", "")), "no JSON"),
        (
            Some(http(
                "200 OK",
                "",
                r#"{"symbol":"ETHUSDT","price":"60000"}"#,
            )),
            "it speaks of \"ETHUSDT\"",
        ),
        (
            Some(http("302 Found", &elsewhere, "")),
            "302, a redirect to http://127",
        ),
        (Some(http("503 Busy", "", "{}")), "status 503"),
        (
            Some(http("200 OK", "age: 60\r\n", "{}")),
            "stale: kept for 60 s",
        ),
        (
            Some(http("200 OK", "", &"x".repeat(100_000))),
            "length limit",
        ),
        (Some(String::new()), ""),
        (Some("SSH-2.0-OpenSSH\r\n".to_owned()), ""),
        (None, "no answer within 300 ms"),
    ];
    for (answer, reason) in bad {
        let bad = server(answer).await;
        let mut feed = feed(2, &[&good[0], &good[1], &bad]);
        bench.step(&mut feed).await;
        let expected = Price(6_000_500_000);
        assert_eq!(bench.index(), (expected, expected), "{reason}");
        let trouble = feed.heard[2].trouble.clone().expect("it is named");
        assert!(trouble.contains(reason), "{trouble:?} is not {reason:?}");
        let rows = bench.board.of("BTCUSDT");
        let weights: Vec<i64> = rows.iter().map(|row| row.weight.0).collect();
        assert_eq!(weights, [50_000_000, 50_000_000, 0], "{reason}");
        assert_eq!(feed.told, Some(true));
    }
    bench.node.stop().expect("a clean stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_good_price_stands_when_too_few_live() {
    let bench = Bench::new();
    let good = server(Some(says("\"60000.00000000\""))).await;
    let other = server(Some(says("\"60010.00000000\""))).await;
    let mut both = feed(2, &[&good, &other]);
    bench.step(&mut both).await;
    let before = bench.index();
    let is_starved = |bench: &Bench| {
        let text = bench.board.metrics();
        text.lines().filter(|line| line.ends_with(" 0")).count()
    };
    assert_eq!(is_starved(&bench), 0);
    // A source that hangs is stale after a while, and not before.
    let silent = server(None).await;
    both.heard[1].asker = feed(1, &[&silent]).heard.remove(0).asker;
    bench.step(&mut both).await;
    assert_eq!(both.told, Some(true), "its last word still counts");
    tokio::time::sleep(Duration::from_millis(450)).await;
    bench.step(&mut both).await;
    assert_eq!(both.told, Some(false));
    assert_eq!(bench.index(), before, "the last good price");
    assert_eq!(is_starved(&bench), 1, "{}", bench.board.metrics());
    both.heard[1].asker = feed(1, &[&other]).heard.remove(0).asker;
    bench.step(&mut both).await;
    assert_eq!(both.told, Some(true));
    bench.node.stop().expect("a clean stop");
}

#[test]
fn what_is_no_list_of_sources_is_refused_with_its_name() {
    for (text, reason) in [
        ("interval_ms = 50", "interval_ms = 50"),
        ("deviation = \"1\"", "deviation"),
        ("deviation = \"-0.1\"", "deviation"),
        ("[contracts.B]\nsources = \"many\"", "\"manual\""),
        ("[contracts.B]\nsources = []", "needed = 1 of 0"),
        (
            "[contracts.B]\nneeded = 2\nsources = [{name='a',url='http://h',symbol='B'}]",
            "needed = 2 of 1",
        ),
        (
            "[contracts.B]\nsources = [{name='a',url='ftp://h',symbol='B'}]",
            "source \"a\": url",
        ),
        (
            "[contracts.B]\nsources = [{name='a',url='http://h',symbol='B', weight = 0}]",
            "weight = 0",
        ),
        (
            "[contracts.B]\nsources = [{name='a',url='http://h',symbol='B&C'}]",
            "name and symbol",
        ),
    ] {
        let index: Index = toml::from_str(text).expect("TOML");
        let line = index.check().expect_err(text);
        assert!(line.contains(reason), "{line:?} is not {reason:?}");
    }
    let manual: Index = toml::from_str("[contracts.B]\nsources = \"manual\"").expect("TOML");
    assert_eq!(manual.check(), Ok(()));
    assert_eq!(manual.asked().count(), 0);
}
