//! What the engine answered, one frame per command, in plain append files.
//!
//! `DIR/events/{first:020}.events`: the header of a segment, then frames as the journal
//! has them (`lag` 0). It is a cache: nothing here is synced on the way of an answer, and
//! a start truncates it at the first frame that does not verify; replay writes the rest
//! again. Absent on purpose: mapping (one frame may be many megabytes) and recovery.
//!
//! A full file is synced by a thread of its own, and `events/synced` then names the first
//! offset a start has to look at.

use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::disk;
use crate::error::{JournalError, Place};
use crate::files::{self, File};
use crate::frame::{self, ALIGN, FRAME_BYTES_MAX, Frame, HEADER_BYTES, JournalId, Record};
use crate::region::View;
use crate::segment::{self, Header, Magic};

/// A file this long is followed by another.
const FILE_BYTES: u64 = 64 << 20;
/// Frames gather here between flushes.
const BUFFER_BYTES: usize = 256 << 10;
/// Kind and version of every frame here; what the payload is belongs to the caller.
const KIND: u16 = 1;
const VER: u16 = 1;

const EXTENSION: &str = ".events";

/// The event log, opened for appending by the process that holds the journal.
pub struct EventLog {
    folder: PathBuf,
    id: JournalId,
    seed: u32,
    next: Option<Offset>,
    file_bytes: u64,
    current: Option<Current>,
    syncing: Option<JoinHandle<()>>,
}

struct Current {
    path: PathBuf,
    first: Offset,
    bytes: u64,
    file: BufWriter<File>,
}

/// The event log's folder in a data directory.
pub fn folder_in(dir: &Path) -> PathBuf {
    dir.join("events")
}

/// The name of the file whose first frame has this offset.
pub(crate) fn name_of(first: Offset) -> String {
    format!("{:020}{EXTENSION}", first.0)
}

/// First offsets and paths of the files, in order.
pub(crate) fn files_in(folder: &Path) -> Result<Vec<(Offset, PathBuf)>, JournalError> {
    let mut files = Vec::new();
    for path in disk::entries(folder)? {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if let Some(first) = name.strip_suffix(EXTENSION).and_then(segment::numbered) {
            files.push((first, path));
        }
    }
    Ok(files)
}

/// What a file holds before its first bad frame.
struct Good {
    next: Offset,
    bytes: u64,
}

impl EventLog {
    /// Opens the log of journal `id`, cut at the first frame that does not verify and at
    /// `limit`, the journal's next offset. Files of another journal are removed: they are
    /// a cache of something else.
    pub fn open(dir: &Path, id: JournalId, limit: Offset) -> Result<EventLog, JournalError> {
        let folder = folder_in(dir);
        files::make_folders(&folder).place("create", &folder)?;
        let mut log = EventLog {
            folder,
            id,
            seed: id.seed(),
            next: None,
            file_bytes: FILE_BYTES,
            current: None,
            syncing: None,
        };
        log.cut(limit)?;
        Ok(log)
    }

    /// Keeps files as long as each goes on where the one before ended.
    fn cut(&mut self, limit: Offset) -> Result<(), JournalError> {
        let files = files_in(&self.folder)?;
        let synced = synced_in(&self.folder).unwrap_or_default();
        let mut keeps = true;
        for (index, (first, path)) in files.iter().enumerate() {
            let follows = self.next.is_none_or(|next| next == *first);
            if !keeps || !follows || (limit <= *first) {
                keeps = false;
                disk::remove(path)?;
                continue;
            }
            let after = files.get(index + 1).map(|(first, _)| *first);
            if let Some(after) = after
                && after <= synced
                && after <= limit
                && self.header_fits(path, *first)
            {
                self.next = Some(after);
                continue;
            }
            match self.good_part(path, *first, limit)? {
                None => {
                    keeps = false;
                    disk::remove(path)?;
                }
                Some(good) => {
                    keeps = self.resume(path, *first, &good)?;
                    self.next = Some(good.next);
                }
            }
        }
        Ok(())
    }

    fn header_fits(&self, path: &Path, first: Offset) -> bool {
        let Ok(mut file) = disk::open_readable(path) else {
            return false;
        };
        let mut bytes = [0; segment::HEADER_BYTES];
        if std::io::Read::read_exact(&mut file, &mut bytes).is_err() {
            return false;
        }
        let header = Header::decode(&bytes, Magic::Events, path);
        header.is_ok_and(|header| header.id == self.id && header.first == first)
    }

    /// Reads a file up to its first bad frame; `None` when not even the header is good.
    fn good_part(
        &self,
        path: &Path,
        first: Offset,
        limit: Offset,
    ) -> Result<Option<Good>, JournalError> {
        if !self.header_fits(path, first) {
            return Ok(None);
        }
        let file = disk::open_readable(path)?;
        let bytes = file.len().place("look at", path)?;
        let length = usize::try_from(bytes).expect("a file fits the address space");
        let view = View::map(&file, length).place("map", path)?;
        view.read_in_order();
        let mut good = Good {
            next: first,
            bytes: segment::HEADER_BYTES as u64,
        };
        while good.next < limit {
            let at = good.bytes as usize;
            match Frame::decode(view.bytes(at, length - at), self.seed) {
                Ok(frame) if frame.offset == good.next && at + frame.span() <= length => {
                    good.bytes += frame.span() as u64;
                    good.next = good.next.next();
                }
                _ => break,
            }
        }
        Ok(Some(good))
    }

    /// Truncates to the good part and goes on there; false when something was cut.
    fn resume(&mut self, path: &Path, first: Offset, good: &Good) -> Result<bool, JournalError> {
        let mut file = disk::open_writable(path)?;
        let bytes = file.len().place("look at", path)?;
        let whole = bytes == good.bytes;
        if !whole {
            file.set_len(good.bytes).place("truncate", path)?;
            tracing::info!(path = %path.display(), from = good.bytes, to = bytes, "events cut");
        }
        file.seek(SeekFrom::Start(good.bytes))
            .place("seek in", path)?;
        let file = BufWriter::with_capacity(BUFFER_BYTES, file);
        let path = path.to_path_buf();
        self.current = Some(Current {
            path,
            first,
            bytes: good.bytes,
            file,
        });
        Ok(whole)
    }

    /// The offset the log goes on with; `None` when it is empty and takes any.
    pub fn next(&self) -> Option<Offset> {
        self.next
    }

    /// Forgets everything; the next append begins the log anew, at any offset. For a start
    /// whose replay begins later than the log ends: a log with a hole would be a lie.
    pub fn restart(&mut self) -> Result<(), JournalError> {
        self.current = None;
        self.join();
        self.next = None;
        disk::remove(&synced_path(&self.folder))?;
        for (_, path) in files_in(&self.folder)? {
            disk::remove(&path)?;
        }
        Ok(())
    }

    /// Appends the answer to one command. It is read by others after [`EventLog::flush`].
    /// After an error the log is not to be used again; a start repairs it.
    ///
    /// Panics when `offset` does not follow: the caller has skipped a command.
    pub fn append(
        &mut self,
        offset: Offset,
        time: TimeNs,
        payload: &[u8],
    ) -> Result<(), JournalError> {
        assert!(
            self.next.is_none_or(|next| next == offset),
            "the event log is gapless"
        );
        assert!(payload.len() <= FRAME_BYTES_MAX - HEADER_BYTES);
        if self
            .current
            .as_ref()
            .is_none_or(|current| self.file_bytes <= current.bytes)
        {
            self.roll(offset)?;
        }
        let current = self.current.as_mut().expect("a roll leaves a file");
        let length = HEADER_BYTES + payload.len();
        let span = frame::span(payload.len());
        let record = Record {
            time,
            kind: KIND,
            ver: VER,
            payload,
        };
        let sealed = frame::seal(self.seed, offset, 0, &record);
        let word = u32::try_from(length).expect("a frame is at most 1 GiB");
        let file = &mut current.file;
        let wrote = file
            .write_all(&word.to_le_bytes())
            .and_then(|()| file.write_all(&sealed))
            .and_then(|()| file.write_all(payload))
            .and_then(|()| file.write_all(&[0; ALIGN][..span - length]));
        wrote.place("write", &current.path)?;
        current.bytes += span as u64;
        self.next = Some(offset.next());
        Ok(())
    }

    /// Hands everything appended to the system, where readers see it.
    pub fn flush(&mut self) -> Result<(), JournalError> {
        match &mut self.current {
            Some(current) => current.file.flush().place("write", &current.path),
            None => Ok(()),
        }
    }

    fn roll(&mut self, first: Offset) -> Result<(), JournalError> {
        self.flush()?;
        let previous = self.current.as_ref().map_or(first, |current| current.first);
        if let Some(full) = self.current.take() {
            self.sync_aside(full, first)?;
        }
        let path = self.folder.join(name_of(first));
        let mut file = disk::create(&path)?;
        let header = Header {
            magic: Magic::Events,
            id: self.id,
            first,
            previous,
            segment_bytes: 0,
        };
        file.write_all(&header.encode()).place("write", &path)?;
        let file = BufWriter::with_capacity(BUFFER_BYTES, file);
        let bytes = segment::HEADER_BYTES as u64;
        self.current = Some(Current {
            path,
            first,
            bytes,
            file,
        });
        Ok(())
    }

    /// Syncs a full file beside the hot path and remembers that a start may trust it.
    fn sync_aside(&mut self, full: Current, next: Offset) -> Result<(), JournalError> {
        self.join();
        let folder = self.folder.clone();
        let Current { path, file, .. } = full;
        let file = file
            .into_inner()
            .map_err(|error| error.into_error())
            .place("write", &path)?;
        let run = move || {
            let synced = disk::sync_data(&file, &path).and_then(|()| disk::sync_folder(&folder));
            if let Err(error) = synced.and_then(|()| write_synced(&folder, next)) {
                tracing::warn!(%error, "a file of the event log is looked at again at the start");
            }
        };
        if files::is_stepped(&self.folder) {
            run();
            return Ok(());
        }
        let builder = std::thread::Builder::new().name("events-sync".to_string());
        self.syncing = Some(
            builder
                .spawn(run)
                .place("start a thread for", &self.folder)?,
        );
        Ok(())
    }

    fn join(&mut self) {
        if let Some(thread) = self.syncing.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that syncs the event log panicked");
        }
    }

    /// Makes files small, for tests of the roll.
    #[cfg(any(test, feature = "simulation"))]
    pub fn set_file_bytes(&mut self, bytes: u64) {
        self.file_bytes = bytes;
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::warn!(%error, "the end of the event log was not written");
        }
        self.join();
    }
}

fn synced_path(folder: &Path) -> PathBuf {
    folder.join("synced")
}

/// The first offset that is not known to be synced; `None` when nothing is known.
fn synced_in(folder: &Path) -> Option<Offset> {
    let bytes = files::read(&synced_path(folder)).ok()?;
    let (number, sum) = bytes.split_at_checked(8)?;
    if sum != crc32c::crc32c(number).to_le_bytes() {
        return None;
    }
    number
        .try_into()
        .ok()
        .map(|number| Offset(u64::from_le_bytes(number)))
}

fn write_synced(folder: &Path, next: Offset) -> Result<(), JournalError> {
    let number = next.0.to_le_bytes();
    let sum = crc32c::crc32c(&number).to_le_bytes();
    disk::replace(
        &synced_path(folder),
        &[number.as_slice(), sum.as_slice()].concat(),
    )
}
