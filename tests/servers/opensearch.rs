//! One node of OpenSearch without plugins; as root it runs as `nobody`.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::servers::{Server, free_port, prepared, wait_for};

/// The user and group `nobody` of every Linux.
const NOBODY: u32 = 65_534;
/// A cold start on two busy cores.
const START: Duration = Duration::from_secs(180);

/// A node with its data.
pub struct OpenSearch {
    folder: PathBuf,
    /// `http://HOST:PORT`.
    pub url: String,
    pub server: Server,
}

impl OpenSearch {
    /// A new node in `folder`; waits until it answers.
    ///
    /// # Errors
    /// Why there can be none: no Java, nothing unpacked.
    pub fn start(folder: &Path) -> Result<OpenSearch, String> {
        let unpacked = prepared("DAYBOOK_OPENSEARCH", "opensearch")?;
        let entries = std::fs::read_dir(&unpacked).map_err(|error| error.to_string())?;
        let homes = entries.flatten().map(|entry| entry.path());
        let home = homes
            .into_iter()
            .find(|path| path.join("bin/opensearch").is_file());
        let home = home.ok_or(format!("no bin/opensearch below {}", unpacked.display()))?;
        let place = folder.join("opensearch");
        let copied = Command::new("cp").arg("-r").arg(home).arg(&place).status();
        if !copied.is_ok_and(|status| status.success()) {
            return Err(format!("cannot copy to {}", place.display()));
        }
        let (port, transport) = (free_port(), free_port());
        let settings = format!(
            "cluster.name: daybook-faults\nnode.name: one\nnetwork.host: 127.0.0.1\n\
             http.port: {port}\ntransport.port: {transport}\ndiscovery.type: single-node\n\
             cluster.routing.allocation.disk.threshold_enabled: false\n"
        );
        let file = place.join("config/opensearch.yml");
        std::fs::write(&file, settings).map_err(|error| error.to_string())?;
        if rustix::process::getuid().is_root() {
            hand_over(folder, &place).map_err(|error| error.to_string())?;
        }
        let server = launch(&place);
        let started = OpenSearch {
            folder: place,
            url: format!("http://127.0.0.1:{port}"),
            server,
        };
        started.wait();
        Ok(started)
    }

    /// The same node again, after a kill.
    pub fn restart(&mut self) {
        self.server.kill();
        self.server = launch(&self.folder);
    }

    fn wait(&self) {
        let health = format!(
            "{}/_cluster/health?wait_for_status=yellow&timeout=1s",
            self.url
        );
        wait_for("OpenSearch", START, || ureq::get(&health).call().is_ok());
    }
}

fn launch(place: &Path) -> Server {
    let java = Command::new("sh")
        .args(["-c", "readlink -f $(command -v java)"])
        .output()
        .expect("there is a shell");
    let java = PathBuf::from(String::from_utf8_lossy(&java.stdout).trim());
    let home = java
        .parent()
        .and_then(Path::parent)
        .expect("java lies in a home");
    let mut command = Command::new("bash");
    let options = "-Xms128m -Xmx256m -XX:TieredStopAtLevel=1";
    command
        .arg(place.join("bin/opensearch"))
        .env("OPENSEARCH_JAVA_HOME", home)
        .env("OPENSEARCH_JAVA_OPTS", options)
        .current_dir(place);
    if rustix::process::getuid().is_root() {
        command.uid(NOBODY).gid(NOBODY).env("HOME", place);
    }
    let log = place.with_extension("log");
    Server::start(&mut command, &log)
}

/// Everything in `place` belongs to `nobody`, who may pass through `folder`.
fn hand_over(folder: &Path, place: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    let mut open = vec![place.to_path_buf()];
    while let Some(path) = open.pop() {
        chown(&path, Some(NOBODY), Some(NOBODY))?;
        if path.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                open.push(entry?.path());
            }
        }
    }
    Ok(())
}
