//! Seeds that once failed are kept for ever, with the few steps that were enough to fail.
//!
//! One line each in `kept.txt`: era, seed, steps (`all`, or their numbers), and why it
//! failed. The campaign prints the line of a seed that fails.

use crate::profile::{Era, Profile};
use crate::shrink::{all, read, run, written};

const KEPT: &str = include_str!("kept.txt");

/// The line by which a failing run is kept.
pub fn line((profile, keeps): (&Profile, &[u32]), why: &str) -> String {
    let steps = if keeps.len() == all(profile).len() {
        "all".to_string()
    } else {
        written(keeps)
    };
    let why = why.lines().next().unwrap_or_default();
    let short: String = why.chars().take(90).collect();
    let era = profile.era as u32;
    format!("{era} {} {steps} {short}", profile.seed)
}

/// A profile, the steps to do, and why it failed.
fn parse(line: &str) -> Option<(Profile, Vec<u32>, &str)> {
    let mut words = line.splitn(4, ' ');
    let era = match words.next()? {
        "1" => Era::Disk,
        "2" => Era::Whole,
        _ => return None,
    };
    let profile = Profile::of_era((era, words.next()?.parse().ok()?), None);
    let keeps = match words.next()? {
        "all" => all(&profile),
        steps => read(steps)?,
    };
    Some((profile, keeps, words.next()?))
}

#[test]
fn seeds_that_once_failed_hold() {
    let lines = KEPT.lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let (profile, keeps, why) = parse(line).unwrap_or_else(|| panic!("unreadable: {line}"));
        let ended = run(&profile, &keeps);
        assert_eq!(ended.violation, None, "seed {}: {why}", profile.seed);
    }
}

#[test]
fn what_is_kept_is_read_back() {
    let profile = Profile::of(7, None);
    let keeps = vec![3, 5 | crate::profile::BETWEEN, 5, 90];
    let kept = line((&profile, &keeps), "it was lost\nand more");
    assert_eq!(kept, "2 7 3,5b,5,90 it was lost");
    let (again, steps, why) = parse(&kept).expect("it was just written");
    assert_eq!((again.seed, again.era, steps), (7, Era::Whole, keeps));
    assert_eq!(why, "it was lost");
    let whole = line((&profile, &all(&profile)), "it was lost");
    assert_eq!(whole, "2 7 all it was lost");
}
