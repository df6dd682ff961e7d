//! What has to be fetched or prepared once: `target/setup/NAME-HASH/`.
//!
//! A folder is written beside its place and renamed when it is whole, so that whatever lies
//! there is complete; HASH is of the recipe, so that another recipe gives another folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::child::{self, Ending};
use crate::workspace::Workspace;

const TRIES: u32 = 3;
/// What is compiled from source takes minutes of its own.
const LIMIT: Duration = Duration::from_secs(1_800);

/// The folder `NAME-HASH`, made by `make` if it is not there yet. `make` gets an empty
/// folder and is tried three times.
///
/// # Errors
/// When the third try failed too.
pub fn folder(
    workspace: &Workspace,
    name: &str,
    recipe: &str,
    make: impl Fn(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let done = workspace
        .cache
        .join(format!("{name}-{:016x}", hash(recipe)));
    if done.is_dir() {
        return Ok(done);
    }
    println!("preparing {} (once)", done.display());
    let beside = workspace
        .cache
        .join(format!("{name}.{}.part", process::id()));
    let mut tried = 0;
    loop {
        tried += 1;
        clear(&beside)?;
        fs::create_dir_all(&beside).with_context(|| format!("making {}", beside.display()))?;
        match make(&beside) {
            Ok(()) => break,
            Err(error) if tried == TRIES => {
                clear(&beside)?;
                return Err(error.context(format!("{name}: not to be had after {TRIES} tries")));
            }
            Err(error) => println!("try {tried} of {TRIES}: {error:#}"),
        }
        thread::sleep(Duration::from_secs(u64::from(tried)));
    }
    match fs::rename(&beside, &done) {
        // Another xtask was faster; its folder is as good.
        Err(_) if done.is_dir() => clear(&beside)?,
        renamed => renamed.with_context(|| format!("renaming to {}", done.display()))?,
    }
    Ok(done)
}

/// Runs one command of a recipe, its talk on our output.
///
/// # Errors
/// When it cannot be started or does not end with 0.
pub fn do_it(command: &mut Command) -> Result<()> {
    let text = format!("{command:?}");
    match child::pass(command, LIMIT)? {
        Ending::Clean => Ok(()),
        ending => bail!("{text}: {ending:?}"),
    }
}

/// A Python with the packages of `requirements`, in a folder of its own.
///
/// # Errors
/// When there is no Python, or the packages cannot be had.
pub fn python(workspace: &Workspace, requirements: &Path) -> Result<PathBuf> {
    let recipe = fs::read_to_string(requirements)
        .with_context(|| format!("reading {}", requirements.display()))?;
    let made = folder(workspace, "python", &recipe, |beside| {
        virtual_environment(beside)?;
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ];
        do_it(
            Command::new(beside.join("bin/python"))
                .args(pip)
                .arg(requirements)
                // What has no wheel is compiled: for tests, sooner is better than faster.
                .env("CFLAGS", "-O0"),
        )
    })?;
    Ok(made.join("bin/python"))
}

/// Debian keeps the module `venv` in a package of its own: as root it is installed.
fn virtual_environment(at: &Path) -> Result<()> {
    let make = || {
        do_it(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(at),
        )
    };
    if make().is_ok() {
        return Ok(());
    }
    debian_packages(&["python3-venv"])?;
    make()
}

/// Installs Debian packages, as root alone.
///
/// # Errors
/// When we are not root, or they cannot be had.
pub fn debian_packages(names: &[&str]) -> Result<()> {
    if !is_root() {
        bail!("needs {}, and only root may install that", names.join(", "));
    }
    let apt = |words: &[&str]| {
        let mut apt = Command::new("apt-get");
        do_it(apt.args(words).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "--quiet"])?;
    let options = ["install", "--yes", "--quiet", "--no-install-recommends"];
    apt(&[&options, names].concat())
}

/// Whether we are root.
pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    Ok(())
}

/// FNV-1a: short, and equal on every machine and release.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::{folder, hash};
    use crate::workspace::Workspace;
    use std::cell::Cell;
    use std::{env, fs, process};

    #[test]
    fn a_folder_is_made_once_and_only_whole_ones_are_found() {
        let cache = env::temp_dir().join(format!("xtask-setup-{}", process::id()));
        let workspace = Workspace {
            root: cache.clone(),
            target: cache.clone(),
            shared: cache.clone(),
            cache: cache.clone(),
            ci: false,
            environment: Vec::new(),
        };
        let calls = Cell::new(0);
        let make = |beside: &std::path::Path| {
            calls.set(calls.get() + 1);
            fs::write(beside.join("half"), "x")?;
            anyhow::ensure!(calls.get() > 1, "the network was away");
            assert!(beside.join("half").exists());
            Ok(())
        };
        let made = folder(&workspace, "thing", "v1", make).expect("the second try works");
        assert_eq!(calls.get(), 2);
        assert_eq!(
            folder(&workspace, "thing", "v1", make).expect("there already"),
            made
        );
        assert_eq!(calls.get(), 2, "nothing is made twice");
        assert_ne!(hash("v1"), hash("v2"), "another recipe is another folder");
        let left = fs::read_dir(&cache).expect("the cache is there").count();
        assert_eq!(left, 1, "nothing is left beside it");
        fs::remove_dir_all(&cache).expect("the test's own folder");
    }
}
