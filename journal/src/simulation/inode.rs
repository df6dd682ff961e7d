//! One file or folder, twice: as programs see it, and as the platter has it.

use std::collections::BTreeMap;

use crate::region::Memory;
use crate::simulation::dice::Dice;

/// What the page cache writes at once.
pub(crate) const PAGE: usize = 4096;
/// What a disk writes whole.
pub(crate) const SECTOR: usize = 512;

/// The place of an inode on its disk.
pub(crate) type Id = usize;

/// A file or a folder.
pub(crate) enum Inode {
    File(FileNode),
    Folder(Folder),
}

/// A file.
pub(crate) struct FileNode {
    /// The page cache; mapped memory is the same.
    pub(crate) memory: Memory,
    pub(crate) bytes: usize,
    /// The platter.
    pub(crate) platter: Vec<u8>,
    /// Pages that a failed sync left in the cache as if they were written, as they were
    /// then: only a new write makes them dirty again.
    forgotten: BTreeMap<usize, Vec<u8>>,
}

/// What the platter is to do with a sync that it calls successful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mischief {
    /// One sector is not written.
    Lost,
    /// One sector is written to the place of another of the same file.
    Misdirected,
}

impl FileNode {
    pub(crate) fn new() -> FileNode {
        FileNode {
            memory: Memory::zeroed(0),
            bytes: 0,
            platter: Vec::new(),
            forgotten: BTreeMap::new(),
        }
    }

    /// A file that is what the platter has: after the power was gone.
    fn of_platter(platter: Vec<u8>) -> FileNode {
        let mut file = FileNode::new();
        file.extend(platter.len());
        file.memory.write(0, &platter);
        file.platter = platter;
        file
    }

    /// Longer, with zeros. The cache is given room to grow, since memory that somebody
    /// has mapped cannot be moved under him.
    fn extend(&mut self, bytes: usize) {
        if self.memory.len() < bytes {
            let room = bytes.next_multiple_of(PAGE).max(2 * self.memory.len());
            let larger = Memory::zeroed(room);
            let held = self.cached(0, self.bytes);
            larger.write(0, &held);
            self.memory = larger;
        }
        self.bytes = self.bytes.max(bytes);
    }

    pub(crate) fn set_len(&mut self, bytes: usize) {
        if bytes < self.bytes {
            self.memory.write(bytes, &vec![0; self.bytes - bytes]);
            self.bytes = bytes;
        } else {
            self.extend(bytes);
        }
    }

    pub(crate) fn cached(&self, at: usize, bytes: usize) -> Vec<u8> {
        let mut held = vec![0; bytes];
        self.memory.read(at, &mut held);
        held
    }

    /// A write call. Writing the same bytes again makes a page dirty like any other write,
    /// unless `lazily`, which is how a canary leaves out what it thinks is written.
    pub(crate) fn write(&mut self, at: usize, bytes: &[u8], lazily: bool) {
        self.extend(at + bytes.len());
        if lazily && self.cached(at, bytes.len()) == bytes {
            return;
        }
        self.memory.write(at, bytes);
        for page in at / PAGE..(at + bytes.len()).div_ceil(PAGE) {
            self.forgotten.remove(&page);
        }
    }

    fn page_of(&self, page: usize) -> Vec<u8> {
        let end = ((page + 1) * PAGE).min(self.bytes);
        self.cached(page * PAGE, end - page * PAGE)
    }

    /// Pages whose bytes in the cache are still to be written.
    fn dirty(&self) -> Vec<usize> {
        let mut dirty = Vec::new();
        for page in 0..self.bytes.div_ceil(PAGE) {
            let held = self.page_of(page);
            let platter = self.platter.get(page * PAGE..page * PAGE + held.len());
            let forgotten = self.forgotten.get(&page).is_some_and(|then| *then == held);
            if platter != Some(&held) && !forgotten {
                dirty.push(page);
            }
        }
        dirty
    }

    fn write_platter(&mut self, at: usize, bytes: &[u8]) {
        if self.platter.len() < at + bytes.len() {
            self.platter.resize(at + bytes.len(), 0);
        }
        self.platter[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// A sync that says Ok. True when the mischief had something to spoil.
    pub(crate) fn sync(&mut self, mischief: Option<(Mischief, &mut Dice)>) -> bool {
        let dirty = self.dirty();
        let before = mischief.is_some().then(|| self.platter.clone());
        for page in &dirty {
            let held = self.page_of(*page);
            self.write_platter(page * PAGE, &held);
            self.forgotten.remove(page);
        }
        self.platter.resize(self.bytes, 0);
        let (Some((mischief, dice)), Some(before)) = (mischief, before) else {
            return false;
        };
        let changed: Vec<usize> = (0..self.bytes / SECTOR)
            .filter(|sector| {
                let range = sector * SECTOR..(sector + 1) * SECTOR;
                before.get(range.clone()) != self.platter.get(range)
            })
            .collect();
        if changed.is_empty() || before.len() != self.platter.len() {
            return false;
        }
        let sector = changed[dice.below(changed.len() as u64) as usize];
        let range = sector * SECTOR..(sector + 1) * SECTOR;
        let written = self.platter[range.clone()].to_vec();
        self.platter[range.clone()].copy_from_slice(&before[range]);
        if mischief == Mischief::Misdirected {
            let other = dice.below((self.bytes / SECTOR) as u64) as usize;
            self.platter[other * SECTOR..(other + 1) * SECTOR].copy_from_slice(&written);
        }
        true
    }

    /// A sync that fails: any of the pages are written, and the others look as if.
    pub(crate) fn fail_sync(&mut self, dice: &mut Dice) {
        for page in self.dirty() {
            let held = self.page_of(page);
            if dice.chance(1, 3) && self.platter.len() == self.bytes {
                self.write_platter(page * PAGE, &held);
            } else {
                self.forgotten.insert(page, held);
            }
        }
    }

    /// What the platter has after the power was cut.
    pub(crate) fn after_power_cut(mut self, dice: &mut Dice) -> FileNode {
        let kept = dice.below(101);
        let torn = dice.chance(1, 2);
        let longer = dice.below(101) < kept;
        let dirty = self.dirty();
        if longer || self.bytes < self.platter.len() && dice.chance(1, 2) {
            self.platter.resize(self.bytes, 0);
        }
        for page in dirty {
            let held = self.page_of(page);
            let whole = dice.below(101) < kept;
            for (index, sector) in held.chunks(SECTOR).enumerate() {
                let keeps = if torn { dice.below(101) < kept } else { whole };
                let at = page * PAGE + index * SECTOR;
                if keeps && at < self.platter.len() {
                    let room = sector.len().min(self.platter.len() - at);
                    self.platter[at..at + room].copy_from_slice(&sector[..room]);
                }
            }
        }
        FileNode::of_platter(self.platter)
    }
}

/// A change of names that is done as a whole or not at all.
type Change = Vec<(String, Option<Id>)>;

/// A folder.
#[derive(Default)]
pub(crate) struct Folder {
    pub(crate) names: BTreeMap<String, Id>,
    durable: BTreeMap<String, Id>,
    waiting: Vec<Change>,
}

impl Folder {
    pub(crate) fn change(&mut self, change: Change) {
        apply(&mut self.names, &change);
        self.waiting.push(change);
    }

    pub(crate) fn sync(&mut self) {
        self.durable = self.names.clone();
        self.waiting.clear();
    }

    /// The names after the power was cut: those synced, and some first changes since.
    pub(crate) fn after_power_cut(&mut self, dice: &mut Dice) {
        let kept = dice.below(self.waiting.len() as u64 + 1) as usize;
        for change in self.waiting.drain(..).take(kept) {
            apply(&mut self.durable, &change);
        }
        self.names = self.durable.clone();
    }
}

fn apply(names: &mut BTreeMap<String, Id>, change: &Change) {
    for (name, id) in change {
        match id {
            Some(id) => drop(names.insert(name.clone(), *id)),
            None => drop(names.remove(name)),
        }
    }
}
