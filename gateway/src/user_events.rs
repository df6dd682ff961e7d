//! The channel of one account's events: bounded, and never silent about a loss.
//!
//! Who reads too slowly is cut: what it holds it may still read, then it is told, and asks
//! for the rest by offset ([`crate::queries::Queries::user_events_since`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use schemas::ids::Offset;
use schemas::report::UserUpdate;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// Commands that may wait for one reader.
const BACKLOG: usize = 1_024;

/// Why no further update will come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UserCut {
    /// The reader was too slow; the rest can be asked for by offset.
    #[error("slow reader: ask for the rest by offset")]
    Lagged,
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopped,
}

/// The reader's end.
#[derive(Debug)]
pub struct UserReceiver {
    /// Every update from this offset on arrives, and none before.
    pub from: Offset,
    updates: mpsc::Receiver<Arc<UserUpdate>>,
    is_lagged: Arc<AtomicBool>,
}

/// The venue's end.
#[derive(Debug)]
pub struct UserSender {
    updates: mpsc::Sender<Arc<UserUpdate>>,
    is_lagged: Arc<AtomicBool>,
}

/// A channel for updates from `from` on.
pub fn channel(from: Offset) -> (UserSender, UserReceiver) {
    let (sender, updates) = mpsc::channel(BACKLOG);
    let is_lagged = Arc::new(AtomicBool::new(false));
    let receiver = UserReceiver {
        from,
        updates,
        is_lagged: is_lagged.clone(),
    };
    let sender = UserSender {
        updates: sender,
        is_lagged,
    };
    (sender, receiver)
}

impl UserSender {
    /// Hands one update over; false when the reader is gone or has just been cut.
    pub fn send(&self, update: Arc<UserUpdate>) -> bool {
        match self.updates.try_send(update) {
            Ok(()) => true,
            Err(TrySendError::Closed(_)) => false,
            Err(TrySendError::Full(_)) => {
                self.is_lagged.store(true, Ordering::Release);
                false
            }
        }
    }
}

impl UserReceiver {
    /// The next update, in order and without a gap; safe to drop while it waits.
    ///
    /// # Errors
    /// [`UserCut`] when there will be none.
    pub async fn recv(&mut self) -> Result<Arc<UserUpdate>, UserCut> {
        while let Some(update) = self.updates.recv().await {
            if self.from <= update.offset {
                return Ok(update);
            }
        }
        if self.is_lagged.load(Ordering::Acquire) {
            Err(UserCut::Lagged)
        } else {
            Err(UserCut::Stopped)
        }
    }
}
