//! `daybook price`: prices that an operator sets.

use clap::Subcommand;
use serde_json::json;

use crate::commands::account::done;
use crate::commands::admin_client::{Target, business_id};
use crate::failure::{Exit, Failure};

/// Set prices of perpetual contracts by hand. In force before the command returns.
#[derive(Subcommand)]
pub enum Price {
    /// The index price: mark price, triggers and liquidations follow it at once.
    Index {
        /// Like `BTCUSDT` or `perp:BTCUSDT`.
        symbol: String,
        /// Like `60000.5`.
        price: String,
        /// The id of this act: said twice, done once [default: a new one].
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        target: Target,
    },
}

impl Price {
    /// Asks the node.
    ///
    /// # Errors
    /// See [`Target::call`].
    pub fn run(&self) -> Result<Exit, Failure> {
        let Price::Index {
            symbol,
            price,
            id,
            target,
        } = self;
        let body = json!({"price": price, "id": business_id(id)});
        let path = format!("prices/{symbol}");
        done(target, &target.call("POST", &path, Some(&body))?);
        Ok(Exit::Ok)
    }
}
