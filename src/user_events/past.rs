//! An account's events since an offset, made again by replay.
//!
//! The newest snapshot before the offset is loaded and the journal applied from there, so
//! a page costs at most the commands between two snapshots and those of the page itself;
//! the bound below it is the oldest snapshot, or the start of the journal. What has been
//! replayed is kept for a moment, since who asks for one page asks for the next. One
//! replay runs at a time; others wait.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use journal::reader::Reader;
use journal::sync::Durable;
use replay_tool::replay::{Replayer, skips_of, start_state};
use schemas::ids::{AccountId, Offset};
use schemas::report::{UserEvent, UserPage, UserUpdate};
use tokio::sync::Mutex;
use views::users::UserSink;
use views::{Views, Wanted};

/// How long a replayed state is kept for the next page.
const KEPT_FOR: Duration = Duration::from_secs(20);

/// Which events of whom.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    pub account: AccountId,
    pub from: Offset,
    /// Everything before it was visible when the page was asked for.
    pub to: Offset,
    /// Commands on the page.
    pub limit: usize,
}

/// Answers about the past of a data directory.
pub struct Past {
    dir: PathBuf,
    durable: Durable,
    rewound: Arc<Mutex<Option<Rewound>>>,
}

/// The venue as it was before `views.next()`.
struct Rewound {
    reader: Reader,
    replayer: Replayer,
    views: Views,
}

/// Gathers what one account is told.
struct Ear {
    account: AccountId,
    events: Vec<UserEvent>,
}

impl UserSink for Ear {
    fn wants(&self, account: AccountId) -> bool {
        account == self.account
    }

    fn take(&mut self, _: AccountId, event: UserEvent) {
        self.events.push(event);
    }
}

impl Past {
    /// Answers from the journal and the snapshots of `dir`.
    pub fn new(dir: PathBuf, durable: Durable) -> Past {
        Past {
            dir,
            durable,
            rewound: Arc::default(),
        }
    }

    /// One page.
    ///
    /// # Errors
    /// Why the journal cannot be read so far back.
    pub async fn page(&self, since: Since) -> Result<UserPage, String> {
        if since.to <= since.from {
            return Ok(UserPage {
                updates: Vec::new(),
                next: since.from,
                is_last: true,
            });
        }
        let mut kept = self.rewound.clone().lock_owned().await;
        let rewound = kept.take().filter(|kept| kept.views.next() <= since.from);
        let (dir, durable) = (self.dir.clone(), self.durable.clone());
        let replayed = tokio::task::spawn_blocking(move || {
            let mut rewound = match rewound {
                Some(rewound) => rewound,
                None => Rewound::open((dir, durable), since)?,
            };
            let page = rewound.page(since)?;
            Ok::<_, String>((rewound, page))
        });
        let (rewound, page) = replayed.await.map_err(|error| error.to_string())??;
        let next = rewound.views.next();
        *kept = Some(rewound);
        drop(kept);
        let shared = self.rewound.clone();
        tokio::spawn(async move {
            tokio::time::sleep(KEPT_FOR).await;
            let mut kept = shared.lock().await;
            if kept.as_ref().is_some_and(|kept| kept.views.next() == next) {
                *kept = None;
            }
        });
        Ok(page)
    }
}

impl Rewound {
    /// The newest state from which everything that is asked for can be replayed.
    fn open((dir, durable): (PathBuf, Durable), since: Since) -> Result<Rewound, String> {
        let state = start_state(&dir, Some(since.from)).map_err(|error| error.to_string())?;
        let views = if state.views.is_empty() {
            Some(Views::new())
        } else {
            Views::load(&state.views)
        };
        let views = views.ok_or_else(|| format!("snapshot {}: its views", state.next.0))?;
        // Nobody reads closed orders here.
        views.forget_before(Offset(u64::MAX));
        let open = || {
            let reader = Reader::open(&dir, state.next).map_err(|error| error.to_string())?;
            Ok::<_, String>(reader.follow(durable.clone()))
        };
        let skips = skips_of(open()?, Some(since.to)).map_err(|error| error.to_string())?;
        Ok(Rewound {
            reader: open()?,
            replayer: Replayer::new(state.engine, state.chain, skips).without_hashes(),
            views,
        })
    }

    /// Replays until the page is full or its end is reached.
    fn page(&mut self, since: Since) -> Result<UserPage, String> {
        let mut page = UserPage {
            updates: Vec::new(),
            next: since.from,
            is_last: true,
        };
        while self.reader.position() < since.to {
            if page.updates.len() == since.limit {
                page.is_last = false;
                return Ok(page);
            }
            let frame = self.reader.next().map_err(|error| error.to_string())?;
            let frame = frame.ok_or("the journal ends before what was visible")?;
            let applied = self
                .replayer
                .step(&frame)
                .map_err(|error| error.to_string())?;
            let (offset, time) = (applied.stamp.offset, applied.stamp.time);
            let mut ear = Ear {
                account: since.account,
                events: Vec::new(),
            };
            let wanted = Wanted {
                updates: None,
                users: (since.from <= offset).then_some(&mut ear as &mut dyn UserSink),
            };
            self.views.apply(offset, time, applied.events, wanted);
            page.next = page.next.max(offset.next());
            if !ear.events.is_empty() {
                page.updates.push(Arc::new(UserUpdate {
                    offset,
                    time,
                    account: since.account,
                    events: ear.events,
                }));
            }
        }
        Ok(page)
    }
}
