//! `daybook skip`: the audited step over a fault of ours.

use serde_json::json;

use crate::commands::admin_client::Target;
use crate::failure::{Exit, Failure};

/// Step over the command that hit a fault of ours; the next start replays without it.
///
/// Works only on a node that stands before that very command (see the runbook "Our fault").
#[derive(clap::Args)]
pub struct Skip {
    /// The offset that `fault.json` names.
    offset: u64,
    #[command(flatten)]
    target: Target,
}

impl Skip {
    /// Asks the node.
    ///
    /// # Errors
    /// See [`Target::call`].
    pub fn run(&self) -> Result<Exit, Failure> {
        let answer = self
            .target
            .call("POST", "skip", Some(&json!({"offset": self.offset})))?;
        self.target.print(&answer, |answer| {
            format!(
                "recorded at offset {}; restart the node now",
                answer["offset"]
            )
        });
        Ok(Exit::Ok)
    }
}
