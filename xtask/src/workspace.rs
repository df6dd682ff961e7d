//! Where things lie: the tree, the build output, the cache, the data from outside.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The folders that every verb asks for, and the two switches of the environment.
#[derive(Clone)]
pub struct Workspace {
    /// The folder of the root `Cargo.toml`.
    pub root: PathBuf,
    /// Where cargo builds; `CARGO_TARGET_DIR` moves it.
    pub target: PathBuf,
    /// Data and tools from outside; `DAYBOOK_SHARED` moves it.
    pub shared: PathBuf,
    /// What was fetched or prepared; `DAYBOOK_CACHE` moves it.
    pub cache: PathBuf,
    /// True with `CI=true`: what cannot be had is then a failure.
    pub ci: bool,
    /// What every program that [`Workspace::cargo`] starts finds in its environment.
    pub environment: Vec<(String, String)>,
}

impl Workspace {
    /// Reads the environment.
    ///
    /// # Errors
    /// When the current directory cannot be named.
    pub fn find() -> Result<Workspace> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("xtask lies in a folder of the workspace")
            .to_path_buf();
        let here = env::current_dir().context("the current directory")?;
        let folder = |name: &str, default: PathBuf| match env::var_os(name) {
            Some(value) => here.join(value),
            None => default,
        };
        let target = folder("CARGO_TARGET_DIR", root.join("target"));
        Ok(Workspace {
            shared: match env::var_os("DAYBOOK_SHARED") {
                Some(value) => root.join(value),
                None => root.join("../shared"),
            },
            cache: folder("DAYBOOK_CACHE", target.join("setup")),
            ci: env::var("CI").is_ok_and(|value| value == "true"),
            environment: Vec::new(),
            target,
            root,
        })
    }

    /// A cargo of the same toolchain, in the root, without standard input.
    pub fn cargo(&self, words: &[&str]) -> Command {
        let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(program);
        command.args(words).current_dir(&self.root);
        command.envs(self.environment.iter().cloned());
        // Set for xtask by its own cargo; a child would take them for its own package.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// The same workspace with more in the environment of its programs.
    pub fn with(&self, environment: &[(String, String)]) -> Workspace {
        Workspace {
            environment: environment.to_vec(),
            ..self.clone()
        }
    }

    /// A program that a profile built, such as `release` and `daybook`.
    pub fn built(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(name)
    }
}
