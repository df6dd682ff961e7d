//! Everything that can go wrong with a log, each variant a fact with its place.
//!
//! No variant is a reason to retry: what can be waited out (a full disk, a segment not
//! yet prepared) is an [`AppendError`](crate::writer::AppendError) of the hot path.

use std::io;
use std::path::{Path, PathBuf};

use schemas::ids::Offset;

use crate::frame::FrameError;

/// Why a log, a mark, an event file or a snapshot could not be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Bytes that were promised are not there, or are not what was written.
    #[error("{} damaged at byte {position} (offset {}): {reason}", .path.display(), .offset.0)]
    Damaged {
        /// The file that holds the damage.
        path: PathBuf,
        /// The offset that was expected there.
        offset: Offset,
        /// Byte position in the file.
        position: u64,
        /// What is wrong.
        reason: Damage,
    },
    /// The file belongs to another journal, or is no file of ours.
    #[error("{} is foreign: {reason}", .path.display())]
    Foreign {
        /// The file that does not belong here.
        path: PathBuf,
        /// What gave it away.
        reason: &'static str,
    },
    /// Written by a newer Daybook.
    #[error("{} has format {found}, this build reads up to {known}", .path.display())]
    Newer {
        /// The file of a newer format.
        path: PathBuf,
        /// The format it names.
        found: u32,
        /// The newest format this build reads.
        known: u32,
    },
    /// Another process writes to this directory.
    #[error("{} is in use by another process", .path.display())]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// The disk or the quota is full.
    #[error("no space for {}: free some and start again", .path.display())]
    NoSpace {
        /// What could not be written.
        path: PathBuf,
    },
    /// The system refused access.
    #[error("no permission to {action} {}", .path.display())]
    Permission {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
    },
    /// A sync failed; nothing after it may be acknowledged.
    #[error(transparent)]
    SyncFailed(#[from] SyncFailure),
    /// The wall clock is too far from the last frame.
    #[error("the clock reads {now_ns} ns, the last frame {last_ns} ns: set it or accept it")]
    ClockBack {
        /// The wall clock, nanoseconds since 1970.
        now_ns: u64,
        /// The time of the last frame.
        last_ns: u64,
    },
    /// There is no journal here.
    #[error("{} holds no journal", .path.display())]
    Absent {
        /// The journal folder.
        path: PathBuf,
    },
    /// There is a journal here already.
    #[error("{} holds a journal already", .path.display())]
    Exists {
        /// The journal folder.
        path: PathBuf,
    },
    /// The journal begins later than the offset asked for.
    #[error("{} begins at offset {}, asked for {}", .path.display(), .first.0, .wanted.0)]
    BeforeStart {
        /// The journal folder.
        path: PathBuf,
        /// The first offset it holds.
        first: Offset,
        /// The offset asked for.
        wanted: Offset,
    },
    /// A setting is out of its range.
    #[error("{name} is {value}, allowed is {allowed}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it was set to.
        value: u64,
        /// What it may be.
        allowed: &'static str,
    },
    /// Any other failure of the system.
    #[error("could not {action} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What is wrong with bytes that were promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// A frame does not verify.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A frame verifies but stands in the wrong place.
    #[error("offset {}, expected {}", .found.0, .expected.0)]
    Gap {
        /// The offset in the frame.
        found: Offset,
        /// The offset that belongs there.
        expected: Offset,
    },
    /// The file ends early.
    #[error("the file ends after {bytes} bytes")]
    Short {
        /// How long the file is.
        bytes: u64,
    },
    /// The next segment does not follow.
    #[error("a segment is missing before the one at offset {}", .next.0)]
    MissingSegment {
        /// First offset of the segment that does exist.
        next: Offset,
    },
    /// The header of a file does not verify.
    #[error("the header does not verify")]
    Header,
    /// The mark knows more than the journal holds.
    #[error("the mark vouches for offset {}, the journal ends before", .mark.0)]
    BelowMark {
        /// The offset the mark vouches for.
        mark: Offset,
    },
    /// The frame at the mark is another one.
    #[error("the frame at the mark has crc {found:#010x}, the mark says {expected:#010x}")]
    MarkDiffers {
        /// The checksum of the frame.
        found: u32,
        /// The checksum the mark holds.
        expected: u32,
    },
    /// The mark is gone or does not verify.
    #[error("the mark is missing or does not verify")]
    NoMark,
    /// A section of a snapshot does not verify.
    #[error("a section or manifest does not verify")]
    Section,
}

/// The first sync that failed. It is final: nothing is tried again after it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("could not {action} {}: {message}", .path.display())]
pub struct SyncFailure {
    /// What was tried.
    pub action: &'static str,
    /// On which path.
    pub path: PathBuf,
    /// What the system said.
    pub message: String,
}

impl JournalError {
    /// Sorts a system error by what the operator has to do about it.
    pub(crate) fn system(action: &'static str, path: &Path, source: io::Error) -> JournalError {
        let path = path.to_path_buf();
        match source.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT) => JournalError::NoSpace { path },
            Some(libc::EACCES | libc::EPERM | libc::EROFS) => {
                JournalError::Permission { action, path }
            }
            _ => JournalError::Io {
                action,
                path,
                source,
            },
        }
    }
}

/// Adds the place to a system error.
pub(crate) trait Place<T> {
    /// `action` and `path` say what was tried on what.
    fn place(self, action: &'static str, path: &Path) -> Result<T, JournalError>;
    /// The same for a sync, whose failure is final.
    fn sync_place(self, action: &'static str, path: &Path) -> Result<T, JournalError>;
}

impl<T> Place<T> for io::Result<T> {
    fn place(self, action: &'static str, path: &Path) -> Result<T, JournalError> {
        self.map_err(|source| JournalError::system(action, path, source))
    }

    fn sync_place(self, action: &'static str, path: &Path) -> Result<T, JournalError> {
        self.map_err(|source| {
            let message = source.to_string();
            SyncFailure {
                action,
                path: path.to_path_buf(),
                message,
            }
            .into()
        })
    }
}
