//! Snapshots: the engine's sections, what the views saved, and a manifest over them.
//!
//! A snapshot is named by its *next* offset, the first command that is not in it. Loading
//! trusts nothing: checksums, the root of the restored state, offset and time must agree.

use std::path::{Path, PathBuf};

use engine::apply::Engine;
use engine::chain::Chain;
use engine::root::root_of_sections;
use journal::error::JournalError;
use journal::frame::JournalId;
use journal::snapshot_store::{Snapshot, SnapshotStore};
use schemas::ids::Offset;

use crate::error::{ReplayError, SnapshotFault};
use crate::manifest::Manifest;
use crate::replay::{lookup_seed, origin};

/// The section that the views own.
const VIEWS: &str = "views";
/// Before the names of the engine's sections.
const ENGINE: &str = "engine-";
/// File names that the store owns.
const STORE_FILES: (&str, &str) = ("manifest", ".section");

/// What a snapshot is made from.
pub struct Taken<'a> {
    /// The state.
    pub engine: &'a Engine,
    /// The chain up to there.
    pub chain: &'a Chain,
    /// What the views want back.
    pub views: &'a [u8],
    /// The journal they belong to.
    pub journal: JournalId,
}

/// A snapshot read back.
pub struct Loaded {
    /// What it says about itself.
    pub manifest: Manifest,
    /// The state, whose root has been compared.
    pub engine: Engine,
    /// What the views saved.
    pub views: Vec<u8>,
}

/// The bytes of a snapshot, checksums verified, not yet a state.
struct Parts {
    manifest: Manifest,
    sections: Vec<(String, Vec<u8>)>,
    views: Vec<u8>,
}

/// Writes a snapshot and gives its folder. One of the same offset that verifies and has the
/// same root is left as it is; one that does not is replaced.
///
/// # Errors
/// When it cannot be written.
pub fn write(dir: &Path, taken: &Taken<'_>) -> Result<PathBuf, ReplayError> {
    let sections: Vec<_> = taken
        .engine
        .sections()
        .into_iter()
        .map(|(name, bytes)| (name.to_string(), bytes))
        .collect();
    let manifest = Manifest {
        next: taken.engine.next(),
        time: taken.engine.now(),
        journal: taken.journal,
        root: root_of_sections(&sections),
        commitment: taken.chain.commitment(),
        chain: taken.chain.clone(),
        sections: sections.iter().map(|(name, _)| name.clone()).collect(),
    };
    let parts = Parts {
        manifest,
        sections,
        views: taken.views.to_vec(),
    };
    write_parts(dir, &parts)
}

/// Next offsets of the finished snapshots, oldest first; not verified.
///
/// # Errors
/// When the folder cannot be read.
pub fn list(dir: &Path) -> Result<Vec<Offset>, ReplayError> {
    Ok(SnapshotStore::new(dir).list()?)
}

/// Where the snapshot with this next offset lies, or would.
pub fn path_of(dir: &Path, offset: Offset) -> PathBuf {
    SnapshotStore::new(dir).path_of(offset)
}

/// Reads a snapshot and makes its state.
///
/// # Errors
/// [`ReplayError::Snapshot`] when the state is not what the manifest promises,
/// [`ReplayError::Journal`] when its files are damaged.
pub fn load(dir: &Path, offset: Offset) -> Result<Loaded, ReplayError> {
    load_for(dir, offset, None)
}

/// As [`load`], of this journal only.
///
/// # Errors
/// As [`load`]; [`SnapshotFault::Foreign`] when it belongs to another.
pub fn load_for(
    dir: &Path,
    offset: Offset,
    journal: Option<JournalId>,
) -> Result<Loaded, ReplayError> {
    let fault = |reason| ReplayError::Snapshot {
        path: path_of(dir, offset),
        offset,
        reason,
    };
    let Parts {
        manifest,
        sections,
        views,
    } = read_parts(dir, offset)?;
    if journal.is_some_and(|journal| journal != manifest.journal) {
        return Err(fault(SnapshotFault::Foreign));
    }
    let seed = lookup_seed(manifest.journal);
    let engine = Engine::restore(seed, &sections).map_err(|_| fault(SnapshotFault::Sections))?;
    drop(sections);
    if engine.next() != offset || engine.now() != manifest.time {
        return Err(fault(SnapshotFault::Stamp));
    }
    if engine.root() != manifest.root {
        return Err(fault(SnapshotFault::Root));
    }
    Ok(Loaded {
        manifest,
        engine,
        views,
    })
}

/// Loads a snapshot, checks every invariant of its state, and keeps the manifest.
///
/// # Errors
/// As [`load`]; [`SnapshotFault::Invariant`] besides.
pub fn verify(dir: &Path, offset: Offset) -> Result<Manifest, ReplayError> {
    let loaded = load(dir, offset)?;
    if loaded.engine.check_invariants().is_err() {
        let (path, reason) = (path_of(dir, offset), SnapshotFault::Invariant);
        return Err(ReplayError::Snapshot {
            path,
            offset,
            reason,
        });
    }
    Ok(loaded.manifest)
}

/// Copies a snapshot of `from` into the data directory `into`, whose journal begins where
/// the snapshot ends, and gives the copy to that journal. What else lies in the snapshot's
/// folder comes along. Gives the copy's folder.
///
/// # Errors
/// As [`load`]; when the copy cannot be written.
pub fn copy(from: &Path, into: &Path, offset: Offset) -> Result<PathBuf, ReplayError> {
    // A copy of damage would look whole: it gets checksums of its own.
    load(from, offset)?;
    let mut parts = read_parts(from, offset)?;
    parts.manifest.journal = origin(into)?.id;
    let copied = write_parts(into, &parts)?;
    let source = path_of(from, offset);
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| ReplayError::Copy { path, source }
    };
    for entry in std::fs::read_dir(&source).map_err(failed(&source))? {
        let entry = entry.map_err(failed(&source))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name != STORE_FILES.0 && !name.ends_with(STORE_FILES.1) && entry.path().is_file() {
            let target = copied.join(entry.file_name());
            std::fs::copy(entry.path(), target).map_err(failed(&entry.path()))?;
        }
    }
    Ok(copied)
}

fn write_parts(dir: &Path, parts: &Parts) -> Result<PathBuf, ReplayError> {
    let store = SnapshotStore::new(dir);
    let offset = parts.manifest.next;
    let mut writer = match store.begin(offset) {
        Err(JournalError::Exists { path }) => {
            let same = load_for(dir, offset, Some(parts.manifest.journal))
                .is_ok_and(|loaded| loaded.manifest.root == parts.manifest.root);
            if same {
                return Ok(path);
            }
            store.remove(offset)?;
            store.begin(offset)?
        }
        begun => begun?,
    };
    for (name, bytes) in &parts.sections {
        writer.section(&file_name(name), bytes)?;
    }
    writer.section(VIEWS, &parts.views)?;
    Ok(writer.finish(&parts.manifest.encode())?)
}

fn read_parts(dir: &Path, offset: Offset) -> Result<Parts, ReplayError> {
    let fault = |reason| ReplayError::Snapshot {
        path: path_of(dir, offset),
        offset,
        reason,
    };
    let snapshot = SnapshotStore::new(dir).open(offset)?;
    let manifest = Manifest::decode(snapshot.opaque()).map_err(fault)?;
    if manifest.next != offset {
        return Err(fault(SnapshotFault::Stamp));
    }
    let section = |snapshot: &Snapshot, name: &str| {
        snapshot
            .read(name)?
            .ok_or_else(|| fault(SnapshotFault::Missing))
    };
    let mut sections = Vec::new();
    for name in &manifest.sections {
        sections.push((name.clone(), section(&snapshot, &file_name(name))?));
    }
    let views = section(&snapshot, VIEWS)?;
    Ok(Parts {
        manifest,
        sections,
        views,
    })
}

/// The store takes lower-case letters, digits and dashes.
fn file_name(section: &str) -> String {
    let plain = section
        .chars()
        .map(|letter| match letter.to_ascii_lowercase() {
            letter @ ('a'..='z' | '0'..='9') => letter,
            _ => '-',
        });
    ENGINE.chars().chain(plain).collect()
}
