//! Why keys could not be read, made or changed.

use std::io;
use std::path::{Path, PathBuf};

use schemas::ids::AccountId;

/// Each variant says what an operator can do something about.
#[derive(Debug, thiserror::Error)]
pub enum BackofficeError {
    /// Another master key than the one the secrets were sealed with.
    #[error("the master key does not fit {}: bring back the one it was made with", .path.display())]
    WrongMasterKey {
        /// The key file.
        path: PathBuf,
    },
    /// There are sealed keys, but no master key.
    #[error("{} is missing, and {} needs it", .master.display(), .keys.display())]
    MissingMasterKey {
        /// Where the master key should lie.
        master: PathBuf,
        /// What was sealed with it.
        keys: PathBuf,
    },
    /// The master key file is not 32 bytes long.
    #[error("{} holds {found} bytes, a master key has 32", .path.display())]
    MasterKeyLength {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        found: usize,
    },
    /// Others than the owner may read the master key.
    #[error("{} has mode {mode:04o}: others could read it, set 0600", .path.display())]
    MasterKeyMode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The environment's master key is not 64 hex digits.
    #[error("{variable} is not 64 hex digits")]
    MasterKeyText {
        /// The variable.
        variable: &'static str,
    },
    /// A row was changed by someone without the master key, or has rotted.
    #[error("{} is damaged: the row of key {key} does not open", .path.display())]
    Tampered {
        /// The key file.
        path: PathBuf,
        /// The public id of the key.
        key: String,
    },
    /// The file is no database of ours, or its pages are broken.
    #[error("{} is damaged: {reason}", .path.display())]
    Damaged {
        /// The key file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// Another account has this name.
    #[error("the name {name} belongs to account {}", .account.0)]
    NameTaken {
        /// The name asked for.
        name: String,
        /// Whose it is.
        account: AccountId,
    },
    /// The text offered as a public key is none that can be used.
    #[error("not a usable public key: {reason}")]
    PublicKey {
        /// What is wrong with it and what is asked for.
        reason: &'static str,
    },
    /// A change could not be written; nothing of it is in force.
    #[error("could not write {}: {source}", .path.display())]
    Database {
        /// The key file.
        path: PathBuf,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The system refused something.
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

impl BackofficeError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| BackofficeError::Io {
            action,
            path,
            source,
        }
    }

    pub(crate) fn database(path: &Path) -> impl FnOnce(sqlx::Error) -> Self {
        let path = path.to_path_buf();
        move |source| BackofficeError::Database { path, source }
    }
}
