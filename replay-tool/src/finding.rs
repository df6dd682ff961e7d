//! What an auditor reports: which file, which offset, and what is wrong there.

use std::path::{Path, PathBuf};

use journal::error::JournalError;
use schemas::command::CommandError;
use schemas::ids::Offset;

use crate::error::{ReplayError, SnapshotFault};
use crate::walk::file_holding;

/// Something that is not as it was promised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: offset {}: {reason}", .segment.display(), .offset.0)]
pub struct Finding {
    /// The file, or a snapshot's folder.
    pub segment: PathBuf,
    /// The first offset that is affected.
    pub offset: Offset,
    /// Byte position in the file, where there is one.
    pub position: Option<u64>,
    /// What is wrong, for people.
    pub reason: String,
}

impl Finding {
    /// The finding in an error, or the error when it says that nobody could look.
    ///
    /// # Errors
    /// Missing files, missing rights, newer formats: nothing is known to be wrong.
    pub fn of(dir: &Path, error: ReplayError) -> Result<Finding, ReplayError> {
        let at = |offset, reason| {
            let folder = journal::recovery::folder_in(dir);
            let segment = file_holding(&folder, "journal", offset);
            Ok(Finding {
                segment,
                offset,
                position: None,
                reason,
            })
        };
        match error {
            ReplayError::Journal(error) => of_journal(error),
            ReplayError::Command {
                source: CommandError::Unknown { .. },
                ..
            }
            | ReplayError::Snapshot {
                reason: SnapshotFault::Newer { .. },
                ..
            }
            | ReplayError::Beyond { .. }
            | ReplayError::Copy { .. } => Err(error),
            ReplayError::Command { offset, source } => at(offset, source.to_string()),
            ReplayError::Gap { found, expected } => at(
                expected,
                format!("offset {} stands where {} belongs", found.0, expected.0),
            ),
            ReplayError::TimeBack { offset } => at(
                offset,
                "its time lies before that of the command before it".to_string(),
            ),
            ReplayError::Fault { offset, message } => at(offset, format!("our fault: {message}")),
            ReplayError::Snapshot {
                path,
                offset,
                reason,
            } => {
                let reason = reason.to_string();
                Ok(Finding {
                    segment: path,
                    offset,
                    position: None,
                    reason,
                })
            }
            ReplayError::NoStart { first, refused, .. } if !refused.is_empty() => at(
                first,
                format!("nothing to begin with: {}", refused.join("; ")),
            ),
            ReplayError::NoStart { .. } => Err(error),
        }
    }

    /// As [`Finding::of`], for a caller who hands either on.
    pub fn or_error(dir: &Path, error: ReplayError) -> anyhow::Error {
        match Finding::of(dir, error) {
            Ok(finding) => finding.into(),
            Err(error) => error.into(),
        }
    }
}

fn of_journal(error: JournalError) -> Result<Finding, ReplayError> {
    match error {
        JournalError::Damaged {
            path,
            offset,
            position,
            reason,
        } => Ok(Finding {
            segment: path,
            offset,
            position: Some(position),
            reason: reason.to_string(),
        }),
        JournalError::Foreign { path, reason } => {
            let name = path
                .file_stem()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let offset = Offset(name.parse().unwrap_or_default());
            Ok(Finding {
                segment: path,
                offset,
                position: None,
                reason: reason.to_string(),
            })
        }
        other => Err(other.into()),
    }
}
