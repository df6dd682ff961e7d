//! `dump DIR [--from N] [--to N]`.

use std::io::Write;
use std::path::PathBuf;

use schemas::command::Command;
use schemas::ids::Offset;

use crate::commands::{Outcome, tell_refused};
use crate::finding::Finding;
use crate::json::{Json, Names};
use crate::walk::{Step, Walk};

/// Commands and their events, one JSON object a line.
#[derive(clap::Args)]
pub struct Dump {
    /// The data directory.
    dir: PathBuf,
    /// The first offset.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// The last offset; the end of the journal unless given.
    #[arg(long)]
    to: Option<u64>,
    /// Always so: for scripts that say it everywhere.
    #[arg(long)]
    json: bool,
}

impl Dump {
    /// Writes each line as it comes.
    ///
    /// # Errors
    /// A [`Finding`] when the journal is damaged, anything else when nobody could look.
    pub fn run(&self, out: &mut impl Write) -> anyhow::Result<Outcome> {
        let or_error = |error| Finding::or_error(&self.dir, error);
        let mut walk = Walk::towards(&self.dir, Offset(self.from)).map_err(or_error)?;
        tell_refused(&walk);
        let mut names = Names::of(&walk.replayer.engine);
        while self.to.is_none_or(|to| walk.next().0 <= to) {
            let Some(step) = walk.step().map_err(or_error)? else {
                break;
            };
            step.applied
                .events
                .iter()
                .for_each(|event| names.learn(event));
            if self.from <= step.frame.offset.0 {
                writeln!(out, "{}", line_of(&step, &names))?;
            }
        }
        Ok(Outcome::Clean)
    }
}

/// One frame and its events as a JSON object.
pub fn line_of(step: &Step<'_>, names: &Names) -> String {
    let (frame, applied) = (&step.frame, &step.applied);
    let mut json = Json::new(names);
    json.object(|json| {
        json.field("offset", &frame.offset);
        json.field("time_ns", &frame.time);
        json.field("kind", Command::kind_name(frame.kind).unwrap_or("Unknown"));
        json.field("ver", &frame.ver);
        json.field("command", &applied.command);
        if applied.skipped {
            json.field("skipped", &true);
        }
        json.field("events", applied.events);
    });
    json.finish()
}
