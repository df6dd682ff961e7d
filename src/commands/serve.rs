//! `daybook serve`: the node.

use crate::config::{Config, Flags};
use crate::failure::{Exit, Failure};
use crate::serve::Venue;

/// Run a node: recover the data directory, replay it, open the gateways.
#[derive(clap::Args)]
pub struct Serve {
    #[command(flatten)]
    flags: Flags,
}

impl Serve {
    /// Runs until SIGTERM.
    ///
    /// # Errors
    /// One line with place, reason and CONTRACT's code.
    pub fn run(&self) -> Result<Exit, Failure> {
        let config = Config::load(&self.flags)?;
        runtime()?.block_on(async {
            let venue = Venue::open(config).await?;
            println!("{}", venue.ready_line());
            if let Some(offset) = venue.node().pipeline.fault() {
                eprintln!(
                    "daybook: a fault of ours waits at offset {}: trading is closed; see the \
                     runbook \"Our fault\" and `daybook skip`",
                    offset.0
                );
            }
            venue.run_until_stopped().await
        })?;
        Ok(Exit::Ok)
    }
}

/// The runtime of the edges; the core has threads of its own.
///
/// # Errors
/// When the system refuses threads.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::OurFault, format!("no runtime: {error}")))
}
