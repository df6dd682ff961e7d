//! `root DIR --at OFFSET`.

use std::io::Write;
use std::path::PathBuf;

use schemas::ids::Offset;
use serde_json::json;

use crate::commands::{Outcome, hex, tell_refused};
use crate::finding::Finding;
use crate::walk::Walk;

/// The root of the state after an offset.
#[derive(clap::Args)]
pub struct Root {
    /// The data directory.
    dir: PathBuf,
    /// The last command that is in the state.
    #[arg(long)]
    at: u64,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
}

impl Root {
    /// Replays from the newest snapshot at or before the offset.
    ///
    /// # Errors
    /// A [`Finding`] when the journal is damaged, anything else when nobody could look.
    pub fn run(&self, out: &mut impl Write) -> anyhow::Result<Outcome> {
        let next = Offset(self.at.saturating_add(1));
        let or_error = |error| Finding::or_error(&self.dir, error);
        let mut walk = Walk::towards(&self.dir, next).map_err(or_error)?;
        tell_refused(&walk);
        walk.run_to(next).map_err(or_error)?;
        let root = hex(&walk.replayer.engine.root());
        if self.json {
            let chain = format!("{:016x}", walk.replayer.chain.value());
            let commitment = hex(&walk.replayer.chain.commitment());
            let line = json!({
                "offset": self.at, "root": root, "chain": chain, "commitment": commitment,
            });
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{root}")?;
        }
        Ok(Outcome::Clean)
    }
}
