//! From an order's number to its place: arrays of 64, freed when empty.
//!
//! Numbers are dense and rise, so an array by number beats a hash; what is closed
//! leaves no trace but four bytes per 64 numbers, and none at the front.

use schemas::ids::OrderId;

use crate::lookup::NIL;

/// The handles of 64 numbers, and how many of them are open.
#[derive(Clone, Debug)]
struct Chunk {
    handles: [u32; 64],
    live: u32,
}

/// Chunks, shared by all symbols.
#[derive(Default, Debug)]
pub struct ChunkPool {
    chunks: Vec<Chunk>,
    free: Vec<u32>,
}

/// The numbers of one symbol.
#[derive(Debug)]
pub struct OrderIndex {
    /// Number / 64 of the first entry.
    first: u64,
    /// By number / 64; `NIL` where nothing is open any more.
    chunks: Vec<u32>,
    /// So many entries at the front are `NIL`; they leave together.
    gone: usize,
    /// Number / 64 and chunk of the last entry, which is never freed while it is the last.
    last: (u64, u32),
}

impl Default for OrderIndex {
    fn default() -> OrderIndex {
        OrderIndex {
            first: 0,
            chunks: Vec::new(),
            gone: 0,
            last: (u64::MAX, NIL),
        }
    }
}

impl OrderIndex {
    #[inline]
    pub(crate) fn get(&self, order: OrderId, pool: &ChunkPool) -> Option<u32> {
        let position = (order.0 >> 6).checked_sub(self.first)?;
        let chunk = *self.chunks.get(usize::try_from(position).ok()?)?;
        if chunk == NIL {
            return None;
        }
        let handle = pool.chunks[chunk as usize].handles[(order.0 & 63) as usize];
        (handle != NIL).then_some(handle)
    }

    /// Numbers rise: `order` is larger than any before, unless a snapshot is read.
    #[inline]
    pub(crate) fn insert(&mut self, order: OrderId, handle: u32, pool: &mut ChunkPool) {
        let number = order.0 >> 6;
        let chunk = if number == self.last.0 {
            self.last.1
        } else {
            self.make_room(number, pool)
        };
        let chunk = &mut pool.chunks[chunk as usize];
        chunk.handles[(order.0 & 63) as usize] = handle;
        chunk.live += 1;
    }

    #[inline]
    pub(crate) fn remove(&mut self, order: OrderId, pool: &mut ChunkPool) {
        let position = ((order.0 >> 6) - self.first) as usize;
        let chunk = &mut pool.chunks[self.chunks[position] as usize];
        chunk.handles[(order.0 & 63) as usize] = NIL;
        chunk.live -= 1;
        if chunk.live == 0 {
            self.release(position, pool);
        }
    }

    /// Gives an empty chunk back, unless it is the last, which the next number needs.
    #[inline(never)]
    fn release(&mut self, position: usize, pool: &mut ChunkPool) {
        if position + 1 == self.chunks.len() {
            return;
        }
        pool.free
            .push(std::mem::replace(&mut self.chunks[position], NIL));
        self.trim();
    }

    #[inline(never)]
    fn make_room(&mut self, number: u64, pool: &mut ChunkPool) -> u32 {
        if self.chunks.is_empty() {
            self.first = number;
        }
        if number < self.first {
            let before = usize::try_from(self.first - number).expect("numbers lie in memory");
            self.chunks.splice(0..0, std::iter::repeat_n(NIL, before));
            self.first = number;
            self.gone = 0;
        }
        let position = usize::try_from(number - self.first).expect("numbers lie in memory");
        if position >= self.chunks.len() {
            self.leave_last(pool);
            self.chunks.resize(position + 1, NIL);
        }
        if self.chunks[position] == NIL {
            self.chunks[position] = pool.take();
            self.gone = self.gone.min(position);
        }
        let chunk = self.chunks[position];
        if position + 1 == self.chunks.len() {
            self.last = (number, chunk);
        }
        self.trim();
        chunk
    }

    /// The last chunk is not the last any more: empty ones go.
    fn leave_last(&mut self, pool: &mut ChunkPool) {
        if let Some(last) = self.chunks.last_mut()
            && *last != NIL
            && pool.chunks[*last as usize].live == 0
        {
            pool.free.push(std::mem::replace(last, NIL));
        }
    }

    /// Cuts what is gone off the front once it is half of all: each entry moves once.
    fn trim(&mut self) {
        while self.chunks.get(self.gone) == Some(&NIL) {
            self.gone += 1;
        }
        if self.gone * 2 > self.chunks.len() {
            self.chunks.drain(..self.gone);
            self.first += self.gone as u64;
            self.gone = 0;
        }
    }
}

impl ChunkPool {
    fn take(&mut self) -> u32 {
        if let Some(chunk) = self.free.pop() {
            return chunk;
        }
        self.chunks.push(Chunk {
            handles: [NIL; 64],
            live: 0,
        });
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
