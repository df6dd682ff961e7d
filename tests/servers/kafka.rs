//! One broker, KRaft, started as `SERVERS` of the project's notes says.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::servers::{Server, free_port, prepared};

/// A broker with its data.
pub struct Kafka {
    folder: PathBuf,
    classpath: String,
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
        let libraries = prepared("DAYBOOK_KAFKA_LIBS", "kafka")?;
        let classpath = format!("{}/*", libraries.display());
        let ports = [free_port(), free_port(), free_port()];
        let properties = folder.join("server.properties");
        std::fs::write(&properties, configuration(folder, ports))
            .map_err(|error| error.to_string())?;
        let tool = |words: &[&str]| {
            let mut command = Command::new("java");
            command
                .args(JAVA)
                .args(["-cp", &classpath, "kafka.tools.StorageTool"]);
            let output = command
                .args(words)
                .output()
                .map_err(|error| format!("java: {error}"))?;
            let text = String::from_utf8_lossy(&output.stdout).trim().to_string();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.success() {
                Ok(text)
            } else {
                Err(said)
            }
        };
        let id = tool(&["random-uuid"])?;
        let file = properties.display().to_string();
        tool(&["format", "-t", &id, "-c", &file])?;
        let server = launch(&classpath, folder);
        Ok(Kafka {
            folder: folder.to_path_buf(),
            classpath,
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
