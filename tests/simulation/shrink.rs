//! Fewer steps that still fail.

use crate::profile::Profile;
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
            Ok(Course::Over) => break,
            Err(what) => {
                violation = Some(format!("step {index}: {what}"));
                break;
            }
        }
    }
    Run {
        violation,
        steps,
        seen: world.seen,
    }
}

/// All steps of a profile.
pub fn all(profile: &Profile) -> Vec<u32> {
    (0..profile.steps).collect()
}

/// Drops pieces, large ones first, while it still fails; at most `runs` runs.
pub fn shrink(profile: &Profile, failed_after: u32, runs: u32) -> Vec<u32> {
    let mut keeps: Vec<u32> = (0..failed_after).collect();
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
