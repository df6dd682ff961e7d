//! Snapshots on disk: named sections of opaque bytes and a manifest, whole or not at all.
//!
//! `DIR/snapshots/{offset:020}/` holds `manifest` and one `{name}.section` each. It is
//! written under a `.tmp` name; every file is synced, the folder is renamed and its parent
//! synced. A section is zstd chunks, each with its own checksum, so that a reader stops at
//! the first bad one; the BLAKE3 of the whole section stands in the manifest, which ends
//! with the BLAKE3 of itself.
//!
//! ```text
//! chunk     | stored bytes u32 | raw bytes u32 | crc32c of stored u32 | number u32 | zstd …
//! manifest  | DAYBOOKS | format u32 | sections u32 | offset u64 | opaque bytes u64 | opaque …
//!           | per section: name bytes u32, name, raw bytes u64, chunks u32, BLAKE3 |
//!           | BLAKE3 of all before |
//! ```
//! Absent on purpose: any idea of what a section means.

use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use schemas::ids::Offset;

use crate::disk;
use crate::error::{Damage, JournalError, Place};
use crate::files::{self, File};
use crate::frame::{u32_at, u64_at};
use crate::segment::numbered;

const MAGIC: &[u8; 8] = b"DAYBOOKS";
const FORMAT: u32 = 1;
const CHUNK_BYTES: usize = 1 << 20;
const CHUNK_HEADER_BYTES: usize = 16;
const ZSTD_LEVEL: i32 = 1;
const HASH_BYTES: usize = 32;
const MANIFEST: &str = "manifest";
/// A manifest longer than this is none.
const MANIFEST_BYTES_MAX: u64 = 64 << 20;

/// The snapshots of one data directory.
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    folder: PathBuf,
}

/// A snapshot being written; nothing of it is seen before [`SnapshotWriter::finish`].
pub struct SnapshotWriter {
    store: SnapshotStore,
    beside: PathBuf,
    offset: Offset,
    sections: Vec<Section>,
}

/// One section as the manifest has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name: lower-case letters, digits, dashes.
    pub name: String,
    /// Bytes before compression.
    pub raw_bytes: u64,
    chunks: u32,
    hash: [u8; HASH_BYTES],
}

/// A snapshot whose manifest has verified.
#[derive(Debug)]
pub struct Snapshot {
    folder: PathBuf,
    offset: Offset,
    opaque: Vec<u8>,
    sections: Vec<Section>,
}

/// Takes the bytes of one section; give it back with [`SectionWriter::finish`].
pub struct SectionWriter<'a> {
    sections: &'a mut Vec<Section>,
    path: PathBuf,
    file: File,
    section: Section,
    hasher: blake3::Hasher,
    chunk: Vec<u8>,
}

impl SnapshotStore {
    /// The snapshots under a data directory; nothing is made before the first is written.
    pub fn new(dir: &Path) -> SnapshotStore {
        SnapshotStore {
            folder: dir.join("snapshots"),
        }
    }

    /// Offsets of the finished snapshots, oldest first; not verified.
    pub fn list(&self) -> Result<Vec<Offset>, JournalError> {
        let mut offsets = Vec::new();
        for path in disk::entries(&self.folder)? {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            offsets.extend(numbered(name));
        }
        Ok(offsets)
    }

    /// Where the snapshot at `offset` lies, or would.
    pub fn path_of(&self, offset: Offset) -> PathBuf {
        self.folder.join(format!("{:020}", offset.0))
    }

    /// Begins a snapshot. [`JournalError::Exists`] when that offset has one.
    pub fn begin(&self, offset: Offset) -> Result<SnapshotWriter, JournalError> {
        let path = self.path_of(offset);
        if files::exists(&path) {
            return Err(JournalError::Exists { path });
        }
        let beside = path.with_extension("tmp");
        remove_folder(&beside)?;
        files::make_folders(&beside).place("create", &beside)?;
        Ok(SnapshotWriter {
            store: self.clone(),
            beside,
            offset,
            sections: Vec::new(),
        })
    }

    /// Reads and verifies the manifest of the snapshot at `offset`.
    pub fn open(&self, offset: Offset) -> Result<Snapshot, JournalError> {
        let folder = self.path_of(offset);
        let path = folder.join(MANIFEST);
        let file = disk::open_readable(&path)?;
        let mut bytes = Vec::new();
        file.take(MANIFEST_BYTES_MAX)
            .read_to_end(&mut bytes)
            .place("read", &path)?;
        let damaged = || damage(&path, offset, 0);
        if bytes.len() < 12 + HASH_BYTES || &bytes[..8] != MAGIC {
            return Err(damaged());
        }
        let (body, hash) = bytes.split_at(bytes.len() - HASH_BYTES);
        if blake3::hash(body) != *hash {
            return Err(damaged());
        }
        let found = u32_at(body, 8);
        if found != FORMAT {
            return Err(JournalError::Newer {
                path,
                found,
                known: FORMAT,
            });
        }
        let snapshot = decode_manifest(body, &folder).ok_or_else(damaged)?;
        if snapshot.offset != offset {
            return Err(damaged());
        }
        Ok(snapshot)
    }

    /// Reads every section of the snapshot at `offset` and keeps none.
    pub fn verify(&self, offset: Offset) -> Result<(), JournalError> {
        let snapshot = self.open(offset)?;
        for section in &snapshot.sections {
            snapshot.read_with(section, |_| {})?;
        }
        Ok(())
    }

    /// Removes one snapshot.
    pub fn remove(&self, offset: Offset) -> Result<(), JournalError> {
        // Under another name first, so that a half-removed one is never listed.
        let (path, beside) = (
            self.path_of(offset),
            self.path_of(offset).with_extension("tmp"),
        );
        remove_folder(&beside)?;
        disk::rename(&path, &beside)?;
        disk::sync_folder(&self.folder)?;
        remove_folder(&beside)
    }

    /// Keeps the newest `keep` snapshots and removes the others; gives what it removed.
    pub fn prune(&self, keep: usize) -> Result<Vec<Offset>, JournalError> {
        let mut offsets = self.list()?;
        offsets.truncate(offsets.len().saturating_sub(keep));
        for offset in &offsets {
            self.remove(*offset)?;
        }
        Ok(offsets)
    }
}

impl SnapshotWriter {
    /// Writes a section whole.
    pub fn section(&mut self, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
        let mut writer = self.begin_section(name)?;
        let path = writer.path.clone();
        writer.write_all(bytes).place("write", &path)?;
        writer.finish()
    }

    /// Begins a section that is written piece by piece. Panics when the name was used or
    /// is not made of lower-case letters, digits and dashes: names are the program's.
    pub fn begin_section(&mut self, name: &str) -> Result<SectionWriter<'_>, JournalError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(!name.is_empty());
        assert!(
            name.bytes().all(plain),
            "a section's name is a plain file name"
        );
        assert!(self.sections.iter().all(|section| section.name != name));
        let path = section_path(&self.beside, name);
        let file = disk::create(&path)?;
        let name = name.to_string();
        Ok(SectionWriter {
            sections: &mut self.sections,
            path,
            file,
            section: Section {
                name,
                raw_bytes: 0,
                chunks: 0,
                hash: [0; HASH_BYTES],
            },
            hasher: blake3::Hasher::new(),
            chunk: Vec::with_capacity(CHUNK_BYTES),
        })
    }

    /// Writes the manifest with the caller's `opaque` bytes in it and makes the snapshot
    /// appear. Gives its folder.
    pub fn finish(self, opaque: &[u8]) -> Result<PathBuf, JournalError> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&length_word(self.sections.len()));
        bytes.extend_from_slice(&self.offset.0.to_le_bytes());
        bytes.extend_from_slice(&(opaque.len() as u64).to_le_bytes());
        bytes.extend_from_slice(opaque);
        for section in &self.sections {
            bytes.extend_from_slice(&length_word(section.name.len()));
            bytes.extend_from_slice(section.name.as_bytes());
            bytes.extend_from_slice(&section.raw_bytes.to_le_bytes());
            bytes.extend_from_slice(&section.chunks.to_le_bytes());
            bytes.extend_from_slice(&section.hash);
        }
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        let path = self.beside.join(MANIFEST);
        let mut file = disk::create(&path)?;
        file.write_all(&bytes).place("write", &path)?;
        disk::sync_all(&file, &path)?;
        disk::sync_folder(&self.beside)?;
        let whole = self.store.path_of(self.offset);
        disk::rename(&self.beside, &whole)?;
        disk::sync_folder(&self.store.folder)?;
        if let Some(dir) = self.store.folder.parent() {
            disk::sync_folder(dir)?;
        }
        Ok(whole)
    }
}

impl SectionWriter<'_> {
    /// Syncs the section and enters it in the manifest.
    pub fn finish(mut self) -> Result<(), JournalError> {
        let path = self.path.clone();
        self.write_chunk().place("write", &path)?;
        disk::sync_all(&self.file, &path)?;
        self.section.hash = *self.hasher.finalize().as_bytes();
        self.sections.push(self.section);
        Ok(())
    }

    fn write_chunk(&mut self) -> std::io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let stored = zstd::bulk::compress(&self.chunk, ZSTD_LEVEL)?;
        let mut header = [0; CHUNK_HEADER_BYTES];
        header[0..4].copy_from_slice(&length_word(stored.len()));
        header[4..8].copy_from_slice(&length_word(self.chunk.len()));
        header[8..12].copy_from_slice(&crc32c::crc32c(&stored).to_le_bytes());
        header[12..16].copy_from_slice(&self.section.chunks.to_le_bytes());
        self.file.write_all(&header)?;
        self.file.write_all(&stored)?;
        self.hasher.update(&self.chunk);
        self.section.raw_bytes += self.chunk.len() as u64;
        self.section.chunks += 1;
        self.chunk.clear();
        Ok(())
    }
}

impl Write for SectionWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        if self.chunk.len() == CHUNK_BYTES {
            self.write_chunk()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Snapshot {
    /// The snapshot's offset, as the store's user counts it.
    pub fn offset(&self) -> Offset {
        self.offset
    }

    /// The caller's bytes in the manifest.
    pub fn opaque(&self) -> &[u8] {
        &self.opaque
    }

    /// The sections, in the order they were written.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Reads and verifies one section. `None` when the snapshot has none of that name.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        let Some(section) = self.sections.iter().find(|section| section.name == name) else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        self.read_with(section, |chunk| bytes.extend_from_slice(chunk))?;
        Ok(Some(bytes))
    }

    /// Hands each chunk of a section to `take`, and verifies the whole at the end.
    fn read_with(
        &self,
        section: &Section,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), JournalError> {
        let path = section_path(&self.folder, &section.name);
        let mut file = BufReader::new(disk::open_readable(&path)?);
        let mut hasher = blake3::Hasher::new();
        let (mut raw_bytes, mut position) = (0, 0);
        let mut stored = Vec::new();
        for number in 0..section.chunks {
            let damaged = || damage(&path, self.offset, position);
            let mut header = [0; CHUNK_HEADER_BYTES];
            file.read_exact(&mut header).map_err(|_| damaged())?;
            let stored_bytes = u32_at(&header, 0) as usize;
            let chunk_bytes = u32_at(&header, 4) as usize;
            let bounded = stored_bytes <= 2 * CHUNK_BYTES && chunk_bytes <= CHUNK_BYTES;
            if !bounded || u32_at(&header, 12) != number {
                return Err(damaged());
            }
            stored.resize(stored_bytes, 0);
            file.read_exact(&mut stored).map_err(|_| damaged())?;
            if crc32c::crc32c(&stored) != u32_at(&header, 8) {
                return Err(damaged());
            }
            let chunk = zstd::bulk::decompress(&stored, chunk_bytes).map_err(|_| damaged())?;
            if chunk.len() != chunk_bytes {
                return Err(damaged());
            }
            hasher.update(&chunk);
            raw_bytes += chunk.len() as u64;
            position += (CHUNK_HEADER_BYTES + stored_bytes) as u64;
            take(&chunk);
        }
        let ended = file.read(&mut [0]).place("read", &path)? == 0;
        let whole = *hasher.finalize().as_bytes() == section.hash;
        if !ended || !whole || raw_bytes != section.raw_bytes {
            return Err(damage(&path, self.offset, position));
        }
        Ok(())
    }
}

fn section_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.section"))
}

fn length_word(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes)
        .expect("chunks, names and section counts are small")
        .to_le_bytes()
}

fn damage(path: &Path, offset: Offset, position: u64) -> JournalError {
    JournalError::Damaged {
        path: path.to_path_buf(),
        offset,
        position,
        reason: Damage::Section,
    }
}

fn remove_folder(path: &Path) -> Result<(), JournalError> {
    match files::remove_folder(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.place("remove", path),
    }
}

/// Reads a manifest whose hash has verified; `None` when its lengths do not add up.
fn decode_manifest(body: &[u8], folder: &Path) -> Option<Snapshot> {
    let mut rest = body.get(12..)?;
    let mut next = |bytes: usize| {
        let (taken, left) = rest.split_at_checked(bytes)?;
        rest = left;
        Some(taken)
    };
    let count = u32_at(next(4)?, 0);
    let offset = Offset(u64_at(next(8)?, 0));
    let opaque_bytes = usize::try_from(u64_at(next(8)?, 0)).ok()?;
    let opaque = next(opaque_bytes)?.to_vec();
    let mut sections = Vec::new();
    for _ in 0..count {
        let name_bytes = u32_at(next(4)?, 0) as usize;
        let name = String::from_utf8(next(name_bytes)?.to_vec()).ok()?;
        let raw_bytes = u64_at(next(8)?, 0);
        let chunks = u32_at(next(4)?, 0);
        let hash = next(HASH_BYTES)?.try_into().ok()?;
        sections.push(Section {
            name,
            raw_bytes,
            chunks,
            hash,
        });
    }
    Some(Snapshot {
        folder: folder.to_path_buf(),
        offset,
        opaque,
        sections,
    })
}
