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
    Rebuild {
        /// Which one.
        name: String,
        #[command(flatten)]
        target: Target,
    },
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
            Projection::Rebuild { name, target } => {
                let path = format!("projections/{name}/rebuild");
                done(target, &target.call("POST", &path, Some(&json!({})))?);
            }
        }
        Ok(Exit::Ok)
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
                "{:<8} offset {} lag {}{}",
                text(&row["name"]),
                row["offset"],
                row["lag"],
                error.unwrap_or_default()
            )
        })
        .collect();
    lines.join("\n")
}
