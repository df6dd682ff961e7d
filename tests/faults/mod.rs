//! What the fault trials need of the machine: a disk whose power can be cut, a shim for
//! failing syncs, a small file system. Everything is undone by a guard.
//!
//! Needs root and loop devices; without them a trial says so loudly and is skipped.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use daybook::demo::dice::Dice;

/// How long the kernel's flusher waits, in hundredths of a second; 0 = never by itself.
const WRITEBACK: &str = "/proc/sys/vm/dirty_writeback_centisecs";

/// Says loudly why a trial does not run.
pub fn skipped(trial: &str, reason: &str) {
    println!("SKIPPED {trial}: {reason}");
}

/// Whether loop devices can be mounted here.
pub fn can_mount() -> bool {
    rustix::process::geteuid().is_root() && Path::new("/dev/loop-control").exists()
}

fn shell(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// A mounted folder that is unmounted at the end.
pub struct Mount {
    pub path: PathBuf,
}

impl Mount {
    /// A tmpfs of so many MiB.
    pub fn tmpfs(path: &Path, mebibytes: u32) -> Result<Mount, String> {
        fs::create_dir_all(path).map_err(|error| error.to_string())?;
        let size = format!("size={mebibytes}m");
        let target = path.display().to_string();
        shell("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &target])?;
        Ok(Mount {
            path: path.to_path_buf(),
        })
    }

    fn image(image: &Path, path: &Path) -> Result<Mount, String> {
        fs::create_dir_all(path).map_err(|error| error.to_string())?;
        let (image, target) = (image.display().to_string(), path.display().to_string());
        // Nothing but an explicit sync reaches the image.
        shell(
            "mount",
            &["-o", "loop,commit=600,noauto_da_alloc", &image, &target],
        )?;
        Ok(Mount {
            path: path.to_path_buf(),
        })
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let target = self.path.display().to_string();
        if shell("umount", &[&target]).is_err() {
            // A file of a killed process may be open for a moment longer.
            let _ = shell("umount", &["-l", &target]);
        }
    }
}

/// An ext4 image on a loop device whose power can be cut.
pub struct Disk {
    folder: PathBuf,
    image: PathBuf,
    mount: Option<Mount>,
    cuts: usize,
    flusher: String,
}

impl Disk {
    /// A new disk of so many MiB, mounted.
    pub fn new(folder: &Path, mebibytes: u64) -> Result<Disk, String> {
        let image = folder.join("disk-0.img");
        let file = fs::File::create(&image).map_err(|error| error.to_string())?;
        file.set_len(mebibytes << 20)
            .map_err(|error| error.to_string())?;
        shell("mkfs.ext4", &["-q", "-F", &image.display().to_string()])?;
        let flusher = fs::read_to_string(WRITEBACK).map_err(|error| error.to_string())?;
        let mount = Mount::image(&image, &folder.join("disk-0"))?;
        fs::write(WRITEBACK, "0").map_err(|error| error.to_string())?;
        let folder = folder.to_path_buf();
        Ok(Disk {
            folder,
            image,
            mount: Some(mount),
            cuts: 0,
            flusher,
        })
    }

    /// Where the disk is mounted.
    pub fn path(&self) -> PathBuf {
        self.mount.as_ref().expect("it is mounted").path.clone()
    }

    /// Cuts the power: what was not synced is gone. With dice, a random half of the pages
    /// of `below` that were not synced reached the disk all the same.
    pub fn cut(&mut self, torn: Option<(&mut Dice, &str)>) -> Result<(), String> {
        self.cuts += 1;
        let image = self.folder.join(format!("disk-{}.img", self.cuts));
        let path = self.folder.join(format!("disk-{}", self.cuts));
        let (from, to) = (
            self.image.display().to_string(),
            image.display().to_string(),
        );
        shell("cp", &["--sparse=always", &from, &to])?;
        let mount = Mount::image(&image, &path)?;
        if let Some((dice, below)) = torn {
            tear(&self.path().join(below), &mount.path.join(below), dice)?;
        }
        self.mount = None;
        fs::remove_file(&self.image).map_err(|error| error.to_string())?;
        self.image = image;
        self.mount = Some(mount);
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.mount = None;
        // The setting of the machine is restored whatever happened.
        let _ = fs::write(WRITEBACK, &self.flusher);
    }
}

/// Copies a random half of the pages that differ from the live files to the crashed ones.
fn tear(live: &Path, crashed: &Path, dice: &mut Dice) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    for entry in fs::read_dir(live).map_err(text)? {
        let path = entry.map_err(text)?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        let target = crashed.join(name);
        if !path.is_file() || !target.is_file() {
            continue;
        }
        let (new, old) = (
            fs::read(&path).map_err(text)?,
            fs::read(&target).map_err(text)?,
        );
        let file = fs::OpenOptions::new()
            .write(true)
            .open(&target)
            .map_err(text)?;
        for (index, page) in new.chunks(4_096).enumerate() {
            let at = index * 4_096;
            let same = old.get(at..at + page.len()) == Some(page);
            if !same && at + page.len() <= old.len() && dice.one_in(2) {
                file.write_all_at(page, at as u64).map_err(text)?;
            }
        }
        file.sync_all().map_err(text)?;
    }
    Ok(())
}

/// Builds the shim; its path goes into LD_PRELOAD.
pub fn sync_shim(folder: &Path) -> Result<PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/sync_faults.c");
    let target = folder.join("sync_faults.so");
    let (from, to) = (source.display().to_string(), target.display().to_string());
    shell("cc", &["-shared", "-fPIC", "-O1", "-o", &to, &from, "-ldl"])?;
    Ok(target)
}
