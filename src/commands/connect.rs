//! `daybook connect`: how a client is pointed at a node.

use gateway::connect::snippets::{self, Client, Place};
use serde_json::{Value, json};

use crate::commands::account::text;
use crate::commands::admin_client::Target;
use crate::failure::{Exit, Failure};

/// Print a client's configuration for a running node, with its live ports. The same texts
/// are served at /connect.
#[derive(clap::Args)]
pub struct Connect {
    /// ccxt, python-binance, go-binance, freqtrade or quickfix.
    #[arg(long)]
    client: String,
    /// Make a new key for this account and put it into the text.
    #[arg(long, value_name = "NUMBER")]
    account: Option<u32>,
    #[command(flatten)]
    target: Target,
}

impl Connect {
    /// Asks the node for its ports.
    ///
    /// # Errors
    /// [`Exit::Usage`] for an unknown client, else see [`Target::call`].
    pub fn run(&self) -> Result<Exit, Failure> {
        let client = Client::parse(&self.client).ok_or_else(|| {
            let known = Client::ALL.map(Client::name).join(", ");
            let line = format!("--client {}: there are {known}", self.client);
            Failure::new(Exit::Usage, line)
        })?;
        let ports = self.target.call("GET", "ports", None)?;
        let mut place = Place {
            host: reachable(text(&ports["http"])),
            secure: false,
            fix: ports["fix"]
                .as_str()
                .and_then(|address| address.parse().ok()),
            key: snippets::KEY.to_owned(),
            secret: snippets::SECRET.to_owned(),
        };
        if let Some(account) = self.account {
            let permissions = json!({"permissions": ["read", "trade", "fix"]});
            let path = format!("accounts/{account}/keys");
            let made = self.target.call("POST", &path, Some(&permissions))?;
            place.key = text(&made["api_key"]).to_owned();
            place.secret = text(&made["api_secret"]).to_owned();
        }
        let snippet = client.snippet(&place);
        if self.target.json {
            println!(
                "{}",
                json!({"client": client.name(), "text": Value::String(snippet)})
            );
        } else {
            print!("{snippet}");
        }
        Ok(Exit::Ok)
    }
}

/// An address that can be connected to from this machine.
fn reachable(address: &str) -> String {
    match address.parse::<std::net::SocketAddr>() {
        Ok(address) if address.ip().is_unspecified() => format!("127.0.0.1:{}", address.port()),
        _ => address.to_owned(),
    }
}
