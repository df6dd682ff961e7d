//! Listen keys: names by which a socket hears an account's futures without signing.
//!
//! One for each account, good for an hour from the last time it was asked for or kept alive.
//! They are gone after a restart, as clients expect of them; nothing else is lost with them.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rand::Rng;
use schemas::ids::AccountId;
use schemas::units::TimeNs;

use crate::queries::ApiKey;

const LIFE_NS: u64 = 3_600_000_000_000;
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LETTERS: usize = 64;

/// The listen keys in force.
#[derive(Debug, Default)]
pub struct ListenKeys {
    table: Mutex<HashMap<AccountId, Entry>>,
}

#[derive(Debug)]
struct Entry {
    text: String,
    until: TimeNs,
    /// Whose it is; a revoked key takes it along.
    key: Arc<ApiKey>,
}

impl ListenKeys {
    /// The account's key; the one it has while it is good, for another hour.
    pub fn issue(&self, key: &Arc<ApiKey>, now: TimeNs) -> String {
        let mut table = self.table.lock();
        table.retain(|_, entry| entry.is_good(now));
        let entry = table.entry(key.account).or_insert_with(|| Entry {
            text: generate(),
            until: now,
            key: key.clone(),
        });
        entry.until = TimeNs(now.0.saturating_add(LIFE_NS));
        entry.text.clone()
    }

    /// Another hour; `None` when the account has none, or another than that text.
    pub fn keep_alive(
        &self,
        account: AccountId,
        text: Option<&str>,
        now: TimeNs,
    ) -> Option<String> {
        let mut table = self.table.lock();
        let entry = table.get_mut(&account).filter(|entry| entry.is_good(now))?;
        if text.is_some_and(|text| text != entry.text) {
            return None;
        }
        entry.until = TimeNs(now.0.saturating_add(LIFE_NS));
        Some(entry.text.clone())
    }

    /// Ends it; false when there was none.
    pub fn close(&self, account: AccountId, now: TimeNs) -> bool {
        let closed = self.table.lock().remove(&account);
        closed.is_some_and(|entry| entry.is_good(now))
    }

    /// The API key behind a text that is still good.
    pub fn find(&self, text: &str, now: TimeNs) -> Option<Arc<ApiKey>> {
        let table = self.table.lock();
        let entry = table.values().find(|entry| entry.text == text)?;
        entry.is_good(now).then(|| entry.key.clone())
    }
}

impl Entry {
    fn is_good(&self, now: TimeNs) -> bool {
        now < self.until && !self.key.life.is_over()
    }
}

fn generate() -> String {
    let mut random = rand::rng();
    let mut letter = || char::from(ALPHABET[random.random_range(0..ALPHABET.len())]);
    (0..LETTERS).map(|_| letter()).collect()
}
