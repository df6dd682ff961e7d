//! The section of a snapshot that only exists while pegged orders wait.

use schemas::ids::{OrderId, SymbolId};
use schemas::wire::Wire;

use crate::pegs::Waiting;
use crate::sections::fields;
use crate::state::State;

/// Its name; it stands behind all others.
pub const SECTION: &str = "pegs";

fields!(Waiting { peg, limit });

/// Whether there is anything to write.
pub(crate) fn is_needed(state: &State) -> bool {
    !state.pegs.is_empty()
}

/// Writes the section.
pub(crate) fn put(state: &State, out: &mut Vec<u8>) {
    (state.pegs.len() as u64).put(out);
    for ((symbol, order), waiting) in &state.pegs {
        symbol.put(out);
        order.put(out);
        waiting.put(out);
    }
}

/// Reads the section; the orders are there already and lie aside.
pub(crate) fn take(state: &mut State, input: &mut &[u8]) -> Option<()> {
    for _ in 0..u64::take(input)? {
        let key = (SymbolId::take(input)?, OrderId::take(input)?);
        let waits = state.books.orders.extras.get(&key)?.aside;
        waits.then_some(())?;
        state.pegs.insert(key, Wire::take(input)?);
    }
    Some(())
}
