//! One node of OpenSearch without plugins. It refuses to run as root: then it is `nobody`.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Place, Server, free_port};
use crate::maven;
use crate::setup;
use crate::workspace::Workspace;

pub struct OpenSearch;

/// The user and group `nobody` of every Linux.
const NOBODY: u32 = 65_534;

impl Server for OpenSearch {
    fn name(&self) -> &'static str {
        "opensearch"
    }

    fn variable(&self) -> &'static str {
        "DAYBOOK_TEST_SEARCH"
    }

    fn start(&self, workspace: &Workspace, place: &Place) -> Result<Command> {
        let home = home_of(&maven::opensearch(workspace)?)?;
        let server = std::path::absolute(place.folder.join("server"))?;
        setup::do_it(Command::new("cp").arg("-r").arg(home).arg(&server))?;
        let settings = configuration(place.port, free_port()?);
        fs::write(server.join("config/opensearch.yml"), settings)?;
        let mut command = Command::new("bash");
        command
            .arg(server.join("bin/opensearch"))
            .env("OPENSEARCH_JAVA_HOME", java_home()?)
            .env(
                "OPENSEARCH_JAVA_OPTS",
                "-Xms128m -Xmx256m -XX:TieredStopAtLevel=1",
            )
            .current_dir(&server);
        if setup::is_root() {
            hand_over(&server)?;
            command.uid(NOBODY).gid(NOBODY).env("HOME", &server);
        }
        Ok(command)
    }

    fn address(&self, port: u16) -> String {
        format!("http://127.0.0.1:{port}")
    }

    fn is_ready(&self, place: &Place) -> bool {
        status(place.port).is_some_and(|status| status == "200")
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(240)
    }
}

/// The status of the cluster's health, by the least of HTTP.
fn status(port: u16) -> Option<String> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let path = "/_cluster/health?wait_for_status=yellow&timeout=1s";
    let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).ok()?;
    String::from_utf8(answer[9..].to_vec()).ok()
}

/// The folder with `bin` in what was unpacked.
fn home_of(unpacked: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(unpacked)? {
        let path = entry?.path();
        if path.join("bin/opensearch").is_file() {
            return Ok(path);
        }
    }
    anyhow::bail!("no bin/opensearch below {}", unpacked.display())
}

/// Where the `java` of PATH lies: OpenSearch wants a home, not a program.
fn java_home() -> Result<PathBuf> {
    let output = Command::new("sh")
        .args(["-c", "command -v java"])
        .output()?;
    let program = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let program = fs::canonicalize(&program).context("no java on PATH")?;
    let home = program.parent().and_then(Path::parent);
    Ok(home.context("java lies in no bin folder")?.to_path_buf())
}

/// Everything below belongs to `nobody`.
fn hand_over(folder: &Path) -> Result<()> {
    let mut open = vec![folder.to_path_buf()];
    while let Some(path) = open.pop() {
        chown(&path, Some(NOBODY), Some(NOBODY))?;
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                open.push(entry?.path());
            }
        }
    }
    Ok(())
}

fn configuration(port: u16, transport: u16) -> String {
    format!(
        "cluster.name: daybook-tests\nnode.name: one\nnetwork.host: 127.0.0.1\n\
         http.port: {port}\ntransport.port: {transport}\ndiscovery.type: single-node\n\
         cluster.routing.allocation.disk.threshold_enabled: false\n"
    )
}
