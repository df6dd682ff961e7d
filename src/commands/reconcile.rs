//! `daybook reconcile`: read models against the journal.

use std::path::PathBuf;

use projections::sql::database::Database;
use projections::sql::server;
use projections::sql::shard::Shard;
use serde_json::json;

use crate::commands::serve::runtime;
use crate::config::Sql;
use crate::failure::{Exit, Failure};
use crate::history::History;
use crate::history_servers::name_of;
use crate::reconcile::compare;

/// Compare the read models with a replay of the journal, beside a running node or without.
///
/// Every order, order event, trade, posting, transfer, prevented match, balance, candle and
/// sum is made again from the journal up to the sink's cursor; the first difference is
/// named and the exit code is 1. Nothing is changed.
#[derive(clap::Args)]
pub struct Reconcile {
    /// Only this projection.
    name: Option<String>,
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// The configuration whose `[sql] servers` are compared, too.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Reconcile {
    /// Compares all, or the one named.
    ///
    /// # Errors
    /// When the journal or a database cannot be read.
    pub fn run(&self) -> Result<Exit, Failure> {
        let sql = match &self.config {
            Some(path) => crate::config::read_sql(path)?,
            None => Sql::default(),
        };
        runtime()?.block_on(self.compare_all(&sql))
    }

    async fn compare_all(&self, sql: &Sql) -> Result<Exit, Failure> {
        let mut names = vec!["sql".to_string()];
        names.extend((0..sql.servers.len()).map(|index| name_of(index, sql.servers.len())));
        if let Some(name) = &self.name {
            if !names.contains(name) {
                let line = format!(
                    "no projection is called {name}; there is {}",
                    names.join(", ")
                );
                return Err(Failure::new(Exit::Usage, line));
            }
            names.retain(|it| it == name);
        }
        let mut exit = Exit::Ok;
        let mut answers = Vec::new();
        for name in names {
            let (database, shard) = self.open(sql, &name).await?;
            let compared = compare(&self.data_dir, (&name, &database), shard).await;
            database.close().await;
            let compared = compared?;
            let difference = compared.difference.map(|it| it.to_string());
            if !self.json {
                let offset = compared.cursor.0;
                match &difference {
                    Some(line) => println!("{name}: {line}"),
                    None => println!("{name}: {offset} commands agree"),
                }
            }
            if difference.is_some() {
                exit = Exit::Finding;
            }
            answers.push(json!({
                "name": name, "offset": compared.cursor.0, "difference": difference,
            }));
        }
        if self.json {
            println!("{}", serde_json::Value::from(answers));
        }
        Ok(exit)
    }

    async fn open(&self, sql: &Sql, name: &str) -> Result<(Database, Shard), Failure> {
        let count = sql.servers.len();
        let found = (0..count).find(|index| name_of(*index, count) == name);
        let Some(index) = found else {
            let database = History::open_existing(&self.data_dir).await?;
            return Ok((database, Shard::WHOLE));
        };
        let wrong = |line| Failure::new(Exit::Config, format!("[sql]: {line}"));
        let options = server::parse(&sql.servers[index]).map_err(wrong)?;
        let database = server::connect(&options).await.map_err(|error| {
            Failure::new(Exit::Unavailable, format!("projection {name}: {error}"))
        })?;
        let shard = Shard {
            index: index as u32,
            count: count as u32,
        };
        Ok((database, shard))
    }
}
