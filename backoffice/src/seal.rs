//! Secrets at rest: AES-256-GCM under a master key that lies beside the database.
//!
//! A sealed text is the nonce (12 bytes, drawn anew each time), then the cipher text with
//! its tag. It is bound to its row: moved to another row it does not open.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use rand::TryRngCore;
use rand::rngs::OsRng;

use crate::error::BackofficeError;

/// The variable that stands for the file, as 64 hex digits.
pub const MASTER_KEY_VARIABLE: &str = "DAYBOOK_MASTER_KEY";
/// The file in the data directory.
pub const MASTER_KEY_FILE: &str = "master.key";

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// The owner may read and write, nobody else anything.
pub(crate) const OWNER_ONLY: u32 = 0o600;

/// What every secret is sealed with; never printed.
pub struct MasterKey {
    cipher: Aes256Gcm,
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey")
    }
}

impl MasterKey {
    /// A key from its bytes.
    pub fn new(bytes: &[u8; KEY_BYTES]) -> MasterKey {
        MasterKey {
            cipher: Aes256Gcm::new(bytes.into()),
        }
    }

    /// The key of a data directory: from the environment (`text`) if given, else from its
    /// file, which is made when `keys` does not exist yet.
    ///
    /// # Errors
    /// The text or file is no master key, is open to others, or is missing though `keys`
    /// exists.
    pub fn of(dir: &Path, text: Option<&str>, keys: &Path) -> Result<MasterKey, BackofficeError> {
        if let Some(text) = text {
            let error = BackofficeError::MasterKeyText {
                variable: MASTER_KEY_VARIABLE,
            };
            return from_hex(text.trim())
                .map(|bytes| MasterKey::new(&bytes))
                .ok_or(error);
        }
        let path = dir.join(MASTER_KEY_FILE);
        match std::fs::metadata(&path) {
            Ok(found) => {
                let mode = found.permissions().mode() & 0o7777;
                if mode & 0o077 != 0 {
                    return Err(BackofficeError::MasterKeyMode { path, mode });
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if keys.exists() {
                    let keys = keys.to_path_buf();
                    return Err(BackofficeError::MissingMasterKey { master: path, keys });
                }
                make(dir, &path)?;
            }
            Err(error) => return Err(BackofficeError::io("look at", &path)(error)),
        }
        let bytes = std::fs::read(&path).map_err(BackofficeError::io("read", &path))?;
        let found = bytes.len();
        match <[u8; KEY_BYTES]>::try_from(bytes) {
            Ok(bytes) => Ok(MasterKey::new(&bytes)),
            Err(_) => Err(BackofficeError::MasterKeyLength { path, found }),
        }
    }

    /// Seals `plain`, bound to `bound_to`.
    pub fn seal(&self, plain: &[u8], bound_to: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload {
            msg: plain,
            aad: bound_to,
        };
        let sealed = self.cipher.encrypt(Nonce::from_slice(&nonce), payload);
        let mut out = nonce.to_vec();
        out.extend(sealed.expect("a secret is far below the cipher's limit"));
        out
    }

    /// What was sealed; `None` when the key, the binding or a byte differs.
    pub fn open(&self, sealed: &[u8], bound_to: &[u8]) -> Option<Vec<u8>> {
        let (nonce, msg) = sealed.split_at_checked(NONCE_BYTES)?;
        let payload = Payload { msg, aad: bound_to };
        self.cipher.decrypt(Nonce::from_slice(nonce), payload).ok()
    }
}

/// Draws a master key and puts it in place whole or not at all.
fn make(dir: &Path, path: &Path) -> Result<(), BackofficeError> {
    let mut bytes = [0; KEY_BYTES];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| BackofficeError::io("draw", path)(std::io::Error::other(error)))?;
    let unfinished = path.with_extension("key.tmp");
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(OWNER_ONLY)
        .open(&unfinished)
        .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&unfinished, path))
        .and_then(|()| File::open(dir)?.sync_all());
    written.map_err(BackofficeError::io("write", path))
}

fn from_hex(text: &str) -> Option<[u8; KEY_BYTES]> {
    if text.len() != 2 * KEY_BYTES || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; KEY_BYTES];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}
