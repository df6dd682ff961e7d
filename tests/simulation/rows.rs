//! The read models beside the node: the real driver and the real tables, in a database of
//! the machine, compared with the simulated journal by the real reconciler.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use daybook::past::NodeSource;
use daybook::reconcile::compare;
use projections::driver::{Control, Driver};
use projections::sql::database::{Database, Statement};
use projections::sql::file;
use projections::sql::shard::Shard;
use projections::sql::sink::SqlProjection;
use schemas::ids::Offset;

use crate::model::Violation;
use crate::sinks::Beside;

/// How long the database may take, in time of the machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// More failures than this are no accident: nobody disturbs this sink.
const FAILURES: u64 = 0;

/// A database that outlives the node.
pub struct Rows {
    runtime: tokio::runtime::Runtime,
    database: Database,
    _folder: tempfile::TempDir,
}

impl Rows {
    pub fn new() -> Rows {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime without threads");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("rows.sqlite");
        let opened = file::open(&path);
        let database = runtime.block_on(opened).expect("a new database");
        Rows {
            runtime,
            database,
            _folder: folder,
        }
    }

    /// Follows up to `newest`.
    ///
    /// # Errors
    /// When the sink refuses what the venue did.
    pub fn follow(&self, dir: &Path, newest: Offset) -> Result<(), Violation> {
        let control = Control::new("rows");
        let stopping = control.clone();
        let views = Arc::new(views::Views::new());
        let driver = Driver {
            projection: SqlProjection::embedded(self.database.clone()),
            source: Arc::new(Beside {
                node: NodeSource::new(dir.to_path_buf(), views),
                newest,
            }),
            dir: dir.to_path_buf(),
            control: control.clone(),
            reached: Box::new(move |offset| {
                if newest <= offset {
                    stopping.stop();
                }
            }),
        };
        self.runtime.block_on(async {
            let running = driver.run();
            tokio::pin!(running);
            let deadline = tokio::time::Instant::now() + PATIENCE;
            let moment = Duration::from_millis(5);
            while tokio::time::timeout(moment, &mut running).await.is_err() {
                let is_over = deadline < tokio::time::Instant::now();
                if is_over || FAILURES < control.status().failures {
                    break;
                }
            }
        });
        let status = control.status();
        let why = status.last_error.unwrap_or_default();
        // A span of the journal that nothing proves durable yet comes after a seal.
        let is_unproven = why.starts_with("the event log begins");
        if newest <= control.next() || is_unproven {
            return Ok(());
        }
        let stands = control.next().0;
        Err(format!("the rows stand at {stands} of {}: {why}", newest.0))
    }

    /// Compares every row with what the journal says; `tampered` deletes one before.
    ///
    /// # Errors
    /// When a row is missing, doubled or different.
    pub fn compare(&self, dir: &Path, tampered: bool) -> Result<(), Violation> {
        let compared = self.runtime.block_on(async {
            if tampered {
                let text = "DELETE FROM orders WHERE id = 1 AND symbol = 0";
                let deleted = self.database.execute(Statement::new(text)).await;
                deleted.expect("a statement that SQLite knows");
            }
            compare(dir, ("rows", &self.database), Shard::WHOLE).await
        });
        match compared.map(|compared| compared.difference) {
            Ok(None) => Ok(()),
            Ok(Some(difference)) => Err(format!("the read models: {difference}")),
            Err(failure) => Err(format!("the read models: {}", failure.line)),
        }
    }
}
