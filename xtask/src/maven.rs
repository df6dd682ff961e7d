//! Java servers by Maven: the libraries of Kafka, and OpenSearch as it is packed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::setup;
use crate::workspace::Workspace;

/// Apache Kafka with its tools; a later release is another recipe and so another folder.
const KAFKA: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>daybook</groupId><artifactId>kafka-server</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
      <version>4.1.1</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId>
      <version>4.1.1</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"#;
/// The smallest build of OpenSearch: the server and its network layer, no plugins.
const OPENSEARCH: &str = "org.opensearch.distribution.integ-test-zip:opensearch:2.19.6:zip";

/// A folder with every library of a Kafka broker.
///
/// # Errors
/// When there is no Maven or no Java and they cannot be had, or nothing can be fetched.
pub fn kafka(workspace: &Workspace) -> Result<PathBuf> {
    setup::folder(workspace, "kafka", KAFKA, |beside| {
        let pom = beside.join("pom.xml");
        fs::write(&pom, KAFKA).context("writing pom.xml")?;
        maven(
            beside,
            &["dependency:copy-dependencies", "-DoutputDirectory=."],
        )
    })
}

/// A folder with `opensearch-VERSION/bin` and the rest.
///
/// # Errors
/// As [`kafka`].
pub fn opensearch(workspace: &Workspace) -> Result<PathBuf> {
    setup::folder(workspace, "opensearch", OPENSEARCH, |beside| {
        let artifact = format!("-Dartifact={OPENSEARCH}");
        maven(
            beside,
            &["dependency:copy", &artifact, "-DoutputDirectory=."],
        )?;
        program("unzip", "unzip")?;
        for entry in fs::read_dir(beside).context("the folder")? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == "zip") {
                let mut unzip = Command::new("unzip");
                setup::do_it(unzip.arg("-q").arg(&path).current_dir(beside))?;
                fs::remove_file(&path).context("removing the archive")?;
            }
        }
        Ok(())
    })
}

fn maven(folder: &Path, words: &[&str]) -> Result<()> {
    program("mvn", "maven")?;
    let mut command = Command::new("mvn");
    command.args(["-q", "-B", "-ntp"]).args(words);
    setup::do_it(command.current_dir(folder))
}

/// Installs Debian's `package` where there is no `name`, as root.
fn program(name: &str, package: &str) -> Result<()> {
    let there = Command::new(name).arg("-v").output().is_ok();
    if there {
        Ok(())
    } else {
        setup::debian_packages(&[package])
    }
}
