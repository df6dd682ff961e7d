//! One broker of Apache Kafka that is its own controller.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{Place, Server, free_port};
use crate::maven;
use crate::workspace::Workspace;

pub struct Kafka;

/// What a test's broker needs: little memory, and a soon start.
const JAVA: [&str; 4] = [
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
];

impl Server for Kafka {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn variable(&self) -> &'static str {
        "DAYBOOK_TEST_KAFKA"
    }

    fn start(&self, workspace: &Workspace, place: &Place) -> Result<Command> {
        let libraries = maven::kafka(workspace)?;
        let classpath = format!("{}/*", libraries.display());
        let properties = place.folder.join("server.properties");
        fs::write(&properties, configuration(place, free_port()?))?;
        let file = properties.display().to_string();
        let id = tool(&classpath, &["random-uuid"])?;
        tool(&classpath, &["format", "-t", &id, "-c", &file])?;
        let mut command = Command::new("java");
        command
            .args(JAVA)
            .args(["-cp", &classpath, "kafka.Kafka"])
            .arg(properties);
        Ok(command)
    }

    fn address(&self, port: u16) -> String {
        format!("127.0.0.1:{port}")
    }

    /// A broker opens its port when it has caught up with its controller.
    fn is_ready(&self, place: &Place) -> bool {
        let address = SocketAddr::from(([127, 0, 0, 1], place.port));
        TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(120)
    }
}

fn tool(classpath: &str, words: &[&str]) -> Result<String> {
    let mut command = Command::new("java");
    command
        .args(JAVA)
        .args(["-cp", classpath, "kafka.tools.StorageTool"]);
    let output = command.args(words).output().context("starting java")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("StorageTool {words:?}: {}", said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn configuration(place: &Place, controller: u16) -> String {
    let (port, data) = (place.port, absolute(&place.folder.join("data")));
    format!(
        "process.roles=broker,controller\nnode.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
         controller.listener.names=CONTROLLER\nlog.dirs={data}\n\
         offsets.topic.replication.factor=1\noffsets.topic.num.partitions=1\n\
         transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=4\ngroup.initial.rebalance.delay.ms=0\n\
         auto.create.topics.enable=false\nlog.cleaner.dedupe.buffer.size=16777216\n"
    )
}

fn absolute(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    path.display().to_string()
}
