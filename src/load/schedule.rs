//! When each request is due, decided before the first one is sent.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// How arrivals follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Arrival {
    /// At equal distances.
    Constant,
    /// Independently of each other, as from many users.
    Poisson,
    /// As soon as a connection is free: a closed loop, for throughput and not for latency.
    Closed,
}

/// Nanoseconds from the start at which each request is due; ascending.
pub fn due(arrival: Arrival, rate: u64, seconds: u64, seed: u64) -> Vec<u64> {
    let count = rate.saturating_mul(seconds);
    let gap = 1_000_000_000.0 / rate.max(1) as f64;
    match arrival {
        Arrival::Constant => (0..count)
            .map(|index| (index as f64 * gap) as u64)
            .collect(),
        Arrival::Closed => Vec::new(),
        Arrival::Poisson => {
            let mut dice = SmallRng::seed_from_u64(seed);
            let mut at = 0.0;
            let end = seconds as f64 * 1_000_000_000.0;
            let mut due = Vec::with_capacity(count as usize);
            loop {
                // 1 - x lies in (0, 1], so that its logarithm is finite.
                at -= (1.0 - dice.random::<f64>()).ln() * gap;
                if end <= at {
                    return due;
                }
                due.push(at as u64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrival, due};

    #[test]
    fn constant_arrivals_are_equally_far_apart_and_fill_the_time() {
        let due = due(Arrival::Constant, 4, 2, 0);
        assert_eq!(due, (0..8).map(|n| n * 250_000_000).collect::<Vec<_>>());
    }

    #[test]
    fn poisson_arrivals_have_their_rate_and_are_told_by_the_seed() {
        let due_of = |seed| due(Arrival::Poisson, 1_000, 20, seed);
        let arrivals = due_of(1);
        assert_eq!(arrivals, due_of(1));
        assert_ne!(arrivals, due_of(2));
        // 20,000 expected, standard deviation 141.
        assert!(
            (19_000..21_000).contains(&arrivals.len()),
            "{}",
            arrivals.len()
        );
        assert!(arrivals.is_sorted() && arrivals.iter().all(|at| *at < 20_000_000_000));
        let gaps: Vec<f64> = arrivals
            .windows(2)
            .map(|two| (two[1] - two[0]) as f64)
            .collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let spread = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        // An exponential distance has a deviation as large as its mean.
        assert!(
            (0.9..1.1).contains(&(spread.sqrt() / mean)),
            "{}",
            spread.sqrt() / mean
        );
    }
}
