//! What passed the gate, counted for operators. One thread writes, anyone reads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use schemas::event::Event;
use schemas::reject::RejectReason;

/// Upper bounds of the buckets of answer times, in microseconds; the last bucket has none.
pub const BOUNDS_US: [u64; 12] = [
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 500_000, 1_000_000,
];
/// Reasons have numbers below this.
const REASONS: usize = 128;

/// A number that one thread raises: no locked instruction is needed.
#[derive(Default)]
struct Count(AtomicU64);

impl Count {
    fn add(&self, more: u64) {
        let now = self.0.load(Ordering::Relaxed);
        self.0.store(now + more, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counts since the node started.
pub struct Counts {
    orders: Count,
    trades: Count,
    refused: [Count; REASONS],
    answers: [Count; BOUNDS_US.len() + 1],
    answers_us: Count,
}

impl Default for Counts {
    fn default() -> Counts {
        Counts {
            orders: Count::default(),
            trades: Count::default(),
            refused: std::array::from_fn(|_| Count::default()),
            answers: std::array::from_fn(|_| Count::default()),
            answers_us: Count::default(),
        }
    }
}

impl Counts {
    /// Counts the events of one command; for the gate's thread only.
    pub(crate) fn count(&self, events: &[Event]) {
        for event in events {
            match event {
                Event::OrderAccepted(_) => self.orders.add(1),
                Event::Trade(_) => self.trades.add(1),
                Event::OrderRejected(it) => self.refuse(it.reason),
                Event::CancelRejected(it) | Event::AmendRejected(it) => self.refuse(it.reason),
                Event::OrderListRejected(it) => self.refuse(it.reason),
                Event::CommandRejected { reason } => self.refuse(*reason),
                _ => {}
            }
        }
    }

    fn refuse(&self, reason: RejectReason) {
        if let Some(count) = self.refused.get(reason as usize) {
            count.add(1);
        }
    }

    /// Counts an answer that left so long after its command was journaled; for the gate's
    /// thread only.
    pub(crate) fn answer(&self, after: Duration) {
        let us = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.partition_point(|bound| *bound < us);
        self.answers[bucket].add(1);
        self.answers_us.add(us);
    }

    /// Orders accepted.
    pub fn orders(&self) -> u64 {
        self.orders.get()
    }

    /// Trades.
    pub fn trades(&self) -> u64 {
        self.trades.get()
    }

    /// (reason, how often) of what was refused.
    pub fn refused(&self) -> impl Iterator<Item = (RejectReason, u64)> {
        let counts = RejectReason::ALL.iter().map(|reason| {
            let count = self.refused.get(*reason as usize).map_or(0, Count::get);
            (*reason, count)
        });
        counts.filter(|(_, count)| 0 < *count)
    }

    /// Answers in each bucket of [`BOUNDS_US`] and beyond, and the sum of their times in
    /// microseconds.
    pub fn answers(&self) -> ([u64; BOUNDS_US.len() + 1], u64) {
        let counts = std::array::from_fn(|bucket| self.answers[bucket].get());
        (counts, self.answers_us.get())
    }
}

#[cfg(test)]
mod tests {
    use super::{BOUNDS_US, Counts};
    use schemas::event::Event;
    use schemas::reject::RejectReason;
    use std::time::Duration;

    #[test]
    fn every_answer_is_in_one_bucket_and_every_refusal_under_its_reason() {
        let counts = Counts::default();
        for us in [0, 100, 101, 5_000, 2_000_000] {
            counts.answer(Duration::from_micros(us));
        }
        let (buckets, sum) = counts.answers();
        assert_eq!(buckets.iter().sum::<u64>(), 5);
        assert_eq!(
            (buckets[0], buckets[1], buckets[BOUNDS_US.len()]),
            (2, 1, 1)
        );
        assert_eq!(sum, 2_005_201);
        let reason = RejectReason::LotSize;
        counts.count(&[
            Event::CommandRejected { reason },
            Event::CommandRejected { reason },
        ]);
        assert_eq!(counts.refused().collect::<Vec<_>>(), [(reason, 2)]);
        let largest = RejectReason::ALL
            .iter()
            .map(|reason| *reason as usize)
            .max();
        assert!(largest.is_some_and(|largest| largest < super::REASONS));
    }
}
