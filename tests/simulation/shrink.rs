//! Fewer steps that still fail.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::profile::{BETWEEN, Profile};
use crate::world::{Course, Seen, World};

/// How a run ended.
pub struct Run {
    /// What was wrong, if something was.
    pub violation: Option<String>,
    /// Steps done.
    pub steps: u32,
    pub seen: Seen,
}

/// Runs the steps of a profile that `keeps` names.
pub fn run(profile: &Profile, keeps: &[u32]) -> Run {
    let blind = profile.planted == Some(crate::profile::Planted::NoChecksum);
    journal::simulation::ignore_checksums(blind);
    let ended = run_on(profile, keeps);
    journal::simulation::ignore_checksums(false);
    ended
}

fn run_on(profile: &Profile, keeps: &[u32]) -> Run {
    let told = catch_unwind(AssertUnwindSafe(|| run_through(profile, keeps)));
    told.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Run {
            violation: Some(format!("a panic: {}", text.unwrap_or("without a word"))),
            steps: keeps.len() as u32,
            seen: Seen::default(),
        }
    })
}

fn run_through(profile: &Profile, keeps: &[u32]) -> Run {
    let mut world = match World::found(profile) {
        Ok(world) => world,
        Err(what) => {
            return Run {
                violation: Some(what),
                steps: 0,
                seen: Seen::default(),
            };
        }
    };
    let mut violation = None;
    let mut steps = 0;
    for (done, index) in keeps.iter().enumerate() {
        steps = done as u32 + 1;
        match world.step(*index) {
            Ok(Course::On) => {}
            Ok(Course::Over) => {
                world.is_over = true;
                break;
            }
            Err(what) => {
                violation = Some(format!("step {index}: {what}"));
                break;
            }
        }
    }
    if violation.is_none() && !world.is_over {
        violation = world
            .settle()
            .err()
            .map(|what| format!("at the end: {what}"));
    }
    Run {
        violation,
        steps,
        seen: world.seen,
    }
}

/// All steps of a profile, and what lies between them.
pub fn all(profile: &Profile) -> Vec<u32> {
    let steps = 0..profile.steps;
    let pairs = steps.map(|at| (profile.between(at).map(|_| at | BETWEEN), at));
    pairs
        .flat_map(|(between, at)| between.into_iter().chain([at]))
        .collect()
}

/// Steps as people write them: `12`, and `12b` for what comes before it.
pub fn written(keeps: &[u32]) -> String {
    let words = keeps.iter().map(|at| match at & BETWEEN {
        0 => at.to_string(),
        _ => format!("{}b", at & !BETWEEN),
    });
    words.collect::<Vec<_>>().join(",")
}

/// The way back.
pub fn read(text: &str) -> Option<Vec<u32>> {
    let words = text.split(',').map(|word| match word.strip_suffix('b') {
        Some(number) => Some(number.parse::<u32>().ok()? | BETWEEN),
        None => word.parse().ok(),
    });
    words.collect()
}

/// Drops pieces, large ones first, while it still fails; at most `runs` runs.
pub fn shrink(profile: &Profile, failed_after: u32, runs: u32) -> Vec<u32> {
    let mut keeps = all(profile);
    keeps.truncate(failed_after as usize);
    let mut left = runs;
    let mut piece = keeps.len().div_ceil(2);
    while 0 < piece && 0 < left {
        let mut at = 0;
        while at < keeps.len() && 0 < left {
            let mut fewer = keeps.clone();
            fewer.drain(at..(at + piece).min(keeps.len()));
            left -= 1;
            if run(profile, &fewer).violation.is_some() {
                keeps = fewer;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    keeps
}
