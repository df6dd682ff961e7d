//! One broker, KRaft, or two of which one may go, started as `SERVERS` of the project's notes says.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::servers::{Server, free_port, prepared};

/// A broker with its data.
pub struct Kafka {
    folder: PathBuf,
    classpath: String,
    /// Of the cluster.
    id: String,
    /// `HOST:PORT`.
    pub address: String,
    /// The same broker for those who know the password of `daybook`.
    pub secure: String,
    pub server: Server,
}

const JAVA: [&str; 4] = [
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
];

impl Kafka {
    /// A new broker in `folder`; it takes some seconds until it answers.
    ///
    /// # Errors
    /// Why there can be none: no Java, no libraries.
    pub fn start(folder: &Path) -> Result<Kafka, String> {
        Kafka::start_as(folder, "")
    }

    /// The same with a second broker beside it, which is no controller; both have to have a
    /// message before it counts as written.
    ///
    /// # Errors
    /// As [`Kafka::start`].
    pub fn start_pair(folder: &Path) -> Result<(Kafka, Second), String> {
        const BOTH: &str = "min.insync.replicas=2\nreplica.lag.time.max.ms=3000\n\
             broker.session.timeout.ms=4000\n";
        let kafka = Kafka::start_as(folder, BOTH)?;
        let beside = folder.join("second");
        std::fs::create_dir(&beside).map_err(|error| error.to_string())?;
        let text = std::fs::read_to_string(folder.join("server.properties"));
        let text = text.map_err(|error| error.to_string())?;
        let port = free_port();
        let own: String = text
            .lines()
            .map(|line| match line.split_once('=') {
                Some(("process.roles", _)) => "process.roles=broker\n".to_string(),
                Some(("node.id", _)) => "node.id=2\n".to_string(),
                Some(("listeners", _)) => format!("listeners=PLAINTEXT://127.0.0.1:{port}\n"),
                Some(("advertised.listeners", _)) => String::new(),
                Some(("log.dirs", _)) => format!("log.dirs={}\n", beside.join("data").display()),
                _ => format!("{line}\n"),
            })
            .collect();
        let properties = beside.join("server.properties");
        std::fs::write(&properties, own).map_err(|error| error.to_string())?;
        let file = properties.display().to_string();
        tool(&kafka.classpath, &["format", "-t", &kafka.id, "-c", &file])?;
        let server = launch(&kafka.classpath, &beside);
        let classpath = kafka.classpath.clone();
        let second = Second {
            folder: beside,
            classpath,
            server,
        };
        Ok((kafka, second))
    }

    fn start_as(folder: &Path, more: &str) -> Result<Kafka, String> {
        let libraries = prepared("DAYBOOK_KAFKA_LIBS", "kafka")?;
        let classpath = format!("{}/*", libraries.display());
        let ports = [free_port(), free_port(), free_port()];
        let properties = folder.join("server.properties");
        std::fs::write(&properties, configuration(folder, ports) + more)
            .map_err(|error| error.to_string())?;
        let id = tool(&classpath, &["random-uuid"])?;
        let file = properties.display().to_string();
        tool(&classpath, &["format", "-t", &id, "-c", &file])?;
        let server = launch(&classpath, folder);
        Ok(Kafka {
            folder: folder.to_path_buf(),
            classpath,
            id,
            address: format!("127.0.0.1:{}", ports[0]),
            secure: format!("127.0.0.1:{}", ports[1]),
            server,
        })
    }

    /// The same broker again, after a kill.
    pub fn restart(&mut self) {
        self.server.kill();
        self.server = launch(&self.classpath, &self.folder);
    }
}

/// A broker beside another.
pub struct Second {
    folder: PathBuf,
    classpath: String,
    pub server: Server,
}

impl Second {
    /// The same broker again, after a kill.
    pub fn restart(&mut self) {
        self.server.kill();
        self.server = launch(&self.classpath, &self.folder);
    }
}

/// Runs the program that prepares folders; what it prints.
fn tool(classpath: &str, words: &[&str]) -> Result<String, String> {
    let mut command = Command::new("java");
    command
        .args(JAVA)
        .args(["-cp", classpath, "kafka.tools.StorageTool"]);
    let output = command
        .args(words)
        .output()
        .map_err(|error| format!("java: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_string();
    match output.status.success() {
        true => Ok(text),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn launch(classpath: &str, folder: &Path) -> Server {
    let mut command = Command::new("java");
    command.args(JAVA).args(["-cp", classpath, "kafka.Kafka"]);
    command.arg(folder.join("server.properties"));
    Server::start(&mut command, &folder.join("kafka.log"))
}

/// The password of the user `daybook` at the secure address.
pub const PASSWORD: &str = "right";

fn configuration(folder: &Path, [port, secure, controller]: [u16; 3]) -> String {
    let data = folder.join("data");
    format!(
        "process.roles=broker,controller\nnode.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure},\
         CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure}\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,\
         SECURE:SASL_PLAINTEXT\nsasl.enabled.mechanisms=PLAIN\n\
         listener.name.secure.plain.sasl.jaas.config=\
         org.apache.kafka.common.security.plain.PlainLoginModule required \
         user_daybook=\"{PASSWORD}\";\n\
         controller.listener.names=CONTROLLER\nlog.dirs={}\n\
         offsets.topic.replication.factor=1\noffsets.topic.num.partitions=1\n\
         transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=1\ngroup.initial.rebalance.delay.ms=0\n\
         auto.create.topics.enable=false\n",
        data.display()
    )
}
