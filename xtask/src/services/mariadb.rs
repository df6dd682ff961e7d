//! MariaDB, which speaks MySQL's protocol: no MySQL server is in Debian.

use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::program::{self, Found};
use super::{Place, Server};
use crate::setup::{self, do_it};
use crate::workspace::Workspace;

pub struct MariaDb;

/// `mariadb-server-core` holds both programs and starts no service; what makes the first
/// tables asks a program of `mariadb-client-core`.
const PACKAGES: [&str; 2] = ["mariadb-server-core", "mariadb-client-core"];
/// What the unpacked program needs besides.
const LIBRARIES: [&str; 8] = [
    "mariadb-server-core",
    "mariadb-client-core",
    "mariadb-common",
    "libnuma1",
    "libaio1",
    "liburing2",
    "libsnappy1v5",
    "galera-4",
];

impl Server for MariaDb {
    fn name(&self) -> &'static str {
        "mysql"
    }

    fn variable(&self) -> &'static str {
        "DAYBOOK_TEST_MYSQL"
    }

    fn start(&self, workspace: &Workspace, place: &Place) -> Result<Command> {
        let packages: &[&str] = if setup::is_root() {
            &PACKAGES
        } else {
            &LIBRARIES
        };
        let server = program::find(workspace, "mariadbd", packages)?;
        let installer = program::find(workspace, "mariadb-install-db", packages)?;
        let data = place.folder.join("data");
        if setup::is_root() {
            // The unpacked packages lie in one folder; installed ones may be there in part.
            program::find(workspace, "my_print_defaults", packages)?;
        }
        let mut install = with_libraries(&installer);
        install
            .args(["--no-defaults", "--auth-root-authentication-method=normal"])
            .arg("--skip-test-db")
            .arg(format!("--datadir={}", data.display()));
        if setup::is_root() {
            install.arg("--user=root");
        }
        if server.root.as_os_str() != "/" {
            let base = server.root.join("usr");
            install.arg(format!("--basedir={}", base.display()));
        }
        let log = fs::File::create(place.folder.join("install.log"))?;
        do_it(install.stderr(log))?;
        let mut command = with_libraries(&server);
        command
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--port={}", place.port))
            .arg("--bind-address=127.0.0.1")
            // Beside the data: a path as long as a workspace's may be too long for a socket.
            .arg("--socket=s")
            .arg(format!("--pid-file={}", data.join("own.pid").display()))
            .arg("--innodb-buffer-pool-size=64M")
            .arg("--skip-name-resolve");
        if setup::is_root() {
            command.arg("--user=root");
        }
        Ok(command)
    }

    fn address(&self, port: u16) -> String {
        format!("mysql://root@127.0.0.1:{port}")
    }

    /// A ready server greets whoever connects.
    fn is_ready(&self, place: &Place) -> bool {
        let address = SocketAddr::from(([127, 0, 0, 1], place.port));
        let second = Duration::from_secs(1);
        let Ok(mut stream) = TcpStream::connect_timeout(&address, second) else {
            return false;
        };
        let mut greeting = [0; 5];
        let patient = stream.set_read_timeout(Some(second)).is_ok();
        // The fifth byte is the version of the protocol.
        patient && stream.read_exact(&mut greeting).is_ok() && greeting[4] == 10
    }
}

/// An unpacked program finds the libraries that were unpacked with it.
fn with_libraries(found: &Found) -> Command {
    let mut command = Command::new(&found.program);
    if found.root.as_os_str() != "/" {
        let libraries = found.root.join("usr/lib").join(triple());
        command.env("LD_LIBRARY_PATH", libraries);
    }
    command
}

fn triple() -> String {
    format!("{}-linux-gnu", std::env::consts::ARCH)
}
