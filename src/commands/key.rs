//! `daybook key`: API keys of an account.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use crate::commands::account::{done, text};
use crate::commands::admin_client::Target;
use crate::failure::{Exit, Failure};

/// Create, list and revoke API keys.
#[derive(Subcommand)]
pub enum Key {
    /// A new key. The secret of an HMAC key is shown this once; of an Ed25519 or RSA key you
    /// keep the private half and give the public one.
    Create {
        /// The account's number.
        account: u32,
        /// How requests are signed: hmac, ed25519 or rsa [default: hmac, or what the public
        /// key is].
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// The public key in PEM, as `openssl pkey -pubout` prints it.
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
        /// What it may do: read, trade, withdraw, fix (all FIX sessions), fix-read (FIX
        /// market data and drop copy).
        #[arg(long, value_delimiter = ',', default_value = "read,trade,fix")]
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
                kind,
                public_key,
                permissions,
                addresses,
                target,
            } => {
                let pem = public_key.as_deref().map(read_public).transpose()?;
                let body = json!({
                    "permissions": permissions, "addresses": addresses, "type": kind,
                    "public_key": pem,
                });
                let path = format!("accounts/{account}/keys");
                let answer = target.call("POST", &path, Some(&body))?;
                target.print(&answer, |answer| {
                    let key = text(&answer["api_key"]);
                    match answer["api_secret"].as_str() {
                        Some(secret) => format!("api key    {key}\napi secret {secret}"),
                        None => format!("api key    {key} ({})", text(&answer["type"])),
                    }
                });
            }
            Key::List { account, target } => {
                let answer = target.call("GET", &format!("accounts/{account}/keys"), None)?;
                target.print(&answer, |answer| {
                    let keys = answer.as_array().into_iter().flatten();
                    let lines: Vec<_> = keys
                        .map(|key| {
                            let (id, kind) = (text(&key["api_key"]), text(&key["type"]));
                            format!("{id} {kind:7} {} {}", key["permissions"], key["addresses"])
                        })
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

/// The text of a public key; a private one is not even sent.
fn read_public(path: &Path) -> Result<String, Failure> {
    let pem = std::fs::read_to_string(path)
        .map_err(|error| Failure::io("read the public key", path, &error))?;
    if pem.contains("PRIVATE KEY") {
        let path = path.display();
        let line = format!("{path} is a private key: keep it, and give the public half");
        return Err(Failure::new(Exit::Usage, line));
    }
    Ok(pem)
}
