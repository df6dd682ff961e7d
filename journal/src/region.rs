//! Memory that a log writes into: a mapped file, or the heap.
//!
//! A [`Region`] has one owner, which alone writes; a [`View`] reads. What a view may
//! read is agreed through the length word of a frame: the owner writes the rest of the
//! frame first and stores the length last with `Release`; a view loads it with
//! `Acquire` and then reads exactly that frame, whose bytes never change again. The
//! heap variant exists so that miri can check this (it cannot map files).
//!
//! Absent on purpose: growing. A region is as large as the file was prepared to be, so
//! touching it cannot run out of disk.

use std::io;
#[cfg(any(test, feature = "simulation"))]
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use memmap2::{Advice, Mmap, MmapMut, MmapOptions};

use crate::files::File;
use crate::frame::ALIGN;

/// Writable memory with one owner.
pub(crate) struct Region {
    base: *mut u8,
    len: usize,
    _backing: Backing,
}

/// Read-only memory, shared with whoever writes it.
pub(crate) struct View {
    base: *const u8,
    len: usize,
    _backing: Backing,
}

/// What keeps the memory alive; never touched through this field.
enum Backing {
    Mapped(#[expect(dead_code, reason = "held for its drop, which unmaps")] MmapMut),
    MappedReadOnly(Mmap),
    #[cfg(any(test, feature = "simulation"))]
    Heap(#[cfg_attr(not(test), expect(dead_code, reason = "held for its drop"))] Arc<HeapBlock>),
}

/// Zeroed heap memory, aligned as a frame is. The pointer is taken once and all access
/// goes through it, so that owner and views may use it side by side.
#[cfg(any(test, feature = "simulation"))]
struct HeapBlock {
    base: *mut u128,
    words: usize,
}

// SAFETY: the block is plain memory; who may touch which byte is agreed by the
// protocol in the module's head, not by the thread that made it.
#[cfg(any(test, feature = "simulation"))]
unsafe impl Send for HeapBlock {}
// SAFETY: as above; `HeapBlock` itself offers no access.
#[cfg(any(test, feature = "simulation"))]
unsafe impl Sync for HeapBlock {}

#[cfg(any(test, feature = "simulation"))]
impl Drop for HeapBlock {
    fn drop(&mut self) {
        let slice = std::ptr::slice_from_raw_parts_mut(self.base, self.words);
        // SAFETY: `base` and `words` came from `Box::into_raw` in `Region::heap`, and
        // this is the last owner.
        drop(unsafe { Box::from_raw(slice) });
    }
}

/// Heap memory that a region, views and the pages of a simulated file share.
#[cfg(any(test, feature = "simulation"))]
#[derive(Clone)]
pub(crate) struct Memory {
    block: Arc<HeapBlock>,
}

#[cfg(any(test, feature = "simulation"))]
impl Memory {
    /// Zeroed.
    pub(crate) fn zeroed(bytes: usize) -> Memory {
        let words = bytes.div_ceil(ALIGN);
        let base = Box::into_raw(vec![0u128; words].into_boxed_slice()).cast::<u128>();
        Memory {
            block: Arc::new(HeapBlock { base, words }),
        }
    }

    /// Bytes of it.
    pub(crate) fn len(&self) -> usize {
        self.block.words * ALIGN
    }

    /// The first `bytes`, for the one owner that writes.
    pub(crate) fn region(&self, bytes: usize) -> Region {
        assert!(bytes <= self.len());
        Region {
            base: self.block.base.cast(),
            len: bytes,
            _backing: Backing::Heap(Arc::clone(&self.block)),
        }
    }

    /// The first `bytes`, for reading.
    #[cfg(feature = "simulation")]
    pub(crate) fn view(&self, bytes: usize) -> View {
        assert!(bytes <= self.len());
        View {
            base: self.block.base.cast(),
            len: bytes,
            _backing: Backing::Heap(Arc::clone(&self.block)),
        }
    }

    /// Copies out what stands at `at`. A simulation runs on one thread, so that nobody
    /// writes meanwhile.
    #[cfg(feature = "simulation")]
    pub(crate) fn read(&self, at: usize, into: &mut [u8]) {
        assert!(at <= self.len());
        assert!(into.len() <= self.len() - at);
        let base: *const u8 = self.block.base.cast();
        // SAFETY: inside the block (asserted), initialised (zeroed), and `into` is memory
        // of the caller's that cannot overlap it.
        unsafe { std::ptr::copy_nonoverlapping(base.add(at), into.as_mut_ptr(), into.len()) };
    }

    /// Copies `bytes` to `at`, as a write call does to the pages of a mapped file. A
    /// simulation runs on one thread, so that nobody reads or writes meanwhile.
    #[cfg(feature = "simulation")]
    pub(crate) fn write(&self, at: usize, bytes: &[u8]) {
        assert!(at <= self.len());
        assert!(bytes.len() <= self.len() - at);
        let base: *mut u8 = self.block.base.cast();
        // SAFETY: inside the block (asserted). `bytes` may be a view of the very same place
        // (recovery writes back what it has mapped), hence a copy that may overlap.
        unsafe { std::ptr::copy(bytes.as_ptr(), base.add(at), bytes.len()) };
    }
}

// SAFETY: a region owns its memory for writing; moving it to another thread moves
// that right with it.
unsafe impl Send for Region {}
// SAFETY: a view only reads, and only bytes that the protocol has published.
unsafe impl Send for View {}

impl Region {
    /// Zeroed memory on the heap.
    #[cfg(test)]
    pub(crate) fn heap(bytes: usize) -> Region {
        Memory::zeroed(bytes).region(bytes)
    }

    /// Maps the first `bytes` of a file that has been allocated to that length, and
    /// touches every page for reading so that the first append finds it mapped.
    pub(crate) fn map(file: &File, bytes: usize) -> io::Result<Region> {
        #[cfg(feature = "simulation")]
        if let File::Simulated(file) = file {
            return Ok(file.memory(bytes)?.region(bytes));
        }
        let file = file.of_the_system();
        // SAFETY: the directory lock keeps other writers away, and the file is never
        // shortened while a node runs; readers elsewhere map it read-only.
        let mut map = unsafe { MmapOptions::new().len(bytes).map_mut(file)? };
        populate(&map);
        let base = map.as_mut_ptr();
        Ok(Region {
            base,
            len: bytes,
            _backing: Backing::Mapped(map),
        })
    }

    /// A view of the same memory, for tests of the protocol.
    #[cfg(test)]
    pub(crate) fn view(&self) -> View {
        let Backing::Heap(block) = &self._backing else {
            panic!("only the heap is shared")
        };
        View {
            base: self.base,
            len: self.len,
            _backing: Backing::Heap(Arc::clone(block)),
        }
    }

    /// Bytes of the region.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Copies `bytes` to `at`. The caller never writes below what it has published.
    #[inline]
    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        assert!(at <= self.len);
        assert!(bytes.len() <= self.len - at);
        // SAFETY: the range is inside the region (asserted), `&mut self` excludes other
        // use through this owner, and views read published frames only. `bytes` cannot
        // overlap: a slice into this region would borrow it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.base.add(at), bytes.len()) };
    }

    /// Stores the length word at `at`: everything written before is now published.
    #[inline]
    pub(crate) fn publish_length(&mut self, at: usize, length: u32) {
        assert!(at.is_multiple_of(ALIGN));
        assert!(at + 4 <= self.len);
        // SAFETY: inside the region and aligned (asserted; the base is aligned to 16 by
        // both backings); the word is only ever accessed atomically once shared.
        let word = unsafe { AtomicU32::from_ptr(self.base.add(at).cast()) };
        word.store(length.to_le(), Ordering::Release);
    }

    /// All bytes, for the owner. Nobody writes while the slice lives.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the whole region is initialised (zeroed heap or file), and only this
        // owner writes, which `&self` excludes while the slice lives.
        unsafe { std::slice::from_raw_parts(self.base, self.len) }
    }
}

impl View {
    /// Maps the first `bytes` of a file for reading.
    pub(crate) fn map(file: &File, bytes: usize) -> io::Result<View> {
        #[cfg(feature = "simulation")]
        if let File::Simulated(file) = file {
            return Ok(file.memory(bytes)?.view(bytes));
        }
        let file = file.of_the_system();
        // SAFETY: read-only; a node never shortens a segment it has published, and what
        // is read past the published length is judged by its checksum.
        let map = unsafe { MmapOptions::new().len(bytes).map(file)? };
        let base = map.as_ptr();
        Ok(View {
            base,
            len: bytes,
            _backing: Backing::MappedReadOnly(map),
        })
    }

    /// Bytes of the view.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Loads the length word at `at`; zero when no frame is published there.
    #[inline]
    pub(crate) fn length(&self, at: usize) -> u32 {
        assert!(at.is_multiple_of(ALIGN));
        if self.len < at + 4 {
            return 0;
        }
        // SAFETY: inside the view and aligned; the owner stores this word atomically. A
        // load does not write, so a read-only mapping is enough.
        let word = unsafe { AtomicU32::from_ptr(self.base.add(at).cast_mut().cast()) };
        u32::from_le(word.load(Ordering::Acquire))
    }

    /// `bytes` bytes from `at`: a published frame, or a file nobody writes to.
    #[inline]
    pub(crate) fn bytes(&self, at: usize, bytes: usize) -> &[u8] {
        assert!(at <= self.len);
        assert!(bytes <= self.len - at);
        // SAFETY: inside the view (asserted); published frames never change, and for a
        // file at rest there is no writer.
        unsafe { std::slice::from_raw_parts(self.base.add(at), bytes) }
    }

    /// Says that pages will be read in order.
    pub(crate) fn read_in_order(&self) {
        if let Backing::MappedReadOnly(map) = &self._backing
            && map.advise(Advice::Sequential).is_err()
        {
            tracing::debug!("the kernel takes no advice on reading in order");
        }
    }
}

/// Touches every page for reading. A kernel that does not know the advice only makes the
/// first append to a page slower.
fn populate(map: &MmapMut) {
    #[cfg(target_os = "linux")]
    if map.advise(Advice::PopulateRead).is_err() {
        tracing::debug!("pages are not populated ahead: the kernel does not offer it");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = map;
}

/// The bytes of aligned words, for buffers that hold frames.
pub(crate) fn bytes_of(words: &[u128]) -> &[u8] {
    // SAFETY: every byte of a `u128` is initialised and any value is a valid byte; the
    // slice borrows `words`.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
}

/// The same, to be written.
pub(crate) fn bytes_of_mut(words: &mut [u128]) -> &mut [u8] {
    // SAFETY: as above; any bytes make valid words, and the borrow is exclusive.
    unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), size_of_val(words)) }
}
