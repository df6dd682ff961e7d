//! The embedded database: one file in the data directory, one writer.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::error::SinkError;
use crate::sql::database::{Database, Statement};
use crate::sql::migrate::migrate;
use crate::sql::sink::EMBEDDED;

/// How long a statement waits for another connection's lock.
const BUSY: Duration = Duration::from_secs(10);

/// Opens the file, made at the first time, and brings its tables up to date.
///
/// # Errors
/// [`SinkError`] when the file is no database of ours.
pub async fn open(path: &Path) -> Result<Database, SinkError> {
    let options = SqliteConnectOptions::from_str("sqlite:")?
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY);
    let pool = SqlitePoolOptions::new()
        .max_connections(4)
        .connect_with(options)
        .await?;
    let database = Database::Sqlite(pool);
    migrate(&database).await?;
    let text = "INSERT OR IGNORE INTO cursors (name, next, state, scope) VALUES (?, 0, 0, '')";
    database
        .execute(Statement::new(text).bind(EMBEDDED))
        .await?;
    Ok(database)
}

/// Copies an opened file as it stands, cursor and rows of one moment, to a new one.
///
/// # Errors
/// [`SinkError::Database`] when the target exists or cannot be written.
pub async fn copy(database: &Database, target: &Path) -> Result<(), SinkError> {
    let text = target.to_string_lossy().into_owned();
    let statement = Statement::new("VACUUM INTO ?").bind(text);
    database.execute(statement).await?;
    Ok(())
}
