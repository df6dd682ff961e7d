//! The high-water mark: the newest offset known durable, kept apart from the journal.
//!
//! It guards against a journal that was cut short and against a mark and a journal that
//! do not belong together. Two slots, each on a page of its own, are written in turn, so
//! a torn write spoils at most the one that is older anyway.
//!
//! ```text
//! 0        8        12       16               32          40         48        52     64
//! | magic  | format | crc    | journal id     | sequence  | offset   | frame's | has  |
//! |        |        |        |                |           |          | crc     | frame|
//! ```

use std::path::{Path, PathBuf};

use schemas::ids::Offset;

use crate::disk;
use crate::error::{Damage, JournalError, Place};
use crate::files::{self, File};
use crate::frame::{JournalId, u32_at, u64_at};

const MAGIC: &[u8; 8] = b"DAYBOOKM";
const FORMAT: u32 = 1;
const SLOT_BYTES: usize = 64;
const SLOT_STRIDE: usize = 4096;

/// One frame by number and checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vouched {
    /// The frame's offset.
    pub offset: Offset,
    /// The frame's crc32c.
    pub crc: u32,
}

/// What the mark file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) id: JournalId,
    sequence: u64,
    /// The newest durable frame; `None` before the first.
    pub(crate) frame: Option<Vouched>,
}

/// The file under its writer.
pub(crate) struct MarkFile {
    path: PathBuf,
    file: File,
    last: Mark,
}

/// Where the mark of a journal folder lies.
pub(crate) fn path_in(folder: &Path) -> PathBuf {
    folder.join("mark")
}

impl Mark {
    fn encode(&self) -> [u8; SLOT_BYTES] {
        let mut bytes = [0; SLOT_BYTES];
        bytes[0..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.id.0);
        bytes[32..40].copy_from_slice(&self.sequence.to_le_bytes());
        if let Some(frame) = self.frame {
            bytes[40..48].copy_from_slice(&frame.offset.0.to_le_bytes());
            bytes[48..52].copy_from_slice(&frame.crc.to_le_bytes());
            bytes[52] = 1;
        }
        let crc = checksum(&bytes);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Slot {
        if bytes.len() < SLOT_BYTES || &bytes[0..8] != MAGIC {
            return Slot::Bad;
        }
        if u32_at(bytes, 12) != checksum(bytes) {
            return Slot::Bad;
        }
        let format = u32_at(bytes, 8);
        if format != FORMAT {
            return Slot::Newer(format);
        }
        let id: [u8; 16] = bytes[16..32].try_into().expect("sixteen bytes were sliced");
        let vouched = Vouched {
            offset: Offset(u64_at(bytes, 40)),
            crc: u32_at(bytes, 48),
        };
        let frame = (bytes[52] == 1).then_some(vouched);
        Slot::Good(Mark {
            id: JournalId(id),
            sequence: u64_at(bytes, 32),
            frame,
        })
    }

    /// The newer good slot of the mark in `folder`; `None` when there is no file.
    pub(crate) fn read(folder: &Path) -> Result<Option<Mark>, JournalError> {
        let path = path_in(folder);
        let bytes = match files::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.place("read", &path)?,
        };
        let slot = |index: usize| Mark::decode(bytes.get(index * SLOT_STRIDE..).unwrap_or(&[]));
        match (slot(0), slot(1)) {
            (Slot::Newer(found), _) | (_, Slot::Newer(found)) => Err(JournalError::Newer {
                path,
                found,
                known: FORMAT,
            }),
            (Slot::Good(left), Slot::Good(right)) => Ok(Some(if left.sequence < right.sequence {
                right
            } else {
                left
            })),
            (Slot::Good(mark), Slot::Bad) | (Slot::Bad, Slot::Good(mark)) => Ok(Some(mark)),
            (Slot::Bad, Slot::Bad) => Err(JournalError::Damaged {
                path,
                offset: Offset(0),
                position: 0,
                reason: Damage::NoMark,
            }),
        }
    }
}

enum Slot {
    Good(Mark),
    Bad,
    Newer(u32),
}

fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[0..12]), &bytes[16..SLOT_BYTES])
}

impl MarkFile {
    /// Makes a mark that vouches for nothing yet.
    pub(crate) fn create(folder: &Path, id: JournalId) -> Result<(), JournalError> {
        let mark = Mark {
            id,
            sequence: 0,
            frame: None,
        };
        let mut bytes = vec![0; 2 * SLOT_STRIDE];
        bytes[..SLOT_BYTES].copy_from_slice(&mark.encode());
        disk::replace(&path_in(folder), &bytes)
    }

    /// Opens the mark for writing; it has been read before.
    pub(crate) fn open(folder: &Path, last: Mark) -> Result<MarkFile, JournalError> {
        let path = path_in(folder);
        let file = disk::open_writable(&path)?;
        Ok(MarkFile { path, file, last })
    }

    /// What was written last.
    pub(crate) fn last(&self) -> Option<Vouched> {
        self.last.frame
    }

    /// Writes the older slot and syncs. The frame must be durable.
    pub(crate) fn write(&mut self, frame: Vouched) -> Result<(), JournalError> {
        let sequence = self.last.sequence + 1;
        let mark = Mark {
            id: self.last.id,
            sequence,
            frame: Some(frame),
        };
        let slot = (sequence % 2) * SLOT_STRIDE as u64;
        self.file
            .write_all_at(&mark.encode(), slot)
            .place("write", &self.path)?;
        disk::sync_data(&self.file, &self.path)?;
        self.last = mark;
        Ok(())
    }
}
