//! Bringing a database up to date: numbered migrations, the same for both dialects.
//!
//! sqlx keeps the list of what was applied and compares its checksums, so that a schema of
//! a newer Daybook or one edited by hand is noticed before a row is written.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use crate::error::SinkError;
use crate::sql::database::{Database, Statement};
use crate::sql::tables::TABLES;

/// Number, title and text of each.
const MIGRATIONS: [(i64, &str, &str); 5] = [
    (
        1,
        "read models",
        include_str!("../../../schemas/sql/0001_read_models.sql"),
    ),
    (
        2,
        "history",
        include_str!("../../../schemas/sql/0002_history.sql"),
    ),
    (
        3,
        "order changes",
        include_str!("../../../schemas/sql/0003_order_changes.sql"),
    ),
    (
        4,
        "perpetuals",
        include_str!("../../../schemas/sql/0004_perpetuals.sql"),
    ),
    (
        5,
        "past",
        include_str!("../../../schemas/sql/0005_past.sql"),
    ),
];
/// The newest.
pub const VERSION: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// Applies what is missing.
///
/// # Errors
/// [`SinkError::Refused`] for a schema of somebody else, [`SinkError::Database`] otherwise.
pub async fn migrate(database: &Database) -> Result<(), SinkError> {
    match run(database).await {
        Err(MigrateError::Dirty(_)) => {
            // MySQL cannot undo a CREATE TABLE: a migration that was cut off is begun anew.
            // Every row is made from the event log again.
            drop_all(database).await?;
            run(database).await.map_err(explain)
        }
        outcome => outcome.map_err(explain),
    }
}

async fn run(database: &Database) -> Result<(), MigrateError> {
    let dialect = database.dialect();
    let migrations = MIGRATIONS.into_iter().map(|(version, title, text)| {
        let text = AssertSqlSafe(dialect.translate(text)).into_sql_str();
        Migration::new(version, title.into(), MigrationType::Simple, text, false)
    });
    let migrator = Migrator::with_migrations(migrations.collect());
    match database {
        Database::Sqlite(pool) => migrator.run(pool).await,
        Database::MySql(pool) => migrator.run(pool).await,
    }
}

async fn drop_all(database: &Database) -> Result<(), SinkError> {
    let others = ["cursors", "payments", "_sqlx_migrations"];
    for name in TABLES.iter().map(|table| table.name).chain(others) {
        let statement = Statement::new(format!("DROP TABLE IF EXISTS {name}"));
        database.execute(statement).await?;
    }
    Ok(())
}

fn explain(error: MigrateError) -> SinkError {
    let (reason, todo) = match error {
        MigrateError::VersionMissing(version) => (
            format!("its schema has migration {version}, this build knows {VERSION}"),
            "start the newer Daybook, or empty the database",
        ),
        MigrateError::VersionMismatch(version) => (
            format!("migration {version} of its schema is not this build's"),
            "name a database of its own, or empty this one",
        ),
        other => return SinkError::Migration(other),
    };
    SinkError::Refused {
        reason,
        todo: todo.to_string(),
    }
}
