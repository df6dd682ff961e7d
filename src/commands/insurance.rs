//! `daybook insurance`: the fund that takes what a liquidation could not sell.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::commands::account::{done, split, text};
use crate::commands::admin_client::{Target, business_id};
use crate::failure::{Exit, Failure};

/// The insurance fund of the perpetual contracts.
#[derive(Subcommand)]
pub enum Insurance {
    /// Money for it arrives from outside.
    Deposit {
        /// Like `USDT=100.5`.
        #[arg(value_name = "ASSET=AMOUNT")]
        amount: String,
        /// The id of this payment: said twice, done once [default: a new one].
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// What it has, by asset.
    Show(Target),
}

impl Insurance {
    /// Asks the node.
    ///
    /// # Errors
    /// See [`Target::call`].
    pub fn run(&self) -> Result<Exit, Failure> {
        match self {
            Insurance::Deposit { amount, id, target } => {
                let (asset, amount) = split(amount)?;
                let body = json!({"asset": asset, "amount": amount, "id": business_id(id)});
                done(target, &target.call("POST", "insurance", Some(&body))?);
            }
            Insurance::Show(target) => {
                let answer = target.call("GET", "insurance", None)?;
                target.print(&answer, shown);
            }
        }
        Ok(Exit::Ok)
    }
}

fn shown(answer: &Value) -> String {
    let rows = answer.as_array().into_iter().flatten();
    let lines: Vec<_> = rows
        .map(|row| {
            format!(
                "{:>6} wallet {:>28} unrealised {:>28}",
                text(&row["asset"]),
                text(&row["wallet"]),
                text(&row["unrealised"])
            )
        })
        .collect();
    match lines.is_empty() {
        true => "the insurance fund is empty".to_string(),
        false => lines.join("\n"),
    }
}
