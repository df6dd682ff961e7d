//! Every kind of tampering with the rows is named, and honest rows agree.

use crate::projection::{Answered, Projection};
use crate::reconcile::{Difference, Reconciler};
use crate::sql::database::{Database, Statement};
use crate::sql::shard::Shard;
use crate::sql::sink::SqlProjection;
use crate::tests::fake::Fake;
use crate::tests::{batch, folder, open};

pub(crate) async fn compared(database: &Database, commands: &[Answered]) -> Option<Difference> {
    let begun = Reconciler::begin(database, Shard::WHOLE).await;
    let mut reconciler = begun.expect("it can be read");
    let cursor = reconciler.cursor().0 as usize;
    for piece in commands[..cursor].chunks(83) {
        let difference = reconciler
            .take(&batch(piece))
            .await
            .expect("it can be read");
        if difference.is_some() {
            return difference;
        }
    }
    reconciler.finish().await.expect("it can be read")
}

/// What is done to the rows, and the table and words by which it is named.
const TAMPERINGS: [(&str, &str, &str); 20] = [
    (
        "DELETE FROM trades WHERE id = 3",
        "trades",
        "symbol 0, id 3",
    ),
    (
        "UPDATE trades SET price = price + 1 WHERE id = 5",
        "trades",
        "price is",
    ),
    (
        "UPDATE trades SET quote = '1' WHERE id = 5",
        "trades",
        "quote is 1",
    ),
    (
        "INSERT INTO trades SELECT symbol, id + 100000, price, qty, quote, time_ns, taker_side, \
         taker_order, taker_account, taker_fee, maker_order, maker_account, maker_fee \
         FROM trades WHERE id = 4",
        "trades",
        "id 100004): no event",
    ),
    (
        "DELETE FROM orders WHERE id = 7",
        "orders",
        "symbol 0, id 7): the row is missing",
    ),
    (
        "UPDATE orders SET executed = executed + 1 WHERE id = 9",
        "orders",
        "executed is",
    ),
    (
        "UPDATE orders SET account = 77 WHERE id = 9",
        "orders",
        "account is 77",
    ),
    (
        "UPDATE orders SET id = 100000 WHERE id = 9",
        "orders",
        "id 9): the row is missing",
    ),
    (
        "DELETE FROM ledger WHERE line = 2",
        "ledger",
        "the row is missing",
    ),
    (
        "UPDATE ledger SET delta = '12' WHERE line = 1",
        "ledger",
        "delta is 12",
    ),
    (
        "INSERT INTO ledger SELECT event, 50, account, asset, delta, kind, business, time_ns \
         FROM ledger WHERE line = 0",
        "ledger",
        "line 50): no event made this row",
    ),
    (
        "UPDATE balances SET free = '1' WHERE account = 7",
        "balances",
        "account 7, asset",
    ),
    (
        "DELETE FROM balances WHERE account = 8",
        "balances",
        "the row is missing",
    ),
    (
        "DELETE FROM order_events WHERE kind = 'trade'",
        "order_events",
        "missing",
    ),
    (
        "UPDATE candles SET high = high + 1 WHERE span = '1h'",
        "candles",
        "high is",
    ),
    (
        "DELETE FROM trade_summary WHERE span = '1d'",
        "trade_summary",
        "missing",
    ),
    (
        "DELETE FROM transfers WHERE kind = 'deposit'",
        "transfers",
        "missing",
    ),
    (
        "UPDATE prevented_matches SET price = 1",
        "prevented_matches",
        "price is 1",
    ),
    (
        "UPDATE amendments SET new_qty = 77",
        "amendments",
        "new_qty is 77",
    ),
    (
        "INSERT INTO amendments SELECT event + 1, symbol, id, account, old_client, new_client, \
         old_qty, new_qty, time_ns FROM amendments",
        "amendments",
        "no event made this row",
    ),
];

#[tokio::test]
async fn a_row_deleted_doubled_or_altered_by_hand_is_named() {
    let mut fake = Fake::new(55);
    let commands: Vec<_> = (0..700).map(|offset| fake.step(offset)).collect();
    let dir = folder();
    let honest = dir.path().join("honest");
    std::fs::create_dir(&honest).expect("a folder");
    let database = open(&honest).await;
    let mut sink = SqlProjection::embedded(database.clone());
    for piece in commands[..650].chunks(201) {
        sink.commit(&batch(piece)).await.expect("it commits");
    }
    assert_eq!(
        compared(&database, &commands).await,
        None,
        "honest rows agree"
    );
    for (index, (text, table, words)) in TAMPERINGS.into_iter().enumerate() {
        let path = dir.path().join(format!("{index}"));
        std::fs::create_dir(&path).expect("a folder");
        crate::sql::file::copy(&database, &path.join("read-models.sqlite"))
            .await
            .expect("a copy");
        let tampered = open(&path).await;
        let rows = tampered
            .execute(Statement::new(text))
            .await
            .expect("it is done");
        assert!(rows > 0, "{text} changes nothing");
        let difference = compared(&tampered, &commands).await;
        let difference = difference.unwrap_or_else(|| panic!("{text} is not noticed"));
        assert_eq!(difference.table, table, "{text}: {difference}");
        assert!(
            difference.to_string().contains(words),
            "{text}: {difference}"
        );
        tampered.close().await;
    }
}

#[tokio::test]
async fn a_ledger_that_does_not_add_up_is_named_by_account_and_asset() {
    let mut fake = Fake::new(56);
    let commands: Vec<_> = (0..200).map(|offset| fake.step(offset)).collect();
    let dir = folder();
    let database = open(dir.path()).await;
    let mut sink = SqlProjection::embedded(database.clone());
    sink.commit(&batch(&commands)).await.expect("it commits");
    // The events themselves are false: the rows agree with them, the sum does not.
    let mut forged = fake.step(200);
    let mut events = forged.events.clone();
    events.retain(|event| !matches!(event, schemas::event::Event::BalanceChanged(_)));
    let (account, asset) = (schemas::ids::AccountId(7), schemas::ids::AssetId(1));
    events.push(schemas::event::Event::BalanceChanged(
        schemas::event::BalanceChanged {
            account,
            asset,
            free: schemas::units::Amount(1),
            held: schemas::units::Amount(2),
        },
    ));
    forged.events = events;
    let mut commands = commands;
    commands.push(forged);
    sink.commit(&batch(&commands[200..]))
        .await
        .expect("it commits");
    let difference = compared(&database, &commands).await.expect("it is noticed");
    let line = difference.to_string();
    assert!(line.starts_with("ledger (account 7, asset 1)"), "{line}");
    assert!(line.ends_with("the balance is 3"), "{line}");
}
