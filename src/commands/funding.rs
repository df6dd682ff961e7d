//! `daybook funding`: funding on demand.

use clap::Subcommand;
use serde_json::json;

use crate::commands::account::done;
use crate::commands::admin_client::{Target, business_id};
use crate::failure::{Exit, Failure};

/// Funding of perpetual contracts; it runs by itself at 00, 08 and 16 UTC.
#[derive(Subcommand)]
pub enum Funding {
    /// Pay funding now, by the premium sampled so far; the next slot stays due.
    Run {
        /// Like `BTCUSDT` or `perp:BTCUSDT`.
        symbol: String,
        /// The id of this act: said twice, done once [default: a new one].
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        target: Target,
    },
}

impl Funding {
    /// Asks the node.
    ///
    /// # Errors
    /// See [`Target::call`].
    pub fn run(&self) -> Result<Exit, Failure> {
        let Funding::Run { symbol, id, target } = self;
        let body = json!({"id": business_id(id)});
        let path = format!("funding/{symbol}");
        done(target, &target.call("POST", &path, Some(&body))?);
        Ok(Exit::Ok)
    }
}
