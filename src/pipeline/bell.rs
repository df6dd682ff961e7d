//! Wakes a parked consumer: an event count over one mutex.
//!
//! The consumer announces itself inside the lock, looks once more, and only then sleeps;
//! the flag is reset inside the lock too. Resetting it outside lost wake-ups: every wait
//! then lasted its whole time-out (ADR 0010).

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// One consumer waits, any number of producers ring.
#[derive(Default)]
pub struct Bell {
    waiting: AtomicBool,
    lock: Mutex<()>,
    condition: Condvar,
}

impl Bell {
    /// After a publication: wakes the consumer if it sleeps. One load when it does not.
    #[inline]
    pub fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        let _guard = self.lock.lock();
        self.waiting.store(false, Ordering::Relaxed);
        self.condition.notify_one();
    }

    /// Sleeps until rung or for at most `timeout`, unless `ready` holds already.
    pub fn wait(&self, timeout: Duration, ready: impl Fn() -> bool) {
        let mut guard = self.lock.lock();
        self.waiting.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !ready() {
            self.condition.wait_for(&mut guard, timeout);
        }
        self.waiting.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Bell;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, Instant};

    /// A lost wake-up would make one of the rounds last the whole time-out.
    #[test]
    fn no_wake_up_is_lost() {
        let bell = Arc::new(Bell::default());
        let published = Arc::new(AtomicU64::new(0));
        let rounds = 20_000;
        let producer = {
            let (bell, published) = (bell.clone(), published.clone());
            std::thread::spawn(move || {
                for round in 1..=rounds {
                    published.store(round, Ordering::Release);
                    bell.ring();
                }
            })
        };
        let started = Instant::now();
        let mut seen = 0;
        while seen < rounds {
            bell.wait(Duration::from_secs(20), || {
                published.load(Ordering::Acquire) > seen
            });
            seen = published.load(Ordering::Acquire);
        }
        producer.join().expect("the producer does not panic");
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "a wake-up was lost"
        );
    }
}
