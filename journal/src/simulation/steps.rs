//! The work of the journal's two threads, a step at a time.
//!
//! What a thread does between two waits is the thread's own code (`sync`, `prepare`); only
//! who calls it differs.

use std::sync::Arc;

use crate::bell::hold;
use crate::prepare::Preparer;
use crate::sync::{Durable, Shared, SyncThread};

/// Both workers of one open journal.
pub(crate) struct Hands {
    syncer: SyncThread,
    preparer: Preparer,
}

impl Hands {
    /// Puts the workers where steps find them; gone again when the writer ends.
    pub(crate) fn take_over(syncer: SyncThread, preparer: Preparer) {
        let shared = syncer.shared();
        *hold(&shared.hands) = Some(Hands { syncer, preparer });
    }
}

impl Shared {
    fn with_hands(&self, work: impl FnOnce(&mut Hands)) -> bool {
        let Some(mut hands) = hold(&self.hands).take() else {
            return false;
        };
        work(&mut hands);
        *hold(&self.hands) = Some(hands);
        true
    }

    /// One step of each worker; false when threads do the work.
    pub(crate) fn step_all(&self) -> bool {
        self.with_hands(|hands| {
            hands.syncer.turn(false);
            hands.preparer.step();
        })
    }

    /// The last look of the sync thread; then nobody works any more.
    pub(crate) fn end_steps(&self) {
        let hands = hold(&self.hands).take();
        if let Some(mut hands) = hands {
            hands.syncer.turn(false);
        }
    }
}

impl Durable {
    /// One look of the sync thread, with the mark written if `mark_due`.
    pub fn step_sync(&self, mark_due: bool) {
        self.shared.with_hands(|hands| {
            hands.syncer.turn(mark_due);
        });
    }

    /// One look of the thread that prepares segments.
    pub fn step_prepare(&self) {
        self.shared.with_hands(|hands| hands.preparer.step());
    }
}

impl SyncThread {
    fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }
}
