//! `daybook key`: API keys of an account.

use std::net::IpAddr;

use clap::Subcommand;
use serde_json::json;

use crate::commands::account::{done, text};
use crate::commands::admin_client::Target;
use crate::failure::{Exit, Failure};

/// Create, list and revoke API keys.
#[derive(Subcommand)]
pub enum Key {
    /// A new HMAC key; the secret is shown this once.
    Create {
        /// The account's number.
        account: u32,
        /// What it may do: read, trade, withdraw.
        #[arg(long, value_delimiter = ',', default_value = "read,trade")]
        permissions: Vec<String>,
        /// Only from this address; may be repeated.
        #[arg(long = "ip", value_name = "ADDRESS")]
        addresses: Vec<IpAddr>,
        #[command(flatten)]
        target: Target,
    },
    /// The account's keys, without secrets.
    List {
        /// The account's number.
        account: u32,
        #[command(flatten)]
        target: Target,
    },
    /// The key stops working at once.
    Revoke {
        /// The account's number.
        account: u32,
        /// The public key.
        key: String,
        #[command(flatten)]
        target: Target,
    },
}

impl Key {
    /// Asks the node.
    ///
    /// # Errors
    /// See [`Target::call`].
    pub fn run(&self) -> Result<Exit, Failure> {
        match self {
            Key::Create {
                account,
                permissions,
                addresses,
                target,
            } => {
                let body = json!({"permissions": permissions, "addresses": addresses});
                let path = format!("accounts/{account}/keys");
                let answer = target.call("POST", &path, Some(&body))?;
                target.print(&answer, |answer| {
                    format!(
                        "api key    {}\napi secret {}",
                        text(&answer["api_key"]),
                        text(&answer["api_secret"])
                    )
                });
            }
            Key::List { account, target } => {
                let answer = target.call("GET", &format!("accounts/{account}/keys"), None)?;
                target.print(&answer, |answer| {
                    let keys = answer.as_array().into_iter().flatten();
                    let lines: Vec<_> = keys
                        .map(|key| format!("{} {}", text(&key["api_key"]), key["permissions"]))
                        .collect();
                    lines.join("\n")
                });
            }
            Key::Revoke {
                account,
                key,
                target,
            } => {
                let path = format!("accounts/{account}/keys/{key}");
                done(target, &target.call("DELETE", &path, None)?);
            }
        }
        Ok(Exit::Ok)
    }
}
