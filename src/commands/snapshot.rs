//! `daybook snapshot`: take, list, verify, restore. Works beside a running node.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use schemas::ids::Offset;
use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::follower::{self, Take};
use crate::history_copy::HistoryCopy;
use crate::restore::{Restore, restore};

/// Take, list, verify and restore snapshots.
#[derive(Subcommand)]
pub enum Snapshot {
    /// Replay to the durable end and write a snapshot there, the API keys beside it.
    Take(Place),
    /// Every snapshot, oldest first.
    List(Place),
    /// Restore each in memory and recompute its root.
    Verify(Place),
    /// Make an empty data directory from a snapshot, and perhaps a tail of commands.
    Restore {
        /// The directory to make.
        #[arg(long, value_name = "DIR")]
        data_dir: PathBuf,
        /// The data directory (or a copy of it) that holds the snapshot.
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// The snapshot to take, by offset [default: the newest that verifies].
        #[arg(long)]
        offset: Option<u64>,
        /// A data directory whose journal goes on after the snapshot: it is replayed.
        #[arg(long, value_name = "DIR")]
        tail: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Where the snapshots are.
#[derive(clap::Args)]
pub struct Place {
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Snapshot {
    /// Does what was asked.
    ///
    /// # Errors
    /// [`Exit::Damaged`] when nothing verifies, [`Exit::NoSpace`] when it cannot be written.
    pub fn run(&self) -> Result<Exit, Failure> {
        match self {
            Snapshot::Take(place) => place.take(),
            Snapshot::List(place) => place.list(),
            Snapshot::Verify(place) => place.verify(),
            Snapshot::Restore {
                data_dir,
                from,
                offset,
                tail,
                json,
            } => {
                let order = Restore {
                    into: data_dir,
                    from,
                    offset: offset.map(Offset),
                    tail: tail.as_deref(),
                };
                let restored = restore(&order)?;
                let (snapshot, next) = (restored.snapshot.0, restored.next.0);
                if *json {
                    println!("{}", json!({"snapshot": snapshot, "next": next}));
                } else {
                    println!("restored snapshot {snapshot}; the journal goes on at offset {next}");
                }
                Ok(Exit::Ok)
            }
        }
    }
}

impl Place {
    fn take(&self) -> Result<Exit, Failure> {
        let mut copy = HistoryCopy::begin(&self.data_dir)?;
        let made = follower::take(Take {
            dir: &self.data_dir,
            live: None,
            history: copy.next(),
            stop: None,
            copy: Some(&mut copy),
        })?;
        copy.finish(&made.path)?;
        copy_keys(&self.data_dir, &made.path)?;
        let root = blake3::Hash::from(made.root).to_hex();
        if self.json {
            let path = made.path.display().to_string();
            println!(
                "{}",
                json!({"next": made.next.0, "root": root.as_str(), "path": path})
            );
        } else {
            println!(
                "snapshot at offset {}, root {root}\n{}",
                made.next.0,
                made.path.display()
            );
        }
        Ok(Exit::Ok)
    }

    fn list(&self) -> Result<Exit, Failure> {
        let offsets = replay_tool::snapshot::list(&self.data_dir)?;
        let offsets: Vec<u64> = offsets.iter().map(|offset| offset.0).collect();
        if self.json {
            println!("{}", json!(offsets));
        } else {
            for offset in offsets {
                println!("{offset}");
            }
        }
        Ok(Exit::Ok)
    }

    fn verify(&self) -> Result<Exit, Failure> {
        let mut rows = Vec::new();
        let mut good = true;
        for offset in replay_tool::snapshot::list(&self.data_dir)? {
            let verified = replay_tool::snapshot::verify(&self.data_dir, offset);
            let line = match &verified {
                Ok(_) => "verifies".to_string(),
                Err(error) => error.to_string(),
            };
            good &= verified.is_ok();
            if !self.json {
                println!("{} {line}", offset.0);
            }
            rows.push(json!({"offset": offset.0, "ok": verified.is_ok(), "text": line}));
        }
        if self.json {
            println!("{}", json!(rows));
        }
        if good {
            return Ok(Exit::Ok);
        }
        let line = "a snapshot does not verify; a start takes an older one or replays from zero";
        Err(Failure::new(Exit::Damaged, line))
    }
}

/// Keys are state outside the journal: a copy travels with the snapshot.
fn copy_keys(dir: &Path, snapshot: &Path) -> Result<(), Failure> {
    let source = dir.join(crate::keyring::FILE);
    if !source.exists() {
        return Ok(());
    }
    let target = snapshot.join(crate::keyring::FILE);
    crate::commands::serve::runtime()?.block_on(crate::keyring::copy(&source, &target))
}
