//! The table of roles: every service of the venue is a role of the one binary.
//!
//! Today they all run in one process; a large venue will start some of them elsewhere.

use crate::failure::{Exit, Failure};

/// A service of the venue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Sequencer, engine, gate: the one writer.
    Core,
    /// REST and sockets.
    Gateway,
    /// FIX sessions.
    Fix,
    /// SQL read models.
    History,
    /// Snapshots by replay.
    Follower,
    /// Asks venues for index prices.
    Index,
    /// Administration, metrics, health.
    Admin,
}

/// Every role with its name on the command line.
pub const ROLES: &[(&str, Role)] = &[
    ("core", Role::Core),
    ("gateway", Role::Gateway),
    ("fix", Role::Fix),
    ("history", Role::History),
    ("follower", Role::Follower),
    ("index", Role::Index),
    ("admin", Role::Admin),
];

/// Reads `--roles`: `all`, or every role by name (this build runs them in one process).
///
/// # Errors
/// [`Exit::Usage`] for an unknown role or a set that cannot run.
pub fn parse(text: &str) -> Result<Vec<Role>, Failure> {
    if text == "all" {
        return Ok(ROLES.iter().map(|(_, role)| *role).collect());
    }
    let mut roles = Vec::new();
    for name in text.split(',') {
        let Some((_, role)) = ROLES.iter().find(|(known, _)| *known == name) else {
            let known: Vec<_> = ROLES.iter().map(|(name, _)| *name).collect();
            let line = format!("--roles {name}: unknown; all, or of {}", known.join(", "));
            return Err(Failure::new(Exit::Usage, line));
        };
        roles.push(*role);
    }
    if roles.len() < ROLES.len() {
        let line = "--roles: this build runs all roles in one process; say all".to_string();
        return Err(Failure::new(Exit::Usage, line));
    }
    Ok(roles)
}
