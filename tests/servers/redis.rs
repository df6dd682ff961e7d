//! A Redis that saves every write, or forgets.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::servers::{Server, free_port, wait_for};

/// A Redis with its data.
pub struct Redis {
    folder: PathBuf,
    port: u16,
    pub server: Server,
}

impl Redis {
    /// A new one in `folder`; waits until it answers.
    ///
    /// # Errors
    /// Why there can be none.
    pub fn start(folder: &Path) -> Result<Redis, String> {
        let found = Command::new("redis-server").arg("--version").output();
        if found.is_err() {
            return Err("no redis-server; `cargo xtask services up` brings it".to_string());
        }
        let folder = folder.join("redis");
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let port = free_port();
        let server = launch(&folder, port);
        let redis = Redis {
            folder,
            port,
            server,
        };
        redis.wait();
        Ok(redis)
    }

    /// `redis://HOST:PORT`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The same server again after a kill; perhaps without what it had saved.
    pub fn restart(&mut self, forget: bool) {
        self.server.kill();
        if forget {
            std::fs::remove_dir_all(&self.folder).expect("it can be removed");
            std::fs::create_dir_all(&self.folder).expect("it can be made");
        }
        self.server = launch(&self.folder, self.port);
        self.wait();
    }

    /// A connection; waits until the server answers.
    pub fn connection(&self) -> redis::Connection {
        let client = redis::Client::open(self.url()).expect("an address");
        let mut connection = None;
        wait_for("Redis", Duration::from_secs(20), || {
            connection = client.get_connection().ok();
            connection
                .as_mut()
                .is_some_and(|it| redis::cmd("PING").exec(it).is_ok())
        });
        connection.expect("it answers")
    }

    /// Sets something, with this password; every other connection is ended, so that a
    /// password counts for all.
    pub fn set(&self, password: &str, (name, value): (&str, &str)) {
        let url = format!("redis://:{password}@127.0.0.1:{}", self.port);
        let url = if password.is_empty() { self.url() } else { url };
        let client = redis::Client::open(url).expect("an address");
        let mut connection = client.get_connection().expect("it answers");
        let set = redis::cmd("CONFIG")
            .arg(&["SET", name, value])
            .exec(&mut connection);
        set.expect("it is set");
        let ended = redis::cmd("CLIENT")
            .arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"])
            .exec(&mut connection);
        ended.expect("they are ended");
    }

    fn wait(&self) {
        drop(self.connection());
    }
}

fn launch(folder: &Path, port: u16) -> Server {
    let mut command = Command::new("redis-server");
    command
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "yes"])
        .arg("--dir")
        .arg(folder);
    Server::start(&mut command, &folder.join("log"))
}
