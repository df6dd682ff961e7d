//! The section of a snapshot that only exists once a producer has said something.

use schemas::numbered::Producer;
use schemas::wire::Wire;

use crate::producers::PRODUCERS_MAX;
use crate::state::State;

/// Its name; it stands behind all others.
pub const SECTION: &str = "producers";

/// Whether there is anything to write.
pub(crate) fn is_needed(state: &State) -> bool {
    !state.producers.is_empty()
}

/// Writes the section.
pub(crate) fn put(state: &State, out: &mut Vec<u8>) {
    (state.producers.len() as u64).put(out);
    for (producer, newest) in &state.producers {
        producer.put(out);
        newest.put(out);
    }
}

/// Reads the section.
pub(crate) fn take(state: &mut State, input: &mut &[u8]) -> Option<()> {
    for _ in 0..u64::take(input)? {
        let (producer, newest) = (Producer::take(input)?, u64::take(input)?);
        (newest != 0 && !producer.is_empty()).then_some(())?;
        state.producers.insert(producer, newest);
    }
    (state.producers.len() <= PRODUCERS_MAX).then_some(())
}
