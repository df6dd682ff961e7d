//! The price levels of one side.
//!
//! Pages of 64 ticks, each with a bitmap, found through a `BTreeMap` and a small cache:
//! near the best price as fast as an array, and prices spread wide by an adversary cost
//! a logarithm, never a shift of a long array.
//!
//! ```text
//! key 128..192   bitmap 0000…0101   levels [ head, tail ] x 64
//!                best = lowest set bit of the best page
//! ```

use std::collections::BTreeMap;

use crate::lookup::NIL;

/// The queue of one price.
#[derive(Clone, Copy, Debug)]
pub struct Level {
    pub head: u32,
    pub tail: u32,
}

impl Level {
    /// Puts an order last; gives the one that was last before, or `NIL`.
    #[inline]
    pub fn push(&mut self, handle: u32) -> u32 {
        let tail = std::mem::replace(&mut self.tail, handle);
        if tail == NIL {
            self.head = handle;
        }
        tail
    }
}

/// Finds levels by key; the smaller key is the better price.
pub trait PriceIndex {
    /// The best key that has orders.
    fn best_key(&self) -> Option<i64>;
    /// The first order at the best key.
    fn best_head(&self) -> Option<u32>;
    /// The first order at the next worse key.
    fn head_after(&self, key: i64) -> Option<u32>;
    /// The level at `key`, made when it is missing; the caller puts an order in.
    fn level(&mut self, key: i64) -> &mut Level;
    /// The level at `key`, which has orders.
    fn taken_level(&mut self, key: i64) -> &mut Level;
    /// The level at `key` has lost its last order.
    fn remove(&mut self, key: i64);
}

const VACANT: Level = Level {
    head: NIL,
    tail: NIL,
};

const NO_KEY: i64 = i64::MAX;
/// No price lies on this page.
const NO_PAGE: (i64, u32) = (i64::MAX, NIL);
/// Entries of the cache of pages.
const NEAR: usize = 16;

#[derive(Clone, Debug)]
struct Page {
    bitmap: u64,
    levels: [Level; 64],
}

/// Pages of 64 keys.
#[derive(Debug)]
pub struct PagedLevels {
    best: i64,
    best_page: u32,
    /// Page key and place of pages used lately.
    near: [(i64, u32); NEAR],
    pages: Vec<Page>,
    free: Vec<u32>,
    directory: BTreeMap<i64, u32>,
}

impl Default for PagedLevels {
    fn default() -> PagedLevels {
        PagedLevels {
            best: NO_KEY,
            best_page: NIL,
            near: [NO_PAGE; NEAR],
            pages: Vec::new(),
            free: Vec::new(),
            directory: BTreeMap::new(),
        }
    }
}

impl PriceIndex for PagedLevels {
    #[inline]
    fn best_key(&self) -> Option<i64> {
        (self.best != NO_KEY).then_some(self.best)
    }

    #[inline]
    fn best_head(&self) -> Option<u32> {
        if self.best == NO_KEY {
            return None;
        }
        Some(self.pages[self.best_page as usize].levels[(self.best & 63) as usize].head)
    }

    #[inline]
    fn head_after(&self, key: i64) -> Option<u32> {
        let page = self.page(key >> 6)?;
        let later = self.pages[page as usize].bitmap & (!1u64).wrapping_shl((key & 63) as u32);
        let (page, bits) = if later != 0 {
            (page, later)
        } else {
            let (_, page) = self.directory.range((key >> 6) + 1..).next()?;
            (*page, self.pages[*page as usize].bitmap)
        };
        Some(self.pages[page as usize].levels[bits.trailing_zeros() as usize].head)
    }

    #[inline]
    fn level(&mut self, key: i64) -> &mut Level {
        let page = self.page_or_new(key >> 6);
        if key < self.best {
            self.best = key;
            self.best_page = page;
        }
        let page = &mut self.pages[page as usize];
        page.bitmap |= 1 << (key & 63);
        &mut page.levels[(key & 63) as usize]
    }

    #[inline]
    fn taken_level(&mut self, key: i64) -> &mut Level {
        let page = self.page(key >> 6).expect("a level has a page");
        &mut self.pages[page as usize].levels[(key & 63) as usize]
    }

    #[inline]
    fn remove(&mut self, key: i64) {
        let place = self.page(key >> 6).expect("a level has a page");
        let page = &mut self.pages[place as usize];
        page.bitmap &= !(1 << (key & 63));
        page.levels[(key & 63) as usize] = VACANT;
        let rest = page.bitmap;
        if rest == 0 {
            self.drop_page(key >> 6, place);
        } else if key == self.best {
            self.best = (key & !63) | i64::from(rest.trailing_zeros());
        }
    }
}

impl PagedLevels {
    /// Reads a level of a page used lately, so that it lies in the cache.
    #[inline]
    pub(crate) fn fetch(&self, key: i64) {
        let near = self.near[(key >> 6) as usize % NEAR];
        if let Some(page) = self.pages.get(near.1 as usize) {
            std::hint::black_box((page.bitmap, page.levels[(key & 63) as usize].head));
        }
    }

    #[inline]
    fn page(&self, page_key: i64) -> Option<u32> {
        let near = self.near[page_key as usize % NEAR];
        if near.0 == page_key {
            return Some(near.1);
        }
        self.directory.get(&page_key).copied()
    }

    #[inline]
    fn page_or_new(&mut self, page_key: i64) -> u32 {
        let near = self.near[page_key as usize % NEAR];
        if near.0 == page_key {
            return near.1;
        }
        self.far_page_or_new(page_key)
    }

    #[inline(never)]
    fn far_page_or_new(&mut self, page_key: i64) -> u32 {
        let place = match self.directory.get(&page_key) {
            Some(place) => *place,
            None => {
                let place = self.new_page();
                self.directory.insert(page_key, place);
                place
            }
        };
        self.near[page_key as usize % NEAR] = (page_key, place);
        place
    }

    fn new_page(&mut self) -> u32 {
        if let Some(place) = self.free.pop() {
            return place;
        }
        if self.pages.len() == self.pages.capacity() {
            self.pages.reserve_exact(self.pages.len() / 4 + 1);
        }
        self.pages.push(Page {
            bitmap: 0,
            levels: [VACANT; 64],
        });
        u32::try_from(self.pages.len() - 1).expect("fewer pages than orders")
    }

    #[inline(never)]
    fn drop_page(&mut self, page_key: i64, place: u32) {
        self.directory.remove(&page_key);
        self.free.push(place);
        let near = &mut self.near[page_key as usize % NEAR];
        if near.0 == page_key {
            *near = NO_PAGE;
        }
        if self.best >> 6 != page_key {
            return;
        }
        (self.best, self.best_page) = match self.directory.first_key_value() {
            None => (NO_KEY, NIL),
            Some((first, page)) => {
                let bit = self.pages[*page as usize].bitmap.trailing_zeros();
                (first << 6 | i64::from(bit), *page)
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys as an adversary spreads them and as a market does, against a plain tree.
    #[test]
    fn pages_find_what_a_tree_finds() {
        let mut paged = PagedLevels::default();
        let mut tree = BTreeMap::new();
        let mut random = 7u64;
        for round in 0..40_000u32 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(99);
            let wide = (random >> 20) as i64 % 1_000_000;
            let key = if round % 3 == 0 {
                wide * 64
            } else {
                wide % 300
            } - 70_000;
            if let std::collections::btree_map::Entry::Vacant(vacant) = tree.entry(key) {
                vacant.insert(round);
                *paged.level(key) = Level {
                    head: round,
                    tail: round,
                };
            } else {
                tree.remove(&key);
                paged.remove(key);
            }
            assert_eq!(paged.best_key(), tree.keys().next().copied());
            assert_eq!(paged.best_head(), tree.values().next().copied());
            if let Some((key, _)) = tree.range(key..).next() {
                let after = tree.range(key + 1..).next().map(|(_, head)| *head);
                assert_eq!(paged.head_after(*key), after);
            }
        }
    }
}
