//! Flags, file and environment become one validated [`Config`].
//!
//! Everything that can be refused before a file of the venue is opened is refused here,
//! with the key and the line. Reading order: this file, `outlets` (servers by address), `index`
//! (venues that are asked for prices).

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::index::Index;
use crate::config::outlets::{Kafka, Redis, Search, Telemetry};
use crate::edge::tls::Files;
use crate::failure::{Exit, Failure};

pub mod outlets;
pub mod index;

/// What a node needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
    /// Where FIX listens; `None` asks for 9878 and takes a free port if that is in use.
    pub fix_listen: Option<SocketAddr>,
    pub segment_bytes: u64,
    pub segments_ahead: u32,
    /// Commands in the ring; a power of two.
    pub ring_commands: usize,
    /// The follower writes a snapshot after so many commands; 0 = never by itself.
    pub snapshot_commands: u64,
    pub accept_time: bool,
    pub sql: Sql,
    /// A second public listener that speaks TLS.
    pub tls: Option<Tls>,
    pub live: Live,
    /// Where events go as messages; nowhere unless configured.
    pub kafka: Option<Kafka>,
    pub search: Search,
    pub redis: Option<Redis>,
    /// Where traces go; nowhere unless configured.
    pub telemetry: Option<Telemetry>,
    /// Who is asked for index prices; nobody unless configured.
    pub index: Index,
    /// The file that `live` came from, read again when it changes.
    pub file: Option<PathBuf>,
}

/// What may change while the node runs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Live {
    pub deny: Deny,
    pub limits: Limits,
}

/// How fast one address may come; its weight a minute is the venue's and journaled.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests a second; 0 = as many as the weight allows.
    pub requests_per_second: u32,
    /// Seconds in which a connection has to bring the whole head of its next request.
    pub idle_seconds: u64,
}

impl Default for Limits {
    /// As nginx: idle connections live 75 seconds.
    fn default() -> Limits {
        Limits {
            requests_per_second: 0,
            idle_seconds: 75,
        }
    }
}

/// Where TLS listens, and with what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tls {
    pub listen: SocketAddr,
    pub files: Files,
}

/// `[tls]` as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TlsFile {
    listen: Option<SocketAddr>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

/// Who is turned away with 403.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deny {
    pub addresses: BTreeSet<IpAddr>,
    pub accounts: BTreeSet<u32>,
}

/// The read models: servers beside the file in the data directory, and how often all are
/// compared with the journal.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sql {
    /// MySQL or MariaDB; several share the accounts between them.
    pub servers: Vec<String>,
    /// Where history is read instead: one for each of `servers`, or none.
    pub replicas: Vec<String>,
    /// The rows are compared with a replay of the journal every so many seconds; 0 = never.
    pub reconcile_seconds: u64,
}

impl Default for Sql {
    fn default() -> Sql {
        Sql {
            servers: Vec::new(),
            replicas: Vec::new(),
            reconcile_seconds: 3_600,
        }
    }
}

impl Sql {
    fn check(&self) -> Result<(), String> {
        if !self.replicas.is_empty() && self.replicas.len() != self.servers.len() {
            let (replicas, servers) = (self.replicas.len(), self.servers.len());
            return Err(format!(
                "replicas = {replicas} of {servers}: one for each server"
            ));
        }
        for address in self.servers.iter().chain(&self.replicas) {
            projections::sql::server::parse(address)?;
        }
        Ok(())
    }
}

/// The file as written; every key is optional.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    listen: Option<SocketAddr>,
    admin_listen: Option<SocketAddr>,
    fix_listen: Option<SocketAddr>,
    segment_bytes: Option<u64>,
    segments_ahead: Option<u32>,
    ring_commands: Option<usize>,
    snapshot_commands: Option<u64>,
    sql: Sql,
    tls: TlsFile,
    deny: Deny,
    limits: Limits,
    kafka: Option<Kafka>,
    search: Search,
    redis: Option<Redis>,
    telemetry: Option<Telemetry>,
    index: Index,
}

/// The flags of `daybook serve`; each wins over the file.
#[derive(clap::Args, Clone, Debug)]
pub struct Flags {
    /// The data directory: journal, events, snapshots, keys, read models.
    #[arg(long, value_name = "DIR")]
    pub data_dir: PathBuf,
    /// A configuration file; `config/daybook.example.toml` explains every key.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Public address of REST and sockets; port 0 picks a free one [default: 127.0.0.1:8080].
    #[arg(long, value_name = "A:P")]
    pub listen: Option<SocketAddr>,
    /// Administration, metrics and health [default: 127.0.0.1:8081].
    #[arg(long, value_name = "A:P")]
    pub admin_listen: Option<SocketAddr>,
    /// FIX 4.4; port 0 picks a free one [default: 127.0.0.1:9878, or a free port if it is taken].
    #[arg(long, value_name = "A:P")]
    pub fix_listen: Option<SocketAddr>,
    /// The certificate chain of the TLS listener, PEM; one for all names. Read again on change.
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key, PEM.
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Where TLS listens beside the public address [default: 127.0.0.1:8443].
    #[arg(long, value_name = "A:P")]
    pub tls_listen: Option<SocketAddr>,
    /// Which roles of the venue run in this process.
    #[arg(long, default_value = "all")]
    pub roles: String,
    /// Size of a new journal segment in bytes, from 65536 [default: 268435456].
    #[arg(long, value_name = "N")]
    pub segment_bytes: Option<u64>,
    /// Start although the clock is more than an hour away from the journal's last frame.
    #[arg(long)]
    pub accept_time: bool,
}

/// The smallest segment, in bytes.
const SEGMENT_BYTES_MIN: u64 = 64 * 1024;

impl Config {
    /// Joins flags and file.
    ///
    /// # Errors
    /// [`Exit::Config`] with key and line, [`Exit::Usage`] for a flag.
    pub fn load(flags: &Flags) -> Result<Config, Failure> {
        let file = match &flags.config {
            Some(path) => read_file(path)?,
            None => File::default(),
        };
        crate::roles::parse(&flags.roles)?;
        let config = Config {
            data_dir: flags.data_dir.clone(),
            listen: flags
                .listen
                .or(file.listen)
                .unwrap_or(([127, 0, 0, 1], 8080).into()),
            admin_listen: flags
                .admin_listen
                .or(file.admin_listen)
                .unwrap_or(([127, 0, 0, 1], 8081).into()),
            fix_listen: flags.fix_listen.or(file.fix_listen),
            segment_bytes: flags
                .segment_bytes
                .or(file.segment_bytes)
                .unwrap_or(256 << 20),
            segments_ahead: file.segments_ahead.unwrap_or(1),
            ring_commands: file.ring_commands.unwrap_or(4_096),
            snapshot_commands: file.snapshot_commands.unwrap_or(2_000_000),
            accept_time: flags.accept_time,
            sql: file.sql,
            tls: tls(flags, &file.tls)?,
            live: Live {
                deny: file.deny,
                limits: file.limits,
            },
            kafka: file.kafka,
            search: file.search,
            redis: file.redis,
            telemetry: file.telemetry,
            index: file.index,
            file: flags.config.clone(),
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Failure> {
        let refuse = |line: String| Err(Failure::new(Exit::Config, line));
        if self.segment_bytes < SEGMENT_BYTES_MIN || !self.segment_bytes.is_multiple_of(4096) {
            return refuse(format!(
                "segment_bytes = {}: at least {SEGMENT_BYTES_MIN} and a multiple of 4096",
                self.segment_bytes
            ));
        }
        if let Err(line) = self.sql.check() {
            return refuse(format!("[sql] {line}"));
        }
        if !self.ring_commands.is_power_of_two() || self.ring_commands < 64 {
            return refuse(format!(
                "ring_commands = {}: a power of two, at least 64",
                self.ring_commands
            ));
        }
        if let Some(Err(line)) = self.kafka.as_ref().map(Kafka::check) {
            return refuse(line);
        }
        if let Err(line) = self.search.check() {
            return refuse(line);
        }
        if let Some(Err(line)) = self.redis.as_ref().map(Redis::check) {
            return refuse(line);
        }
        if let Some(Err(line)) = self.telemetry.as_ref().map(Telemetry::check) {
            return refuse(line);
        }
        if let Err(line) = self.index.check() {
            return refuse(line);
        }
        if !self.admin_listen.ip().is_loopback() && !self.admin_listen.ip().is_unspecified() {
            tracing::warn!(address = %self.admin_listen, "administration is not on loopback");
        }
        Ok(())
    }
}

/// TLS as flags and file ask for it: nothing, or certificate and key.
fn tls(flags: &Flags, file: &TlsFile) -> Result<Option<Tls>, Failure> {
    let certificate = flags.tls_cert.clone().or_else(|| file.certificate.clone());
    let key = flags.tls_key.clone().or_else(|| file.key.clone());
    let listen = flags.tls_listen.or(file.listen);
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some(Tls {
            listen: listen.unwrap_or(([127, 0, 0, 1], 8443).into()),
            files: Files { certificate, key },
        })),
        (None, None) if listen.is_none() => Ok(None),
        _ => {
            let line = "tls: certificate and key belong together (--tls-cert and --tls-key)";
            Err(Failure::new(Exit::Config, line))
        }
    }
}

/// Reads `[deny]` and `[limits]` again; used when the file has changed.
///
/// # Errors
/// [`Exit::Config`] with key and line; the caller keeps what it has.
pub fn read_live(path: &Path) -> Result<Live, Failure> {
    read_file(path).map(|file| Live {
        deny: file.deny,
        limits: file.limits,
    })
}

/// Reads `[sql]` alone, for commands beside a node.
///
/// # Errors
/// [`Exit::Config`] with key and line.
pub fn read_sql(path: &Path) -> Result<Sql, Failure> {
    let sql = read_file(path)?.sql;
    let wrong = |line| Failure::new(Exit::Config, format!("{}: [sql] {line}", path.display()));
    sql.check().map_err(wrong)?;
    Ok(sql)
}

fn read_file(path: &Path) -> Result<File, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(Exit::Config, format!("{}: {error}", path.display())))?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(0, |span| {
            text[..span.start.min(text.len())].matches('\n').count() + 1
        });
        Failure::new(
            Exit::Config,
            format!(
                "{} line {line}: {}",
                path.display(),
                error.message().replace('\n', "; ")
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{Deny, Limits, Live, read_file};

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(
            file.path(),
            "listen = \"127.0.0.1:1\"\n\nsegment_byte = 5\n",
        )
        .expect("written");
        let failure = read_file(file.path()).expect_err("the key does not exist");
        assert!(failure.line.contains("line 3"), "{failure}");
        assert!(failure.line.contains("segment_byte"), "{failure}");
    }

    #[test]
    fn deny_and_limits_are_what_the_file_says() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(
            file.path(),
            "[deny]\naddresses = [\"10.0.0.1\"]\naccounts = [9]\n\
             [limits]\nrequests_per_second = 100\n",
        )
        .expect("written");
        let live = super::read_live(file.path()).expect("it parses");
        let deny = Deny {
            addresses: [[10, 0, 0, 1].into()].into(),
            accounts: [9].into(),
        };
        let limits = Limits {
            requests_per_second: 100,
            ..Limits::default()
        };
        assert_eq!(live, Live { deny, limits });
    }
}
