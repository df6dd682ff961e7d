//! The read models of this node: catching up behind the gate, and answering about the past.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::apply::Stamp;
use journal::event_reader::EventReader;
use journal::reader::Reader;
use parking_lot::Mutex;
use projections::error::SinkError;
use projections::projection::{Answered, Batch, Projection, next_batch};
use projections::reads::{self, Page};
use projections::sql::{self, SqlProjection};
use replay_tool::replay::{Replayer, collect_skips, start_state};
use schemas::command::OrderRef;
use schemas::ids::{AccountId, Offset, SymbolId};
use schemas::page::{OrderPage, TradePage};
use schemas::report::{OrderReport, TradeReport};
use sqlx::SqlitePool;
use views::Views;

use crate::failure::{Exit, Failure};
use crate::node::Node;

/// The projection's name for operators.
pub const NAME: &str = "sql";
/// The file in the data directory.
pub const FILE: &str = "read-models.sqlite";
/// Commands in one transaction.
const BATCH: usize = 2_000;
/// Commands made again by one replay; each replay starts at a snapshot.
const BRIDGE: u64 = 500_000;
/// The pause when there is nothing new.
const IDLE: Duration = Duration::from_millis(20);
/// The first and the longest pause after a failure.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// How far the read models are.
#[derive(Clone, Default, Debug)]
pub struct Status {
    /// The first command whose effects are not in them yet.
    pub next: u64,
    pub last_error: Option<String>,
}

/// The read models of this node.
pub struct History {
    pool: SqlitePool,
    status: Arc<Mutex<Status>>,
    stop: Arc<AtomicBool>,
    rebuild: Arc<AtomicBool>,
    task: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl History {
    /// Opens the read models and says how far they are.
    ///
    /// # Errors
    /// When the file is no database of ours.
    pub async fn open(dir: &Path) -> Result<(SqlProjection, SqlitePool, Offset), Failure> {
        let path = dir.join(FILE);
        let damaged = |error: SinkError| {
            let line = format!(
                "{}: {error}; it is a projection: move it away and it is made again",
                path.display()
            );
            Failure::new(Exit::Damaged, line)
        };
        let pool = sql::open(&path).await.map_err(damaged)?;
        let mut projection = SqlProjection::new(pool.clone());
        let cursor = projection.cursor().await.map_err(damaged)?;
        Ok((projection, pool, cursor))
    }

    /// Follows the event log of a node from the cursor on; needs a tokio runtime.
    pub fn follow((projection, pool): (SqlProjection, SqlitePool), node: &Node) -> History {
        let history = History {
            pool,
            status: Arc::default(),
            stop: Arc::default(),
            rebuild: Arc::default(),
            task: Mutex::new(None),
        };
        let follower = Follower {
            projection,
            dir: node.data_dir.clone(),
            views: node.views.clone(),
            status: history.status.clone(),
            stop: history.stop.clone(),
            rebuild: history.rebuild.clone(),
        };
        *history.task.lock() = Some(tokio::spawn(follower.run()));
        history
    }

    /// How far they are.
    pub fn status(&self) -> Status {
        self.status.lock().clone()
    }

    /// The first command that is not in them yet.
    pub fn next(&self) -> Offset {
        Offset(self.status.lock().next)
    }

    /// Throws the rows away and makes them again.
    ///
    /// # Errors
    /// Never today; the work itself reports through [`History::status`].
    pub async fn rebuild(&self) -> Result<(), String> {
        self.rebuild.store(true, Ordering::Release);
        Ok(())
    }

    /// Stops following.
    pub async fn close(&self) {
        self.stop.store(true, Ordering::Release);
        let task = self.task.lock().take();
        if let Some(task) = task
            && task.await.is_err()
        {
            tracing::error!("the read models' follower failed");
        }
        self.pool.close().await;
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
        let found = reads::order(&self.pool, (account, symbol), target).await;
        found.map_err(|error| error.to_string())
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
        reads::orders(&self.pool, &page)
            .await
            .map_err(|error| error.to_string())
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
        reads::trades(&self.pool, &page)
            .await
            .map_err(|error| error.to_string())
    }
}

/// Follows the event log into the read models.
struct Follower {
    projection: SqlProjection,
    dir: PathBuf,
    views: Arc<Views>,
    status: Arc<Mutex<Status>>,
    stop: Arc<AtomicBool>,
    rebuild: Arc<AtomicBool>,
}

impl Follower {
    async fn run(mut self) {
        let mut pause = BACK_OFF.0;
        while !self.stop.load(Ordering::Acquire) {
            match self.follow().await {
                Ok(()) => pause = BACK_OFF.0,
                Err(error) => {
                    tracing::warn!(%error, "the read models wait");
                    self.status.lock().last_error = Some(error.to_string());
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(BACK_OFF.1);
                }
            }
        }
    }

    /// Follows until something fails, a rebuild is asked for, or the node stops.
    async fn follow(&mut self) -> Result<(), SinkError> {
        if self.rebuild.swap(false, Ordering::AcqRel) {
            self.projection.reset().await?;
        }
        let mut cursor = self.projection.cursor().await?;
        self.reached(cursor);
        let mut reader = EventReader::open(&self.dir, cursor);
        while !self.stop.load(Ordering::Acquire) && !self.rebuild.load(Ordering::Acquire) {
            if self.views.next() <= cursor {
                // Nothing is visible yet that the read models lack: leave the disk alone.
                tokio::time::sleep(IDLE).await;
                continue;
            }
            match next_batch(&mut reader, cursor, BATCH) {
                Ok(Some(batch)) => {
                    self.projection.commit(&batch).await?;
                    cursor = batch.next;
                    self.reached(cursor);
                    tokio::task::yield_now().await;
                }
                Ok(None) => tokio::time::sleep(IDLE).await,
                Err(SinkError::Gap { begins, .. }) => {
                    cursor = self.bridge(cursor, begins).await?;
                    reader = EventReader::open(&self.dir, cursor);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The event log begins after the cursor: what lies between comes by replay.
    async fn bridge(&mut self, from: Offset, to: Offset) -> Result<Offset, SinkError> {
        let dir = self.dir.clone();
        let mut next = from;
        while next < to {
            let dir = dir.clone();
            let most = Offset(to.0.min(next.0 + BRIDGE));
            let replayed = tokio::task::spawn_blocking(move || replay(&dir, next, most)).await;
            let batch = replayed.unwrap_or(Err(SinkError::Gap {
                begins: to,
                cursor: from,
            }))?;
            self.projection.commit(&batch).await?;
            next = batch.next;
            self.reached(next);
        }
        Ok(next)
    }

    /// Everything before `cursor` is in SQL for good.
    fn reached(&self, cursor: Offset) {
        self.views.forget_before(cursor);
        let mut status = self.status.lock();
        status.next = cursor.0;
        status.last_error = None;
    }
}

/// Answers of the commands from `from` up to `to`, made again by replay.
fn replay(dir: &Path, from: Offset, to: Offset) -> Result<Batch, SinkError> {
    let gap = || SinkError::Gap {
        begins: to,
        cursor: from,
    };
    let start = start_state(dir, Some(from)).map_err(|_| gap())?;
    let skips = collect_skips(dir, start.next, Some(to)).map_err(|_| gap())?;
    let mut reader = Reader::open(dir, start.next)?;
    let mut replayer = Replayer::new(start.engine, start.chain, skips);
    let mut commands = Vec::new();
    while reader.position() < to {
        let Some(frame) = reader.next()? else {
            return Err(gap());
        };
        let applied = replayer.step(&frame).map_err(|_| gap())?;
        let Stamp { offset, time } = applied.stamp;
        if from <= offset {
            commands.push(Answered {
                offset,
                time,
                events: applied.events.to_vec(),
            });
        }
    }
    Ok(Batch {
        from,
        next: to,
        commands,
    })
}
