//! A disk of memory that forgets, tears, lies and fills up, and time that is stepped.
//!
//! Everything else of this crate runs unchanged over it: files and folders below the place
//! where a [`Disk`] is mounted are its own, mapped memory included, and a journal opened
//! there starts no thread. Whoever waits for the disk does one step of the work himself;
//! a simulator does the steps when it likes. One seed, one history.
//!
//! What a crash keeps: of each file what was synced, and of each 512-byte sector that was
//! not, the old or the new bytes; of each folder the names that were synced, and a prefix
//! of the changes since. Absent on purpose: any knowledge of frames; a network.
//!
//! Reading order: `dice`, `inode` (one file or folder, twice: as programs see it and as
//! the platter has it), `disk`, `handle`, `steps`.

pub mod dice;
mod inode;
pub mod disk;
pub(crate) mod handle;
pub(crate) mod steps;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::bell::hold;
use disk::Shelf;

/// Disks by the folder below which they lie.
static MOUNTED: Mutex<BTreeMap<PathBuf, Arc<Shelf>>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The folder above all mounted disks; nothing of the system's lies there.
const ROOT: &str = "/simulated-disks";

/// Gives a disk a place of its own.
fn mount(shelf: &Arc<Shelf>) -> PathBuf {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(ROOT).join(number.to_string());
    hold(&MOUNTED).insert(path.clone(), Arc::clone(shelf));
    path
}

fn unmount(path: &Path) {
    hold(&MOUNTED).remove(path);
}

/// The disk that holds a path, and the path on it.
pub(crate) fn holding(path: &Path) -> Option<(Arc<Shelf>, PathBuf)> {
    let below = path.strip_prefix(ROOT).ok()?;
    let number = below.components().next()?;
    let mounted = Path::new(ROOT).join(number);
    let shelf = hold(&MOUNTED).get(&mounted).cloned()?;
    let inside = path.strip_prefix(&mounted).ok()?.to_path_buf();
    Some((shelf, inside))
}

thread_local! {
    static BLIND: Cell<bool> = const { Cell::new(false) };
}

/// A canary: on this thread every checksum of a frame fits.
pub fn ignore_checksums(yes: bool) {
    BLIND.with(|blind| blind.set(yes));
}

/// The checksum that a frame is said to have.
#[inline]
pub(crate) fn checksum(found: u32, computed: u32) -> u32 {
    if BLIND.with(Cell::get) {
        found
    } else {
        computed
    }
}

/// Whether this fault is planted on the disk that holds the path.
pub(crate) fn is_planted(path: &Path, canary: disk::Canary) -> bool {
    holding(path).is_some_and(|(shelf, _)| shelf.hold().canary() == Some(canary))
}
