//! What the index price is, given what each source says: pure, so that it can be drawn.
//!
//! ```text
//! live readings (fewer than three: the last index price counts, too) ─ median
//!   ─ those too far from it are put aside ─ enough left? ─ weighted mean, toward zero
//! ```

use schemas::units::{RATE_ONE, Rate};

/// What a live source says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// In 1e-8 of the quote asset; above zero.
    pub price: i64,
    /// Above zero.
    pub weight: u32,
}

/// How far sources are believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Belief {
    /// Part of the median.
    pub deviation: Rate,
    pub needed: usize,
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// `None` = too few are left: the price stands as it was.
    pub price: Option<i64>,
    /// By source: whether it counted.
    pub counted: Vec<bool>,
    /// Of all readings; `None` without any.
    pub median: Option<i64>,
}

/// Judges the readings by source (`None` = not live). `last` is the index price so far.
pub fn judge(readings: &[Option<Reading>], last: Option<i64>, belief: Belief) -> Verdict {
    let live: Vec<i64> = readings.iter().flatten().map(|it| it.price).collect();
    let median = median(&live, last);
    let near = |reading: &Reading| {
        median.is_some_and(|median| {
            let apart = i128::from(reading.price.abs_diff(median));
            apart * RATE_ONE <= i128::from(median) * i128::from(belief.deviation.0)
        })
    };
    let counted: Vec<bool> = readings
        .iter()
        .map(|reading| reading.as_ref().is_some_and(near))
        .collect();
    let kept: Vec<&Reading> = readings
        .iter()
        .zip(&counted)
        .filter_map(|(reading, counts)| reading.as_ref().filter(|_| *counts))
        .collect();
    let price = (kept.len() >= belief.needed.max(1)).then(|| {
        let weights: i128 = kept.iter().map(|it| i128::from(it.weight)).sum();
        let sum: i128 = kept
            .iter()
            .map(|it| i128::from(it.price) * i128::from(it.weight))
            .sum();
        i64::try_from(sum / weights).expect("a mean lies between its members")
    });
    Verdict {
        price,
        counted,
        median,
    }
}

/// The middle one, or the mean of the middle two. Where fewer than three live, the last
/// index price is one more: two that differ do not say which is wrong.
fn median(live: &[i64], last: Option<i64>) -> Option<i64> {
    let mut all = live.to_vec();
    if live.len() < 3 && !live.is_empty() {
        all.extend(last);
    }
    all.sort_unstable();
    let upper = *all.get(all.len() / 2)?;
    let lower = all[(all.len() - 1) / 2];
    // Half of a sum of two positive numbers fits.
    Some(lower + (upper - lower) / 2)
}
