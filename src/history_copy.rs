//! A copy of the read models that ends exactly where a snapshot does.
//!
//! A snapshot holds the present; whoever restores it wants the past too. The copy begins
//! at the cursor of the node's read models and is brought up to the snapshot by the same
//! replay that makes it.

use std::path::{Path, PathBuf};

use engine::apply::Stamp;
use projections::projection::{Answered, Batch, Projection};
use projections::sql::database::Database;
use projections::sql::file;
use projections::sql::sink::SqlProjection;
use schemas::event::Event;
use schemas::ids::Offset;

use crate::commands::serve::runtime;
use crate::failure::{Exit, Failure};
use crate::history::FILE;

/// Commands in one transaction.
const BATCH: usize = 2_000;

/// The copy while it is made.
pub struct HistoryCopy {
    runtime: tokio::runtime::Runtime,
    path: PathBuf,
    database: Database,
    projection: SqlProjection,
    next: Offset,
    commands: Vec<Answered>,
}

impl HistoryCopy {
    /// Copies the read models of a data directory, also beside a running node; without any
    /// the copy begins empty.
    ///
    /// # Errors
    /// When they cannot be read or copied.
    pub fn begin(dir: &Path) -> Result<HistoryCopy, Failure> {
        let runtime = runtime()?;
        let (source, path) = (dir.join(FILE), dir.join(format!("{FILE}.copy")));
        remove(&path)?;
        let database = runtime.block_on(async {
            if source.exists() {
                let read = file::open(&source)
                    .await
                    .map_err(|error| failed(&source, &error))?;
                let copied = file::copy(&read, &path).await;
                read.close().await;
                copied.map_err(|error| failed(&path, &error))?;
            }
            file::open(&path)
                .await
                .map_err(|error| failed(&path, &error))
        })?;
        let mut projection = SqlProjection::embedded(database.clone());
        let next = runtime
            .block_on(projection.cursor())
            .map_err(|error| failed(&path, &error))?;
        Ok(HistoryCopy {
            runtime,
            path,
            database,
            projection,
            next,
            commands: Vec::new(),
        })
    }

    /// The first command that the copy wants.
    pub fn next(&self) -> Offset {
        self.next
    }

    /// Takes the answer to one command; what the copy has already is passed over.
    ///
    /// # Errors
    /// When the copy cannot be written.
    pub fn take(&mut self, at: Stamp, events: &[Event]) -> Result<(), Failure> {
        if at.offset.0 < self.next.0 + self.commands.len() as u64 {
            return Ok(());
        }
        let (offset, time) = (at.offset, at.time);
        self.commands.push(Answered {
            offset,
            time,
            events: events.to_vec(),
        });
        if self.commands.len() < BATCH {
            Ok(())
        } else {
            self.flush()
        }
    }

    /// Writes what was taken.
    ///
    /// # Errors
    /// When the copy cannot be written.
    pub fn flush(&mut self) -> Result<(), Failure> {
        if self.commands.is_empty() {
            return Ok(());
        }
        let commands = std::mem::take(&mut self.commands);
        let next = Offset(self.next.0 + commands.len() as u64);
        let batch = Batch {
            from: self.next,
            next,
            commands,
        };
        let committed = self.runtime.block_on(self.projection.commit(&batch));
        committed.map_err(|error| failed(&self.path, &error))?;
        self.next = next;
        Ok(())
    }

    /// Puts the copy into the snapshot's folder.
    ///
    /// # Errors
    /// When it cannot be moved there.
    pub fn finish(self, snapshot: &Path) -> Result<(), Failure> {
        self.runtime.block_on(self.database.close());
        let target = snapshot.join(FILE);
        std::fs::rename(&self.path, &target)
            .map_err(|error| Failure::io("move the read models to", &target, &error))
    }
}

/// Removes what an interrupted copy left.
fn remove(path: &Path) -> Result<(), Failure> {
    for ending in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::io("remove", path, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn failed(path: &Path, error: &projections::error::SinkError) -> Failure {
    Failure::new(Exit::Io, format!("{}: {error}", path.display()))
}
