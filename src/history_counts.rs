//! Who answered what clients asked of the past, and how long it took; for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Who answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// The views: it was still in memory.
    Views,
    /// The file in the data directory.
    File,
    /// A server of `[sql]`.
    Server,
}

impl Source {
    /// Every source.
    pub const ALL: [Source; 3] = [Source::Views, Source::File, Source::Server];

    /// The word for operators.
    pub const fn word(self) -> &'static str {
        match self {
            Source::Views => "views",
            Source::File => "file",
            Source::Server => "server",
        }
    }
}

/// Counts since the start, by source.
#[derive(Default, Debug)]
pub struct HistoryCounts {
    answers: [AtomicU64; Source::ALL.len()],
    microseconds: [AtomicU64; Source::ALL.len()],
}

/// A question under way.
pub struct Asked<'c> {
    counts: &'c HistoryCounts,
    since: Instant,
}

impl HistoryCounts {
    /// A question is asked now.
    pub fn ask(&self) -> Asked<'_> {
        let since = Instant::now();
        Asked {
            counts: self,
            since,
        }
    }

    /// How many a source answered, and the microseconds it took for all of them.
    pub fn of(&self, source: Source) -> (u64, u64) {
        let read = |counts: &[AtomicU64; 3]| counts[source as usize].load(Ordering::Relaxed);
        (read(&self.answers), read(&self.microseconds))
    }
}

impl Asked<'_> {
    /// It was answered by this one.
    pub fn answered_by(self, source: Source) {
        let passed = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.counts.answers[source as usize].fetch_add(1, Ordering::Relaxed);
        self.counts.microseconds[source as usize].fetch_add(passed, Ordering::Relaxed);
    }
}
