//! The `[deny]` list of the configuration file, read again when the file changes.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::RwLock;
use schemas::ids::AccountId;

use crate::config::{Deny, read_deny};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Who is turned away.
#[derive(Default)]
pub struct DenyList {
    deny: RwLock<Deny>,
}

impl DenyList {
    /// Starts with `deny` and follows `file`, if there is one; needs a tokio runtime.
    pub fn watch(deny: Deny, file: Option<PathBuf>) -> Arc<DenyList> {
        let list = Arc::new(DenyList {
            deny: RwLock::new(deny),
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
        let deny = self.deny.read();
        deny.addresses.contains(&address.to_canonical())
            || account.is_some_and(|account| deny.accounts.contains(&account.0))
    }

    fn read(&self, path: &Path) {
        match read_deny(path) {
            Ok(deny) => *self.deny.write() = deny,
            Err(failure) => tracing::error!(%failure, "the deny list stays as it was"),
        }
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()
}
