//! The reconciler: rows against the same events made again, and the ledger against itself.
//!
//! Everything is read in one transaction, so that the rows are those of one cursor while
//! the sink goes on. Rows that are written once are compared as the events come by; rows
//! that change are compared when they can change no more, so that memory holds what is
//! open and not what is past. Absent on purpose: any repair. A difference is named, and an
//! operator rebuilds.
//!
//! Reading order: [`Reconciler::begin`], [`Reconciler::take`], [`Reconciler::finish`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemas::ids::Offset;

use crate::error::SinkError;
use crate::projection::Batch;
use crate::sql::candles::opened;
use crate::sql::database::{Database, Row, Statement, Transaction, Value};
use crate::sql::fold::fold;
use crate::sql::memory::{Memory, marks};
use crate::sql::perpetual_tables as perpetual;
use crate::sql::shard::Shard;
use crate::sql::tables::{self, Rows, Table};

/// Rows asked for by one statement.
const ASKED: usize = 256;
/// Rows of one page of the ledger.
const PAGE: u64 = 4_096;
/// The status numbers of orders that can still change.
const OPEN: [i64; 3] = [
    schemas::instrument::OrderStatus::New as i64,
    schemas::instrument::OrderStatus::PartiallyFilled as i64,
    schemas::instrument::OrderStatus::PendingNew as i64,
];

/// The first thing that does not agree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    pub table: &'static str,
    /// `symbol 0, id 17`.
    pub key: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({}): {}", self.table, self.key, self.what)
    }
}

/// A row's key, and its values in the order of the table's columns.
type Expected = BTreeMap<Vec<Value>, Vec<Value>>;

/// Compares one database, batch by batch.
pub struct Reconciler {
    transaction: Transaction,
    cursor: Offset,
    shard: Shard,
    memory: Memory,
    /// Rows that may still change, by table.
    pending: BTreeMap<&'static str, Expected>,
    /// Rows that must be there in the end, by table.
    counts: BTreeMap<&'static str, u64>,
    /// The highest order and trade by table and symbol.
    newest: BTreeMap<(&'static str, i64), i64>,
}

/// Tables whose rows are compared; the directory and accounts are not.
const COMPARED: [&Table; 25] = [
    &tables::ORDERS,
    &tables::ORDER_EVENTS,
    &tables::TRADES,
    &tables::LEDGER,
    &tables::TRANSFERS,
    &tables::PREVENTED,
    &tables::AMENDMENTS,
    &tables::BALANCES,
    &tables::CANDLES,
    &tables::SUMMARY,
    &perpetual::PERPETUAL_ORDERS,
    &perpetual::TRADE_PROFITS,
    &perpetual::ORDER_MODIFICATIONS,
    &perpetual::INCOME,
    &perpetual::POSITIONS,
    &perpetual::WALLETS,
    &perpetual::MARGIN_CHANGES,
    &perpetual::FUNDING_SLOTS,
    &perpetual::FUNDING_PAYMENTS,
    &perpetual::LIQUIDATIONS,
    &perpetual::FORCED_ORDERS,
    &perpetual::TAKEOVERS,
    &perpetual::INSURANCE,
    &perpetual::OPEN_INTEREST,
    &perpetual::PRICE_CANDLES,
];

impl Reconciler {
    /// Stands at the cursor of a database.
    ///
    /// # Errors
    /// [`SinkError`] when it cannot be read, or is being emptied.
    pub async fn begin(database: &Database, shard: Shard) -> Result<Reconciler, SinkError> {
        let mut transaction = database.begin().await?;
        let cursor = Statement::new("SELECT next FROM cursors WHERE state = 0");
        let rows = transaction.rows(cursor).await?;
        let row = rows.first().ok_or_else(|| SinkError::Refused {
            reason: "there is no cursor, or the rows are being thrown away".to_string(),
            todo: "try again later".to_string(),
        })?;
        let cursor = Offset(crate::rows::whole(row, "next")?);
        Ok(Reconciler {
            transaction,
            cursor,
            shard,
            memory: Memory::default(),
            pending: BTreeMap::new(),
            counts: COMPARED.into_iter().map(|table| (table.name, 0)).collect(),
            newest: BTreeMap::new(),
        })
    }

    /// The offset up to which the events are wanted, from 0 on.
    pub fn cursor(&self) -> Offset {
        self.cursor
    }

    /// Compares what a batch wrote for good.
    ///
    /// # Errors
    /// [`SinkError`] when the database cannot be read.
    pub async fn take(&mut self, batch: &Batch) -> Result<Option<Difference>, SinkError> {
        let folded = fold(&mut self.memory, self.shard, batch)?;
        self.memory.orders.retain(|_, order| order.status.is_open());
        if let Some(last) = batch.commands.last() {
            let summaries = &mut self.memory.summaries;
            summaries.retain(|key, _| opened(key.interval, last.time) <= key.open_time);
        }
        let mut by_event: BTreeMap<&'static str, Rows> = BTreeMap::new();
        for rows in folded.rows {
            if !self.counts.contains_key(rows.table.name) {
                continue;
            }
            let name = rows.table.name;
            if [tables::ORDERS.name, tables::TRADES.name].contains(&name) {
                for row in rows.iter() {
                    if let (Value::Whole(symbol), Value::Whole(id)) = (&row[0], &row[1]) {
                        let most = self.newest.entry((name, *symbol)).or_default();
                        *most = (*most).max(*id);
                    }
                }
            }
            if rows.table.changes {
                if let Some(difference) = self.changed(&rows).await? {
                    return Ok(Some(difference));
                }
                continue;
            }
            *self.counts.entry(name).or_default() += rows.len() as u64;
            if rows.table.key[0] == "event" {
                by_event.insert(name, rows);
                continue;
            }
            let table = rows.table;
            let rows: Vec<_> = rows.iter().map(<[Value]>::to_vec).collect();
            if let Some(difference) = self.compare(table, &rows).await? {
                return Ok(Some(difference));
            }
        }
        for table in COMPARED.into_iter().filter(|table| table.key[0] == "event") {
            let difference = self
                .by_event(table, by_event.get(table.name), batch)
                .await?;
            if difference.is_some() {
                return Ok(difference);
            }
        }
        Ok(None)
    }

    /// Compares what could change until now, looks for rows too many, and adds up the
    /// ledger of every account and asset.
    ///
    /// # Errors
    /// [`SinkError`] when the database cannot be read.
    pub async fn finish(mut self) -> Result<Option<Difference>, SinkError> {
        for table in COMPARED {
            let rows = self.pending.remove(table.name).unwrap_or_default();
            *self.counts.entry(table.name).or_default() += rows.len() as u64;
            let rows: Vec<_> = rows.into_values().collect();
            if let Some(difference) = self.compare(table, &rows).await? {
                return Ok(Some(difference));
            }
        }
        for table in COMPARED {
            if self.shard == Shard::WHOLE
                && [tables::ORDERS.name, tables::TRADES.name].contains(&table.name)
                && let Some(difference) = self.surplus(table).await?
            {
                return Ok(Some(difference));
            }
            let text = format!("SELECT COUNT(*) AS found FROM {}", table.name);
            let found = self.transaction.rows(Statement::new(text)).await?;
            let found = found[0].whole("found")?;
            let expected = self.counts[table.name] as i64;
            if found != expected {
                return Ok(Some(Difference {
                    table: table.name,
                    key: "all rows".to_string(),
                    what: format!("{expected} rows expected, {found} found"),
                }));
            }
        }
        self.add_up().await
    }

    /// Rows that carry their event: exactly the expected ones lie in the batch's range.
    async fn by_event(
        &mut self,
        table: &'static Table,
        rows: Option<&Rows>,
        batch: &Batch,
    ) -> Result<Option<Difference>, SinkError> {
        let text = format!(
            "SELECT {} FROM {} WHERE event >= ? AND event < ?",
            table.column_list(),
            table.name
        );
        let statement = Statement::new(text)
            .bind(batch.from.0 << 16)
            .bind(batch.next.0 << 16);
        let found = self.transaction.rows(statement).await?;
        let expected: Expected = rows
            .into_iter()
            .flat_map(Rows::iter)
            .map(|row| (key_of(table, row), row.to_vec()))
            .collect();
        let mut there = Expected::new();
        for row in &found {
            let key = read_key(table, row)?;
            let Some(like) = expected.get(&key) else {
                return Ok(Some(Difference {
                    table: table.name,
                    key: told(table, &key),
                    what: "no event made this row".to_string(),
                }));
            };
            there.insert(key, read(table, row, like)?);
        }
        let differ = |(key, row): (&Vec<Value>, &Vec<Value>)| differs(table, row, there.get(key));
        Ok(expected.iter().find_map(differ))
    }

    /// Rows that change: kept until they cannot change any more.
    async fn changed(&mut self, rows: &Rows) -> Result<Option<Difference>, SinkError> {
        let table = rows.table;
        let pending = self.pending.entry(table.name).or_default();
        for row in rows.iter() {
            pending.insert(key_of(table, row), row.to_vec());
        }
        let done: Vec<Vec<Value>> = match table.name {
            "orders" => {
                let is_over = |row: &[Value]| !OPEN.iter().any(|it| row[8] == Value::Whole(*it));
                let over = pending.iter().filter(|(_, row)| is_over(row));
                over.map(|(key, _)| key.clone()).collect()
            }
            "candles" | "trade_summary" | "open_interest" | "price_candles" => {
                let mut newest: BTreeMap<(Value, Value), Value> = BTreeMap::new();
                for key in pending.keys() {
                    let of = (key[0].clone(), key[1].clone());
                    let at = newest.entry(of).or_insert_with(|| key[2].clone());
                    if *at < key[2] {
                        *at = key[2].clone();
                    }
                }
                let is_past =
                    |key: &&Vec<Value>| key[2] < newest[&(key[0].clone(), key[1].clone())];
                pending.keys().filter(is_past).cloned().collect()
            }
            _ => Vec::new(),
        };
        let over: Vec<_> = done.iter().filter_map(|key| pending.remove(key)).collect();
        *self.counts.entry(table.name).or_default() += over.len() as u64;
        self.compare(table, &over).await
    }

    /// Looks every expected row up by its key.
    async fn compare(
        &mut self,
        table: &'static Table,
        rows: &[Vec<Value>],
    ) -> Result<Option<Difference>, SinkError> {
        // Keys in order, so that one statement asks for many of one beginning.
        let rows: Expected = rows
            .iter()
            .map(|row| (key_of(table, row), row.clone()))
            .collect();
        let asked = asked_for(table);
        let mut rows = rows.into_iter().peekable();
        while let Some((key, row)) = rows.next() {
            let head = key[..asked].to_vec();
            let mut values = BTreeSet::from([key[asked].clone()]);
            let mut piece = vec![(key, row)];
            while values.len() < ASKED
                && let Some((key, row)) = rows.next_if(|(key, _)| key[..asked] == head)
            {
                values.insert(key[asked].clone());
                piece.push((key, row));
            }
            let found = self.find(table, (head, values), &piece[0].1).await?;
            for (key, row) in &piece {
                if let Some(difference) = differs(table, row, found.get(key)) {
                    return Ok(Some(difference));
                }
            }
        }
        Ok(None)
    }

    async fn find(
        &mut self,
        table: &Table,
        (head, asked): (Vec<Value>, BTreeSet<Value>),
        like: &[Value],
    ) -> Result<Expected, SinkError> {
        let heads = table.key.iter().zip(&head);
        let mut conditions: Vec<_> = heads.map(|(column, _)| format!("{column} = ?")).collect();
        let column = table.key[head.len()];
        conditions.push(format!("{column} IN ({})", marks(asked.len())));
        let text = format!(
            "SELECT {} FROM {} WHERE {}",
            table.column_list(),
            table.name,
            conditions.join(" AND ")
        );
        let values = head.into_iter().chain(asked).collect();
        let mut found = Expected::new();
        for row in self
            .transaction
            .rows(Statement::values(text.into(), values))
            .await?
        {
            let values = read(table, &row, like)?;
            found.insert(key_of(table, &values), values);
        }
        Ok(found)
    }

    /// An order or a trade that nobody made, if there is one: ids have no gap.
    async fn surplus(&mut self, table: &'static Table) -> Result<Option<Difference>, SinkError> {
        let mut conditions = vec!["1 = 1".to_string()];
        for ((name, symbol), most) in &self.newest {
            if *name == table.name {
                conditions.push(format!(
                    "NOT (symbol = {symbol} AND id <= {most} AND id > 0)"
                ));
            }
        }
        let text = format!(
            "SELECT symbol, id FROM {} WHERE {} LIMIT 1",
            table.name,
            conditions.join(" AND ")
        );
        let rows = self.transaction.rows(Statement::new(text)).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(Difference {
            table: table.name,
            key: told(table, &read_key(table, row)?),
            what: "no event made this row".to_string(),
        }))
    }

    /// The sum of an account's lines in an asset is what it owns.
    async fn add_up(&mut self) -> Result<Option<Difference>, SinkError> {
        let mut sums: BTreeMap<(i64, i64), i128> = BTreeMap::new();
        let (mut event, mut line) = (-1, 0);
        loop {
            let text = "SELECT event, line, account, asset, delta FROM ledger \
                WHERE event > ? OR (event = ? AND line > ?) ORDER BY event, line LIMIT ?";
            let page = Statement::new(text).bind(event).bind(event).bind(line);
            let rows = self.transaction.rows(page.bind(PAGE)).await?;
            for row in &rows {
                (event, line) = (row.whole("event")?, row.whole("line")?);
                let key = (row.whole("account")?, row.whole("asset")?);
                *sums.entry(key).or_default() += crate::rows::amount(row, "delta")?.0;
            }
            if (rows.len() as u64) < PAGE {
                break;
            }
        }
        let balances = Statement::new("SELECT account, asset, free, held FROM balances");
        for row in self.transaction.rows(balances).await? {
            let key = (row.whole("account")?, row.whole("asset")?);
            let (free, held) = (
                crate::rows::amount(&row, "free")?,
                crate::rows::amount(&row, "held")?,
            );
            let sum = sums.remove(&key).unwrap_or(0);
            if sum != free.0 + held.0 {
                return Ok(Some(unbalanced(key, sum, free.0 + held.0)));
            }
        }
        let left = sums.into_iter().find(|(_, sum)| *sum != 0);
        Ok(left.map(|(key, sum)| unbalanced(key, sum, 0)))
    }
}

fn unbalanced((account, asset): (i64, i64), sum: i128, balance: i128) -> Difference {
    Difference {
        table: "ledger",
        key: format!("account {account}, asset {asset}"),
        what: format!("the lines add up to {sum}, the balance is {balance}"),
    }
}

fn key_of(table: &Table, row: &[Value]) -> Vec<Value> {
    let place = |name: &&str| table.columns.iter().position(|column| column == name);
    let places = table.key.iter().filter_map(place);
    places.map(|place| row[place].clone()).collect()
}

/// A row with the kinds of values that `like` has.
fn read(table: &Table, row: &Row, like: &[Value]) -> Result<Vec<Value>, SinkError> {
    let columns = table.columns.iter().zip(like);
    columns
        .map(|(column, like)| match like {
            Value::Text(_) => row.text(column).map(Value::Text),
            Value::Whole(_) | Value::Null => row.whole(column).map(Value::Whole),
        })
        .collect()
}

/// The keys read here are whole numbers.
fn read_key(table: &Table, row: &Row) -> Result<Vec<Value>, SinkError> {
    let columns = table.key.iter();
    columns
        .map(|column| row.whole(column).map(Value::Whole))
        .collect()
}

/// Which column of the key one statement asks many values of.
fn asked_for(table: &Table) -> usize {
    match table.name {
        "balances" | "positions" | "wallets" => 0,
        "order_events" => 1,
        "price_candles" => 2,
        _ => table.key.len() - 1,
    }
}

fn told(table: &Table, key: &[Value]) -> String {
    let parts = table.key.iter().zip(key);
    let parts: Vec<_> = parts
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    parts.join(", ")
}

fn differs(table: &'static Table, row: &[Value], found: Option<&Vec<Value>>) -> Option<Difference> {
    let key = told(table, &key_of(table, row));
    let Some(found) = found else {
        let what = "the row is missing".to_string();
        return Some(Difference {
            table: table.name,
            key,
            what,
        });
    };
    let columns = table.columns.iter().zip(row.iter().zip(found));
    let (column, (expected, found)) = columns.into_iter().find(|(_, (one, other))| one != other)?;
    Some(Difference {
        table: table.name,
        key,
        what: format!("{column} is {found}, the journal says {expected}"),
    })
}
