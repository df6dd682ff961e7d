//! The comparison with the naive venue notices what it is there to notice.

use engine::apply::PlantedFault;

use crate::random_streams::Pair;
use crate::swarm::Theme;

/// How many commands it took; panics when no stream notices.
fn caught(fault: PlantedFault) -> u64 {
    let mut commands = 0;
    for seed in 0..50 {
        let mut pair = Pair::new(seed, Theme::Mixed);
        pair.venue.engine.plant(fault);
        for _ in 0..400 {
            commands += 1;
            if let Err(difference) = pair.step() {
                println!(
                    "{fault:?} after {commands} commands: {:?}",
                    difference.command
                );
                return commands;
            }
        }
    }
    panic!("{fault:?} was not noticed in {commands} commands");
}

#[test]
fn last_in_first_out_is_caught() {
    caught(PlantedFault::Lifo);
}

#[test]
fn a_fee_one_atom_off_is_caught() {
    caught(PlantedFault::FeeOneAtomOff);
}

#[test]
fn a_hold_that_is_not_released_is_caught() {
    caught(PlantedFault::HoldNotReleased);
}
