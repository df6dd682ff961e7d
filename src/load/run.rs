//! One run: connections that take the next arrival as it falls due, until all are answered.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

/// Latencies are kept up to this.
const LATENCY_MAX_NS: u64 = 600_000_000_000;
/// A connection that is not answered for so long is broken.
const PATIENCE: Duration = Duration::from_secs(60);
/// Significant figures of a latency.
const FIGURES: u8 = 3;

/// What an answer was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Accepted,
    /// The node answered, and refused.
    Refused,
}

/// One open connection of a transport.
pub trait Connection: Send + 'static {
    /// Sends request number `index` and waits for its answer.
    fn send(&mut self, index: u64) -> impl Future<Output = anyhow::Result<Outcome>> + Send;
}

/// What a run measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Nanoseconds from the moment a request was due, or sent in a closed loop, to its answer.
    pub latency: Histogram<u64>,
    pub accepted: u64,
    pub refused: u64,
    /// Connections that broke, each with the requests it had taken.
    pub broken: u64,
    pub elapsed: Duration,
}

/// A run under way; read by the live view.
pub struct Run {
    due: Vec<u64>,
    /// A closed loop ends here.
    length: Duration,
    /// Answers before that are not measured: they warm connections and caches.
    warmup: Duration,
    next: AtomicU64,
    /// One permit for each request that fell due and was not taken yet.
    fallen_due: Semaphore,
    pub accepted: AtomicU64,
    pub refused: AtomicU64,
    broken: AtomicU64,
    latency: Mutex<Histogram<u64>>,
}

impl Run {
    /// Arrivals at `due`, or a closed loop if there are none.
    pub fn new(due: Vec<u64>, length: Duration, warmup: Duration) -> Arc<Run> {
        let latency = Histogram::new_with_bounds(1, LATENCY_MAX_NS, FIGURES);
        Arc::new(Run {
            due,
            length,
            warmup,
            next: AtomicU64::new(0),
            fallen_due: Semaphore::new(0),
            accepted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            broken: AtomicU64::new(0),
            latency: Mutex::new(latency.expect("bounds and figures fit")),
        })
    }

    /// The latencies so far.
    pub fn latency(&self) -> Histogram<u64> {
        self.latency.lock().clone()
    }

    /// How many requests fell due so far, of how many; a closed loop has no total.
    pub fn progress(&self) -> (u64, u64) {
        let taken = self.next.load(Ordering::Relaxed);
        (taken.min(self.due.len() as u64), self.due.len() as u64)
    }

    /// Drives the connections until every arrival is answered.
    pub async fn drive<C: Connection>(self: &Arc<Run>, connections: Vec<C>) -> Measured {
        let started = Instant::now();
        let (pace, workers) = (Arc::clone(self), connections.len());
        // A thread of its own, since the runtime's clock counts in whole milliseconds.
        let pacer = std::thread::spawn(move || pace.pace(started, workers));
        let workers: Vec<_> = connections
            .into_iter()
            .map(|connection| tokio::spawn(Arc::clone(self).work(connection, started)))
            .collect();
        for worker in workers {
            if worker.await.is_err() {
                self.broken.fetch_add(1, Ordering::Relaxed);
            }
        }
        // It sleeps until the last arrival at most, which has been answered by now.
        drop(pacer);
        Measured {
            latency: self.latency(),
            accepted: self.accepted.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            broken: self.broken.load(Ordering::Relaxed),
            elapsed: started.elapsed(),
        }
    }

    /// Lets each request go when it is due, then sends the connections home.
    fn pace(&self, started: Instant, workers: usize) {
        for due in &self.due {
            let due = started + Duration::from_nanos(*due);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            self.fallen_due.add_permits(1);
        }
        self.fallen_due.add_permits(workers);
    }

    async fn work<C: Connection>(self: Arc<Run>, mut connection: C, started: Instant) {
        loop {
            if !self.due.is_empty() {
                let permit = self.fallen_due.acquire().await;
                permit.expect("it is never closed").forget();
            }
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(due) = self.due_at(index, started) else {
                return;
            };
            let answered = tokio::time::timeout(PATIENCE, connection.send(index)).await;
            match answered.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer in {PATIENCE:?}"))) {
                Ok(outcome) => self.count(outcome, due, started),
                Err(error) => {
                    tracing::warn!(%error, "a connection broke");
                    self.broken.fetch_add(1, Ordering::Relaxed);
                    return;
                }
            }
        }
    }

    /// When request `index` is due; `None` after the last one.
    fn due_at(&self, index: u64, started: Instant) -> Option<Instant> {
        if self.due.is_empty() {
            let now = Instant::now();
            return (now - started < self.length).then_some(now);
        }
        let at = self.due.get(usize::try_from(index).ok()?)?;
        Some(started + Duration::from_nanos(*at))
    }

    fn count(&self, outcome: Outcome, due: Instant, started: Instant) {
        let now = Instant::now();
        let counter = match outcome {
            Outcome::Accepted => &self.accepted,
            Outcome::Refused => &self.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if self.warmup <= due - started {
            let nanos = (now - due).as_nanos() as u64;
            self.latency.lock().saturating_record(nanos.max(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Connection, Outcome, Run};
    use std::time::Duration;

    /// Answers at once, but for one request that takes its time.
    struct Stalling;

    impl Connection for Stalling {
        async fn send(&mut self, index: u64) -> anyhow::Result<Outcome> {
            if index == 10 {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            Ok(Outcome::Accepted)
        }
    }

    /// With one connection a stall of 300 ms delays all that fell due meanwhile. A generator
    /// with coordinated omission would show one slow answer.
    #[tokio::test]
    async fn a_stall_is_counted_for_every_request_that_was_due_in_it() {
        let due: Vec<u64> = (0..100).map(|index| index * 2_000_000).collect();
        let run = Run::new(due, Duration::from_secs(1), Duration::ZERO);
        let measured = run.drive(vec![Stalling]).await;
        assert_eq!((measured.accepted, measured.latency.len()), (100, 100));
        let slow = measured.latency.count_between(100_000_000, u64::MAX / 2);
        assert!(
            slow >= 80,
            "{slow} of the 89 requests behind the stall are slow"
        );
        assert!(measured.latency.max() >= 300_000_000);
    }

    /// Never answers.
    struct Silent;

    impl Connection for Silent {
        async fn send(&mut self, _: u64) -> anyhow::Result<Outcome> {
            std::future::pending().await
        }
    }

    /// With time that passes by itself.
    #[tokio::test(start_paused = true)]
    async fn who_is_never_answered_is_broken_and_the_run_ends() {
        let run = Run::new(vec![0, 1], Duration::from_secs(1), Duration::ZERO);
        let measured = run.drive(vec![Silent, Silent]).await;
        assert_eq!((measured.accepted, measured.broken), (0, 2));
    }

    #[tokio::test]
    async fn a_closed_loop_ends_with_its_time() {
        let run = Run::new(Vec::new(), Duration::from_millis(50), Duration::ZERO);
        let measured = run.drive(vec![Stalling, Stalling]).await;
        assert!(measured.accepted > 10 && measured.broken == 0);
    }
}
