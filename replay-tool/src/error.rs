//! Why a journal could not be replayed.

use std::path::PathBuf;

use journal::error::JournalError;
use schemas::command::CommandError;
use schemas::ids::Offset;

/// What stopped a replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Journal, event log or snapshot files.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A frame holds no command of this build.
    #[error("offset {}: {source}", .offset.0)]
    Command {
        /// The frame.
        offset: Offset,
        /// What is wrong with it.
        source: CommandError,
    },
    /// The frame is not the one that comes next.
    #[error("offset {} comes where {} is next", .found.0, .expected.0)]
    Gap {
        /// The frame's offset.
        found: Offset,
        /// What the engine has not applied yet.
        expected: Offset,
    },
    /// Time runs backwards.
    #[error("offset {}: its time lies before that of the command before it", .offset.0)]
    TimeBack {
        /// The frame.
        offset: Offset,
    },
    /// A snapshot does not give the state it promises.
    #[error("snapshot {}: {reason}", .path.display())]
    Snapshot {
        /// Its folder.
        path: PathBuf,
        /// The next offset after it.
        offset: Offset,
        /// What is wrong.
        reason: SnapshotFault,
    },
    /// Nothing to begin with.
    #[error(
        "{} begins at offset {}, and no snapshot that verifies leads there",
        .path.display(), .first.0
    )]
    NoStart {
        /// The journal's folder.
        path: PathBuf,
        /// Its first offset.
        first: Offset,
        /// One line for each snapshot that was refused.
        refused: Vec<String>,
    },
    /// The offset asked for is not there.
    #[error("offset {} is not there: the journal ends before offset {}", .wanted.0, .next.0)]
    Beyond {
        /// What was asked for.
        wanted: Offset,
        /// The offset the next command will get.
        next: Offset,
    },
    /// The engine failed: a fault of ours.
    #[error("offset {}: our fault: {message}", .offset.0)]
    Fault {
        /// The command that was being applied.
        offset: Offset,
        /// What the engine said.
        message: String,
    },
    /// A file that goes with a snapshot could not be copied.
    #[error("cannot copy {}: {source}", .path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What is wrong with a snapshot whose checksums hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotFault {
    /// The manifest does not decode.
    #[error("its manifest means nothing")]
    Manifest,
    /// Written in a newer format.
    #[error("format {found}, this build reads up to {known}")]
    Newer {
        /// The format it names.
        found: u32,
        /// The newest format this build reads.
        known: u32,
    },
    /// Taken of another journal.
    #[error("it was taken of another journal")]
    Foreign,
    /// A section named in the manifest is missing.
    #[error("a section is missing")]
    Missing,
    /// A section does not decode to a state.
    #[error("its sections do not decode")]
    Sections,
    /// The state has another root.
    #[error("the state's root is not the one it promises")]
    Root,
    /// The state is of another offset or time.
    #[error("the state is of another offset or time")]
    Stamp,
    /// Replay gives another chain or commitment.
    #[error("the chain is not the one that replay gives")]
    Chain,
    /// The state breaks a rule of the ledger or the book.
    #[error("the state breaks an invariant")]
    Invariant,
}
