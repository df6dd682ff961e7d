//! Reaching a MySQL or MariaDB server, and saying what is wrong with it in one line.

use std::str::FromStr;
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlPoolOptions};

use crate::error::SinkError;
use crate::sql::database::Database;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection for reading may take.
const READ_CONNECT: Duration = Duration::from_secs(1);
/// Connections of one pool: one writes, the others read.
const CONNECTIONS: u32 = 4;

/// `mysql://user:password@host:port/database`, read and checked; nothing is connected.
///
/// # Errors
/// What is wrong with the address; the password is not repeated.
pub fn parse(address: &str) -> Result<MySqlConnectOptions, String> {
    if !address.starts_with("mysql://") && !address.starts_with("mariadb://") {
        return Err("an address is mysql://user:password@host:port/database".to_string());
    }
    let options = MySqlConnectOptions::from_str(address);
    let options = options.map_err(|error| format!("not an address of a database: {error}"))?;
    if options.get_database().is_none_or(str::is_empty) {
        return Err("the address names no database: mysql://user@host:port/DATABASE".to_string());
    }
    Ok(options)
}

/// `host:port/database`, for people: without user and password.
pub fn place(options: &MySqlConnectOptions) -> String {
    let database = options.get_database().unwrap_or_default();
    format!("{}:{}/{database}", options.get_host(), options.get_port())
}

/// Connects; the pool makes more connections when they are needed.
///
/// # Errors
/// [`SinkError::Unreachable`] or [`SinkError::Refused`].
pub async fn connect(options: &MySqlConnectOptions) -> Result<Database, SinkError> {
    let pool = MySqlPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(CONNECT)
        .connect_with(options.clone())
        .await;
    let pool = pool.map_err(|error| explain(error.into(), &place(options)))?;
    Ok(Database::MySql(pool))
}

/// For reading, connected when it is first asked; a reader does not wait for long.
pub fn reader(options: &MySqlConnectOptions) -> Database {
    let pool = MySqlPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(READ_CONNECT)
        .connect_lazy_with(options.clone());
    Database::MySql(pool)
}

/// Makes one line of what a database said, with what to do; other errors pass.
pub fn explain(error: SinkError, place: &str) -> SinkError {
    let inner = match error {
        SinkError::Database(inner) => inner,
        SinkError::Migration(sqlx::migrate::MigrateError::Execute(inner)) => inner,
        SinkError::Migration(sqlx::migrate::MigrateError::ExecuteMigration(inner, _)) => inner,
        other => return other,
    };
    match &inner {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_) => SinkError::Unreachable {
            address: place.to_string(),
            reason: one_line(&inner),
        },
        sqlx::Error::Database(said) => {
            let todo = match said.try_downcast_ref::<MySqlDatabaseError>() {
                Some(said) => server_advice(said.number()),
                None => file_advice(said.code().as_deref()),
            };
            match todo {
                Some(todo) => SinkError::Refused {
                    reason: format!("{place}: {}", one_line(&inner)),
                    todo: todo.to_string(),
                },
                None => SinkError::Database(inner),
            }
        }
        _ => SinkError::Database(inner),
    }
}

fn one_line(error: &sqlx::Error) -> String {
    error.to_string().replace('\n', " ")
}

/// By the server's error number.
fn server_advice(number: u16) -> Option<&'static str> {
    Some(match number {
        1045 | 1698 => "correct user and password in [sql] servers",
        1044 | 1142 | 1227 => "grant the user all rights on this database",
        1049 => "create the database, or correct its name in [sql] servers",
        1021 | 1041 | 1114 | 28 => "free space on the server; it goes on by itself",
        1290 | 1792 | 1836 => "the server is read-only: name the primary in [sql] servers",
        1040 | 1203 => "the server has no connection left: raise max_connections",
        1146 | 1054 => "tables are missing or altered: `daybook projection rebuild`",
        1062 => "a row is there that should not be: `daybook reconcile`, then rebuild",
        _ => return None,
    })
}

/// By SQLite's result code.
fn file_advice(code: Option<&str>) -> Option<&'static str> {
    Some(match code? {
        "5" | "261" | "517" => "another connection holds it; it is tried again by itself",
        // The file beside it that readers share could not grow: SHMSIZE, SHMMAP.
        "13" | "4874" | "5386" => "free space on the disk; it goes on by itself",
        "8" | "14" | "3" => "give this user the right to write there",
        "11" | "26" => "move the file away and start again: it is made anew",
        "1555" | "2067" => "a row is there that should not be: `daybook reconcile`, then rebuild",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{parse, place};

    #[test]
    fn an_address_names_its_database_and_no_line_repeats_the_password() {
        let options = parse("mysql://ann:s3cret@127.0.0.1:3307/venue").expect("an address");
        assert_eq!(place(&options), "127.0.0.1:3307/venue");
        for wrong in [
            "127.0.0.1:3306",
            "mysql://ann:s3cret@host",
            "postgres://a/b",
        ] {
            let line = parse(wrong).expect_err(wrong);
            assert!(!line.contains("s3cret"), "{line}");
        }
    }
}
