//! Where a server's program comes from: PATH, a Debian package as root without a service
//! left running, or the same package unpacked where only its files are wanted.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::setup::{self, do_it};
use crate::workspace::Workspace;

/// Where Debian keeps servers; not in every user's PATH.
const FOLDERS: [&str; 3] = ["usr/sbin", "usr/bin", "usr/local/bin"];
/// A package that would start a service asks here first.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// A program and the root of the tree it lies in (`/`, or where it was unpacked).
pub struct Found {
    pub program: PathBuf,
    pub root: PathBuf,
}

/// Finds a program, or gets the package that brings it.
///
/// # Errors
/// When there is no Debian and no such program.
pub fn find(workspace: &Workspace, program: &str, packages: &[&str]) -> Result<Found> {
    if let Some(program) = in_path(program) {
        return Ok(Found {
            program,
            root: PathBuf::from("/"),
        });
    }
    if setup::is_root() {
        install(packages)?;
        if let Some(program) = in_path(program) {
            return Ok(Found {
                program,
                root: PathBuf::from("/"),
            });
        }
        bail!("{} brought no {program}", packages.join(", "));
    }
    let root = unpack(workspace, program, packages)?;
    match FOLDERS
        .into_iter()
        .map(|folder| root.join(folder).join(program))
        .find(|it| it.exists())
    {
        Some(program) => Ok(Found { program, root }),
        None => bail!("{} holds no {program}", packages.join(", ")),
    }
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = FOLDERS
        .into_iter()
        .map(|folder| Path::new("/").join(folder));
    env::split_paths(&path)
        .chain(system)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// As root: installs, and lets no package start its service meanwhile.
fn install(packages: &[&str]) -> Result<()> {
    let ours = !Path::new(POLICY).exists();
    if ours {
        fs::write(POLICY, "#!/bin/sh\nexit 101\n").with_context(|| format!("writing {POLICY}"))?;
        fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755))?;
    }
    let installed = setup::debian_packages(packages);
    if ours {
        fs::remove_file(POLICY).with_context(|| format!("removing {POLICY}"))?;
    }
    installed
}

/// Without root: the packages' files in a folder of the cache.
fn unpack(workspace: &Workspace, program: &str, packages: &[&str]) -> Result<PathBuf> {
    setup::folder(workspace, program, &packages.join(" "), |beside| {
        let mut download = Command::new("apt-get");
        do_it(download.arg("download").args(packages).current_dir(beside))?;
        for entry in fs::read_dir(beside)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "deb") {
                do_it(Command::new("dpkg-deb").arg("-x").arg(&path).arg(beside))?;
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    })
}
