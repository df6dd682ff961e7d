//! Who waits for which answer: a slab of one-shot senders, addressed by token.
//!
//! The token travels through the rings as a plain number, so that what is published
//! there can be copied; zero means that nobody waits.

use gateway::submit::{Pending, Receipt, SubmitError};
use parking_lot::Mutex;
use tokio::sync::oneshot;

type Sender = oneshot::Sender<Result<Receipt, SubmitError>>;

/// Addresses one waiting sender; zero is nobody.
pub type Token = u32;

/// The senders of every command under way.
#[derive(Default)]
pub struct Answers {
    slab: Mutex<Slab>,
}

#[derive(Default)]
struct Slab {
    waiting: Vec<Option<Sender>>,
    free: Vec<u32>,
}

impl Answers {
    /// Makes room for one answer.
    pub fn expect(&self) -> (Token, Pending) {
        let (sender, pending) = oneshot::channel();
        let mut slab = self.slab.lock();
        let index = match slab.free.pop() {
            Some(index) => index,
            None => {
                slab.waiting.push(None);
                (slab.waiting.len() - 1) as u32
            }
        };
        slab.waiting[index as usize] = Some(sender);
        (index + 1, pending)
    }

    /// The sender of `token`; `None` if nobody waits.
    pub fn take(&self, token: Token) -> Option<Sender> {
        let index = token.checked_sub(1)?;
        let mut slab = self.slab.lock();
        let sender = slab.waiting.get_mut(index as usize)?.take();
        if sender.is_some() {
            slab.free.push(index);
        }
        sender
    }

    /// Tells `token` why its command was not taken.
    pub fn refuse(&self, token: Token, error: SubmitError) {
        if let Some(sender) = self.take(token) {
            // Who no longer waits needs no answer.
            drop(sender.send(Err(error)));
        }
    }

    /// Tells everyone who waits that the node is stopping.
    pub fn refuse_all(&self, error: SubmitError) {
        let waiting = std::mem::take(&mut *self.slab.lock()).waiting;
        for sender in waiting.into_iter().flatten() {
            drop(sender.send(Err(error)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Answers;
    use gateway::submit::SubmitError;

    #[test]
    fn each_token_is_answered_once_and_used_again() {
        let answers = Answers::default();
        let (first, mut pending) = answers.expect();
        let (second, _other) = answers.expect();
        assert_ne!(first, second);
        answers.refuse(first, SubmitError::Busy);
        assert_eq!(pending.try_recv(), Ok(Err(SubmitError::Busy)));
        assert!(answers.take(first).is_none(), "answered already");
        assert_eq!(answers.expect().0, first, "the place is free again");
        assert!(answers.take(0).is_none(), "nobody");
    }
}
