//! Random events in random batches, failures between: rows equal what the fake knows.

mod fake;
mod log;
mod driver;
mod server;
mod candles;
mod order_changes;
mod tamper;
mod perpetual;
mod telling;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "search")]
mod search;
mod redis;

use std::collections::BTreeMap;
use std::path::Path;

use schemas::command::OrderRef;
use schemas::event::{Event, OrderRested};
use schemas::ids::{AccountId, AssetId, ClientOrderId, Offset, OrderId, SymbolId};
use schemas::instrument::Side;
use schemas::report::{OrderReport, TradeReport};
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::error::SinkError;
use crate::projection::{Answered, Batch, Projection, same_past};
use crate::reads::{self, Page};
use crate::sql::database::{Database, Row, Statement};
use crate::sql::file;
use crate::sql::sink::SqlProjection;
use crate::tests::fake::{ACCOUNTS, Fake};

pub(crate) const SYMBOL: SymbolId = SymbolId(0);

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub(crate) async fn open(dir: &Path) -> Database {
    file::open(&dir.join("read-models.sqlite"))
        .await
        .expect("it opens")
}

pub(crate) fn batch(commands: &[Answered]) -> Batch {
    let from = commands.first().expect("a batch is not empty").offset;
    let next = Offset(from.0 + commands.len() as u64);
    Batch {
        from,
        next,
        commands: commands.to_vec(),
    }
}

pub(crate) fn page(account: AccountId) -> Page {
    let limit = usize::MAX;
    Page {
        account,
        symbol: SYMBOL,
        order: None,
        from: None,
        start: None,
        end: None,
        limit,
    }
}

/// A batch whose last event names an order that nobody accepted.
fn broken(mut batch: Batch) -> Batch {
    let last = batch.commands.last_mut().expect("a batch is not empty");
    last.events
        .push(Event::OrderDone(schemas::event::OrderDone {
            symbol: SYMBOL,
            order: OrderId(u64::from(u32::MAX)),
            account: AccountId(7),
            side: Side::Buy,
            status: schemas::instrument::OrderStatus::Canceled,
            price: Price(1),
            open: Qty(1),
            prevented: Qty::ZERO,
            rested: true,
            cancel_client: ClientOrderId::EMPTY,
        }));
    batch
}

/// Commits everything in batches of random size; now and then one fails or the file is
/// closed and opened again.
async fn commit_all(dir: &Path, fake: &mut Fake, commands: &[Answered]) -> Database {
    let mut database = open(dir).await;
    let mut sink = SqlProjection::embedded(database.clone());
    let mut done = 0;
    while done < commands.len() {
        let most = (1 + fake.below(40) as usize).min(commands.len() - done);
        let next = batch(&commands[done..done + most]);
        match fake.below(4) {
            0 => {
                let failed = sink.commit(&broken(next)).await;
                assert!(
                    matches!(failed, Err(SinkError::UnknownOrder { .. })),
                    "{failed:?}"
                );
            }
            1 => {
                database.close().await;
                database = open(dir).await;
                sink = SqlProjection::embedded(database.clone());
            }
            _ => {
                sink.commit(&next).await.expect("it commits");
                done += most;
            }
        }
        let cursor = sink.cursor().await.expect("a cursor");
        assert_eq!(
            cursor,
            Offset(done as u64),
            "effects and cursor move together"
        );
    }
    database
}

#[tokio::test]
async fn rows_equal_a_naive_fold_whatever_the_batches() {
    for seed in 1..6 {
        let dir = folder();
        let mut fake = Fake::new(seed);
        let commands: Vec<_> = (0..400).map(|offset| fake.step(offset)).collect();
        let database = commit_all(dir.path(), &mut fake, &commands).await;
        assert_rows(&database, &fake).await;
        let mut sink = SqlProjection::embedded(database.clone());
        sink.reset().await.expect("thrown away");
        assert_eq!(sink.cursor().await.expect("a cursor"), Offset(0));
        assert!(
            reads::orders(&database, &page(AccountId(7)))
                .await
                .expect("read")
                .is_empty()
        );
        sink.commit(&batch(&commands))
            .await
            .expect("made again at once");
        assert_rows(&database, &fake).await;
    }
}

async fn assert_rows(database: &Database, fake: &Fake) {
    for account in ACCOUNTS.map(AccountId) {
        let own: Vec<OrderReport> = fake
            .orders
            .iter()
            .filter(|order| order.account == account)
            .copied()
            .collect();
        assert_eq!(
            reads::orders(database, &page(account)).await.expect("read"),
            own
        );
        assert_order_pages(database, account, &own).await;
        for order in own.iter().step_by(7) {
            let by_id = OrderRef {
                order: order.order,
                ..OrderRef::default()
            };
            let found = reads::order(database, (account, SYMBOL), by_id)
                .await
                .expect("read");
            assert_eq!(found, Some(*order));
            let client_order = order.client_order;
            let by_client = OrderRef {
                order: OrderId(0),
                client_order,
            };
            let found = reads::order(database, (account, SYMBOL), by_client)
                .await
                .expect("read");
            let newest = own
                .iter()
                .rev()
                .find(|other| other.client_order == client_order);
            assert_eq!(found.as_ref(), newest);
            let other = ClientOrderId::new("another").expect("fits");
            let mismatch = OrderRef {
                order: order.order,
                client_order: other,
            };
            let found = reads::order(database, (account, SYMBOL), mismatch)
                .await
                .expect("read");
            assert_eq!(found, None);
            let found = reads::order(database, (AccountId(99), SYMBOL), by_id)
                .await
                .expect("read");
            assert_eq!(found, None, "another account's order");
        }
        let is_own = |t: &&TradeReport| t.taker_account == account || t.maker_account == account;
        let trades: Vec<_> = fake.trades.iter().filter(is_own).copied().collect();
        assert_trade_pages(database, account, &trades).await;
    }
    assert_money(database, fake).await;
}

async fn assert_order_pages(database: &Database, account: AccountId, own: &[OrderReport]) {
    let newest = Page {
        limit: 7,
        ..page(account)
    };
    let found = reads::orders(database, &newest).await.expect("read");
    assert_eq!(found, own[own.len().saturating_sub(7)..]);
    let from = Page {
        from: Some(20),
        ..newest
    };
    let after = own.iter().filter(|order| 20 <= order.order.0).take(7);
    let found = reads::orders(database, &from).await.expect("read");
    assert_eq!(found, after.copied().collect::<Vec<_>>());
    let (start, end) = (Fake::time(100), Fake::time(200));
    let timed = Page {
        start: Some(start),
        end: Some(end),
        ..page(account)
    };
    let within = own
        .iter()
        .filter(|order| start <= order.created && order.created <= end);
    let found = reads::orders(database, &timed).await.expect("read");
    assert_eq!(found, within.copied().collect::<Vec<_>>());
}

async fn assert_trade_pages(database: &Database, account: AccountId, own: &[TradeReport]) {
    assert_eq!(
        reads::trades(database, &page(account)).await.expect("read"),
        own
    );
    let newest = Page {
        limit: 3,
        ..page(account)
    };
    let found = reads::trades(database, &newest).await.expect("read");
    assert_eq!(found, own[own.len().saturating_sub(3)..]);
    let from = Page {
        from: Some(5),
        ..newest
    };
    let after = own.iter().filter(|trade| 5 <= trade.trade.0).take(3);
    let found = reads::trades(database, &from).await.expect("read");
    assert_eq!(found, after.copied().collect::<Vec<_>>());
    let Some(last) = own.last() else { return };
    let order = if last.taker_account == account {
        last.taker_order
    } else {
        last.maker_order
    };
    let of_order = Page {
        order: Some(order),
        ..page(account)
    };
    let touches = |t: &&TradeReport| t.taker_order == order || t.maker_order == order;
    let found = reads::trades(database, &of_order).await.expect("read");
    assert_eq!(
        found,
        own.iter().filter(touches).copied().collect::<Vec<_>>()
    );
}

async fn assert_money(database: &Database, fake: &Fake) {
    let atoms = |row: &Row, column| row.text(column).expect("text").parse().expect("decimal");
    let key = |row: &Row| {
        let account = row.whole("account").expect("a number") as u32;
        let asset = row.whole("asset").expect("a number") as u16;
        (AccountId(account), AssetId(asset))
    };
    let rows = Statement::new("SELECT account, asset, free, held FROM balances");
    let rows = database.rows(rows).await.expect("read");
    let balances: BTreeMap<_, _> = rows
        .iter()
        .map(|row| {
            (
                key(row),
                (Amount(atoms(row, "free")), Amount(atoms(row, "held"))),
            )
        })
        .collect();
    assert_eq!(balances, fake.balances);
    let mut moved: BTreeMap<(AccountId, AssetId), i128> = BTreeMap::new();
    let rows = Statement::new("SELECT account, asset, delta FROM ledger");
    for row in &database.rows(rows).await.expect("read") {
        let delta: i128 = atoms(row, "delta");
        *moved.entry(key(row)).or_default() += delta;
    }
    assert_eq!(moved, fake.owned, "the ledger's lines sum to what is owned");
}

#[tokio::test]
async fn a_second_writer_is_noticed_and_leaves_no_trace() {
    let dir = folder();
    let mut fake = Fake::new(9);
    let commands: Vec<_> = (0..20).map(|offset| fake.step(offset)).collect();
    let database = open(dir.path()).await;
    let other_database = open(dir.path()).await;
    let mut sink = SqlProjection::embedded(database.clone());
    let mut other = SqlProjection::embedded(other_database);
    sink.commit(&batch(&commands[..12]))
        .await
        .expect("it commits");
    for late in [
        &commands[..10],
        &commands[..12],
        &commands[8..20],
        &commands[14..20],
    ] {
        let refused = other.commit(&batch(late)).await;
        assert!(
            matches!(refused, Err(SinkError::Fenced { .. })),
            "{refused:?}"
        );
    }
    sink.commit(&batch(&commands[12..]))
        .await
        .expect("the first goes on");
    assert_rows(&database, &fake).await;
}

/// Beside the cursor lies when its last command came: a journal that was restored to an
/// older point and went on differently has another command there, at another time.
#[tokio::test]
async fn rows_of_a_journal_that_went_on_differently_are_refused_until_a_rebuild() {
    let dir = folder();
    let mut fake = Fake::new(23);
    let commands: Vec<_> = (0..20).map(|offset| fake.step(offset)).collect();
    let database = open(dir.path()).await;
    let mut sink = SqlProjection::embedded(database.clone());
    assert_eq!(sink.cursor().await.expect("a cursor"), Offset(0));
    assert_eq!(sink.newest_time(), None);
    sink.commit(&batch(&commands[..15])).await.expect("rows");
    let last = commands[14].time;
    assert_eq!(sink.newest_time(), Some(last));
    let mut sink = SqlProjection::embedded(database.clone());
    let cursor = sink.cursor().await.expect("a cursor");
    assert_eq!((cursor, sink.newest_time()), (Offset(15), Some(last)));
    // The journal went on differently from offset 10 on.
    log::write_shifted(dir.path(), &commands, 10);
    let parted = same_past(dir.path(), cursor, sink.newest_time());
    let parted = parted.expect_err("other commands").to_string();
    assert!(parted.contains("`daybook projection rebuild`"), "{parted}");
    sink.reset().await.expect("thrown away");
    let cursor = sink.cursor().await.expect("a cursor");
    assert_eq!((cursor, sink.newest_time()), (Offset(0), None));
    assert!(same_past(dir.path(), cursor, sink.newest_time()).is_ok());
    // Rows of a build that did not note it are taken as they are.
    sink.commit(&batch(&commands[..15])).await.expect("rows");
    let older = Statement::new("UPDATE cursors SET time_ns = 0");
    database.execute(older).await.expect("done");
    let cursor = sink.cursor().await.expect("a cursor");
    assert!(same_past(dir.path(), cursor, sink.newest_time()).is_ok());
}

#[tokio::test]
async fn amounts_beyond_64_bits_stay_exact() {
    let dir = folder();
    let mut fake = Fake::new(3);
    let huge = Amount(i128::MAX - 1);
    let mut commands = vec![fake.step(0)];
    let (account, asset) = (AccountId(8), AssetId(1));
    let business = schemas::ids::BusinessId::new("wire-1").expect("fits");
    commands.push(Answered {
        offset: Offset(1),
        time: TimeNs(1),
        events: vec![
            Event::Deposited {
                account,
                asset,
                amount: huge,
                business,
            },
            Event::OrderRested(OrderRested {
                symbol: SYMBOL,
                order: OrderId(1),
                account,
                side: Side::Buy,
                price: Price(1),
                open: Qty(1),
            }),
        ],
    });
    let database = open(dir.path()).await;
    SqlProjection::embedded(database.clone())
        .commit(&batch(&commands))
        .await
        .expect("it commits");
    let lines = "SELECT delta FROM ledger WHERE business = 'wire-1' ORDER BY line";
    let lines = database.rows(Statement::new(lines)).await.expect("read");
    let deltas: Vec<_> = lines
        .iter()
        .map(|row| row.text("delta").expect("text"))
        .collect();
    assert_eq!(deltas, [(-huge.0).to_string(), huge.0.to_string()]);
}

#[tokio::test]
async fn thousands_of_commands_fit_one_transaction() {
    let dir = folder();
    let mut fake = Fake::new(21);
    let commands: Vec<_> = (0..4_000).map(|offset| fake.step(offset)).collect();
    let database = open(dir.path()).await;
    let mut sink = SqlProjection::embedded(database.clone());
    let start = std::time::Instant::now();
    for piece in commands.chunks(2_000) {
        sink.commit(&batch(piece)).await.expect("it commits");
    }
    println!(
        "{:.0} commands/s",
        commands.len() as f64 / start.elapsed().as_secs_f64()
    );
    let count = Statement::new("SELECT COUNT(*) AS trades FROM trades");
    let count = database.rows(count).await.expect("read");
    let count = count[0].whole("trades").expect("a number");
    assert_eq!(count as usize, fake.trades.len());
}
