//! Read models against the journal: by command and on a schedule.
//!
//! The journal is replayed through the engine from its beginning to the sink's cursor, on a
//! thread of the lowest priority; nothing is taken from the event log or the views.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use engine::apply::Stamp;
use journal::reader::Reader;
use projections::projection::{Answered, Batch};
use projections::reconcile::{Difference, Reconciler};
use projections::sql::database::Database;
use projections::sql::shard::Shard;
use replay_tool::replay::{Replayer, collect_skips, origin, start_state};
use schemas::ids::Offset;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::failure::{Exit, Failure};
use crate::follower::lower_priority;
use crate::history::History;

/// Commands in one piece, and pieces on their way.
const BATCH: usize = 2_000;
const PIECES: usize = 4;
/// A reader of a running node's journal sees its last frames a moment later.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a comparison ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compared {
    /// Everything before this offset was compared.
    pub cursor: Offset,
    /// The first difference, if there is one.
    pub difference: Option<Difference>,
}

/// Compares one database with the journal of `dir`.
///
/// # Errors
/// When either cannot be read.
pub async fn compare(
    dir: &Path,
    (name, database): (&str, &Database),
    shard: Shard,
) -> Result<Compared, Failure> {
    let failed = |error: projections::error::SinkError| {
        Failure::new(Exit::Unavailable, format!("projection {name}: {error}"))
    };
    let first = origin(dir)?.first;
    if first != Offset(0) {
        let line = format!(
            "the journal begins at offset {}: what lies before cannot be compared",
            first.0
        );
        return Err(Failure::new(Exit::Finding, line));
    }
    let mut reconciler = Reconciler::begin(database, shard).await.map_err(failed)?;
    let cursor = reconciler.cursor();
    let (pieces, mut arriving) = mpsc::channel(PIECES);
    let (dir, stop) = (dir.to_path_buf(), Arc::new(AtomicBool::new(false)));
    let stopping = stop.clone();
    let thread = std::thread::Builder::new().name("reconciler".to_string());
    let replay = thread.spawn(move || {
        lower_priority();
        replay(&dir, cursor, (&pieces, &stopping))
    });
    let replay = replay.map_err(|error| Failure::new(Exit::OurFault, error.to_string()))?;
    let mut outcome = Ok(None);
    while let Some(batch) = arriving.recv().await {
        outcome = reconciler.take(&batch).await.map_err(failed);
        if !matches!(outcome, Ok(None)) {
            break;
        }
    }
    stop.store(true, Ordering::Release);
    drop(arriving);
    let replayed = tokio::task::spawn_blocking(move || replay.join()).await;
    let difference = match outcome? {
        Some(difference) => Some(difference),
        None => {
            let replayed = replayed.map_err(|error| error.to_string());
            let replayed = replayed.and_then(|it| it.map_err(|_| "a panic".to_string()));
            replayed.map_err(|line| Failure::new(Exit::OurFault, line))??;
            reconciler.finish().await.map_err(failed)?
        }
    };
    Ok(Compared { cursor, difference })
}

/// Compares every database of a node every so many seconds, one after the other.
pub fn schedule(dir: &Path, history: Arc<History>, seconds: u64) -> Option<JoinHandle<()>> {
    if seconds == 0 {
        return None;
    }
    let dir = dir.to_path_buf();
    Some(tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            for (control, database, shard) in history.filled() {
                let status = control.status();
                if status.last_error.is_some() {
                    // It is not there: that is told already.
                    continue;
                }
                match compare(&dir, (control.name(), &database), shard).await {
                    Ok(compared) => {
                        let difference = compared.difference.map(|it| it.to_string());
                        control.compared(compared.cursor, difference);
                    }
                    Err(failure) => tracing::warn!("nothing was compared: {failure}"),
                }
            }
        }
    }))
}

/// Sends the answers of all commands before `to`, made again.
fn replay(
    dir: &Path,
    to: Offset,
    (pieces, stop): (&mpsc::Sender<Batch>, &AtomicBool),
) -> Result<(), Failure> {
    let start = start_state(dir, Some(Offset(0)))?;
    let skips = collect_skips(dir, Offset(0), None)?;
    let mut reader = Reader::open(dir, Offset(0))?;
    let mut replayer = Replayer::new(start.engine, start.chain, skips).without_hashes();
    let mut commands = Vec::new();
    let mut from = Offset(0);
    let deadline = Instant::now() + PATIENCE;
    while reader.position() < to && !stop.load(Ordering::Acquire) {
        let Some(frame) = reader.next()? else {
            if Instant::now() > deadline {
                let line = format!("the journal ends before offset {}", to.0);
                return Err(Failure::new(Exit::Finding, line));
            }
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        let applied = replayer.step(&frame)?;
        let Stamp { offset, time } = applied.stamp;
        commands.push(Answered {
            offset,
            time,
            events: applied.events.to_vec(),
        });
        if commands.len() == BATCH || offset.next() == to {
            let next = offset.next();
            let batch = Batch {
                from,
                next,
                commands: std::mem::take(&mut commands),
            };
            from = next;
            if pieces.blocking_send(batch).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}
