//! The section of a snapshot that only exists while working orders pay for others.

use schemas::ids::OrderListId;
use schemas::units::Amount;
use schemas::wire::Wire;

use crate::state::State;

/// Its name; it stands behind all others.
pub const SECTION: &str = "purses";

/// Whether there is anything to write.
pub(crate) fn is_needed(state: &State) -> bool {
    !state.purses.is_empty()
}

/// Writes the section.
pub(crate) fn put(state: &State, out: &mut Vec<u8>) {
    (state.purses.len() as u64).put(out);
    for (list, bought) in &state.purses {
        list.put(out);
        bought.put(out);
    }
}

/// Reads the section; the lists are there already.
pub(crate) fn take(state: &mut State, input: &mut &[u8]) -> Option<()> {
    for _ in 0..u64::take(input)? {
        let (list, bought) = (OrderListId::take(input)?, Amount::take(input)?);
        state.terms.lists.get(&list)?.has_working().then_some(())?;
        (bought.0 >= 0).then_some(())?;
        state.purses.insert(list, bought);
    }
    Some(())
}
