//! The projection: one transaction a batch, cursor and effects together.

use schemas::ids::Offset;
use schemas::units::TimeNs;
use sqlx::mysql::MySqlConnectOptions;

use crate::error::SinkError;
use crate::projection::{Batch, Projection};
use crate::rows;
use crate::sql::database::{Database, Row, Statement, Transaction};
use crate::sql::fold::fold;
use crate::sql::memory::Memory;
use crate::sql::shard::Shard;
use crate::sql::tables::{TABLES, Texts};
use crate::sql::{migrate, server};

/// The name of the embedded one.
pub const EMBEDDED: &str = "sql";

/// Where the rows go.
enum Target {
    /// An opened database.
    Opened(Database),
    /// A server, connected when it is needed.
    Server {
        options: Box<MySqlConnectOptions>,
        connected: Option<Database>,
    },
}

/// The projection into SQLite or MySQL.
pub struct SqlProjection {
    name: String,
    target: Target,
    shard: Shard,
    /// Whose rows these are: a database that says another name is not written to.
    scope: String,
    memory: Option<Memory>,
    /// When the last command before the cursor came, if the database says so.
    time: Option<TimeNs>,
    texts: Texts,
}

/// A server to project into.
pub struct Server {
    pub options: MySqlConnectOptions,
    /// What operators call it.
    pub name: String,
    pub shard: Shard,
    /// The journal's name, as hex.
    pub journal: String,
}

impl SqlProjection {
    /// Writes into an opened file.
    pub fn embedded(database: Database) -> SqlProjection {
        SqlProjection {
            name: EMBEDDED.to_string(),
            target: Target::Opened(database),
            shard: Shard::WHOLE,
            scope: String::new(),
            memory: None,
            time: None,
            texts: Texts::default(),
        }
    }

    /// Writes into a server, which may be away now.
    pub fn server(server: Server) -> SqlProjection {
        let Shard { index, count } = server.shard;
        SqlProjection {
            name: server.name,
            target: Target::Server {
                options: Box::new(server.options),
                connected: None,
            },
            shard: server.shard,
            scope: format!("{} {}/{count}", server.journal, index + 1),
            memory: None,
            time: None,
            texts: Texts::default(),
        }
    }

    /// The database, connected and up to date.
    async fn database(&mut self) -> Result<Database, SinkError> {
        match &mut self.target {
            Target::Opened(database) => Ok(database.clone()),
            Target::Server { options, connected } => {
                if let Some(database) = connected {
                    return Ok(database.clone());
                }
                let database = server::connect(options).await?;
                migrate::migrate(&database).await?;
                *connected = Some(database.clone());
                Ok(database)
            }
        }
    }

    /// Forgets what a failure may have left: the memory, and the connections to a server.
    fn forget(&mut self, error: SinkError) -> SinkError {
        self.memory = None;
        match &mut self.target {
            Target::Opened(_) => server::explain(error, "read-models.sqlite"),
            Target::Server { options, connected } => {
                *connected = None;
                server::explain(error, &server::place(options))
            }
        }
    }

    async fn try_cursor(&mut self) -> Result<Offset, SinkError> {
        (self.memory, self.time) = (None, None);
        let database = self.database().await?;
        let Some(row) = self.own_row(&database).await? else {
            let text = "INSERT INTO cursors (name, next, state, scope) VALUES (?, 0, 0, ?)";
            let statement = Statement::new(text);
            let statement = statement.bind(self.name.as_str()).bind(self.scope.as_str());
            database.execute(statement).await?;
            return Ok(Offset(0));
        };
        if row.whole("state")? != 0 {
            self.try_reset().await?;
            return Ok(Offset(0));
        }
        let scope = row.text("scope")?;
        if scope != self.scope {
            let reason = format!("its rows are of `{scope}`, not of this `{}`", self.scope);
            let todo = format!(
                "name another database, or `daybook projection rebuild {}`",
                self.name
            );
            return Err(SinkError::Refused { reason, todo });
        }
        let time: u64 = rows::whole(&row, "time_ns")?;
        self.time = (time != 0).then_some(TimeNs(time));
        rows::whole(&row, "next").map(Offset)
    }

    /// The cursor's row, if there is one; a database holds one projection only.
    async fn own_row(&self, database: &Database) -> Result<Option<Row>, SinkError> {
        let statement = Statement::new("SELECT name, next, state, scope, time_ns FROM cursors");
        let mut own = None;
        for row in database.rows(statement).await? {
            let name = row.text("name")?;
            if name != self.name {
                let reason = format!("the database holds the projection {name} already");
                let todo = "name a database of its own in [sql] servers".to_string();
                return Err(SinkError::Refused { reason, todo });
            }
            own = Some(row);
        }
        Ok(own)
    }

    async fn try_commit(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let database = self.database().await?;
        let dialect = database.dialect();
        let mut transaction = database.begin().await?;
        self.move_cursor(&mut transaction, batch).await?;
        let mut memory = match self.memory.take() {
            Some(memory) => memory,
            None => Memory::load(&mut transaction).await?,
        };
        memory.bring(&mut transaction, batch, self.shard).await?;
        let folded = fold(&mut memory, self.shard, batch)?;
        for rows in folded.rows {
            self.texts.write(&mut transaction, dialect, rows).await?;
        }
        for update in folded.updates {
            transaction.execute(update).await?;
        }
        transaction.commit().await?;
        memory.tidy();
        self.memory = Some(memory);
        self.time = batch.commands.last().map(|last| last.time);
        Ok(())
    }

    /// Moves the cursor; another writer that moved it first is noticed.
    async fn move_cursor(
        &self,
        transaction: &mut Transaction,
        batch: &Batch,
    ) -> Result<(), SinkError> {
        let text = "UPDATE cursors SET next = ?, time_ns = ? \
                    WHERE name = ? AND next = ? AND state = 0";
        let time = batch.commands.last().map_or(0, |last| last.time.0);
        let statement = Statement::new(text)
            .bind(batch.next.0)
            .bind(time)
            .bind(self.name.as_str())
            .bind(batch.from.0);
        if transaction.execute(statement).await? == 1 {
            return Ok(());
        }
        Err(SinkError::Fenced {
            expected: batch.from,
        })
    }

    /// Marks the rows as going, empties the tables, and begins at 0. Cut off anywhere, the
    /// mark makes the next [`Projection::cursor`] do it again.
    async fn try_reset(&mut self) -> Result<(), SinkError> {
        (self.memory, self.time) = (None, None);
        let database = self.database().await?;
        self.own_row(&database).await?;
        let mark = Statement::new("UPDATE cursors SET state = 1 WHERE name = ?");
        database.execute(mark.bind(self.name.as_str())).await?;
        for table in TABLES {
            let text = format!("{} {}", database.dialect().empty, table.name);
            database.execute(Statement::new(text)).await?;
        }
        let text = "UPDATE cursors SET next = 0, time_ns = 0, state = 0, scope = ? WHERE name = ?";
        let begin = Statement::new(text)
            .bind(self.scope.as_str())
            .bind(self.name.as_str());
        database.execute(begin).await?;
        Ok(())
    }
}

impl Projection for SqlProjection {
    fn name(&self) -> &str {
        &self.name
    }

    async fn cursor(&mut self) -> Result<Offset, SinkError> {
        let outcome = self.try_cursor().await;
        outcome.map_err(|error| self.forget(error))
    }

    async fn commit(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let outcome = self.try_commit(batch).await;
        outcome.map_err(|error| self.forget(error))
    }

    fn newest_time(&self) -> Option<TimeNs> {
        self.time
    }

    async fn reset(&mut self) -> Result<(), SinkError> {
        let outcome = self.try_reset().await;
        outcome.map_err(|error| self.forget(error))
    }
}
