//! The section of a snapshot that only exists while accounts are in groups.

use schemas::ids::AccountId;
use schemas::units::{Amount, Qty};
use schemas::wire::Wire;

use crate::matching::carried::Work;
use crate::state::State;

/// Its name; it stands behind all others.
pub const SECTION: &str = "groups";

/// Takers on their way that moved something within their group, by their place in the work.
fn moved(state: &State) -> impl Iterator<Item = (u64, Qty, Amount)> {
    let work = state.work.iter().enumerate();
    work.filter_map(|(index, work)| match work {
        Work::Taker(taker) if taker.moved_qty != Qty::ZERO => {
            Some((index as u64, taker.moved_qty, taker.moved_quote))
        }
        _ => None,
    })
}

/// Whether there is anything to write.
pub(crate) fn is_needed(state: &State) -> bool {
    !state.groups.is_empty()
}

/// Writes the section.
pub(crate) fn put(state: &State, out: &mut Vec<u8>) {
    (state.groups.len() as u64).put(out);
    for (account, group) in &state.groups {
        account.put(out);
        group.put(out);
    }
    (moved(state).count() as u64).put(out);
    for (index, qty, quote) in moved(state) {
        index.put(out);
        qty.put(out);
        quote.put(out);
    }
}

/// Reads the section; accounts and work are there already.
pub(crate) fn take(state: &mut State, input: &mut &[u8]) -> Option<()> {
    for _ in 0..u64::take(input)? {
        let (account, group) = (AccountId::take(input)?, u32::take(input)?);
        state.account(account)?;
        (group != 0).then_some(())?;
        state.groups.insert(account, group);
    }
    for _ in 0..u64::take(input)? {
        let index = usize::try_from(u64::take(input)?).ok()?;
        let moved = (Qty::take(input)?, Amount::take(input)?);
        match state.work.get_mut(index)? {
            Work::Taker(taker) => (taker.moved_qty, taker.moved_quote) = moved,
            _ => return None,
        }
    }
    Some(())
}
