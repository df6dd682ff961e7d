//! Files and folders: the system's, or those of a simulated disk.
//!
//! The one seam of the simulator. A path below a mounted simulated disk is answered by
//! it; without the feature `simulation` only the system is left and nothing is asked.
//! Absent on purpose: any decision. What an error means is said by `disk` and above.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

#[cfg(feature = "simulation")]
use crate::simulation::{self, handle::Handle};

/// An open file.
#[derive(Debug)]
pub(crate) enum File {
    /// Of the operating system.
    System(fs::File),
    /// Of a simulated disk.
    #[cfg(feature = "simulation")]
    Simulated(Handle),
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// For reading.
    Read,
    /// For reading and writing; it exists.
    Write,
    /// For reading and writing; made, or emptied.
    Create,
    /// For reading and writing; made when it is missing, never emptied.
    Keep,
}

/// Hands the call to the simulated disk that holds the path, if one does.
macro_rules! simulated {
    ($path:expr, |$disk:ident, $inside:ident| $call:expr) => {
        #[cfg(feature = "simulation")]
        if let Some(($disk, $inside)) = simulation::holding($path) {
            return $call;
        }
    };
}

impl File {
    /// Opens or makes a file.
    pub(crate) fn open(path: &Path, mode: Mode) -> io::Result<File> {
        simulated!(path, |disk, inside| disk
            .open(&inside, mode)
            .map(File::Simulated));
        let mut options = fs::OpenOptions::new();
        options.read(true).write(mode != Mode::Read);
        options.create(matches!(mode, Mode::Create | Mode::Keep));
        options.truncate(mode == Mode::Create);
        options.open(path).map(File::System)
    }

    /// The system's file, for mapping; only a simulated disk has others.
    pub(crate) fn of_the_system(&self) -> &fs::File {
        match self {
            File::System(file) => file,
            #[cfg(feature = "simulation")]
            File::Simulated(_) => unreachable!("its memory is mapped instead"),
        }
    }

    /// Bytes of the file.
    pub(crate) fn len(&self) -> io::Result<u64> {
        match self {
            File::System(file) => Ok(file.metadata()?.len()),
            #[cfg(feature = "simulation")]
            File::Simulated(file) => file.len(),
        }
    }

    /// Cuts or extends the file.
    pub(crate) fn set_len(&self, bytes: u64) -> io::Result<()> {
        match self {
            File::System(file) => file.set_len(bytes),
            #[cfg(feature = "simulation")]
            File::Simulated(file) => file.set_len(bytes),
        }
    }

    /// Reserves the first `bytes` on the disk.
    pub(crate) fn allocate(&self, bytes: u64) -> io::Result<()> {
        match self {
            File::System(file) => allocate(file, bytes),
            #[cfg(feature = "simulation")]
            File::Simulated(file) => file.allocate(bytes),
        }
    }

    /// Writes all of `bytes` at a position.
    pub(crate) fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        match self {
            File::System(file) => file.write_all_at(bytes, position),
            #[cfg(feature = "simulation")]
            File::Simulated(file) => file.write_at(bytes, position),
        }
    }

    /// Reads at most the length of `into` at a position.
    pub(crate) fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        match self {
            File::System(file) => file.read_at(into, position),
            #[cfg(feature = "simulation")]
            File::Simulated(file) => file.read_at(into, position),
        }
    }

    /// Makes data and length durable.
    pub(crate) fn sync_all(&self) -> io::Result<()> {
        match self {
            File::System(file) => file.sync_all(),
            #[cfg(feature = "simulation")]
            File::Simulated(file) => file.sync(),
        }
    }

    /// Makes data durable, and the length as far as the data needs it.
    pub(crate) fn sync_data(&self) -> io::Result<()> {
        match self {
            File::System(file) => file.sync_data(),
            #[cfg(feature = "simulation")]
            File::Simulated(file) => file.sync(),
        }
    }

    /// Takes an advisory lock for this process alone.
    pub(crate) fn try_lock(&self) -> Result<(), fs::TryLockError> {
        match self {
            File::System(file) => file.try_lock(),
            #[cfg(feature = "simulation")]
            File::Simulated(file) => file.try_lock(),
        }
    }

    /// Asks for a lock that others may hold as well.
    pub(crate) fn try_lock_shared(&self) -> Result<(), fs::TryLockError> {
        match self {
            File::System(file) => file.try_lock_shared(),
            #[cfg(feature = "simulation")]
            File::Simulated(file) => file.try_lock_shared(),
        }
    }
}

impl Read for File {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            File::System(file) => file.read(into),
            #[cfg(feature = "simulation")]
            File::Simulated(file) => file.read(into),
        }
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            File::System(file) => file.write(bytes),
            #[cfg(feature = "simulation")]
            File::Simulated(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            File::System(file) => file.seek(to),
            #[cfg(feature = "simulation")]
            File::Simulated(file) => file.seek(to),
        }
    }
}

#[cfg(target_os = "linux")]
fn allocate(file: &fs::File, bytes: u64) -> io::Result<()> {
    let length = libc::off_t::try_from(bytes).expect("a segment is at most 16 GiB");
    let code = loop {
        // SAFETY: plain call on a descriptor that `file` keeps open.
        match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, length) } {
            libc::EINTR => {}
            code => break code,
        }
    };
    if code != 0 {
        return Err(io::Error::from_raw_os_error(code));
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn allocate(file: &fs::File, bytes: u64) -> io::Result<()> {
    // The zeros written next take the place of the allocation.
    file.set_len(bytes)
}

/// Whether something has this name.
pub(crate) fn exists(path: &Path) -> bool {
    simulated!(path, |disk, inside| disk.exists(&inside));
    path.exists()
}

/// Whether this is a folder.
pub(crate) fn is_folder(path: &Path) -> bool {
    simulated!(path, |disk, inside| disk.is_folder(&inside));
    path.is_dir()
}

/// A small file whole.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    simulated!(path, |disk, inside| disk.read(&inside));
    fs::read(path)
}

/// Makes a folder and those above it.
pub(crate) fn make_folders(path: &Path) -> io::Result<()> {
    simulated!(path, |disk, inside| disk.make_folders(&inside));
    fs::create_dir_all(path)
}

/// Removes a folder with all in it.
pub(crate) fn remove_folder(path: &Path) -> io::Result<()> {
    simulated!(path, |disk, inside| disk.remove(&inside));
    fs::remove_dir_all(path)
}

/// Removes a file.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    simulated!(path, |disk, inside| disk.remove(&inside));
    fs::remove_file(path)
}

/// Gives a file or folder another name in the same folder.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    simulated!(from, |disk, inside| disk.rename(&inside, to));
    fs::rename(from, to)
}

/// What lies in a folder, in no order.
pub(crate) fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    simulated!(folder, |disk, inside| disk
        .entries(&inside)
        .map(|names| names.iter().map(|name| folder.join(name)).collect()));
    fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect()
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    simulated!(path, |disk, inside| disk.sync_folder(&inside));
    fs::File::open(path)?.sync_all()
}

/// Whether threads beside the caller are stepped by a simulation.
pub(crate) fn is_stepped(path: &Path) -> bool {
    simulated!(path, |_disk, _inside| true);
    let _ = path;
    false
}
