//! The read models of this node: answering about the past.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use projections::driver::Control;
use projections::error::SinkError;
use projections::market_reads;
use projections::order_change_reads;
use projections::projection::Projection;
use projections::reads::{self, Page};
use projections::sql::database::Database;
use projections::sql::file;
use projections::sql::shard::Shard;
use projections::sql::sink::SqlProjection;
use schemas::command::OrderRef;
use schemas::ids::{AccountId, Offset, SymbolId, TradeId};
use schemas::order_change::{AmendmentReport, PreventedReport};
use schemas::page::{AmendmentPage, OrderPage, PreventedPage, TradePage};
use schemas::report::{OrderReport, TradeReport};
use schemas::units::TimeNs;

use crate::config::Sql;
use crate::failure::{Exit, Failure};
use crate::history_counts::{HistoryCounts, Source};
use crate::history_servers::Servers;
use crate::node::Node;
use crate::sinks::Sinks;

/// The file in the data directory.
pub const FILE: &str = "read-models.sqlite";

/// How long an answer waits for the file to have what was answered before.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it looks.
const PAUSE: Duration = Duration::from_millis(3);

/// The file of a data directory, opened.
pub struct Opened {
    projection: SqlProjection,
    database: Database,
    /// The first command that is not in it.
    pub cursor: Offset,
    /// It begins at 0 beside a journal that does not: it was lost, or is of an older build.
    is_made_anew: bool,
}

/// The read models of this node.
pub struct History {
    database: Database,
    servers: Arc<Servers>,
    control: Arc<Control>,
    /// What the views may have forgotten: everything before this offset.
    forgotten: Arc<AtomicU64>,
    counts: HistoryCounts,
}

impl History {
    /// Opens the read models and says how far they are.
    ///
    /// # Errors
    /// When the file is no database of ours.
    pub async fn open(dir: &Path) -> Result<Opened, Failure> {
        let path = dir.join(FILE);
        let damaged = |error: SinkError| {
            let line = format!(
                "{}: {error}; it is a projection: move it away and it is made again",
                path.display()
            );
            Failure::new(Exit::Damaged, line)
        };
        let database = file::open(&path).await.map_err(damaged)?;
        let mut projection = SqlProjection::embedded(database.clone());
        let cursor = projection.cursor().await.map_err(damaged)?;
        let is_made_anew = cursor == Offset(0) && journal::open::exists(dir)?;
        Ok(Opened {
            projection,
            database,
            cursor,
            is_made_anew,
        })
    }

    /// Opens read models that are there already.
    ///
    /// # Errors
    /// As [`History::open`], and when there are none.
    pub async fn open_existing(dir: &Path) -> Result<Database, Failure> {
        let path = dir.join(FILE);
        if !path.exists() {
            let line = format!("no read models at {}; check --data-dir", path.display());
            return Err(Failure::new(Exit::Usage, line));
        }
        Ok(History::open(dir).await?.database)
    }

    /// Follows the event log of a node from the cursor on, into the file and into every
    /// server; needs a tokio runtime.
    ///
    /// # Errors
    /// [`Exit::Config`] for a server's address that is none.
    pub fn follow(
        opened: Opened,
        config: &Sql,
        node: &Node,
        sinks: &Sinks,
    ) -> Result<History, Failure> {
        let servers = Arc::new(Servers::follow(config, node, sinks)?);
        let mut known = opened.cursor;
        if opened.is_made_anew {
            known = node.views.next();
            eprintln!("{FILE} is made anew from the journal: {} commands", known.0);
        }
        let (projection, database) = (opened.projection, opened.database);
        let forgotten = Arc::new(AtomicU64::new(known.0));
        let (views, told, near) = (node.views.clone(), forgotten.clone(), servers.clone());
        let control = sinks.add(projection, move |cursor| {
            let forgettable = near.forgettable(cursor);
            told.fetch_max(forgettable.0, Ordering::AcqRel);
            views.forget_before(forgettable);
        });
        control.stands_at(opened.cursor);
        Ok(History {
            database,
            servers,
            control,
            forgotten,
            counts: HistoryCounts::default(),
        })
    }

    /// The first command that is not in them yet.
    pub fn next(&self) -> Offset {
        self.control.next()
    }

    /// Who answered how often.
    pub fn counts(&self) -> &HistoryCounts {
        &self.counts
    }

    /// Every database that a sink of this node fills.
    pub fn filled(&self) -> Vec<(Arc<Control>, Database, Shard)> {
        let mut filled = self.servers.filled();
        filled.push((self.control.clone(), self.database.clone(), Shard::WHOLE));
        filled
    }

    /// Closes the file; the sinks are stopped before.
    pub async fn close(&self) {
        self.servers.close().await;
        self.database.close().await;
    }

    /// While the file is made anew it does not answer: nothing is better than half of it.
    fn is_whole(&self) -> Result<(), String> {
        let (next, forgotten) = (self.next().0, self.forgotten.load(Ordering::Acquire));
        if forgotten <= next {
            return Ok(());
        }
        Err(format!(
            "history is being made again: {next} of {forgotten} commands"
        ))
    }

    /// Asks the server of an account, else the file.
    async fn ask<T, R: Future<Output = Result<T, SinkError>>>(
        &self,
        account: AccountId,
        read: impl Fn(Database) -> R,
    ) -> Result<T, String> {
        let asked = self.counts.ask();
        if let Some(found) = self.servers.ask(account, &self.forgotten, &read).await {
            asked.answered_by(Source::Server);
            return Ok(found);
        }
        self.is_whole()?;
        let found = read(self.database.clone()).await;
        asked.answered_by(Source::File);
        found.map_err(|error| error.to_string())
    }

    /// Waits until the file has every command before `next`: what was answered is in it.
    ///
    /// # Errors
    /// When it does not get there within [`PATIENCE`].
    pub async fn caught_up(&self, next: Offset) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while self.next() < next {
            if deadline < Instant::now() {
                let (has, wants) = (self.next().0, next.0);
                return Err(format!("history has {has} of {wants} commands"));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// The file of this node, for questions that no server is asked.
    pub fn file(&self) -> &Database {
        &self.database
    }

    /// One order of the past.
    ///
    /// # Errors
    /// Why history cannot be read.
    pub async fn order(
        &self,
        account: AccountId,
        symbol: SymbolId,
        target: OrderRef,
    ) -> Result<Option<OrderReport>, String> {
        let of = (account, symbol);
        let read =
            move |database: Database| async move { reads::order(&database, of, target).await };
        self.ask(account, read).await
    }

    /// A page of past orders.
    ///
    /// # Errors
    /// Why history cannot be read.
    pub async fn orders(&self, page: &OrderPage) -> Result<Vec<OrderReport>, String> {
        let page = Page {
            account: page.account,
            symbol: page.symbol,
            order: None,
            from: page.from.map(|order| order.0),
            start: page.start,
            end: page.end,
            limit: page.limit,
        };
        let read = move |database: Database| async move { reads::orders(&database, &page).await };
        self.ask(page.account, read).await
    }

    /// A page of past amendments.
    ///
    /// # Errors
    /// Why history cannot be read.
    pub async fn amendments(&self, page: &AmendmentPage) -> Result<Vec<AmendmentReport>, String> {
        let page = *page;
        let read = move |database: Database| async move {
            order_change_reads::amendments(&database, &page).await
        };
        self.ask(page.account, read).await
    }

    /// A page of past prevented matches.
    ///
    /// # Errors
    /// Why history cannot be read.
    pub async fn prevented(&self, page: &PreventedPage) -> Result<Vec<PreventedReport>, String> {
        let page = *page;
        let read = move |database: Database| async move {
            order_change_reads::prevented(&database, &page).await
        };
        self.ask(page.account, read).await
    }

    /// Past trades of anyone on a symbol, from an id on.
    ///
    /// # Errors
    /// Why history cannot be read.
    pub async fn trades_from(
        &self,
        symbol: SymbolId,
        from: TradeId,
        limit: usize,
    ) -> Result<Vec<TradeReport>, String> {
        self.is_whole()?;
        let asked = self.counts.ask();
        let found = market_reads::trades_from(&self.database, (symbol, from), limit).await;
        asked.answered_by(Source::File);
        found.map_err(|error| error.to_string())
    }

    /// The first past trade of anyone on a symbol at a moment or later.
    ///
    /// # Errors
    /// Why history cannot be read.
    pub async fn first_trade_at(
        &self,
        symbol: SymbolId,
        time: TimeNs,
    ) -> Result<Option<TradeId>, String> {
        self.is_whole()?;
        let asked = self.counts.ask();
        let found = market_reads::first_trade_at(&self.database, symbol, time).await;
        asked.answered_by(Source::File);
        found.map_err(|error| error.to_string())
    }

    /// A page of past trades.
    ///
    /// # Errors
    /// Why history cannot be read.
    pub async fn trades(&self, page: &TradePage) -> Result<Vec<TradeReport>, String> {
        let page = Page {
            account: page.account,
            symbol: page.symbol,
            order: page.order,
            from: page.from.map(|trade| trade.0),
            start: page.start,
            end: page.end,
            limit: page.limit,
        };
        let read = move |database: Database| async move { reads::trades(&database, &page).await };
        self.ask(page.account, read).await
    }
}
