//! `cargo xtask services`: the real servers of the tests, on free ports of this machine.
//!
//! Each server lies in `target/services/NAME`: its data, its log, its process id and its
//! address. An address in the environment (`DAYBOOK_TEST_MYSQL` …) means that somebody else
//! keeps that server: nothing is started then. A new server is a file that implements
//! [`Server`] and a line in [`all`].
//!
//! Reading order: [`Server`], [`up`], [`down`], `program` (where a program comes from), then
//! one file per server.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use crate::maven;
use crate::report;
use crate::workspace::Workspace;

mod process;
mod program;
mod mariadb;
mod redis;
mod kafka;
mod opensearch;

/// A server that tests may ask for.
pub trait Server {
    /// Its folder, and what a user types.
    fn name(&self) -> &'static str;
    /// The variable that tests read its address from.
    fn variable(&self) -> &'static str;
    /// Starts it in an empty folder, on this port.
    ///
    /// # Errors
    /// When its program is not to be had, or it does not start.
    fn start(&self, workspace: &Workspace, place: &Place) -> Result<Command>;
    /// Its address for the tests.
    fn address(&self, port: u16) -> String;
    /// Whether it answers by now.
    fn is_ready(&self, place: &Place) -> bool;
    /// How long it may take to answer.
    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }
}

/// Where one server lives.
pub struct Place {
    pub folder: PathBuf,
    pub port: u16,
}

/// Every server, in the order in which they start.
fn all() -> Vec<Box<dyn Server>> {
    vec![
        Box::new(mariadb::MariaDb),
        Box::new(redis::Redis),
        Box::new(kafka::Kafka),
        Box::new(opensearch::OpenSearch),
    ]
}

/// The servers of one run of tests: Kafka and search only if their sinks were built.
fn of_tests(outflow: bool) -> Vec<Box<dyn Server>> {
    let mut servers = all();
    servers.retain(|server| outflow || !matches!(server.name(), "kafka" | "opensearch"));
    servers
}

/// Start and stop the real servers of the tests (MariaDB, Redis, Kafka, OpenSearch)
#[derive(Subcommand)]
pub enum Services {
    /// Start them, or those named, and print their addresses as `VARIABLE=ADDRESS`.
    Up { names: Vec<String> },
    /// Stop them, or those named, and remove their data.
    Down { names: Vec<String> },
    /// Fetch what Kafka and OpenSearch are made of, and start nothing.
    Fetch,
}

impl Services {
    /// Runs the verb.
    ///
    /// # Errors
    /// An unknown name.
    pub fn run(self, workspace: &Workspace) -> Result<ExitCode> {
        match self {
            Services::Up { names } => {
                let mut missing = false;
                for server in chosen(&names)? {
                    match up(workspace, server.as_ref()) {
                        Ok(address) => println!("{}={address}", server.variable()),
                        Err(error) => {
                            report::skipped(server.name(), &format!("{error:#}"));
                            missing = true;
                        }
                    }
                }
                Ok(ExitCode::from(u8::from(missing && workspace.ci)))
            }
            Services::Fetch => {
                println!("{}", maven::kafka(workspace)?.display());
                println!("{}", maven::opensearch(workspace)?.display());
                Ok(ExitCode::SUCCESS)
            }
            Services::Down { names } => {
                for server in chosen(&names)? {
                    down(workspace, server.name())?;
                }
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

fn chosen(names: &[String]) -> Result<Vec<Box<dyn Server>>> {
    let mut servers = all();
    let known: Vec<_> = servers.iter().map(|server| server.name()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!(
            "no server is called {unknown}; there is {}",
            known.join(", ")
        );
    }
    servers.retain(|server| names.is_empty() || names.iter().any(|name| name == server.name()));
    Ok(servers)
}

/// Servers for one run of tests; those that it started are stopped at its end.
pub struct Running<'a> {
    workspace: &'a Workspace,
    started: Vec<&'static str>,
    /// Variables and addresses of all that answer.
    pub environment: Vec<(String, String)>,
}

impl Running<'_> {
    /// Starts what can be had; each that cannot is told loudly and counted.
    pub fn start(workspace: &Workspace, outflow: bool) -> (Running<'_>, report::Tally) {
        let mut running = Running {
            workspace,
            started: Vec::new(),
            environment: Vec::new(),
        };
        let mut tally = report::Tally::default();
        for server in of_tests(outflow) {
            let was_there = folder(workspace, server.name()).exists();
            match up(workspace, server.as_ref()) {
                Ok(address) => {
                    println!("{}={address}", server.variable());
                    let variable = server.variable().to_string();
                    running.environment.push((variable, address));
                    if !was_there {
                        running.started.push(server.name());
                    }
                    tally.add(report::Tally::PASSED);
                }
                Err(error) => tally.add(report::skipped(server.name(), &format!("{error:#}"))),
            }
        }
        (running, tally)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        for name in &self.started {
            if let Err(error) = down(self.workspace, name) {
                println!("{name} was not stopped: {error:#}");
            }
        }
    }
}

fn folder(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.target.join("services").join(name)
}

/// The address of a server that answers: the one given, the running one, or a new one.
fn up(workspace: &Workspace, server: &dyn Server) -> Result<String> {
    if let Ok(given) = env::var(server.variable())
        && !given.is_empty()
    {
        return Ok(given);
    }
    let folder = folder(workspace, server.name());
    if let Some(place) = running(&folder)
        && server.is_ready(&place)
    {
        return Ok(server.address(place.port));
    }
    down(workspace, server.name())?;
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let place = Place {
        folder,
        port: free_port()?,
    };
    let outcome = launch(workspace, server, &place);
    if outcome.is_err() {
        down(workspace, server.name())?;
    }
    outcome
}

fn launch(workspace: &Workspace, server: &dyn Server, place: &Place) -> Result<String> {
    let log = fs::File::create(place.folder.join("log"))?;
    let mut command = server.start(workspace, place)?;
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    process::own_group(&mut command);
    let mut child = command
        .spawn()
        .with_context(|| format!("starting {}", server.name()))?;
    fs::write(place.folder.join("pid"), child.id().to_string())?;
    fs::write(place.folder.join("port"), place.port.to_string())?;
    let deadline = Instant::now() + server.patience();
    while !server.is_ready(place) {
        if let Some(status) = child.try_wait()? {
            bail!("it ended with {status}; {}", last_words(&place.folder));
        }
        if Instant::now() > deadline {
            bail!("it does not answer; {}", last_words(&place.folder));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(server.address(place.port))
}

/// The end of a server's log, on one line.
fn last_words(folder: &Path) -> String {
    let log = fs::read(folder.join("log")).unwrap_or_default();
    let text = String::from_utf8_lossy(&log);
    let lines: Vec<_> = text.lines().rev().take(3).collect();
    let lines: Vec<_> = lines.into_iter().rev().collect();
    format!("its log ends: {}", lines.join(" | "))
}

fn running(folder: &Path) -> Option<Place> {
    let number = |name| fs::read_to_string(folder.join(name)).ok()?.parse().ok();
    let id: u32 = number("pid")?;
    let port = u16::try_from(number("port")?).ok()?;
    let folder = folder.to_path_buf();
    process::is_ours(id, &folder).then_some(Place { folder, port })
}

/// Stops a server that we started and removes its folder.
fn down(workspace: &Workspace, name: &str) -> Result<()> {
    let folder = folder(workspace, name);
    if !folder.exists() {
        return Ok(());
    }
    if let Ok(text) = fs::read_to_string(folder.join("pid"))
        && let Ok(id) = text.parse()
    {
        process::stop(id, &folder);
    }
    fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))
}

/// A port that nobody uses at this moment.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::{all, chosen};

    #[test]
    fn names_choose_servers_and_unknown_ones_are_refused() {
        assert_eq!(chosen(&[]).expect("all").len(), all().len());
        let one = chosen(&["redis".to_string()]).expect("it exists");
        assert_eq!(one[0].variable(), "DAYBOOK_TEST_REDIS");
        assert!(chosen(&["rdis".to_string()]).is_err());
    }
}
