//! Everything that happens to an account, from a place in its past on, without a gap.
//!
//! Past and present are one row: what lies before the live channel's first update is read
//! by pages, and a channel that was too slow is opened again from where it broke.

use std::collections::VecDeque;
use std::sync::Arc;

use schemas::ids::{AccountId, Offset};
use schemas::report::UserUpdate;

use crate::queries::{Queries, ReadError};
use crate::user_events::{UserCut, UserReceiver};

/// Commands of one page of the past.
const PAGE: usize = 256;

/// Why nothing more comes.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FeedEnd {
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopped,
    /// The past cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
}

/// One reader's place.
pub struct AccountFeed {
    queries: Arc<dyn Queries>,
    account: AccountId,
    live: UserReceiver,
    /// Everything before this offset was given or is in `past`.
    next: Offset,
    past: VecDeque<Arc<UserUpdate>>,
}

impl AccountFeed {
    /// From now on.
    pub fn from_now(queries: Arc<dyn Queries>, account: AccountId) -> AccountFeed {
        let live = queries.user_events(account);
        AccountFeed {
            queries,
            account,
            next: live.from,
            live,
            past: VecDeque::new(),
        }
    }

    /// From that offset on.
    pub fn from_offset(
        queries: Arc<dyn Queries>,
        account: AccountId,
        offset: Offset,
    ) -> AccountFeed {
        let mut feed = AccountFeed::from_now(queries, account);
        feed.next = offset.min(feed.next);
        feed
    }

    /// The offset of the next update, or one before it.
    pub fn next_offset(&self) -> Offset {
        self.next
    }

    /// The next update; may be dropped while it waits.
    ///
    /// # Errors
    /// [`FeedEnd`].
    pub async fn recv(&mut self) -> Result<Arc<UserUpdate>, FeedEnd> {
        loop {
            if let Some(update) = self.past.pop_front() {
                return Ok(update);
            }
            if self.next < self.live.from {
                self.read_page().await?;
                continue;
            }
            match self.live.recv().await {
                Ok(update) => {
                    self.next = update.offset.next();
                    return Ok(update);
                }
                Err(UserCut::Lagged) => self.live = self.queries.user_events(self.account),
                Err(UserCut::Stopped) => return Err(FeedEnd::Stopped),
            }
        }
    }

    async fn read_page(&mut self) -> Result<(), FeedEnd> {
        let page = self
            .queries
            .user_events_since(self.account, self.next, PAGE);
        let page = page.await?;
        let before = |update: &Arc<UserUpdate>| update.offset < self.live.from;
        self.past.extend(page.updates.into_iter().filter(before));
        self.next = match page.is_last {
            true => self.live.from,
            false => page.next.min(self.live.from),
        };
        Ok(())
    }
}
