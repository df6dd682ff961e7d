//! Both sinks of search against what the fake knows; a server by `DAYBOOK_TEST_SEARCH`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use schemas::event::Event;
use schemas::ids::{AccountId, Offset};
use schemas::search::{Kind, SearchPage, SearchQuery};
use serde_json::Value;

use crate::error::SinkError;
use crate::orders::named;
use crate::projection::{Answered, Projection};
use crate::search::embedded::EmbeddedProjection;
use crate::search::server::{ServerProjection, ServerSearch, Settings};
use crate::tests::fake::{ACCOUNTS, Fake};
use crate::tests::telling::every_event;
use crate::tests::{batch, folder};

const JOURNAL: &str = "0707";

type Find = Box<dyn Fn(&SearchQuery) -> Result<SearchPage, SinkError>>;

/// Asks and waits until `expected` documents are there: a server shows them a second later.
struct Asker {
    find: Find,
}

impl Asker {
    fn page(&self, query: &SearchQuery) -> SearchPage {
        tokio::task::block_in_place(|| (self.find)(query)).expect("it answers")
    }

    /// Every document, page by page.
    fn all(&self, query: &SearchQuery) -> Vec<Value> {
        let mut query = query.clone();
        let mut documents = Vec::new();
        loop {
            let page = self.page(&query);
            let read = |text: &String| serde_json::from_str::<Value>(text).expect("JSON");
            documents.extend(page.documents.iter().map(read));
            match page.next {
                Some(next) => query.before = Some(next),
                None => return documents,
            }
        }
    }

    fn wait_for(&self, query: &SearchQuery, expected: usize) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.all(query).len() < expected {
            assert!(
                Instant::now() < deadline,
                "{query:?}: fewer than {expected}"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn of(kind: Kind) -> SearchQuery {
    SearchQuery {
        kind: Some(kind),
        limit: 7,
        ..SearchQuery::default()
    }
}

fn check(asker: &Asker, fake: &Fake) {
    asker.wait_for(&of(Kind::Trade), fake.trades.len());
    let number = |value: &Value, name: &str| value[name].as_u64().expect("a number");
    let trades = asker.all(&of(Kind::Trade));
    let found: Vec<u64> = trades.iter().rev().map(|it| number(it, "trade")).collect();
    let expected: Vec<u64> = fake.trades.iter().map(|it| it.trade.0).collect();
    assert_eq!(found, expected, "each trade once, newest first");
    asker.wait_for(&of(Kind::Order), fake.orders.len());
    let orders = asker.all(&of(Kind::Order));
    assert_eq!(orders.len(), fake.orders.len(), "each order once");
    for (document, order) in orders.iter().rev().zip(&fake.orders) {
        assert_eq!(number(document, "order"), order.order.0);
        let status = format!("{:?}", order.status).to_uppercase();
        let shown = document["status"]
            .as_str()
            .expect("a status")
            .replace('_', "");
        assert_eq!(shown, status, "{document}");
        for (name, (value, decimals)) in [
            ("price", (i128::from(order.price.0), 3)),
            ("qty", (i128::from(order.qty.0), 5)),
            ("executed", (i128::from(order.executed.0), 5)),
            ("quote", (order.quote.0, 8)),
            ("prevented", (i128::from(order.prevented.0), 5)),
        ] {
            let shown = document[name].as_str().expect("a decimal");
            let (whole, rest) = shown.split_once('.').expect("a point");
            assert_eq!(rest.len(), decimals, "{name} of {document}");
            let units: i128 = format!("{whole}{rest}").parse().expect("digits");
            assert_eq!(units, value, "{name} of {document}");
        }
    }
    let moved: BTreeMap<u64, i128> = sums(&asker.all(&of(Kind::Ledger)));
    let paid = fake.paid.iter();
    let expected: BTreeMap<u64, i128> = paid
        .map(|(account, delta)| (u64::from(account.0), *delta))
        .collect();
    assert_eq!(moved, expected, "payments sum to what moved");
    narrowed(asker, fake);
}

fn sums(payments: &[Value]) -> BTreeMap<u64, i128> {
    let mut moved = BTreeMap::new();
    for payment in payments {
        let account = payment["account"].as_u64().expect("an account");
        let delta = payment["delta"].as_str().expect("a decimal");
        // Both assets have eight decimals.
        let atoms = delta.replace('.', "");
        *moved.entry(account).or_default() += atoms.parse::<i128>().expect("digits");
    }
    moved
}

/// Owners, words, times and groups.
fn narrowed(asker: &Asker, fake: &Fake) {
    for account in ACCOUNTS.map(AccountId) {
        let mut query = of(Kind::Order);
        query.account = Some(account);
        let own = fake.orders.iter().filter(|it| it.account == account);
        assert_eq!(asker.all(&query).len(), own.clone().count());
        query.words = vec![("side", "BUY".to_string())];
        let bought = own.clone().filter(|it| format!("{:?}", it.side) == "Buy");
        assert_eq!(asker.all(&query).len(), bought.count());
        query.kind = Some(Kind::Trade);
        query.words.clear();
        let other = |it: &Value| {
            let taker = it["taker_account"].as_u64();
            let maker = it["maker_account"].as_u64();
            let own = Some(u64::from(account.0));
            taker.is_some() && taker != own || maker.is_some() && maker != own
        };
        assert!(!asker.all(&query).iter().any(other), "only one's own side");
    }
    let (start, end) = (Fake::time(100), Fake::time(200));
    let timed = SearchQuery {
        start: Some(start),
        end: Some(end),
        ..of(Kind::Order)
    };
    let within = fake
        .orders
        .iter()
        .filter(|it| start <= it.created && it.created <= end);
    assert_eq!(asker.all(&timed).len(), within.count());
    let grouped = SearchQuery {
        group: Some("side"),
        ..of(Kind::Order)
    };
    let groups = asker.page(&grouped).groups;
    assert_eq!(groups.len(), 2);
    for group in groups {
        let side = |it: &&schemas::report::OrderReport| {
            format!("{:?}", it.side).to_uppercase() == group.value
        };
        let orders = fake.orders.iter().filter(side);
        assert_eq!(group.count, orders.clone().count() as u64);
        let qty: i64 = orders.map(|it| it.qty.0).sum();
        let lots = group.sums[0] * 100_000.0;
        assert!((lots - qty as f64).abs() < 0.5, "{group:?}");
    }
}

/// Commits in batches of random size, opening the sink anew now and then.
async fn commit_all<P: Projection>(
    open: impl Fn() -> P,
    (fake, commands): (&mut Fake, &[Answered]),
) -> P {
    let mut sink = open();
    let mut done = sink.cursor().await.expect("a cursor").0 as usize;
    assert_eq!(done, 0);
    while done < commands.len() {
        let most = (20 + fake.below(120) as usize).min(commands.len() - done);
        sink.commit(&batch(&commands[done..done + most]))
            .await
            .expect("it commits");
        done += most;
        if fake.below(3) == 0 {
            drop(sink);
            sink = open();
            let cursor = sink.cursor().await.expect("a cursor");
            assert_eq!(cursor, Offset(done as u64));
        }
    }
    sink
}

fn index(dir: &Path) -> EmbeddedProjection {
    EmbeddedProjection::open(dir, JOURNAL, Fake::names()).expect("it opens")
}

fn asker_of(index: &EmbeddedProjection) -> Asker {
    let search = index.search();
    let find = move |query: &SearchQuery| search.find(query);
    Asker {
        find: Box::new(find),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_index_finds_what_happened_and_nothing_twice() {
    let dir = folder();
    let mut fake = Fake::new(31);
    let commands: Vec<_> = (0..400).map(|offset| fake.step(offset)).collect();
    let mut sink = commit_all(|| index(dir.path()), (&mut fake, &commands)).await;
    check(&asker_of(&sink), &fake);
    sink.reset().await.expect("thrown away");
    assert_eq!(sink.cursor().await.expect("a cursor"), Offset(0));
    assert!(asker_of(&sink).all(&of(Kind::Order)).is_empty());
    for piece in commands.chunks(150) {
        sink.commit(&batch(piece)).await.expect("made again");
    }
    check(&asker_of(&sink), &fake);
    drop(sink);
    let mut other = EmbeddedProjection::open(dir.path(), "0808", Fake::names()).expect("opens");
    assert_eq!(other.cursor().await.expect("a cursor"), Offset(0));
    assert!(
        asker_of(&other).all(&of(Kind::Order)).is_empty(),
        "of another journal"
    );
}

/// Indices that nobody else writes, or a loud line.
fn settings(test: &str) -> Option<Settings> {
    let Ok(url) = std::env::var("DAYBOOK_TEST_SEARCH") else {
        println!("SKIPPED {test}: DAYBOOK_TEST_SEARCH names no server");
        return None;
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let prefix = format!("{test}-{}-", now.as_nanos());
    println!("indices {prefix}*");
    Some(Settings {
        url,
        prefix,
        user: None,
        timeout: Duration::from_secs(30),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_server_finds_what_happened_and_nothing_twice() {
    let Some(settings) = settings("once") else {
        return;
    };
    let mut fake = Fake::new(32);
    let commands: Vec<_> = (0..300).map(|offset| fake.step(offset)).collect();
    let open = || ServerProjection::new(&settings, JOURNAL, Fake::names());
    let mut sink = commit_all(open, (&mut fake, &commands)).await;
    let server = Arc::new(ServerSearch::new(&settings));
    let asker = Asker {
        find: Box::new(move |query| server.find(query)),
    };
    check(&asker, &fake);
    let mut other = open();
    assert_eq!(other.cursor().await.expect("a cursor"), Offset(300));
    sink.reset().await.expect("a new generation");
    for piece in commands.chunks(100) {
        sink.commit(&batch(piece)).await.expect("made again");
    }
    let nothing = Answered {
        offset: Offset(300),
        time: Fake::time(300),
        events: Vec::new(),
    };
    let late = other.commit(&batch(&[nothing])).await;
    assert!(matches!(late, Err(SinkError::Fenced { .. })), "{late:?}");
    check(&asker, &fake);
}

/// Words of one event may be numbers of another under the same name.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_server_takes_every_event_there_is() {
    let Some(settings) = settings("every") else {
        return;
    };
    let known = |event: &Event| named(event) == [None, None];
    let listed = Fake::new(1).step(0);
    let mut commands = vec![listed];
    for event in every_event().into_iter().filter(known) {
        let offset = commands.len() as u64;
        commands.push(Answered {
            offset: Offset(offset),
            time: Fake::time(offset),
            events: vec![event],
        });
    }
    assert!(20 < commands.len(), "{} events", commands.len());
    let mut sink = ServerProjection::new(&settings, JOURNAL, Fake::names());
    sink.cursor().await.expect("a cursor");
    sink.commit(&batch(&commands)).await.expect("all are taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_search_server_is_said_in_one_line() {
    let nobody = Settings {
        url: "http://127.0.0.1:1".to_string(),
        prefix: "x-".to_string(),
        user: None,
        timeout: Duration::from_secs(5),
    };
    let mut sink = ServerProjection::new(&nobody, JOURNAL, Fake::names());
    let refused = sink.cursor().await.expect_err("nobody is there");
    assert!(
        matches!(refused, SinkError::Unreachable { .. }),
        "{refused:?}"
    );
    assert!(!refused.to_string().contains('\n'), "{refused}");
    let Some(settings) = settings("newer") else {
        return;
    };
    let newer = settings.prefix.clone();
    let template = crate::search::server::TEMPLATE
        .replace("PREFIX", &newer)
        .replace("\"version\": 1", "\"version\": 99");
    let url = format!("{}/_index_template/{newer}daybook", settings.url);
    let put = ureq::put(&url).header("content-type", "application/json");
    put.send(template.as_str()).expect("the server takes it");
    let mut sink = ServerProjection::new(&settings, JOURNAL, Fake::names());
    let line = sink.cursor().await.expect_err("too new").to_string();
    assert!(
        line.contains("version 99") && line.contains("start the newer build"),
        "{line}"
    );
    let mut clashing = settings.clone();
    clashing.prefix = format!("{newer}b-");
    let claims = format!(
        "{{\"index_patterns\":[\"{}order-g*\"],\"priority\":100}}",
        clashing.prefix
    );
    let url = format!("{}/_index_template/{newer}other", settings.url);
    let put = ureq::put(&url).header("content-type", "application/json");
    put.send(claims.as_str()).expect("the server takes it");
    let mut sink = ServerProjection::new(&clashing, JOURNAL, Fake::names());
    let line = sink.cursor().await.expect_err("refused").to_string();
    assert!(
        line.contains("take the template") && line.contains("another `prefix`"),
        "{line}"
    );
}
