//! `[deny]` and `[limits]` of the configuration file, read again when the file changes.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::RwLock;
use schemas::ids::AccountId;

use crate::config::{Live, read_live};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Who is turned away, and how fast the others may come.
#[derive(Default)]
pub struct LiveConfig {
    live: RwLock<Live>,
}

impl LiveConfig {
    /// Starts with `live` and follows `file`, if there is one; needs a tokio runtime.
    pub fn watch(live: Live, file: Option<PathBuf>) -> Arc<LiveConfig> {
        let list = Arc::new(LiveConfig {
            live: RwLock::new(live),
        });
        if let Some(path) = file {
            let weak = Arc::downgrade(&list);
            tokio::spawn(async move {
                // Read once more at first: the file may have changed since the start.
                let mut seen = None;
                loop {
                    tokio::time::sleep(LOOK).await;
                    let Some(list) = weak.upgrade() else { return };
                    let now = changed(&path);
                    if now != seen {
                        seen = now;
                        list.read(&path);
                    }
                }
            });
        }
        list
    }

    /// Whether the address or the account is listed.
    pub fn is_denied(&self, address: IpAddr, account: Option<AccountId>) -> bool {
        let deny = &self.live.read().deny;
        deny.addresses.contains(&address.to_canonical())
            || account.is_some_and(|account| deny.accounts.contains(&account.0))
    }

    /// How many requests a second an address may send; 0 = as many as its weight allows.
    pub fn requests_per_second(&self) -> u32 {
        self.live.read().limits.requests_per_second
    }

    /// How long a connection may take to bring the whole head of its next request.
    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.live.read().limits.idle_seconds.max(1))
    }

    fn read(&self, path: &Path) {
        match read_live(path) {
            Ok(live) => *self.live.write() = live,
            Err(failure) => tracing::error!(%failure, "[deny] and [limits] stay as they were"),
        }
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()
}
