//! From an order's number to its place: arrays of 64, freed when empty.
//!
//! Numbers are dense and rise, so an array by number beats a hash; what is closed
//! leaves no trace but four bytes per 64 numbers, and none at the front.

use std::collections::VecDeque;

use schemas::ids::OrderId;

use crate::lookup::NIL;

/// Arrays of 64 handles, shared by all symbols.
#[derive(Default, Debug)]
pub struct ChunkPool {
    chunks: Vec<[u32; 64]>,
    live: Vec<u8>,
    free: Vec<u32>,
}

/// The numbers of one symbol.
#[derive(Default, Debug)]
pub struct OrderIndex {
    /// Number / 64 of the first entry.
    first: u64,
    chunks: VecDeque<u32>,
}

impl OrderIndex {
    #[inline]
    pub(crate) fn get(&self, order: OrderId, pool: &ChunkPool) -> Option<u32> {
        let position = (order.0 >> 6).checked_sub(self.first)?;
        let chunk = *self.chunks.get(usize::try_from(position).ok()?)?;
        if chunk == NIL {
            return None;
        }
        let handle = pool.chunks[chunk as usize][(order.0 & 63) as usize];
        (handle != NIL).then_some(handle)
    }

    /// Numbers rise: `order` is larger than any before, unless a snapshot is read.
    #[inline]
    pub(crate) fn insert(&mut self, order: OrderId, handle: u32, pool: &mut ChunkPool) {
        let number = order.0 >> 6;
        let last = self.chunks.back().copied().unwrap_or(NIL);
        if last == NIL || number != self.first + self.chunks.len() as u64 - 1 {
            self.make_room(number, pool);
        }
        let chunk = self.chunks[(number - self.first) as usize] as usize;
        pool.chunks[chunk][(order.0 & 63) as usize] = handle;
        pool.live[chunk] += 1;
    }

    #[inline]
    pub(crate) fn remove(&mut self, order: OrderId, pool: &mut ChunkPool) {
        let position = ((order.0 >> 6) - self.first) as usize;
        let chunk = self.chunks[position];
        pool.chunks[chunk as usize][(order.0 & 63) as usize] = NIL;
        pool.live[chunk as usize] -= 1;
        if pool.live[chunk as usize] == 0 && position + 1 != self.chunks.len() {
            pool.free.push(chunk);
            self.chunks[position] = NIL;
            self.trim();
        }
    }

    #[inline(never)]
    fn make_room(&mut self, number: u64, pool: &mut ChunkPool) {
        if self.chunks.is_empty() {
            self.first = number;
        }
        while number < self.first {
            self.chunks.push_front(NIL);
            self.first -= 1;
        }
        if let Some(last) = self.chunks.back().copied()
            && last != NIL
            && number >= self.first + self.chunks.len() as u64
            && pool.live[last as usize] == 0
        {
            pool.free.push(last);
            let position = self.chunks.len() - 1;
            self.chunks[position] = NIL;
        }
        while number >= self.first + self.chunks.len() as u64 {
            self.chunks.push_back(NIL);
        }
        let position = (number - self.first) as usize;
        if self.chunks[position] == NIL {
            self.chunks[position] = pool.take();
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.chunks.front() == Some(&NIL) {
            self.chunks.pop_front();
            self.first += 1;
        }
    }
}

impl ChunkPool {
    fn take(&mut self) -> u32 {
        if let Some(chunk) = self.free.pop() {
            return chunk;
        }
        self.chunks.push([NIL; 64]);
        self.live.push(0);
        u32::try_from(self.chunks.len() - 1).expect("fewer chunks than orders")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_while_open_and_memory_comes_back() {
        let mut pool = ChunkPool::default();
        let mut index = OrderIndex::default();
        for number in 1..=10_000u64 {
            index.insert(OrderId(number), number as u32, &mut pool);
            assert_eq!(index.get(OrderId(number), &pool), Some(number as u32));
            if number > 100 && number != 5_100 {
                index.remove(OrderId(number - 100), &mut pool);
                assert_eq!(index.get(OrderId(number - 100), &pool), None);
            }
        }
        assert_eq!(index.get(OrderId(5_000), &pool), Some(5_000));
        assert_eq!(index.get(OrderId(20_000), &pool), None);
        assert!(pool.chunks.len() < 8);
        index.remove(OrderId(5_000), &mut pool);
        assert!(index.chunks.len() < 4);
    }
}
