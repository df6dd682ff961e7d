//! Which sessions are live: one at a time for each (SenderCompID, key), and not too many.
//!
//! Two connections with the same name would fork one row of sequence numbers; so the second
//! is refused while the first lives. A client that logs on right after its logout waits a
//! moment, until the session before has put its store away. Where each session's store lies
//! is decided here too.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Connections at once, those without a logon included.
pub const CONNECTIONS_MAX: usize = 1_024;
/// Live sessions of one key.
const SESSIONS_PER_KEY: usize = 32;
/// Stores of one key on disk; beyond them the one that was used longest ago goes.
const STORES_PER_KEY: usize = 64;
/// How long a logon waits for the session before it to end.
const PATIENCE: Duration = Duration::from_secs(3);

/// Every live session.
#[derive(Debug, Default)]
pub struct Claims {
    live: Mutex<HashSet<Name>>,
    given_back: Notify,
}

/// What a session is known by.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Name {
    /// SenderCompID (49) of the client.
    pub sender: String,
    /// The public id of its API key.
    pub key: String,
}

/// A live session's right to its name; given back when it is dropped.
#[derive(Debug)]
pub struct Claim {
    claims: Arc<Claims>,
    pub name: Name,
}

/// Why a name was not given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotClaimed {
    #[error("a session with this SenderCompID and key is logged on already")]
    Taken,
    #[error("too many sessions with this key; at most {SESSIONS_PER_KEY}")]
    TooMany,
}

impl Claims {
    /// Claims a name; one that is taken is waited for, up to [`PATIENCE`].
    ///
    /// # Errors
    /// [`NotClaimed`].
    pub async fn claim_soon(self: &Arc<Claims>, name: Name) -> Result<Claim, NotClaimed> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            // Enlisted before the look, so that no end is missed between the two.
            let given_back = self.given_back.notified();
            tokio::pin!(given_back);
            given_back.as_mut().enable();
            match self.claim(name.clone()) {
                Err(NotClaimed::Taken) => {}
                decided => return decided,
            }
            if tokio::time::timeout_at(deadline, given_back).await.is_err() {
                return Err(NotClaimed::Taken);
            }
        }
    }

    /// Claims a name.
    ///
    /// # Errors
    /// [`NotClaimed`].
    fn claim(self: &Arc<Claims>, name: Name) -> Result<Claim, NotClaimed> {
        let mut live = self.live.lock();
        if live.contains(&name) {
            return Err(NotClaimed::Taken);
        }
        let of_key = live.iter().filter(|other| other.key == name.key).count();
        if of_key >= SESSIONS_PER_KEY {
            return Err(NotClaimed::TooMany);
        }
        live.insert(name.clone());
        Ok(Claim {
            claims: Arc::clone(self),
            name,
        })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.live.lock().remove(&self.name);
        self.claims.given_back.notify_waiters();
    }
}

impl Claim {
    /// The folder of this session below `root`; makes room among the key's others.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn folder(&self, root: &Path) -> io::Result<PathBuf> {
        let of_key = root.join(digest(&self.name.key));
        let folder = of_key.join(digest(&self.name.sender));
        if folder.is_dir() {
            return Ok(folder);
        }
        fs::create_dir_all(&of_key)?;
        let live = self.claims.live.lock();
        let used: HashSet<String> = live
            .iter()
            .filter(|name| name.key == self.name.key)
            .map(|name| digest(&name.sender))
            .collect();
        let mut idle = Vec::new();
        let mut count = 0;
        for entry in fs::read_dir(&of_key)? {
            let entry = entry?;
            count += 1;
            let is_used = entry.file_name().to_str().is_none_or(|n| used.contains(n));
            if !is_used {
                idle.push((last_use(&entry.path()), entry.path()));
            }
        }
        idle.sort();
        let surplus = (count + 1_usize).saturating_sub(STORES_PER_KEY);
        for (_, path) in idle.into_iter().take(surplus) {
            fs::remove_dir_all(path)?;
        }
        Ok(folder)
    }
}

/// When the newest file of a store was written.
fn last_use(folder: &Path) -> Option<std::time::SystemTime> {
    let files = fs::read_dir(folder).ok()?;
    files
        .filter_map(|file| file.ok()?.metadata().ok()?.modified().ok())
        .max()
}

/// A name as a file name: keys are secret enough not to be spelled on disk.
fn digest(name: &str) -> String {
    let hash = blake3::hash(name.as_bytes());
    hash.to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Claims, Name, NotClaimed, PATIENCE, SESSIONS_PER_KEY, STORES_PER_KEY};
    use std::fs;
    use std::sync::Arc;
    use std::time::Duration;

    fn name(sender: usize) -> Name {
        Name {
            sender: format!("S{sender}"),
            key: "key".to_owned(),
        }
    }

    #[test]
    fn a_name_is_given_once_and_again_after_it_was_given_back() {
        let claims = Arc::new(Claims::default());
        let first = claims.claim(name(1)).expect("nobody has it");
        assert_eq!(claims.claim(name(1)).err(), Some(NotClaimed::Taken));
        let others: Vec<_> = (2..=SESSIONS_PER_KEY)
            .map(|sender| claims.claim(name(sender)).expect("within the limit"))
            .collect();
        assert_eq!(claims.claim(name(99)).err(), Some(NotClaimed::TooMany));
        drop((first, others));
        assert!(claims.claim(name(1)).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_logon_waits_for_the_session_before_it_and_not_for_ever() {
        let claims = Arc::new(Claims::default());
        let first = claims.claim(name(1)).expect("nobody has it");
        let ending = async {
            tokio::time::sleep(PATIENCE / 2).await;
            drop(first);
        };
        let (second, ()) = tokio::join!(claims.claim_soon(name(1)), ending);
        let _second = second.expect("given back in time");
        let started = tokio::time::Instant::now();
        let third = claims.claim_soon(name(1)).await;
        assert_eq!(third.err(), Some(NotClaimed::Taken));
        let waited = started.elapsed();
        assert!(PATIENCE <= waited && waited < PATIENCE + Duration::from_secs(1));
    }

    #[test]
    fn stores_of_one_key_are_bounded_and_live_ones_stay() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let claims = Arc::new(Claims::default());
        let live = claims.claim(name(0)).expect("nobody has it");
        let mine = live.folder(root.path()).expect("a folder");
        fs::create_dir_all(&mine).expect("made");
        for sender in 1..STORES_PER_KEY + 20 {
            let claim = claims.claim(name(sender)).expect("nobody has it");
            let folder = claim.folder(root.path()).expect("a folder");
            fs::create_dir_all(&folder).expect("made");
        }
        let of_key = mine.parent().expect("the key's folder");
        let count = fs::read_dir(of_key).expect("readable").count();
        assert_eq!(count, STORES_PER_KEY);
        assert!(mine.is_dir());
    }
}
