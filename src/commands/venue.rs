//! `daybook venue`: the switches over everything.

use clap::Subcommand;
use serde_json::json;

use crate::commands::account::done;
use crate::commands::admin_client::Target;
use crate::failure::{Exit, Failure};

/// Halt the venue, leave only cancels, stop withdrawals, resume; set its limits.
#[derive(Subcommand)]
pub enum Venue {
    /// No new orders on any symbol.
    Halt(Target),
    /// Only cancels on every symbol.
    CancelOnly(Target),
    /// Nothing leaves.
    WithdrawalsOff(Target),
    /// Everything works again, withdrawals too.
    Resume(Target),
    /// What each address and each account may do; journaled, and told in exchangeInfo.
    Limits(Limits),
}

/// New limits; what is not named stays.
#[derive(clap::Args)]
pub struct Limits {
    /// Request weight per minute and IP address.
    #[arg(long, value_name = "N")]
    weight_per_minute: Option<u32>,
    /// Orders per 10 seconds and account.
    #[arg(long, value_name = "N")]
    orders_per_10s: Option<u32>,
    /// Orders per day and account.
    #[arg(long, value_name = "N")]
    orders_per_day: Option<u32>,
    #[command(flatten)]
    target: Target,
}

impl Venue {
    /// Asks the node.
    ///
    /// # Errors
    /// See [`Target::call`].
    pub fn run(&self) -> Result<Exit, Failure> {
        let (target, state) = match self {
            Venue::Halt(target) => (target, "halt"),
            Venue::CancelOnly(target) => (target, "cancel-only"),
            Venue::WithdrawalsOff(target) => (target, "withdrawals-off"),
            Venue::Resume(target) => (target, "resume"),
            Venue::Limits(limits) => return limits.run(),
        };
        done(
            target,
            &target.call("POST", "venue", Some(&json!({"state": state})))?,
        );
        Ok(Exit::Ok)
    }
}

impl Limits {
    fn run(&self) -> Result<Exit, Failure> {
        let body = json!({
            "weight_per_minute": self.weight_per_minute,
            "orders_per_10s": self.orders_per_10s,
            "orders_per_day": self.orders_per_day,
        });
        let answer = self.target.call("POST", "venue/limits", Some(&body))?;
        done(&self.target, &answer);
        Ok(Exit::Ok)
    }
}
