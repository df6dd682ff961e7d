//! A new data directory from a snapshot, and perhaps a tail of commands.

use std::path::Path;

use journal::frame::Record;
use journal::reader::Reader;
use journal::writer::{AppendError, Class, Settings};
use replay_tool::progress::Progress;
use schemas::ids::Offset;

use crate::failure::{Exit, Failure};

/// What to restore where.
pub struct Restore<'a> {
    pub into: &'a Path,
    pub from: &'a Path,
    /// The newest that verifies, unless given.
    pub offset: Option<Offset>,
    /// A data directory whose journal goes on after the snapshot.
    pub tail: Option<&'a Path>,
}

/// What was restored.
pub struct Restored {
    pub snapshot: Offset,
    pub next: Offset,
}

/// Segment size of a restored journal, in bytes.
const SEGMENT_BYTES: u64 = 256 << 20;

/// Fills an empty directory; what is there already is never touched.
///
/// # Errors
/// [`Exit::Usage`] for a directory that is not empty, [`Exit::Damaged`] when no snapshot
/// verifies or the tail does not follow it.
pub fn restore(order: &Restore<'_>) -> Result<Restored, Failure> {
    let into = order.into;
    let empty =
        !into.exists() || std::fs::read_dir(into).is_ok_and(|mut entries| entries.next().is_none());
    if !empty {
        let line = format!(
            "{} is not empty; restore into a new directory",
            into.display()
        );
        return Err(Failure::new(Exit::Usage, line));
    }
    let snapshot = newest(order.from, order.offset)?;
    std::fs::create_dir_all(into).map_err(|error| Failure::io("create", into, &error))?;
    let settings = Settings {
        segment_bytes: SEGMENT_BYTES,
        max_lag: 65_536,
        segments_ahead: 1,
    };
    journal::open::create(into, &settings, snapshot)?;
    let copied = replay_tool::snapshot::copy(order.from, into, snapshot)?;
    bring_history(into, &copied)?;
    bring_keys(order, &copied)?;
    let next = match order.tail {
        Some(tail) => append_tail(into, tail, (&settings, snapshot))?,
        None => snapshot,
    };
    Ok(Restored { snapshot, next })
}

/// A snapshot that verifies and has its read models: without them closed orders would be
/// forgotten.
fn newest(from: &Path, wanted: Option<Offset>) -> Result<Offset, Failure> {
    let mut offsets = replay_tool::snapshot::list(from)?;
    offsets.retain(|offset| wanted.is_none_or(|wanted| wanted == *offset));
    let mut last = None;
    for offset in offsets.into_iter().rev() {
        let models = replay_tool::snapshot::path_of(from, offset).join(crate::history::FILE);
        if !models.exists() {
            let hint = "made by the node itself; take one with `daybook snapshot take`";
            last = Some(format!("{} has no read models: it was {hint}", offset.0));
            continue;
        }
        match replay_tool::snapshot::verify(from, offset) {
            Ok(_) => return Ok(offset),
            Err(error) => last = Some(error.to_string()),
        }
    }
    let reason = last.unwrap_or_else(|| "there is none".to_string());
    let line = format!("{}: no snapshot to restore: {reason}", from.display());
    Err(Failure::new(Exit::Damaged, line))
}

/// The read models come out of the snapshot into the directory.
fn bring_history(into: &Path, snapshot: &Path) -> Result<(), Failure> {
    let source = snapshot.join(crate::history::FILE);
    let target = into.join(crate::history::FILE);
    std::fs::copy(&source, &target).map_err(|error| Failure::io("copy", &source, &error))?;
    Ok(())
}

/// The keys: those of the tail's directory, which know every later revocation, else those
/// in the snapshot; the master key beside.
fn bring_keys(order: &Restore<'_>, snapshot: &Path) -> Result<(), Failure> {
    use crate::keyring::{FILE, MASTER_FILE};
    let newest = order.tail.map(|tail| tail.join(FILE));
    let places = newest
        .into_iter()
        .chain([snapshot.join(FILE), order.from.join(FILE)]);
    if let Some(source) = places.into_iter().find(|path| path.exists()) {
        let target = order.into.join(FILE);
        let copied = crate::keyring::copy(&source, &target);
        crate::commands::serve::runtime()?.block_on(copied)?;
    }
    let master = order.from.join(MASTER_FILE);
    if master.exists() {
        let target = order.into.join(MASTER_FILE);
        std::fs::copy(&master, &target).map_err(|error| Failure::io("copy", &master, &error))?;
    }
    Ok(())
}

/// Appends every command of `tail` after the snapshot to the new journal.
fn append_tail(
    into: &Path,
    tail: &Path,
    (settings, from): (&Settings, Offset),
) -> Result<Offset, Failure> {
    let mut reader = Reader::open(tail, from)?;
    let opened = journal::open::open(into, settings)?;
    let (mut writer, durable) = (opened.writer, opened.durable);
    let mut progress = Progress::new(0);
    while let Some(frame) = reader.next()? {
        let record = Record {
            time: frame.time,
            kind: frame.kind,
            ver: frame.ver,
            payload: frame.payload,
        };
        loop {
            match writer.append(&record, Class::Reserved) {
                Ok(_) => break,
                Err(AppendError::LagBound | AppendError::NotReady) => {
                    writer.publish();
                    durable.wait_past(durable.get(), std::time::Duration::from_millis(10));
                }
                Err(error) => return Err(Failure::new(Exit::NoSpace, error.to_string())),
            }
        }
        progress.advance();
    }
    drop(progress);
    let next = writer.next();
    let failed = |failure: journal::error::SyncFailure| Failure::new(Exit::Io, failure.to_string());
    writer.close().map_err(failed)?;
    Ok(next)
}
