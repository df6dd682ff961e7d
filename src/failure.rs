//! How a command of `daybook` ends badly: one line for the reader, one exit code.

use std::fmt;

/// CONTRACT's exit codes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    Ok = 0,
    /// `doctor` found something, or an administrative act was refused.
    Finding = 1,
    Usage = 64,
    /// Journal or snapshot damaged, foreign or newer.
    Damaged = 65,
    /// A needed server (or the node itself) cannot be reached.
    Unavailable = 69,
    /// Our fault; the offset is printed.
    OurFault = 70,
    NoSpace = 73,
    /// A sync or a write failed.
    Io = 74,
    /// Fenced, or the directory is in use.
    InUse = 75,
    Permission = 77,
    Config = 78,
    PortInUse = 98,
}

/// One line that says what happened, where, and what to do; and the code to exit with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    pub exit: Exit,
    pub line: String,
}

impl Failure {
    /// A failure with its line.
    pub fn new(exit: Exit, line: impl Into<String>) -> Failure {
        Failure {
            exit,
            line: line.into(),
        }
    }

    /// An I/O failure at a place, with the code that its kind deserves.
    pub fn io(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
        use std::io::ErrorKind;
        let (exit, advice) = match error.kind() {
            ErrorKind::PermissionDenied => (
                Exit::Permission,
                "; give this user the right or choose another directory",
            ),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                (Exit::NoSpace, "; free some space and start again")
            }
            ErrorKind::AddrInUse => (Exit::PortInUse, "; choose another port"),
            _ => (Exit::Io, ""),
        };
        Failure::new(
            exit,
            format!("cannot {doing} {}: {error}{advice}", path.display()),
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl std::error::Error for Failure {}

impl From<journal::error::JournalError> for Failure {
    fn from(error: journal::error::JournalError) -> Failure {
        use journal::error::JournalError;
        let (exit, advice) = match &error {
            JournalError::Damaged { .. } => (
                Exit::Damaged,
                "; nothing was changed; see the runbook \"Corrupt journal\"",
            ),
            JournalError::Foreign { .. } => (
                Exit::Damaged,
                "; restore the file that belongs here, or choose its directory",
            ),
            JournalError::Newer { .. } => (Exit::Damaged, "; start the newer Daybook"),
            JournalError::Absent { .. } => (Exit::Usage, "; check --data-dir"),
            JournalError::Exists { .. } => (Exit::Usage, "; choose an empty directory"),
            JournalError::BeforeStart { .. } => (Exit::Damaged, "; restore an older snapshot"),
            JournalError::InUse { .. } => (Exit::InUse, "; stop that one or choose another"),
            JournalError::NoSpace { .. } => (Exit::NoSpace, ""),
            JournalError::Permission { .. } => (
                Exit::Permission,
                "; give this user the right or choose another directory",
            ),
            JournalError::SyncFailed(_) => (
                Exit::Io,
                "; nothing after it was acknowledged; check the disk, then start",
            ),
            JournalError::ClockBack { .. } | JournalError::Setting { .. } => (Exit::Config, ""),
            JournalError::Io { .. } => (Exit::Io, ""),
        };
        Failure::new(exit, format!("{error}{advice}"))
    }
}

impl From<replay_tool::error::ReplayError> for Failure {
    fn from(error: replay_tool::error::ReplayError) -> Failure {
        use replay_tool::error::ReplayError;
        match error {
            ReplayError::Journal(error) => error.into(),
            ReplayError::Fault { .. } => Failure::new(Exit::OurFault, error.to_string()),
            ReplayError::Copy { .. } => Failure::new(Exit::Io, error.to_string()),
            ReplayError::Beyond { .. } => Failure::new(Exit::Usage, error.to_string()),
            _ => Failure::new(Exit::Damaged, error.to_string()),
        }
    }
}
