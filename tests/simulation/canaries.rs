//! Planted faults: each must be found within a hundred seeds, or the simulator is blind.

use journal::simulation::disk::Canary;

use crate::profile::{Era, Planted, Profile};
use crate::shrink::{all, run};

const SEEDS: u64 = 100;

/// What the disk alone shows is looked for where nothing else is in the way.
fn era_of(planted: Planted) -> Era {
    match planted {
        Planted::Disk(_) | Planted::AnswerBeforeDurable | Planted::NoChecksum => Era::Disk,
        _ => Era::Whole,
    }
}

fn found(planted: Planted) {
    for seed in 1..=SEEDS {
        let profile = Profile::of_era((era_of(planted), seed), Some(planted));
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

#[test]
fn canary_a_clock_that_follows_the_wall_is_found() {
    found(Planted::FollowsWall);
}

#[test]
fn canary_an_edge_that_forgets_the_request_is_found() {
    found(Planted::EdgeForgetsRequest);
}

#[test]
fn canary_answers_that_go_to_another_are_found() {
    found(Planted::AnswersCrossed);
}

#[test]
fn canary_a_sink_that_forgets_is_found() {
    found(Planted::SinkForgets);
}

#[test]
fn canary_a_sink_that_keeps_halves_is_found() {
    found(Planted::SinkKeepsHalves);
}

#[test]
fn canary_a_row_that_was_deleted_is_found() {
    found(Planted::RowDeleted);
}
