//! The SQLite read model: one file, one writer, effects and cursor in one transaction.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use schemas::event::{BalanceChanged, Event};
use schemas::ids::{AccountId, AssetId, BusinessId, EventId, Offset};
use schemas::report::{OrderReport, TradeReport};
use schemas::units::Amount;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Row, Sqlite, SqlitePool, Transaction};

use crate::error::SinkError;
use crate::orders::{Orders, When, named};
use crate::projection::{Batch, Projection};
use crate::rows;

/// The cursor's name in `cursors`.
const NAME: &str = "sql";
/// Rows written by one statement.
const ROWS: usize = 64;
/// How long a statement waits for another connection's lock.
const BUSY: Duration = Duration::from_secs(10);

/// Opens the file, made at the first time, and brings its tables up to date.
///
/// # Errors
/// [`SinkError`] when the file is no database of ours.
pub async fn open(path: &Path) -> Result<SqlitePool, SinkError> {
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
    sqlx::migrate!("../schemas/sql").run(&pool).await?;
    sqlx::query("INSERT OR IGNORE INTO cursors (name, next) VALUES (?, 0)")
        .bind(NAME)
        .execute(&pool)
        .await?;
    Ok(pool)
}

/// Copies an opened file as it stands, cursor and rows of one moment, to a new one.
///
/// # Errors
/// [`SinkError::Database`] when the target exists or cannot be written.
pub async fn copy(pool: &SqlitePool, target: &Path) -> Result<(), SinkError> {
    let text = target.to_string_lossy().into_owned();
    sqlx::query("VACUUM INTO ?")
        .bind(text)
        .execute(pool)
        .await?;
    Ok(())
}

/// The projection into SQLite.
pub struct SqlProjection {
    pool: SqlitePool,
}

/// A line of money that came, went or moved.
struct Payment {
    event: EventId,
    account: AccountId,
    asset: AssetId,
    delta: Amount,
    kind: &'static str,
    business: BusinessId,
}

impl SqlProjection {
    /// Writes into an opened file.
    pub fn new(pool: SqlitePool) -> SqlProjection {
        SqlProjection { pool }
    }
}

impl Projection for SqlProjection {
    fn name(&self) -> &str {
        NAME
    }

    async fn cursor(&mut self) -> Result<Offset, SinkError> {
        let row = sqlx::query("SELECT next FROM cursors WHERE name = ?")
            .bind(NAME)
            .fetch_one(&self.pool)
            .await?;
        let next: i64 = row.try_get("next")?;
        let wrong = |_| SinkError::Row {
            column: "next",
            value: next.to_string(),
        };
        u64::try_from(next).map(Offset).map_err(wrong)
    }

    async fn commit(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let mut transaction = self.pool.begin().await?;
        move_cursor(&mut transaction, batch).await?;
        let mut orders = Orders::default();
        let mut trades = Vec::new();
        let mut balances = BTreeMap::new();
        for answered in &batch.commands {
            let when = When {
                offset: answered.offset,
                time: answered.time,
            };
            for (index, event) in answered.events.iter().enumerate() {
                for key in named(event).into_iter().flatten() {
                    if !orders.has(key)
                        && let Some(order) = find(&mut transaction, key).await?
                    {
                        orders.bring(order);
                    }
                }
                orders.apply(when, event)?;
                match event {
                    Event::Trade(trade) => trades.push(TradeReport::new(trade, when.time)),
                    Event::BalanceChanged(balance) => {
                        balances.insert((balance.account, balance.asset), *balance);
                    }
                    _ => {
                        let id = EventId::new(answered.offset, index as u16);
                        write_event(&mut transaction, id, event).await?;
                    }
                }
            }
        }
        write_trades(&mut transaction, &trades).await?;
        for balance in balances.values() {
            write_balance(&mut transaction, balance).await?;
        }
        let touched: Vec<_> = orders.touched().copied().collect();
        write_orders(&mut transaction, &touched).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn reset(&mut self) -> Result<(), SinkError> {
        let mut transaction = self.pool.begin().await?;
        for statement in [
            "DELETE FROM orders",
            "DELETE FROM trades",
            "DELETE FROM balances",
            "DELETE FROM payments",
            "UPDATE cursors SET next = 0",
        ] {
            sqlx::query(statement).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Moves the cursor; another writer that moved it first is noticed.
async fn move_cursor(
    transaction: &mut Transaction<'_, Sqlite>,
    batch: &Batch,
) -> Result<(), SinkError> {
    let moved = sqlx::query("UPDATE cursors SET next = ? WHERE name = ? AND next = ?")
        .bind(batch.next.0 as i64)
        .bind(NAME)
        .bind(batch.from.0 as i64)
        .execute(&mut **transaction)
        .await?;
    if moved.rows_affected() == 1 {
        return Ok(());
    }
    Err(SinkError::Fenced {
        expected: batch.from,
    })
}

async fn find(
    transaction: &mut Transaction<'_, Sqlite>,
    (symbol, order): crate::orders::OrderKey,
) -> Result<Option<OrderReport>, SinkError> {
    let columns = rows::ORDER_COLUMNS;
    let text = format!("SELECT {columns} FROM orders WHERE symbol = ? AND id = ?");
    let row = sqlx::query(AssertSqlSafe(text))
        .bind(i64::from(symbol.0))
        .bind(order.0 as i64)
        .fetch_optional(&mut **transaction)
        .await?;
    row.as_ref().map(rows::order).transpose()
}

/// The lines of money that an event writes.
async fn write_event(
    transaction: &mut Transaction<'_, Sqlite>,
    id: EventId,
    event: &Event,
) -> Result<(), SinkError> {
    let line = |account, asset, delta, kind, business| Payment {
        event: id,
        account,
        asset,
        delta,
        kind,
        business,
    };
    match *event {
        Event::Deposited {
            account,
            asset,
            amount,
            business,
        } => {
            let payment = line(account, asset, amount, "deposit", business);
            write_payment(transaction, &payment).await
        }
        Event::Withdrawn {
            account,
            asset,
            amount,
            business,
        } => {
            let payment = line(account, asset, Amount(-amount.0), "withdraw", business);
            write_payment(transaction, &payment).await
        }
        Event::Transferred {
            from,
            to,
            asset,
            amount,
            business,
        } => {
            let payment = line(from, asset, Amount(-amount.0), "transfer-out", business);
            write_payment(transaction, &payment).await?;
            // The other half of the same event: the sign bit of the id keeps it apart.
            let mut payment = line(to, asset, amount, "transfer-in", business);
            payment.event = EventId(id.0 | 1 << 63);
            write_payment(transaction, &payment).await
        }
        _ => Ok(()),
    }
}

/// `INSERT` of as many rows as `rows` at once, `?` for each value.
fn insert(head: &str, columns: &str, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns.split(',').count()].join(", "));
    format!("{head} ({columns}) VALUES {}", vec![row; rows].join(", "))
}

/// Rows in full pieces of [`ROWS`] and then one by one, so that two texts serve all.
fn pieces<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let (full, rest) = rows.split_at(rows.len() - rows.len() % ROWS);
    full.chunks(ROWS).chain(rest.chunks(1))
}

async fn write_orders(
    transaction: &mut Transaction<'_, Sqlite>,
    orders: &[OrderReport],
) -> Result<(), SinkError> {
    for piece in pieces(orders) {
        let text = insert(
            "INSERT OR REPLACE INTO orders",
            rows::ORDER_COLUMNS,
            piece.len(),
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for order in piece {
            query = query
                .bind(i64::from(order.symbol.0))
                .bind(order.order.0 as i64)
                .bind(i64::from(order.account.0))
                .bind(order.client_order.to_string())
                .bind(order.side as i64)
                .bind(order.order_type as i64)
                .bind(order.time_in_force as i64)
                .bind(order.self_trade as i64)
                .bind(order.status as i64)
                .bind(order.price.0)
                .bind(order.qty.0)
                .bind(order.quote_qty.0.to_string())
                .bind(order.executed.0)
                .bind(order.quote.0.to_string())
                .bind(order.prevented.0)
                .bind(order.created.0 as i64)
                .bind(order.updated.0 as i64);
        }
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}

async fn write_trades(
    transaction: &mut Transaction<'_, Sqlite>,
    trades: &[TradeReport],
) -> Result<(), SinkError> {
    for piece in pieces(trades) {
        let text = insert("INSERT INTO trades", rows::TRADE_COLUMNS, piece.len());
        let mut query = sqlx::query(AssertSqlSafe(text));
        for trade in piece {
            query = query
                .bind(i64::from(trade.symbol.0))
                .bind(trade.trade.0 as i64)
                .bind(trade.price.0)
                .bind(trade.qty.0)
                .bind(trade.quote.0.to_string())
                .bind(trade.time.0 as i64)
                .bind(trade.taker_side as i64)
                .bind(trade.taker_order.0 as i64)
                .bind(i64::from(trade.taker_account.0))
                .bind(trade.taker_fee.0.to_string())
                .bind(trade.maker_order.0 as i64)
                .bind(i64::from(trade.maker_account.0))
                .bind(trade.maker_fee.0.to_string());
        }
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}

async fn write_balance(
    transaction: &mut Transaction<'_, Sqlite>,
    balance: &BalanceChanged,
) -> Result<(), SinkError> {
    sqlx::query("INSERT OR REPLACE INTO balances (account, asset, free, held) VALUES (?, ?, ?, ?)")
        .bind(i64::from(balance.account.0))
        .bind(i64::from(balance.asset.0))
        .bind(balance.free.0.to_string())
        .bind(balance.held.0.to_string())
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn write_payment(
    transaction: &mut Transaction<'_, Sqlite>,
    payment: &Payment,
) -> Result<(), SinkError> {
    let text = "INSERT INTO payments (event, account, asset, delta, kind, business) \
                VALUES (?, ?, ?, ?, ?, ?)";
    sqlx::query(text)
        .bind(payment.event.0 as i64)
        .bind(i64::from(payment.account.0))
        .bind(i64::from(payment.asset.0))
        .bind(payment.delta.0.to_string())
        .bind(payment.kind)
        .bind(payment.business.to_string())
        .execute(&mut **transaction)
        .await?;
    Ok(())
}
