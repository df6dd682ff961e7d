//! `daybook venue`: the switches over everything.

use clap::Subcommand;
use serde_json::json;

use crate::commands::account::done;
use crate::commands::admin_client::Target;
use crate::failure::{Exit, Failure};

/// Halt the venue, leave only cancels, stop withdrawals, resume.
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
        };
        done(
            target,
            &target.call("POST", "venue", Some(&json!({"state": state})))?,
        );
        Ok(Exit::Ok)
    }
}
