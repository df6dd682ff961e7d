//! Whether a key is still in force, told to every session that was opened with it.

use tokio::sync::watch;

/// One key's life; every copy of the key shares it. It ends once and never begins again.
#[derive(Clone, Debug)]
pub struct Life {
    over: watch::Sender<bool>,
}

impl Life {
    /// A key in force.
    pub fn new() -> Life {
        Life {
            over: watch::Sender::new(false),
        }
    }

    /// The key is revoked; for its keeper alone.
    pub fn end(&self) {
        self.over.send_replace(true);
    }

    /// Whether the key is revoked.
    pub fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    /// Returns as soon as the key is revoked, at once if it is; may be dropped and called
    /// again.
    pub async fn over(&self) {
        let mut receiver = self.over.subscribe();
        // The sender is ours, so that waiting cannot fail.
        let _ = receiver.wait_for(|over| *over).await;
    }
}

impl Default for Life {
    fn default() -> Life {
        Life::new()
    }
}
