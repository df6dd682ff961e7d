//! A real node on free ports and an empty directory, for clients to talk to.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{self, Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::child;
use crate::workspace::Workspace;

const STOP_LIMIT: Duration = Duration::from_secs(20);

/// A running node; stopped and its directory removed when dropped.
pub struct Node {
    child: Child,
    program: PathBuf,
    directory: PathBuf,
    /// `http://A:P` of the public port.
    pub public: String,
    /// `A:P` of the FIX port.
    pub fix: String,
    admin: String,
}

/// A trader with funds.
pub struct Trader {
    pub api_key: String,
    pub api_secret: String,
}

impl Node {
    /// Starts the release build and waits for its `ready` line.
    ///
    /// # Errors
    /// When it does not start; what it said is on standard error.
    pub fn start(workspace: &Workspace) -> Result<Node> {
        let program = workspace.built("release", "daybook");
        let directory = workspace.target.join(format!("clients-{}", process::id()));
        let free = "127.0.0.1:0";
        let mut child = Command::new(&program)
            .args([
                "serve",
                "--listen",
                free,
                "--admin-listen",
                free,
                "--fix-listen",
                free,
                "--data-dir",
            ])
            .arg(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut output = BufReader::new(child.stdout.take().expect("the output is piped"));
        let mut ready = String::new();
        output
            .read_line(&mut ready)
            .context("reading the ready line")?;
        // The pipe must not fill up, nor be closed under the node.
        thread::spawn(move || output.lines().map_while(Result::ok).for_each(drop));
        let mut node = Node {
            child,
            program,
            directory,
            public: String::new(),
            fix: String::new(),
            admin: String::new(),
        };
        let named = ["http", "admin", "fix"].map(|name| field(&ready, name));
        let [Some(http), Some(admin), Some(fix)] = named else {
            bail!("no ready line but `{}`", ready.trim_end());
        };
        node.fix = fix.to_owned();
        node.public = format!("http://{http}");
        node.admin = format!("http://{admin}");
        Ok(node)
    }

    /// Opens an account by the command that operators use.
    ///
    /// # Errors
    /// When the command refuses or answers something else than its JSON.
    pub fn trader(&self, name: &str, deposits: &[&str], futures: &str) -> Result<Trader> {
        let mut words = vec!["account", "create", name, "--json", "--futures", futures];
        words.extend(deposits.iter().flat_map(|deposit| ["--deposit", deposit]));
        let answer: Value = serde_json::from_slice(&self.operate(&words)?).context("not JSON")?;
        let text = |name: &str| match answer[name].as_str() {
            Some(text) => Ok(text.to_owned()),
            None => bail!("no {name} in {answer}"),
        };
        Ok(Trader {
            api_key: text("api_key")?,
            api_secret: text("api_secret")?,
        })
    }

    /// Sets the index price of a perpetual by hand.
    ///
    /// # Errors
    /// When the command refuses.
    pub fn index_price(&self, [symbol, price]: [&str; 2]) -> Result<()> {
        self.operate(&["price", "index", symbol, price]).map(drop)
    }

    /// What a command of an operator printed.
    fn operate(&self, words: &[&str]) -> Result<Vec<u8>> {
        let mut command = Command::new(&self.program);
        command.args(words).args(["--admin", &self.admin]);
        command
            .arg("--data-dir")
            .arg(&self.directory)
            .stdin(Stdio::null());
        let output = command
            .output()
            .with_context(|| format!("starting `daybook {}`", words.join(" ")))?;
        if !output.status.success() {
            let talk = String::from_utf8_lossy(&output.stderr);
            bail!("daybook {}: {}", words.join(" "), talk.trim());
        }
        Ok(output.stdout)
    }

    /// Stops the node as an operator would and says whether it ended with 0 in time.
    ///
    /// # Errors
    /// When the process cannot be waited for.
    pub fn stop(mut self) -> Result<bool> {
        child::terminate(&self.child);
        let start = Instant::now();
        while start.elapsed() < STOP_LIMIT {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.success());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(false)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // After a clean stop there is nothing to kill: both answers are of no interest.
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.directory));
    }
}

/// `A:P` in `ready http=A:P admin=A:P offset=N`.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let mut words = line.strip_prefix("ready ")?.split_whitespace();
    words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn ports_are_read_from_the_ready_line() {
        let line = "ready http=127.0.0.1:4001 admin=127.0.0.1:4002 offset=17\n";
        assert_eq!(field(line, "http"), Some("127.0.0.1:4001"));
        assert_eq!(field(line, "admin"), Some("127.0.0.1:4002"));
        assert_eq!(field("error", "http"), None);
    }
}
