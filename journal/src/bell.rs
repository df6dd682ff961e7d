//! Wakes threads that wait for a number in memory to move: an event count.
//!
//! The journal's own threads use it, and so may everyone who stands in the way of a
//! command. Measured: with the flag reset outside the lock, a wake-up was lost now and
//! then, and the wait lasted its whole time-out. `tests/bell_model.rs` goes through every
//! order in which the steps of two threads can meet.

use std::sync::PoisonError;
use std::time::Instant;

#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, Ordering, fence};
#[cfg(loom)]
use loom::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, Ordering, fence};
#[cfg(not(loom))]
use std::sync::{Condvar, Mutex, MutexGuard};

/// How often a waiter looks before it parks: a few microseconds. The model goes through
/// every order of steps, where looking twice tells nothing.
const SPINS: u32 = if cfg!(loom) { 0 } else { 100 };

/// Wakes threads that wait for a number in memory to move.
///
/// The waiting flag is set and reset inside the lock only: reset outside, a waiter that
/// had just set it could sleep through the ring meant for it.
pub struct Bell {
    waiting: AtomicBool,
    lock: Mutex<()>,
    rung: Condvar,
}

impl Default for Bell {
    fn default() -> Bell {
        Bell::new()
    }
}

impl Bell {
    /// Nobody waits yet.
    pub fn new() -> Bell {
        Bell {
            waiting: AtomicBool::new(false),
            lock: Mutex::new(()),
            rung: Condvar::new(),
        }
    }

    /// Called after the number has moved. Costs a fence when nobody waits.
    #[inline]
    pub fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) {
            let _guard = self.hold();
            self.waiting.store(false, Ordering::Relaxed);
            self.rung.notify_all();
        }
    }

    /// Spins briefly, then parks until `ready` or the deadline. Says whether it is ready.
    pub fn wait(&self, deadline: Option<Instant>, ready: impl Fn() -> bool) -> bool {
        for _ in 0..SPINS {
            if ready() {
                return true;
            }
            std::hint::spin_loop();
        }
        let mut guard = self.hold();
        loop {
            self.waiting.store(true, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            if ready() {
                return true;
            }
            guard = match deadline {
                None => self
                    .rung
                    .wait(guard)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return false;
                    }
                    let waited = self.rung.wait_timeout(guard, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn hold(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A mutex here guards plain values that are whole at every step, so a panic elsewhere
/// does not spoil them.
pub(crate) fn hold<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
