//! Whose events a session hears: one subscription an account, each with a task that words
//! the updates of that account.
//!
//! Nothing is skipped: when a client does not read, its task waits, the account's channel
//! fills up, and the connection is cut; the client asks for the rest by offset.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use schemas::ids::{AccountId, Offset};
use schemas::units::TimeNs;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::call::App;
use crate::error::ApiError;
use crate::queries::ApiKey;
use crate::user_events::{UserCut, UserReceiver};
use crate::wire::clock::TimeUnit;
use crate::wire::user_events::events;

/// Subscriptions at a time, and over the life of a connection, as on Binance.
const ACTIVE_MAX: usize = 1_000;
const ISSUED_MAX: u32 = 65_535;
/// Events that wait for the connection.
const WAITING: usize = 64;

/// What a subscription's task tells its session.
#[derive(Debug)]
pub enum Told {
    /// One event, worded.
    Event(Utf8Bytes),
    /// The key was revoked.
    Revoked(u32),
    /// No further event will come.
    Cut(UserCut),
}

/// The subscriptions of one session.
#[derive(Debug)]
pub struct Subscriptions {
    active: BTreeMap<u32, Active>,
    issued: u32,
    unit: TimeUnit,
    sender: mpsc::Sender<Told>,
    pub told: mpsc::Receiver<Told>,
}

#[derive(Debug)]
struct Active {
    account: AccountId,
    /// Ends with the login that it came from.
    by_login: bool,
    task: AbortHandle,
}

impl Drop for Active {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Subscriptions {
    /// None yet.
    pub fn new(unit: TimeUnit) -> Subscriptions {
        let (sender, told) = mpsc::channel(WAITING);
        Subscriptions {
            active: BTreeMap::new(),
            issued: 0,
            unit,
            sender,
            told,
        }
    }

    /// Starts one for the key's account, and says from which offset on everything comes.
    ///
    /// # Errors
    /// -2035 when there is one for that account, -2042 when there are too many.
    pub fn start(
        &mut self,
        app: &Arc<App>,
        key: &Arc<ApiKey>,
        by_login: bool,
    ) -> Result<(u32, Offset), ApiError> {
        let account = key.account;
        if self.active.values().any(|active| active.account == account) {
            let msg = "User Data Stream subscription already active.";
            return Err(ApiError::new(-2035, msg));
        }
        if self.active.len() == ACTIVE_MAX || self.issued == ISSUED_MAX {
            let msg = "Maximum subscription ID reached for this connection.";
            return Err(ApiError::new(-2042, msg));
        }
        let id = self.issued;
        self.issued += 1;
        let receiver = app.parts.queries.user_events(account);
        let from = receiver.from;
        let forward = Forward {
            app: app.clone(),
            key: key.clone(),
            id,
            unit: self.unit,
            out: self.sender.clone(),
        };
        let task = tokio::spawn(forward.run(receiver)).abort_handle();
        let active = Active {
            account,
            by_login,
            task,
        };
        self.active.insert(id, active);
        Ok((id, from))
    }

    /// Ends one, or all; the ids that ended.
    ///
    /// # Errors
    /// -2036 for one that does not exist.
    pub fn stop(&mut self, id: Option<u64>) -> Result<Vec<u32>, ApiError> {
        let Some(id) = id else {
            return Ok(std::mem::take(&mut self.active).into_keys().collect());
        };
        let id = u32::try_from(id).ok();
        let ended = id.filter(|id| self.active.remove(id).is_some());
        let msg = "User Data Stream subscription not active.";
        ended
            .map(|id| vec![id])
            .ok_or_else(|| ApiError::new(-2036, msg))
    }

    /// Ends what came from a login; the ids that ended.
    pub fn stop_login(&mut self) -> Vec<u32> {
        let ended = self.active.extract_if(.., |_, active| active.by_login);
        ended.map(|(id, _)| id).collect()
    }

    /// The ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        self.active.keys().copied()
    }
}

/// Says that a subscription is over.
pub fn terminated(id: u32, (unit, now): (TimeUnit, TimeNs)) -> Utf8Bytes {
    let time = unit.print(now);
    wrap(
        id,
        &format!(r#"{{"e":"eventStreamTerminated","E":{time}}}"#),
    )
}

fn wrap(id: u32, event: &str) -> Utf8Bytes {
    format!(r#"{{"subscriptionId":{id},"event":{event}}}"#).into()
}

/// One subscription's task.
struct Forward {
    app: Arc<App>,
    key: Arc<ApiKey>,
    id: u32,
    unit: TimeUnit,
    out: mpsc::Sender<Told>,
}

impl Forward {
    async fn run(self, mut receiver: UserReceiver) {
        loop {
            let update = tokio::select! {
                update = receiver.recv() => update,
                () = self.key.life.over() => {
                    // A session that is gone needs no word.
                    drop(self.out.send(Told::Revoked(self.id)).await);
                    return;
                }
            };
            let update = match update {
                Ok(update) => update,
                Err(cut) => {
                    drop(self.out.send(Told::Cut(cut)).await);
                    return;
                }
            };
            let directory = self.app.parts.queries.directory();
            for event in events(&directory, self.unit, &update) {
                let text = wrap(self.id, &event);
                if self.out.send(Told::Event(text)).await.is_err() {
                    return;
                }
            }
        }
    }
}
