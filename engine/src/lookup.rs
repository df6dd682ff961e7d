//! The one hash map: open addressing from a 32-bit tag to a `u32` handle.
//!
//! A slot is 8 bytes. What a handle stands for is the caller's business, who also says
//! whether it is the one sought. There is no iterator, so nothing can depend on the
//! order; the seed comes from outside, so a client cannot aim at collisions.

use schemas::command::RequestDigest;
use schemas::ids::{AccountId, ClientOrderId, SymbolId};
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

    /// The tag of a request that an account signed; never zero.
    #[inline]
    pub fn of_request(&self, account: AccountId, digest: &RequestDigest) -> u32 {
        let seed = self.pair(account, NO_SYMBOL);
        ((xxh3_64_with_seed(&digest.0, seed) >> 32) as u32).max(1)
    }

    /// The tag of a name that an account gave an order on a symbol; never zero.
    ///
    /// A client knows neither seed nor factor, so it cannot aim at one tag.
    #[inline]
    pub fn of_client(&self, account: AccountId, symbol: SymbolId, id: &ClientOrderId) -> u32 {
        let bytes = id.padded();
        let word = |at: usize| {
            let eight: &[u8; 8] = bytes[at..].first_chunk().expect("36 bytes");
            u64::from_le_bytes(*eight)
        };
        let pair = self.pair(account, symbol);
        let first = fold(word(0) ^ self.seed, word(8) ^ pair);
        let second = fold(word(16) ^ self.factor, word(24) ^ pair.rotate_left(32));
        // Of the last word the fourth has had one half.
        let last = fold(first ^ second ^ (word(28) >> 32), self.factor);
        ((last >> 32) as u32).max(1)
    }

    #[inline]
    fn pair(&self, account: AccountId, symbol: SymbolId) -> u64 {
        let key = (u64::from(account.0) << 32 | u64::from(symbol.0)) ^ self.seed;
        fold(key, self.factor)
    }
}

/// Both halves of a product, in one word.
#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

/// Signed requests belong to no symbol.
const NO_SYMBOL: SymbolId = SymbolId(u32::MAX);

/// A place that a search found empty; it is so until the next change.
#[derive(Clone, Copy, Debug)]
pub struct Vacancy(usize);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
    /// So many handles fit before the table grows.
    room: usize,
}

impl Default for Lookup {
    fn default() -> Lookup {
        Lookup {
            slots: vec![EMPTY; 64],
            used: 0,
            room: 48,
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
        self.search(tag, same).ok()
    }

    /// The handle under `tag` for which `same` holds, or where one could be put.
    #[inline]
    pub fn search(&self, tag: u32, same: impl Fn(u32) -> bool) -> Result<u32, Vacancy> {
        let mask = self.slots.len() - 1;
        let mut at = tag as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot.handle == NIL {
                return Err(Vacancy(at));
            }
            if slot.tag == tag && same(slot.handle) {
                return Ok(slot.handle);
            }
            at = (at + 1) & mask;
        }
    }

    /// The handle in the place where a search for the tag begins; only to fetch it.
    #[inline]
    pub(crate) fn home(&self, tag: u32) -> u32 {
        self.slots[tag as usize & (self.slots.len() - 1)].handle
    }

    /// Adds a handle where a search has just found room for its tag.
    #[inline]
    pub fn fill(&mut self, vacancy: Vacancy, tag: u32, handle: u32) {
        if self.is_dense() {
            return self.insert(tag, handle);
        }
        debug_assert_eq!(self.slots[vacancy.0], EMPTY, "nothing changed since");
        self.used += 1;
        self.slots[vacancy.0] = Slot { tag, handle };
    }

    /// Whether the next handle needs a larger table.
    #[inline]
    fn is_dense(&self) -> bool {
        self.used >= self.room
    }

    /// Adds a handle. The caller has made sure that it is not there yet.
    #[inline]
    pub fn insert(&mut self, tag: u32, handle: u32) {
        if self.is_dense() {
            self.grow();
        }
        self.used += 1;
        place(&mut self.slots, Slot { tag, handle });
    }

    /// Takes a handle away and closes the gap, so that no tombstone stays.
    #[inline]
    pub fn remove(&mut self, tag: u32, handle: u32) {
        self.used -= 1;
        let slots = self.slots.as_mut_slice();
        let mask = slots.len() - 1;
        let mut hole = tag as usize & mask;
        while slots[hole].handle != handle || slots[hole].tag != tag {
            assert!(slots[hole].handle != NIL, "what is removed is there");
            hole = (hole + 1) & mask;
        }
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let slot = slots[at];
            if slot.handle == NIL {
                break;
            }
            let from_home = at.wrapping_sub(slot.tag as usize) & mask;
            if from_home >= (at.wrapping_sub(hole) & mask) {
                slots[hole] = slot;
                hole = at;
            }
        }
        slots[hole] = EMPTY;
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
        self.room = larger.len() / 4 * 3;
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
