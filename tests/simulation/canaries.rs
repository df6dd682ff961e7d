//! Planted faults: each must be found within a hundred seeds, or the simulator is blind.

use journal::simulation::disk::Canary;

use crate::profile::{Planted, Profile};
use crate::shrink::{all, run};

const SEEDS: u64 = 100;

fn found(planted: Planted) {
    for seed in 1..=SEEDS {
        let profile = Profile::of(seed, Some(planted));
        if let Some(what) = run(&profile, &all(&profile)).violation {
            println!("{planted:?} was found by seed {seed}: {what}");
            return;
        }
    }
    panic!("{planted:?} was not found by {SEEDS} seeds");
}

#[test]
fn canary_a_journal_that_never_syncs_is_found() {
    found(Planted::Disk(Canary::NoSync));
}

#[test]
fn canary_folders_that_are_never_synced_are_found() {
    found(Planted::Disk(Canary::NoFolderSync));
}

#[test]
fn canary_a_start_that_does_not_write_back_is_found() {
    found(Planted::Disk(Canary::NoWriteBack));
}

#[test]
fn canary_a_tail_that_is_not_cut_is_found() {
    found(Planted::Disk(Canary::TailNotCut));
}

#[test]
fn canary_a_cut_that_is_too_early_is_found() {
    found(Planted::Disk(Canary::CutTooEarly));
}

#[test]
fn canary_a_mark_that_is_ahead_of_the_data_is_found() {
    found(Planted::Disk(Canary::MarkAhead));
}

#[test]
fn canary_an_answer_before_it_is_durable_is_found() {
    found(Planted::AnswerBeforeDurable);
}

#[test]
fn canary_frames_without_a_checksum_are_found() {
    found(Planted::NoChecksum);
}
