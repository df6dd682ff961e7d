//! The same rows in a real MySQL server as in the embedded file.
//!
//! `DAYBOOK_TEST_MYSQL` names the server; without it these tests say so and pass.

use schemas::ids::{AccountId, Offset};

use crate::error::SinkError;
use crate::projection::{Answered, Projection};
use crate::reads;
use crate::sql::database::{Database, Statement};
use crate::sql::server::{connect, parse};
use crate::sql::shard::Shard;
use crate::sql::sink::{Server, SqlProjection};
use crate::sql::tables::{TABLES, Table};
use crate::tests::fake::{ACCOUNTS, Fake};
use crate::tests::{batch, folder, open, page};

/// A database of its own on the server of the tests.
struct Scratch {
    address: String,
    database: Database,
}

impl Scratch {
    async fn new(name: &str) -> Option<Scratch> {
        let Ok(server) = std::env::var("DAYBOOK_TEST_MYSQL") else {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "no MySQL server"
            );
            println!("SKIPPED {name}: DAYBOOK_TEST_MYSQL names no server");
            return None;
        };
        let root = parse(&format!("{server}/mysql")).expect("an address");
        let root = connect(&root).await.expect("the server answers");
        let name = format!("daybook_{name}_{}", std::process::id());
        for text in [
            format!("DROP DATABASE IF EXISTS {name}"),
            format!("CREATE DATABASE {name}"),
        ] {
            root.execute(Statement::new(text))
                .await
                .expect("root may do that");
        }
        root.close().await;
        let address = format!("{server}/{name}");
        let options = parse(&address).expect("an address");
        let database = connect(&options).await.expect("the server answers");
        Some(Scratch { address, database })
    }

    fn sink(&self, shard: Shard) -> SqlProjection {
        SqlProjection::server(Server {
            options: parse(&self.address).expect("an address"),
            name: "mysql".to_string(),
            shard,
            journal: "journal".to_string(),
        })
    }

    async fn gone(self) {
        let name = self.address.rsplit('/').next().expect("a name").to_string();
        let drop = Statement::new(format!("DROP DATABASE {name}"));
        self.database.execute(drop).await.expect("root may do that");
    }
}

/// Every row of a table as text, in the order of its key.
async fn rows(database: &Database, table: &Table) -> Vec<String> {
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| format!("CAST({column} AS CHAR) AS {column}"))
        .collect();
    let text = format!(
        "SELECT {} FROM {} ORDER BY {}",
        columns.join(", "),
        table.name,
        table
            .key
            .iter()
            .map(|key| format!("{}.{key}", table.name))
            .collect::<Vec<_>>()
            .join(", ")
    );
    let found = database.rows(Statement::new(text)).await.expect("read");
    let line = |row: &crate::sql::database::Row| {
        let values = table
            .columns
            .iter()
            .map(|column| row.text(column).expect("text"));
        values.collect::<Vec<_>>().join("|")
    };
    found.iter().map(line).collect()
}

async fn assert_same(one: &Database, other: &Database) {
    for table in TABLES {
        let (one, other) = (rows(one, table).await, rows(other, table).await);
        assert_eq!(one.len(), other.len(), "{}", table.name);
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one, other, "{}", table.name);
        }
    }
}

async fn commit(sink: &mut SqlProjection, commands: &[Answered], most: usize) {
    let mut at = sink.cursor().await.expect("a cursor").0 as usize;
    while at < commands.len() {
        let end = commands.len().min(at + most);
        sink.commit(&batch(&commands[at..end]))
            .await
            .expect("it commits");
        at = end;
    }
}

#[tokio::test]
async fn a_server_holds_the_rows_of_the_file_also_after_a_rebuild_that_was_cut_off() {
    let Some(scratch) = Scratch::new("same").await else {
        return;
    };
    let dir = folder();
    let mut fake = Fake::new(31);
    let commands: Vec<_> = (0..600).map(|offset| fake.step(offset)).collect();
    let embedded = open(dir.path()).await;
    commit(
        &mut SqlProjection::embedded(embedded.clone()),
        &commands,
        600,
    )
    .await;
    let mut sink = scratch.sink(Shard::WHOLE);
    commit(&mut sink, &commands, 37).await;
    assert_same(&embedded, &scratch.database).await;
    sink.reset().await.expect("thrown away");
    commit(&mut sink, &commands[..400], 90).await;
    // As a crash in the middle of a reset leaves it: marked, some tables empty.
    for text in [
        "UPDATE cursors SET state = 1",
        "TRUNCATE TABLE orders",
        "TRUNCATE TABLE ledger",
    ] {
        scratch
            .database
            .execute(Statement::new(text))
            .await
            .expect("done");
    }
    let mut sink = scratch.sink(Shard::WHOLE);
    assert_eq!(sink.cursor().await.expect("a cursor"), Offset(0));
    assert_eq!(sink.newest_time(), None);
    commit(&mut sink, &commands, 111).await;
    let mut again = scratch.sink(Shard::WHOLE);
    assert_eq!(again.cursor().await.expect("a cursor"), Offset(600));
    assert_eq!(again.newest_time(), Some(commands[599].time));
    assert_same(&embedded, &scratch.database).await;
    scratch.gone().await;
}

#[tokio::test]
async fn two_databases_share_the_accounts_and_each_answers_for_its_own() {
    let (Some(one), Some(two)) = (Scratch::new("one").await, Scratch::new("two").await) else {
        return;
    };
    let dir = folder();
    let mut fake = Fake::new(32);
    let commands: Vec<_> = (0..500).map(|offset| fake.step(offset)).collect();
    let embedded = open(dir.path()).await;
    commit(
        &mut SqlProjection::embedded(embedded.clone()),
        &commands,
        500,
    )
    .await;
    let shards = [&one, &two];
    for (index, scratch) in shards.iter().enumerate() {
        let shard = Shard {
            index: index as u32,
            count: 2,
        };
        commit(&mut scratch.sink(shard), &commands, 77).await;
    }
    let mut ledger = Vec::new();
    for (index, scratch) in shards.iter().enumerate() {
        for account in ACCOUNTS.map(AccountId) {
            if Shard::of(account, 2) != index as u32 {
                let page = reads::orders(&scratch.database, &page(account)).await;
                assert!(page.expect("read").is_empty(), "another shard's");
                continue;
            }
            let expected = reads::orders(&embedded, &page(account))
                .await
                .expect("read");
            let found = reads::orders(&scratch.database, &page(account)).await;
            assert_eq!(found.expect("read"), expected);
            let expected = reads::trades(&embedded, &page(account))
                .await
                .expect("read");
            let found = reads::trades(&scratch.database, &page(account)).await;
            assert_eq!(found.expect("read"), expected);
        }
        ledger.extend(rows(&scratch.database, &crate::sql::tables::LEDGER).await);
    }
    ledger.sort();
    let mut whole = rows(&embedded, &crate::sql::tables::LEDGER).await;
    whole.sort();
    assert_eq!(
        ledger, whole,
        "every posting lies in one shard, and in one only"
    );
    one.gone().await;
    two.gone().await;
}

/// What a new sink says of a database that is wrong.
async fn line(address: &str, journal: &str) -> String {
    let mut sink = SqlProjection::server(Server {
        options: parse(address).expect("an address"),
        name: "mysql".to_string(),
        shard: Shard::WHOLE,
        journal: journal.to_string(),
    });
    let error = sink.cursor().await.expect_err("it is wrong");
    let line = error.to_string();
    assert!(!line.contains('\n') && !line.contains("s3cret"), "{line}");
    line
}

#[tokio::test]
async fn a_wrong_address_is_one_line_that_says_what_to_do() {
    let Some(scratch) = Scratch::new("wrong").await else {
        return;
    };
    let closed = line("mysql://root@127.0.0.1:9/daybook", "journal").await;
    assert!(closed.contains("nobody answers at 127.0.0.1:9"), "{closed}");
    let user = scratch.address.replace("root@", "root:s3cret@");
    let user = line(&user, "journal").await;
    assert!(user.contains("correct user and password"), "{user}");
    let absent = line(&format!("{}_absent", scratch.address), "journal").await;
    assert!(absent.contains("create the database"), "{absent}");
    let cursor = scratch.sink(Shard::WHOLE).cursor().await;
    assert_eq!(cursor.expect("made at the first time"), Offset(0));
    let foreign = line(&scratch.address, "another").await;
    assert!(
        foreign.contains("its rows are of `journal 1/1`"),
        "{foreign}"
    );
    scratch.gone().await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_one_that_was_cut_off_is_begun_anew() {
    let Some(scratch) = Scratch::new("schema").await else {
        return;
    };
    let cursor = scratch.sink(Shard::WHOLE).cursor().await;
    assert_eq!(cursor.expect("made at the first time"), Offset(0));
    let newer = "INSERT INTO _sqlx_migrations \
        (version, description, success, checksum, execution_time) VALUES (99, 'x', 1, 'x', 1)";
    let done = async |text: &'static str| {
        let outcome = scratch.database.execute(Statement::new(text)).await;
        outcome.expect("root may do that");
    };
    done(newer).await;
    let newer = line(&scratch.address, "journal").await;
    assert!(newer.contains("start the newer Daybook"), "{newer}");
    done("DELETE FROM _sqlx_migrations WHERE version = 99").await;
    done("UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = 2").await;
    let edited = line(&scratch.address, "journal").await;
    assert!(
        edited.contains("migration 2 of its schema is not this build's"),
        "{edited}"
    );
    done("DELETE FROM _sqlx_migrations WHERE version = 2").await;
    done("UPDATE _sqlx_migrations SET success = 0 WHERE version = 1").await;
    done("DROP TABLE ledger").await;
    let cursor = scratch.sink(Shard::WHOLE).cursor().await;
    assert_eq!(cursor.expect("begun anew"), Offset(0));
    scratch.gone().await;
}

#[tokio::test]
async fn a_second_writer_on_a_server_is_noticed() {
    let Some(scratch) = Scratch::new("fenced").await else {
        return;
    };
    let mut fake = Fake::new(33);
    let commands: Vec<_> = (0..40).map(|offset| fake.step(offset)).collect();
    let (mut one, mut two) = (scratch.sink(Shard::WHOLE), scratch.sink(Shard::WHOLE));
    commit(&mut one, &commands[..20], 20).await;
    assert_eq!(two.cursor().await.expect("a cursor"), Offset(20));
    commit(&mut one, &commands[..30], 10).await;
    let late = two.commit(&batch(&commands[20..40])).await;
    assert!(matches!(late, Err(SinkError::Fenced { .. })), "{late:?}");
    commit(&mut one, &commands, 10).await;
    scratch.gone().await;
}
