//! The few things done to files and folders, each with its place in the error.
//!
//! Every call goes through the C library by name, so that a fault-injecting shim sees it.
//! A sync that fails is reported as [`SyncFailure`](crate::error::SyncFailure), which
//! nobody retries.

use std::io::{self, Write};
use std::path::Path;

use crate::error::{JournalError, Place};
use crate::files::{self, File, Mode};
use crate::segment::PAGE_BYTES;

/// A page of zeros, to write and to compare with.
pub(crate) const ZEROS: [u8; PAGE_BYTES as usize] = [0; PAGE_BYTES as usize];

/// Pages of zeros between two syncs: 4 MiB.
const PAGES_PER_SYNC: u64 = 1024;

/// Opens an existing file for reading and writing.
pub(crate) fn open_writable(path: &Path) -> Result<File, JournalError> {
    File::open(path, Mode::Write).place("open", path)
}

/// Opens an existing file for reading.
pub(crate) fn open_readable(path: &Path) -> Result<File, JournalError> {
    File::open(path, Mode::Read).place("open", path)
}

/// Creates (or empties) a file.
pub(crate) fn create(path: &Path) -> Result<File, JournalError> {
    File::open(path, Mode::Create).place("create", path)
}

/// Reserves `bytes` on the disk for the file, so that touching its map cannot fail.
pub(crate) fn allocate(file: &File, bytes: u64, path: &Path) -> Result<(), JournalError> {
    file.allocate(bytes).place("allocate", path)
}

/// Writes zeros page by page: larger writes make larger folios, and then one append
/// dirties all of one. Synced a few megabytes at a time: the syncs of the journal itself
/// wait behind what is queued here.
pub(crate) fn write_zeros(file: &mut File, bytes: u64, path: &Path) -> Result<(), JournalError> {
    assert!(bytes.is_multiple_of(PAGE_BYTES));
    for page in 1..=bytes / PAGE_BYTES {
        file.write_all(&ZEROS).place("write zeros to", path)?;
        if page.is_multiple_of(PAGES_PER_SYNC) {
            sync_data(file, path)?;
        }
    }
    Ok(())
}

/// Writes `bytes` at `position`, page by page for the same reason.
pub(crate) fn write_at(
    file: &File,
    position: u64,
    bytes: &[u8],
    path: &Path,
) -> Result<(), JournalError> {
    let mut at = position;
    let mut rest = bytes;
    while !rest.is_empty() {
        let to_page_end = PAGE_BYTES - at % PAGE_BYTES;
        let (now, later) = rest.split_at(rest.len().min(to_page_end as usize));
        file.write_all_at(now, at).place("write", path)?;
        at += now.len() as u64;
        rest = later;
    }
    Ok(())
}

/// Writes zeros over a range.
pub(crate) fn zero_at(file: &File, from: u64, to: u64, path: &Path) -> Result<(), JournalError> {
    let mut at = from;
    while at < to {
        let bytes = (PAGE_BYTES - at % PAGE_BYTES).min(to - at);
        file.write_all_at(&ZEROS[..bytes as usize], at)
            .place("write zeros to", path)?;
        at += bytes;
    }
    Ok(())
}

/// fsync of a file: data and length.
pub(crate) fn sync_all(file: &File, path: &Path) -> Result<(), JournalError> {
    file.sync_all().sync_place("sync", path)
}

/// fdatasync of a file.
pub(crate) fn sync_data(file: &File, path: &Path) -> Result<(), JournalError> {
    file.sync_data().sync_place("sync", path)
}

/// fsync of a folder: names made, changed or removed in it survive.
pub(crate) fn sync_folder(path: &Path) -> Result<(), JournalError> {
    files::sync_folder(path).sync_place("sync the folder", path)
}

/// Renames within one folder; durable after [`sync_folder`].
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), JournalError> {
    files::rename(from, to).place("rename", from)
}

/// Writes a small file whole: beside, synced, renamed, folder synced.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    let beside = path.with_extension("tmp");
    let mut file = create(&beside)?;
    file.write_all(bytes).place("write", &beside)?;
    sync_all(&file, &beside)?;
    rename(&beside, path)?;
    sync_folder(path.parent().expect("a file of ours lies in a folder"))
}

/// The entries of a folder, sorted by name; an absent folder has none.
pub(crate) fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>, JournalError> {
    let mut paths = match files::entries(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.place("list", folder)?,
    };
    paths.sort();
    Ok(paths)
}

/// Removes a file that may be gone already.
pub(crate) fn remove(path: &Path) -> Result<(), JournalError> {
    match files::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.place("remove", path),
    }
}
