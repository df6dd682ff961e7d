//! Redis.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::program;
use super::{Place, Server};
use crate::workspace::Workspace;

pub struct Redis;

/// The server's package is a link into the tools.
const PACKAGES: [&str; 2] = ["redis-server", "redis-tools"];

impl Server for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn variable(&self) -> &'static str {
        "DAYBOOK_TEST_REDIS"
    }

    fn start(&self, workspace: &Workspace, place: &Place) -> Result<Command> {
        let server = program::find(workspace, "redis-server", &PACKAGES)?;
        let mut command = Command::new(&server.program);
        command
            .arg("--port")
            .arg(place.port.to_string())
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(&place.folder)
            // Redis rewrites its command line; the configuration file would be lost there.
            .args(["--set-proc-title", "no"]);
        Ok(command)
    }

    fn address(&self, port: u16) -> String {
        format!("redis://127.0.0.1:{port}")
    }

    fn is_ready(&self, place: &Place) -> bool {
        let address = SocketAddr::from(([127, 0, 0, 1], place.port));
        let second = Duration::from_secs(1);
        let Ok(mut stream) = TcpStream::connect_timeout(&address, second) else {
            return false;
        };
        let mut answer = [0; 5];
        stream.set_read_timeout(Some(second)).is_ok()
            && stream.write_all(b"PING\r\n").is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && answer == *b"+PONG"
    }
}
