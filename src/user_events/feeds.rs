//! Live updates by account: made only for accounts that somebody listens to.
//!
//! The newest updates of such an account are kept, so that whoever comes back soon is
//! served from memory. When nobody listens any more, an account is forgotten as soon as
//! what it kept is full.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use gateway::user_events::{self, UserReceiver, UserSender};
use parking_lot::{Mutex, MutexGuard};
use schemas::ids::{AccountId, Offset};
use schemas::report::{UserEvent, UserUpdate};
use schemas::units::TimeNs;
use views::users::UserSink;

/// Updates kept of one account.
const KEPT: usize = 1_024;

/// The accounts that somebody listens to. Written by the gate, asked by the edges.
pub struct UserFeeds {
    by_account: Mutex<HashMap<AccountId, Feed>>,
    /// How many accounts there are in `by_account`.
    watched: AtomicUsize,
    /// One more than the newest command that the gate has begun.
    began: AtomicU64,
}

/// One account.
struct Feed {
    /// `kept` has everything from here on.
    from: Offset,
    kept: VecDeque<Arc<UserUpdate>>,
    readers: Vec<UserSender>,
    /// Of the command under way.
    fresh: Vec<UserEvent>,
}

/// The gate's hold on the feeds for one command.
pub struct Telling<'a> {
    feeds: MutexGuard<'a, HashMap<AccountId, Feed>>,
    watched: &'a AtomicUsize,
    offset: Offset,
    touched: Vec<AccountId>,
}

impl UserFeeds {
    /// Nobody listens yet; the gate's next command is `next`.
    pub fn new(next: Offset) -> UserFeeds {
        UserFeeds {
            by_account: Mutex::default(),
            watched: AtomicUsize::new(0),
            began: AtomicU64::new(next.0),
        }
    }

    /// The gate begins a command; `None` when nobody listens to anyone.
    #[inline]
    pub fn begin(&self, offset: Offset) -> Option<Telling<'_>> {
        // First the offset, then the look: who subscribes does it the other way round, so
        // that either this look sees the reader or the reader sees this offset.
        self.began.store(offset.0 + 1, Ordering::SeqCst);
        if self.watched.load(Ordering::SeqCst) == 0 {
            return None;
        }
        Some(Telling {
            feeds: self.by_account.lock(),
            watched: &self.watched,
            offset,
            touched: Vec::new(),
        })
    }

    /// Listens to an account from now on.
    pub fn subscribe(&self, account: AccountId) -> UserReceiver {
        let mut feeds = self.by_account.lock();
        let count = feeds.len() + usize::from(!feeds.contains_key(&account));
        self.watched.store(count, Ordering::SeqCst);
        let from = Offset(self.began.load(Ordering::SeqCst));
        let feed = feeds.entry(account).or_insert_with(|| Feed {
            from,
            kept: VecDeque::new(),
            readers: Vec::new(),
            fresh: Vec::new(),
        });
        let (sender, receiver) = user_events::channel(from);
        feed.readers.push(sender);
        receiver
    }

    /// Updates from an offset on, if all of them are kept; at most `limit`.
    pub fn kept(&self, account: AccountId, from: Offset, limit: usize) -> Option<Kept> {
        let feeds = self.by_account.lock();
        let feed = feeds.get(&account).filter(|feed| feed.from <= from)?;
        let begin = feed.kept.partition_point(|update| update.offset < from);
        let updates: Vec<_> = feed.kept.range(begin..).take(limit).cloned().collect();
        Some(Kept {
            is_last: begin + updates.len() == feed.kept.len(),
            updates,
        })
    }
}

/// Updates from memory.
pub struct Kept {
    pub updates: Vec<Arc<UserUpdate>>,
    /// Whether there are no newer ones.
    pub is_last: bool,
}

impl UserSink for Telling<'_> {
    fn wants(&self, account: AccountId) -> bool {
        self.feeds.contains_key(&account)
    }

    fn take(&mut self, account: AccountId, event: UserEvent) {
        if let Some(feed) = self.feeds.get_mut(&account) {
            if feed.fresh.is_empty() {
                self.touched.push(account);
            }
            feed.fresh.push(event);
        }
    }
}

impl Telling<'_> {
    /// The command is complete and visible: everyone is told.
    pub fn finish(mut self, time: TimeNs) {
        for account in std::mem::take(&mut self.touched) {
            let Some(feed) = self.feeds.get_mut(&account) else {
                continue;
            };
            let update = Arc::new(UserUpdate {
                offset: self.offset,
                time,
                account,
                events: std::mem::take(&mut feed.fresh),
            });
            feed.readers.retain(|reader| reader.send(update.clone()));
            feed.kept.push_back(update);
            if feed.kept.len() <= KEPT {
                continue;
            }
            if feed.readers.is_empty() {
                self.feeds.remove(&account);
            } else if let Some(oldest) = feed.kept.pop_front() {
                feed.from = oldest.offset.next();
            }
        }
        self.watched.store(self.feeds.len(), Ordering::SeqCst);
    }
}
