//! The event count in every order of steps: no wake-up is lost.
//!
//! Built with `--cfg loom` only (`cargo xtask loom`). A lost wake-up shows as a deadlock,
//! because the model's waits have no time-out.

use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::bell::Bell;

/// A number that one thread moves and others wait for.
struct Moving {
    number: AtomicU64,
    bell: Bell,
}

impl Moving {
    fn new() -> Arc<Moving> {
        Arc::new(Moving {
            number: AtomicU64::new(0),
            bell: Bell::new(),
        })
    }

    fn reach(&self, number: u64) {
        self.number.store(number, Ordering::Release);
        self.bell.ring();
    }

    fn await_at_least(&self, number: u64) {
        let ready = || number <= self.number.load(Ordering::Acquire);
        assert!(self.bell.wait(None, ready), "a wait without an end ended");
    }
}

#[test]
fn a_waiter_never_sleeps_through_the_number_it_waits_for() {
    loom::model(|| {
        let moving = Moving::new();
        let waiter = thread::spawn({
            let moving = Arc::clone(&moving);
            move || moving.await_at_least(1)
        });
        moving.reach(1);
        waiter.join().expect("the waiter ends");
    });
}

#[test]
fn a_waiter_is_woken_again_when_the_first_ring_was_too_early() {
    loom::model(|| {
        let moving = Moving::new();
        let waiter = thread::spawn({
            let moving = Arc::clone(&moving);
            move || moving.await_at_least(2)
        });
        moving.reach(1);
        moving.reach(2);
        waiter.join().expect("the waiter ends");
    });
}

#[test]
fn two_waiters_for_different_numbers_are_both_woken() {
    let mut model = loom::model::Builder::new();
    // Three preemptions reach every known way to lose a wake-up, and the model ends soon.
    model.preemption_bound = Some(3);
    model.check(|| {
        let moving = Moving::new();
        let waiter = thread::spawn({
            let moving = Arc::clone(&moving);
            move || moving.await_at_least(1)
        });
        let ringer = thread::spawn({
            let moving = Arc::clone(&moving);
            move || {
                moving.reach(1);
                moving.reach(2);
            }
        });
        moving.await_at_least(2);
        waiter.join().expect("the waiter ends");
        ringer.join().expect("the ringer ends");
    });
}

/// The event count as it must not be: the flag is reset outside the lock.
struct Careless {
    waiting: AtomicBool,
    lock: Mutex<()>,
    rung: Condvar,
}

impl Careless {
    fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.waiting.swap(false, Ordering::Relaxed) {
            self.rung.notify_all();
        }
    }

    fn wait(&self, ready: impl Fn() -> bool) {
        let mut guard = self.lock.lock().expect("no panic");
        loop {
            self.waiting.store(true, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            if ready() {
                return;
            }
            guard = self.rung.wait(guard).expect("no panic");
        }
    }
}

/// The model can fail: it finds the fault that was measured once.
#[test]
fn a_flag_reset_outside_the_lock_is_found() {
    let outcome = std::panic::catch_unwind(|| loom::model(careless_wait));
    let cause = outcome.expect_err("a lost wake-up is a deadlock of the model");
    let cause = cause.downcast_ref::<String>().expect("a panic with a text");
    assert!(cause.contains("deadlock"), "another cause: {cause}");
}

/// Its values are leaked: the model ends by a panic, and they must not be dropped in it.
fn careless_wait() {
    let careless: &'static Careless = Box::leak(Box::new(Careless {
        waiting: AtomicBool::new(false),
        lock: Mutex::new(()),
        rung: Condvar::new(),
    }));
    let number: &'static AtomicU64 = Box::leak(Box::new(AtomicU64::new(0)));
    let waiter = thread::spawn(|| careless.wait(|| number.load(Ordering::Acquire) == 1));
    number.store(1, Ordering::Release);
    careless.ring();
    waiter.join().expect("the waiter ends");
}
