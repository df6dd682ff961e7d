//! Making a journal, and opening one for writing.
//!
//! Opening takes the lock, has recovery decide, cuts a torn tail, and then writes back
//! and syncs everything above the mark before anything is called durable: after a kill
//! or a failed sync the page cache may show what the disk does not hold. Only then do
//! the threads start.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use schemas::ids::Offset;

use crate::disk;
use crate::error::{JournalError, Place};
use crate::files;
use crate::frame::JournalId;
use crate::lock::DirectoryLock;
use crate::mark::{self, Mark, MarkFile};
use crate::prepare::{self, Preparer, Yard};
use crate::recovery::{Files, From, Recovery, Survey, folder_in};
use crate::segment::{
    self, Header, Magic, PAGE_BYTES, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, Tail, name_of,
};
use crate::sync::{Durable, Shared, SyncThread, Target};
use crate::writer::{Parts, Settings, Writer};

/// An earlier run may have had a larger bound on what waits for the disk than this one.
const LAG_BYTES_ASSUMED: u64 = 16 << 20;

/// A journal ready to append.
pub struct Opened {
    /// For the one thread that appends.
    pub writer: Writer,
    /// For everybody who waits for the disk.
    pub durable: Durable,
    /// What was found; `torn` has been cut by now.
    pub recovered: Recovery,
}

/// Whether the data directory holds a journal (whole or damaged).
pub fn exists(dir: &Path) -> Result<bool, JournalError> {
    let entries = disk::entries(&folder_in(dir))?;
    let any = entries.iter().any(|path| segment::first_of(path).is_some());
    Ok(any
        || matches!(
            Mark::read(&folder_in(dir)),
            Ok(Some(Mark { frame: Some(_), .. }))
        ))
}

/// Makes an empty journal whose first frame will be `next`: 0, or where a restored
/// snapshot goes on. [`JournalError::Exists`] when there is one.
pub fn create(dir: &Path, settings: &Settings, next: Offset) -> Result<JournalId, JournalError> {
    create_named(dir, settings, (next, JournalId::random()))
}

/// As [`create`], with a name that the caller chose: fixtures and simulations are made
/// again byte for byte.
pub fn create_named(
    dir: &Path,
    settings: &Settings,
    (next, id): (Offset, JournalId),
) -> Result<JournalId, JournalError> {
    check(settings)?;
    let folder = folder_in(dir);
    files::make_folders(&folder).place("create", &folder)?;
    let _lock = DirectoryLock::take(dir)?;
    if exists(dir)? {
        return Err(JournalError::Exists { path: folder });
    }
    disk::sync_folder(dir)?;
    // The mark first: a segment without a mark is a finding, a mark alone is nothing yet.
    MarkFile::create(&folder, id)?;
    let spare = folder.join("first.spare");
    let prepared = prepare::make_zeroed(&spare, settings.segment_bytes)?;
    let header = Header {
        magic: Magic::Journal,
        id,
        first: next,
        previous: next,
        segment_bytes: settings.segment_bytes,
    };
    disk::write_at(&prepared.file, 0, &header.encode(), &spare)?;
    disk::sync_data(&prepared.file, &spare)?;
    disk::rename(&spare, &folder.join(name_of(next)))?;
    disk::sync_folder(&folder)?;
    Ok(id)
}

/// Locks, recovers and opens the journal of a data directory for writing.
/// [`JournalError::Absent`] when there is none: [`create`] one.
pub fn open(dir: &Path, settings: &Settings) -> Result<Opened, JournalError> {
    check(&Settings {
        segment_bytes: SEGMENT_BYTES_MIN,
        ..*settings
    })?;
    if !files::is_folder(dir) {
        return Err(JournalError::Absent {
            path: folder_in(dir),
        });
    }
    let lock = DirectoryLock::take(dir)?;
    let mut survey = Survey::take(Files::load(&folder_in(dir))?, From::Mark);
    if let Some(finding) = survey.finding.take() {
        return Err(finding);
    }
    write_back(&survey, settings)?;
    start(survey, settings, lock)
}

fn check(settings: &Settings) -> Result<(), JournalError> {
    let bytes = settings.segment_bytes;
    let whole = bytes.is_multiple_of(PAGE_BYTES);
    if !whole || !(SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&bytes) {
        return Err(JournalError::Setting {
            name: "segment_bytes",
            value: bytes,
            allowed: "a multiple of 4096 from 65536 to 17179869184",
        });
    }
    if settings.max_lag == 0 || (1 << 24) < settings.max_lag {
        return Err(JournalError::Setting {
            name: "max_lag",
            value: u64::from(settings.max_lag),
            allowed: "1 to 16777216",
        });
    }
    if settings.segments_ahead == 0 || 1024 < settings.segments_ahead {
        return Err(JournalError::Setting {
            name: "segments_ahead",
            value: settings.segments_ahead as u64,
            allowed: "1 to 1024",
        });
    }
    Ok(())
}

/// Cuts the torn tail, and writes every frame above the mark to the disk again, with the
/// zeros behind the last one as far as anything could have been waiting there.
fn write_back(survey: &Survey, settings: &Settings) -> Result<(), JournalError> {
    let (mark_segment, mark_position) = survey.above_mark;
    for index in mark_segment..=survey.segment {
        let segment = &survey.files.segments[index];
        let file = disk::open_writable(&segment.path)?;
        let from = if index == mark_segment {
            mark_position
        } else {
            0
        };
        let from = from - from % PAGE_BYTES as usize;
        let last = index == survey.segment;
        let to = if last {
            survey.position
        } else {
            segment.view().len()
        };
        let to = to.min(segment.view().len());
        if last {
            // Also what a copy left sparse or cut off is really there from here on.
            disk::allocate(&file, segment.header.segment_bytes, &segment.path)?;
        }
        let frames = segment.view().bytes(from, to - from);
        disk::write_at(&file, from as u64, frames, &segment.path)?;
        if last {
            let torn_to = survey.recovery.torn.as_ref().map_or(0, |torn| torn.to);
            let bound = to as u64 + settings.lag_bytes().max(LAG_BYTES_ASSUMED);
            let end = bound.max(torn_to).min(segment.header.segment_bytes);
            disk::zero_at(&file, to as u64, end, &segment.path)?;
        }
        disk::sync_all(&file, &segment.path)?;
    }
    disk::sync_folder(&survey.files.folder)
}

/// Maps the last segment and starts the threads.
fn start(survey: Survey, settings: &Settings, lock: DirectoryLock) -> Result<Opened, JournalError> {
    let Survey {
        files,
        recovery,
        segment,
        position,
        ..
    } = survey;
    let current = &files.segments[segment];
    let (path, header) = (current.path.clone(), current.header);
    let mut mark = MarkFile::open(&files.folder, files.mark)?;
    if let Some(last) = recovery.last
        && mark.last() != Some(last)
    {
        mark.write(last)?;
    }
    let file = disk::open_writable(&path)?;
    let region = prepare::map(&file, header.segment_bytes, &path)?;
    let target = Target {
        file: Arc::new(file),
        path,
        spare: None,
    };
    let shared = Arc::new(Shared::new(recovery.next, recovery.last, target));
    let yard = Arc::new(Yard::new(settings.segments_ahead));
    let folder = files.folder.clone();
    let preparer = Preparer::new(&yard, &shared, &folder, header.segment_bytes);
    let syncer = SyncThread::new(Arc::clone(&shared), &folder, mark);
    let threads = workers(&folder, syncer, preparer)?;
    let writer = Writer::new(Parts {
        tail: Tail::resume(region, position),
        header,
        next: recovery.next,
        last: recovery.last,
        settings: *settings,
        folder,
        shared: Arc::clone(&shared),
        yard,
        threads,
        lock,
    });
    Ok(Opened {
        writer,
        durable: Durable { shared },
        recovered: recovery,
    })
}

/// Starts the two threads beside the writer. A simulation has none: see `simulation`.
fn workers(
    folder: &Path,
    syncer: SyncThread,
    preparer: Preparer,
) -> Result<Vec<JoinHandle<()>>, JournalError> {
    #[cfg(feature = "simulation")]
    if files::is_stepped(folder) {
        crate::simulation::steps::Hands::take_over(syncer, preparer);
        return Ok(Vec::new());
    }
    Ok(vec![
        spawn("journal-sync", folder, move || syncer.run())?,
        spawn("journal-prepare", folder, move || preparer.run())?,
    ])
}

fn spawn(
    name: &str,
    folder: &Path,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, JournalError> {
    let builder = std::thread::Builder::new().name(name.to_string());
    builder.spawn(run).place("start a thread for", folder)
}

/// The mark's path, for messages and backups.
pub fn mark_path(dir: &Path) -> PathBuf {
    mark::path_in(&folder_in(dir))
}
