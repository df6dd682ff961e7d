//! A real node as a child process, and clients that know only its outer names.
//!
//! Ends its children by the id it started; every directory is temporary; ports are free ones.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

pub mod client;
pub mod fix;
pub mod written;

/// The program under test.
pub fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_daybook"))
}

/// A node that takes orders.
pub struct Node {
    child: Child,
    /// What it says on stderr, read as it comes: a full pipe would hold the node up.
    said: Option<JoinHandle<String>>,
    pub http: String,
    pub fix: String,
    ready_line: String,
    pub dir: PathBuf,
    /// Seconds from the start to `ready`.
    pub ready_after: Duration,
}

/// How a node is started.
#[derive(Default, Clone)]
pub struct Start {
    pub segment_bytes: Option<u64>,
    pub environment: Vec<(String, String)>,
    pub config: Option<PathBuf>,
    /// `ulimit -n` and the like, as shell text before the program.
    pub arguments: Vec<String>,
}

/// An account with its key.
#[derive(Clone, Debug)]
pub struct Trader {
    pub key: String,
    pub secret: String,
}

/// Reads a pipe to its end, meanwhile.
fn gathered(mut pipe: ChildStderr) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("stderr is text");
        text
    })
}

/// A test that fails leaves no node behind.
impl Drop for Node {
    fn drop(&mut self) {
        // One that has ended was waited for: neither call does anything then.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a process said when it ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stderr: String,
}

impl Start {
    /// The command line for a data directory.
    pub fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new(binary());
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
            "--fix-listen",
            "127.0.0.1:0",
        ]);
        command.arg("--data-dir").arg(dir);
        if let Some(bytes) = self.segment_bytes {
            command.args(["--segment-bytes", &bytes.to_string()]);
        }
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        command.args(&self.arguments);
        command.envs(self.environment.iter().cloned());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts a node and waits for `ready`.
    pub fn node(&self, dir: &Path) -> Node {
        match self.try_node(dir) {
            Ok(node) => node,
            Err(ended) => panic!("the node did not start: {ended:?}"),
        }
    }

    /// Starts a node; if it ends before `ready`, what it said.
    pub fn try_node(&self, dir: &Path) -> Result<Node, Ended> {
        let started = Instant::now();
        let mut child = self
            .command(dir)
            .spawn()
            .expect("the program can be started");
        let stdout = child.stdout.take().expect("stdout is piped");
        let said = gathered(child.stderr.take().expect("stderr is piped"));
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        if read.is_err() || !line.starts_with("ready ") {
            let status = child.wait().expect("the child can be waited for");
            return Err(Ended {
                code: status.code(),
                stderr: said.join().expect("stderr is text"),
            });
        }
        let named = |name| address(&line, name).expect("ready names the address");
        let (http, fix) = (named("http"), named("fix"));
        Ok(Node {
            child,
            said: Some(said),
            http,
            fix,
            ready_line: line,
            dir: dir.to_path_buf(),
            ready_after: started.elapsed(),
        })
    }
}

impl Node {
    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// An address that the `ready` line names, like `tls`.
    pub fn ready(&self, name: &str) -> Option<String> {
        address(&self.ready_line, name)
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.child.kill().expect("the node can be killed");
        self.child.wait().expect("the node can be waited for");
    }

    /// SIGTERM; what it said at its end.
    pub fn terminate(self) -> Ended {
        let id = rustix::process::Pid::from_raw(self.child.id() as i32).expect("an id");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is ours");
        self.wait(Duration::from_secs(20))
    }

    /// Waits for it to end by itself.
    pub fn wait(mut self, most: Duration) -> Ended {
        let deadline = Instant::now() + most;
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                let said = self.said.take().expect("it ends once");
                return Ended {
                    code: status.code(),
                    stderr: said.join().expect("stderr is text"),
                };
            }
            if Instant::now() > deadline {
                self.child.kill().expect("the node can be killed");
                self.child.wait().expect("the node can be waited for");
                panic!("the node did not end within {most:?}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Runs `daybook ARGS --data-dir DIR --json` and reads its answer.
    pub fn administer(&self, arguments: &[&str]) -> Result<Value, Ended> {
        administer(&self.dir, arguments)
    }

    /// A new account with these deposits, like `USDT=1000`.
    pub fn trader(&self, name: &str, deposits: &[&str]) -> Trader {
        let mut arguments = vec!["account", "create", name];
        for deposit in deposits {
            arguments.extend(["--deposit", deposit]);
        }
        let answer = self.administer(&arguments).expect("the account is created");
        let text = |name: &str| answer[name].as_str().expect("a text").to_string();
        Trader {
            key: text("api_key"),
            secret: text("api_secret"),
        }
    }
}

/// Runs `daybook ARGS --data-dir DIR --json`.
pub fn administer(dir: &Path, arguments: &[&str]) -> Result<Value, Ended> {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .arg("--data-dir")
        .arg(dir)
        .arg("--json");
    run(command)
}

/// Runs a command to its end and reads its JSON.
pub fn run(mut command: Command) -> Result<Value, Ended> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("the program can be started");
    let stderr = String::from_utf8_lossy(&output.stderr).to_string();
    if output.status.code() != Some(0) {
        return Err(Ended {
            code: output.status.code(),
            stderr,
        });
    }
    Ok(serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
}

/// The address of `name=A:P` in a `ready` line.
fn address(line: &str, name: &str) -> Option<String> {
    let mut words = line
        .split_whitespace()
        .filter_map(|word| word.split_once('='));
    words
        .find(|(found, _)| *found == name)
        .map(|(_, address)| address.to_owned())
}
