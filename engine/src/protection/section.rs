//! The section of a snapshot that only exists when protection was ever switched on and is.

use schemas::ids::SymbolId;
use schemas::wire::Wire;

use crate::matching::carried::Work;
use crate::protection::auction::{Auction, Indication};
use crate::protection::fence::Fence;
use crate::sections::fields;
use crate::state::State;

/// Its name; it stands behind all others.
pub const SECTION: &str = "protection";

fields!(Indication {
    price,
    qty,
    surplus
});
fields!(Auction {
    ends,
    tell_at,
    told
});
fields!(Fence { price, trips });

/// Takers on their way whose fence is not the usual one, by their place in the work.
fn fenced(state: &State) -> impl Iterator<Item = (u64, Fence)> {
    let work = state.work.iter().enumerate();
    work.filter_map(|(index, work)| match work {
        Work::Taker(taker) if taker.fence != Fence::none(taker.side) => {
            Some((index as u64, taker.fence))
        }
        _ => None,
    })
}

/// Whether there is anything to write.
pub(crate) fn is_needed(state: &State) -> bool {
    let guard = &state.guard;
    !guard.rules.is_empty() || !guard.auctions.is_empty() || fenced(state).next().is_some()
}

/// Writes the section.
pub(crate) fn put(state: &State, out: &mut Vec<u8>) {
    let guard = &state.guard;
    (guard.rules.len() as u64).put(out);
    for (symbol, rule) in &guard.rules {
        symbol.put(out);
        rule.put(out);
    }
    (guard.auctions.len() as u64).put(out);
    for (symbol, auction) in &guard.auctions {
        symbol.put(out);
        auction.put(out);
    }
    (fenced(state).count() as u64).put(out);
    for (index, fence) in fenced(state) {
        index.put(out);
        fence.put(out);
    }
}

/// Reads the section; symbols and work are there already.
pub(crate) fn take(state: &mut State, input: &mut &[u8]) -> Option<()> {
    for _ in 0..u64::take(input)? {
        let symbol = SymbolId::take(input)?;
        state.symbol(symbol)?;
        state.guard.rules.insert(symbol, Wire::take(input)?);
    }
    for _ in 0..u64::take(input)? {
        let symbol = SymbolId::take(input)?;
        state.symbol(symbol)?;
        state.guard.auctions.insert(symbol, Wire::take(input)?);
    }
    for _ in 0..u64::take(input)? {
        let index = usize::try_from(u64::take(input)?).ok()?;
        let fence = Fence::take(input)?;
        match state.work.get_mut(index)? {
            Work::Taker(taker) => taker.fence = fence,
            _ => return None,
        }
    }
    Some(())
}
