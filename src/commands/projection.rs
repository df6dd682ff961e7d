//! `daybook projection`: how far the sinks are, and making one anew.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::commands::account::{done, text};
use crate::commands::admin_client::Target;
use crate::failure::{Exit, Failure};

/// Status of the projections; rebuild one from zero.
#[derive(Subcommand)]
pub enum Projection {
    /// Name, offset, lag and last error of each.
    Status {
        /// Only this one.
        name: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Throw one away and make it again from the event log.
    Rebuild(Named),
    /// Commit nothing more to one until it is resumed (or the node restarted).
    Pause(Named),
    /// Go on after a pause; after a failure, try again at once.
    Resume(Named),
}

/// One projection of a node.
#[derive(clap::Args)]
pub struct Named {
    /// Which one.
    name: String,
    #[command(flatten)]
    target: Target,
}

impl Projection {
    /// Asks the node.
    ///
    /// # Errors
    /// See [`Target::call`].
    pub fn run(&self) -> Result<Exit, Failure> {
        match self {
            Projection::Status { name, target } => {
                let mut answer = target.call("GET", "projections", None)?;
                if let (Some(name), Some(rows)) = (name, answer.as_array_mut()) {
                    rows.retain(|row| row["name"] == name.as_str());
                    if rows.is_empty() {
                        let line = format!("no projection is called {name}");
                        return Err(Failure::new(Exit::Usage, line));
                    }
                }
                target.print(&answer, printed);
            }
            Projection::Rebuild(named) => named.ask("rebuild")?,
            Projection::Pause(named) => named.ask("pause")?,
            Projection::Resume(named) => named.ask("resume")?,
        }
        Ok(Exit::Ok)
    }
}

impl Named {
    fn ask(&self, act: &str) -> Result<(), Failure> {
        let path = format!("projections/{}/{act}", self.name);
        let answer = self.target.call("POST", &path, Some(&json!({})))?;
        done(&self.target, &answer);
        Ok(())
    }
}

fn printed(answer: &Value) -> String {
    let rows = answer.as_array().into_iter().flatten();
    let lines: Vec<_> = rows
        .map(|row| {
            let error = row["last_error"]
                .as_str()
                .map(|error| format!(" error: {error}"));
            format!(
                "{:<12} {:<9} offset {} lag {}{}",
                text(&row["name"]),
                text(&row["activity"]),
                row["offset"],
                row["lag"],
                error.unwrap_or_default()
            )
        })
        .collect();
    lines.join("\n")
}
