//! One handle for both databases: the same statements, whole numbers and texts.
//!
//! Every column of the read models is a whole number or a text, so that two kinds of
//! values serve both drivers. Amounts of 128 bits are decimal text on the way in and out;
//! no float is ever involved.

use std::sync::Arc;

use sqlx::mysql::{MySqlPool, MySqlRow};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, MySql, Row as _, Sqlite};

use crate::error::SinkError;
use crate::sql::dialect::Dialect;

/// A pool of connections to a database.
#[derive(Clone, Debug)]
pub enum Database {
    Sqlite(SqlitePool),
    MySql(MySqlPool),
}

/// A value of a statement.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Value {
    Whole(i64),
    Text(String),
    Null,
}

/// A statement and its values, in the order of its question marks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    text: Arc<str>,
    values: Vec<Value>,
}

/// A row of either database.
#[derive(Debug)]
pub enum Row {
    Sqlite(SqliteRow),
    MySql(MySqlRow),
}

/// Statements that take effect together or not at all; dropped, it is rolled back.
pub enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    MySql(sqlx::Transaction<'static, MySql>),
}

impl std::fmt::Display for Value {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Whole(whole) => write!(out, "{whole}"),
            Value::Text(text) => write!(out, "{text}"),
            Value::Null => write!(out, "nothing"),
        }
    }
}

impl From<i64> for Value {
    fn from(whole: i64) -> Value {
        Value::Whole(whole)
    }
}

impl From<u32> for Value {
    fn from(whole: u32) -> Value {
        Value::Whole(whole.into())
    }
}

impl From<u64> for Value {
    /// Times, offsets and event ids stay below 2^63.
    fn from(whole: u64) -> Value {
        Value::Whole(i64::try_from(whole).unwrap_or(i64::MAX))
    }
}

impl From<i128> for Value {
    fn from(atoms: i128) -> Value {
        Value::Text(atoms.to_string())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_string())
    }
}

impl Statement {
    /// A statement without values.
    pub fn new(text: impl Into<Arc<str>>) -> Statement {
        Statement {
            text: text.into(),
            values: Vec::new(),
        }
    }

    /// With one more value.
    pub fn bind(mut self, value: impl Into<Value>) -> Statement {
        self.values.push(value.into());
        self
    }

    /// With these values.
    pub fn values(text: Arc<str>, values: Vec<Value>) -> Statement {
        Statement { text, values }
    }
}

/// The same for both drivers: the types of their queries differ.
macro_rules! query {
    ($statement:expr) => {{
        let Statement { text, values } = $statement;
        let mut query = sqlx::query(AssertSqlSafe(text));
        for value in values {
            query = match value {
                Value::Whole(whole) => query.bind(whole),
                Value::Text(text) => query.bind(text),
                Value::Null => query.bind(None::<i64>),
            };
        }
        query
    }};
}

impl Database {
    /// What differs between them.
    pub fn dialect(&self) -> &'static Dialect {
        match self {
            Database::Sqlite(_) => &Dialect::SQLITE,
            Database::MySql(_) => &Dialect::MYSQL,
        }
    }

    /// Every row of a statement.
    ///
    /// # Errors
    /// [`SinkError::Database`].
    pub async fn rows(&self, statement: Statement) -> Result<Vec<Row>, SinkError> {
        Ok(match self {
            Database::Sqlite(pool) => {
                let rows = query!(statement).fetch_all(pool).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Database::MySql(pool) => {
                let rows = query!(statement).fetch_all(pool).await?;
                rows.into_iter().map(Row::MySql).collect()
            }
        })
    }

    /// Executes one statement by itself; how many rows it changed.
    ///
    /// # Errors
    /// [`SinkError::Database`].
    pub async fn execute(&self, statement: Statement) -> Result<u64, SinkError> {
        Ok(match self {
            Database::Sqlite(pool) => query!(statement).execute(pool).await?.rows_affected(),
            Database::MySql(pool) => query!(statement).execute(pool).await?.rows_affected(),
        })
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// [`SinkError::Database`].
    pub async fn begin(&self) -> Result<Transaction, SinkError> {
        Ok(match self {
            Database::Sqlite(pool) => Transaction::Sqlite(pool.begin().await?),
            Database::MySql(pool) => Transaction::MySql(pool.begin().await?),
        })
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match self {
            Database::Sqlite(pool) => pool.close().await,
            Database::MySql(pool) => pool.close().await,
        }
    }
}

impl Transaction {
    /// Executes one statement; how many rows it changed.
    ///
    /// # Errors
    /// [`SinkError::Database`].
    pub async fn execute(&mut self, statement: Statement) -> Result<u64, SinkError> {
        Ok(match self {
            Transaction::Sqlite(it) => query!(statement).execute(&mut **it).await?.rows_affected(),
            Transaction::MySql(it) => query!(statement).execute(&mut **it).await?.rows_affected(),
        })
    }

    /// Every row of a statement.
    ///
    /// # Errors
    /// [`SinkError::Database`].
    pub async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, SinkError> {
        Ok(match self {
            Transaction::Sqlite(it) => {
                let rows = query!(statement).fetch_all(&mut **it).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Transaction::MySql(it) => {
                let rows = query!(statement).fetch_all(&mut **it).await?;
                rows.into_iter().map(Row::MySql).collect()
            }
        })
    }

    /// Makes everything take effect.
    ///
    /// # Errors
    /// [`SinkError::Database`]; whether it took effect is then unknown, and the cursor says.
    pub async fn commit(self) -> Result<(), SinkError> {
        match self {
            Transaction::Sqlite(it) => it.commit().await?,
            Transaction::MySql(it) => it.commit().await?,
        }
        Ok(())
    }
}

impl Row {
    /// A whole number.
    ///
    /// # Errors
    /// [`SinkError::Database`] when there is no such column or it holds something else.
    pub fn whole(&self, column: &str) -> Result<i64, SinkError> {
        Ok(match self {
            Row::Sqlite(row) => row.try_get(column)?,
            Row::MySql(row) => row.try_get(column)?,
        })
    }

    /// A text, or a decimal number as one.
    ///
    /// # Errors
    /// As [`Row::whole`].
    pub fn text(&self, column: &str) -> Result<String, SinkError> {
        Ok(match self {
            Row::Sqlite(row) => row.try_get(column)?,
            // A DECIMAL arrives as text too, which the checked form does not let through.
            Row::MySql(row) => row.try_get_unchecked(column)?,
        })
    }

    /// A text that may be absent.
    ///
    /// # Errors
    /// As [`Row::whole`].
    pub fn optional_text(&self, column: &str) -> Result<Option<String>, SinkError> {
        Ok(match self {
            Row::Sqlite(row) => row.try_get(column)?,
            Row::MySql(row) => row.try_get_unchecked(column)?,
        })
    }
}
