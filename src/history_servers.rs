//! Reading history from MySQL servers, where the configuration names some.
//!
//! A server (or its replica) is asked only while it has everything that the views no longer
//! hold; else, and when it does not answer, the embedded file answers. So a server that
//! lags or is away costs no client an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use projections::driver::Control;
use projections::error::SinkError;
use projections::sql::database::{Database, Statement};
use projections::sql::server;
use projections::sql::shard::Shard;
use projections::sql::sink::{Server, SqlProjection};
use schemas::ids::{AccountId, Offset};

use crate::config::Sql;
use crate::failure::{Exit, Failure};
use crate::node::Node;
use crate::sinks::Sinks;

/// A server further behind than this keeps the views from forgetting no longer.
const NEAR: u64 = 50_000;
/// How long a server that failed is not asked.
const REST: Duration = Duration::from_secs(5);

/// The servers, by shard.
pub struct Servers {
    shards: Vec<ReadFrom>,
}

/// Where the rows of one shard are read.
struct ReadFrom {
    /// The sink that fills the server.
    control: Arc<Control>,
    database: Database,
    /// Where the sink writes.
    primary: Database,
    shard: Shard,
    rests_until: Mutex<Option<Instant>>,
}

impl Servers {
    /// Starts a projection into each server; connects to none.
    ///
    /// # Errors
    /// [`Exit::Config`] for an address that is none.
    pub fn follow(config: &Sql, node: &Node, sinks: &Sinks) -> Result<Servers, Failure> {
        let wrong = |line| Failure::new(Exit::Config, format!("[sql]: {line}"));
        let count = config.servers.len() as u32;
        let journal: String = node
            .journal
            .0
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut shards = Vec::new();
        for (index, address) in config.servers.iter().enumerate() {
            let name = name_of(index, config.servers.len());
            let options = server::parse(address).map_err(wrong)?;
            let primary = server::reader(&options);
            let shard = Shard {
                index: index as u32,
                count,
            };
            let read = config.replicas.get(index).unwrap_or(address);
            let read = server::parse(read).map_err(wrong)?;
            let projection = SqlProjection::server(Server {
                options,
                name,
                shard,
                journal: journal.clone(),
            });
            shards.push(ReadFrom {
                control: sinks.add(projection, |_| ()),
                database: server::reader(&read),
                primary,
                shard,
                rests_until: Mutex::default(),
            });
        }
        Ok(Servers { shards })
    }

    /// What the views may forget once the embedded file has everything before `cursor`:
    /// less, while a server is near, so that it can go on answering.
    pub fn forgettable(&self, cursor: Offset) -> Offset {
        let nexts = self.shards.iter().map(|shard| shard.control.next());
        let near = nexts.filter(|next| next.0 + NEAR >= cursor.0);
        near.fold(cursor, Ord::min)
    }

    /// Asks the server of an account; `None` when the embedded file has to answer.
    pub async fn ask<T, R: Future<Output = Result<T, SinkError>>>(
        &self,
        account: AccountId,
        forgotten: &AtomicU64,
        read: impl FnOnce(Database) -> R,
    ) -> Option<T> {
        let index = Shard::of(account, self.shards.len() as u32);
        let shard = self.shards.get(index as usize)?;
        let rests = shard
            .rests_until
            .lock()
            .is_some_and(|until| Instant::now() < until);
        if rests || shard.control.status().last_error.is_some() {
            return None;
        }
        let mark = forgotten.load(Ordering::Acquire);
        let outcome = async {
            // Before and after: a rebuild may begin in between.
            if !has(&shard.database, mark).await? {
                return Ok(None);
            }
            let found = read(shard.database.clone()).await?;
            Ok::<_, SinkError>(has(&shard.database, mark).await?.then_some(found))
        };
        match outcome.await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!("history is read from the file: {error}");
                *shard.rests_until.lock() = Some(Instant::now() + REST);
                None
            }
        }
    }

    /// What the reconciler compares.
    pub fn filled(&self) -> Vec<(Arc<Control>, Database, Shard)> {
        let filled = |it: &ReadFrom| (it.control.clone(), it.primary.clone(), it.shard);
        self.shards.iter().map(filled).collect()
    }

    /// Closes the connections.
    pub async fn close(&self) {
        for shard in &self.shards {
            shard.database.close().await;
            shard.primary.close().await;
        }
    }
}

/// Whether a database holds everything before an offset.
async fn has(database: &Database, offset: u64) -> Result<bool, SinkError> {
    let statement = Statement::new("SELECT next FROM cursors WHERE state = 0");
    let rows = database.rows(statement).await?;
    let Some(row) = rows.first() else {
        return Ok(false);
    };
    Ok(u64::try_from(row.whole("next")?).is_ok_and(|next| offset <= next))
}

/// `mysql`, or `mysql-1`, `mysql-2` … when there are several.
pub fn name_of(index: usize, count: usize) -> String {
    if count == 1 {
        "mysql".to_string()
    } else {
        format!("mysql-{}", index + 1)
    }
}
