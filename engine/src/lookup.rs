//! The one hash map: open addressing from a 32-bit tag to a `u32` handle.
//!
//! A slot is 8 bytes. What a handle stands for is the caller's business, who also says
//! whether it is the one sought. There is no iterator, so nothing can depend on the
//! order; the seed comes from outside, so a client cannot aim at collisions.

use schemas::ids::{AccountId, SymbolId};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// No handle.
pub const NIL: u32 = u32::MAX;

/// Makes tags. Nothing visible may depend on the seed.
#[derive(Clone, Copy, Debug)]
pub struct Tags {
    seed: u64,
    factor: u64,
}

impl Tags {
    /// Tags that differ from seed to seed.
    pub fn new(seed: u64) -> Tags {
        Tags {
            seed,
            factor: xxh3_64_with_seed(b"factor", seed) | 1,
        }
    }

    /// The tag of a pair of numbers.
    #[inline]
    pub fn of_seat(&self, account: AccountId, symbol: SymbolId) -> u32 {
        (self.pair(account, symbol) >> 32) as u32
    }

    /// The tag of a text that an account uses on a symbol; never zero.
    #[inline]
    pub fn of_text(&self, account: AccountId, symbol: SymbolId, text: &[u8]) -> u32 {
        let hash = xxh3_64_with_seed(text, self.pair(account, symbol));
        ((hash >> 32) as u32).max(1)
    }

    #[inline]
    fn pair(&self, account: AccountId, symbol: SymbolId) -> u64 {
        let key = (u64::from(account.0) << 32 | u64::from(symbol.0)) ^ self.seed;
        let product = u128::from(key) * u128::from(self.factor);
        product as u64 ^ (product >> 64) as u64
    }
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    tag: u32,
    handle: u32,
}

const EMPTY: Slot = Slot {
    tag: 0,
    handle: NIL,
};

/// Tag to handle; several handles may share a tag.
#[derive(Clone, Debug)]
pub struct Lookup {
    slots: Vec<Slot>,
    used: usize,
}

impl Default for Lookup {
    fn default() -> Lookup {
        Lookup {
            slots: vec![EMPTY; 64],
            used: 0,
        }
    }
}

impl Lookup {
    /// How many handles there are.
    pub fn count(&self) -> usize {
        self.used
    }

    /// The handle under `tag` for which `same` holds.
    #[inline]
    pub fn find(&self, tag: u32, same: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut at = tag as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot.handle == NIL {
                return None;
            }
            if slot.tag == tag && same(slot.handle) {
                return Some(slot.handle);
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds a handle. The caller has made sure that it is not there yet.
    #[inline]
    pub fn insert(&mut self, tag: u32, handle: u32) {
        if self.used * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        self.used += 1;
        place(&mut self.slots, Slot { tag, handle });
    }

    /// Takes a handle away and closes the gap, so that no tombstone stays.
    #[inline]
    pub fn remove(&mut self, tag: u32, handle: u32) {
        let mask = self.slots.len() - 1;
        let mut hole = tag as usize & mask;
        while self.slots[hole].handle != handle {
            assert!(self.slots[hole].handle != NIL, "what is removed is there");
            hole = (hole + 1) & mask;
        }
        self.used -= 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let slot = self.slots[at];
            if slot.handle == NIL {
                break;
            }
            let from_home = at.wrapping_sub(slot.tag as usize) & mask;
            if from_home >= (at.wrapping_sub(hole) & mask) {
                self.slots[hole] = slot;
                hole = at;
            }
        }
        self.slots[hole] = EMPTY;
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let mut larger = vec![EMPTY; self.slots.len() * 2];
        for slot in &self.slots {
            if slot.handle != NIL {
                place(&mut larger, *slot);
            }
        }
        self.slots = larger;
    }
}

#[inline]
fn place(slots: &mut [Slot], slot: Slot) {
    let mask = slots.len() - 1;
    let mut at = slot.tag as usize & mask;
    while slots[at].handle != NIL {
        at = (at + 1) & mask;
    }
    slots[at] = slot;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_inserted_is_found_until_removed() {
        let mut lookup = Lookup::default();
        // Few tags, so that runs are long and gaps are closed across the wrap.
        for handle in 0..3_000u32 {
            lookup.insert(handle % 37 + 4_090, handle);
        }
        for handle in (0..3_000u32).step_by(2) {
            lookup.remove(handle % 37 + 4_090, handle);
        }
        for handle in 0..3_000u32 {
            let found = lookup.find(handle % 37 + 4_090, |other| other == handle);
            assert_eq!(found, (handle % 2 == 1).then_some(handle));
        }
        assert_eq!(lookup.count(), 1_500);
    }
}
