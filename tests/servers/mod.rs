//! Real servers that a test may kill: each in a directory and on ports of its own.
//!
//! What they are made of lies in folders that `cargo xtask test` prepares; without it a test
//! that needs them is skipped with a loud line.

use std::net::TcpListener;
use std::path::Path;
#[cfg(all(feature = "kafka", feature = "search"))]
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

#[cfg(all(feature = "kafka", feature = "search"))]
pub mod kafka;
#[cfg(all(feature = "kafka", feature = "search"))]
pub mod opensearch;
pub mod redis;

/// A server process, killed when dropped.
pub struct Server {
    child: Option<Child>,
    paused: bool,
}

impl Server {
    /// Starts it with its talk in `log`.
    pub fn start(command: &mut Command, log: &Path) -> Server {
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log);
        let file = file.expect("the log can be written");
        let other = file.try_clone().expect("a handle can be copied");
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(other)
            .spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Server {
            child: Some(child),
            paused: false,
        }
    }

    fn id(&self) -> Pid {
        let child = self.child.as_ref().expect("it runs");
        Pid::from_raw(child.id() as i32).expect("an id")
    }

    /// kill -9.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it can be waited for");
        }
        self.paused = false;
    }

    /// SIGSTOP: it holds its connections and answers nothing.
    pub fn pause(&mut self) {
        kill_process(self.id(), Signal::STOP).expect("it is ours");
        self.paused = true;
    }

    /// SIGCONT.
    pub fn resume(&mut self) {
        if self.paused {
            kill_process(self.id(), Signal::CONT).expect("it is ours");
            self.paused = false;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that is free now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it has an address").port()
}

#[cfg(all(feature = "kafka", feature = "search"))]
/// A folder that xtask prepared: by `variable`, or the newest `NAME-*` of its cache.
pub fn prepared(variable: &str, name: &str) -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(PathBuf::from(path));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or(root.join("target"), |path| root.join(path));
    let cache = std::env::var_os("DAYBOOK_CACHE");
    let cache = cache.map_or(target.join("setup"), |path| root.join(path));
    let entries = std::fs::read_dir(&cache).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            let file = path.file_name().map(|it| it.to_string_lossy().into_owned());
            file.is_some_and(|file| file.starts_with(&format!("{name}-")))
        })
        .collect();
    found.sort_by_key(|path| path.metadata().and_then(|it| it.modified()).ok());
    found.pop().ok_or_else(|| {
        format!(
            "no {name}-* in {}: run `cargo xtask services fetch`",
            cache.display()
        )
    })
}

/// Asks until something is true.
pub fn wait_for(what: &str, most: Duration, mut fact: impl FnMut() -> bool) {
    let deadline = Instant::now() + most;
    while !fact() {
        assert!(Instant::now() < deadline, "{what}: not within {most:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
