//! `diff DIR_A DIR_B`.

use std::io::Write;
use std::path::PathBuf;

use schemas::ids::Offset;
use serde_json::{Value, json};

use crate::commands::dump::line_of;
use crate::commands::{Outcome, hex, tell_refused};
use crate::finding::Finding;
use crate::json::Names;
use crate::walk::{Step, Walk};

/// The first offset at which two journals, or what follows from them, differ.
///
/// Compared are offset, time, kind, version, payload, events, and at both ends the root:
/// lag and checksums differ from node to node.
#[derive(clap::Args)]
pub struct Diff {
    /// A data directory.
    dir_a: PathBuf,
    /// Another one.
    dir_b: PathBuf,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
}

/// The first difference.
struct Difference {
    offset: Offset,
    /// `time`, `kind`, `version`, `payload`, `events`, `end` or `root`.
    what: &'static str,
    a: Value,
    b: Value,
}

/// Two replays side by side.
struct Pair {
    a: Walk,
    b: Walk,
    names: Names,
    compared: u64,
}

impl Diff {
    /// Replays both from the first offset that both can begin with.
    ///
    /// # Errors
    /// A [`Finding`] when a journal is damaged, anything else when nobody could look.
    pub fn run(&self, out: &mut impl Write) -> anyhow::Result<Outcome> {
        let of_a = |error| Finding::or_error(&self.dir_a, error);
        let of_b = |error| Finding::or_error(&self.dir_b, error);
        let mut pair = Pair {
            a: Walk::whole(&self.dir_a).map_err(of_a)?,
            b: Walk::whole(&self.dir_b).map_err(of_b)?,
            names: Names::default(),
            compared: 0,
        };
        tell_refused(&pair.a);
        tell_refused(&pair.b);
        let from = pair.a.next().max(pair.b.next());
        pair.a.run_to(from).map_err(of_a)?;
        pair.b.run_to(from).map_err(of_b)?;
        pair.names = Names::of(&pair.a.replayer.engine);
        let mut found = pair.roots();
        while found.is_none() {
            let a = pair.a.step().map_err(of_a)?;
            let b = pair.b.step().map_err(of_b)?;
            if let (None, None) = (&a, &b) {
                found = pair.roots();
                break;
            }
            if let Some(a) = &a {
                a.applied
                    .events
                    .iter()
                    .for_each(|event| pair.names.learn(event));
            }
            found = compare(&pair.names, a, b);
            pair.compared += u64::from(found.is_none());
        }
        self.tell(out, (from, &pair), found)
    }

    fn tell(
        &self,
        out: &mut impl Write,
        (from, pair): (Offset, &Pair),
        found: Option<Difference>,
    ) -> anyhow::Result<Outcome> {
        let compared = pair.compared;
        let Some(Difference { offset, what, a, b }) = found else {
            let root = hex(&pair.a.replayer.engine.root());
            if self.json {
                let line = json!({
                    "equal": true, "from": from.0, "frames": compared, "root": root,
                });
                writeln!(out, "{line}")?;
            } else {
                writeln!(
                    out,
                    "equal: {compared} frames from offset {}, root {root}",
                    from.0
                )?;
            }
            return Ok(Outcome::Clean);
        };
        if self.json {
            let line = json!({
                "equal": false, "from": from.0, "frames": compared, "offset": offset.0,
                "what": what, "a": a, "b": b,
            });
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "offset {}: {what} differs\na: {a}\nb: {b}", offset.0)?;
        }
        Ok(Outcome::Finding)
    }
}

impl Pair {
    /// Compares the states as they are now.
    fn roots(&self) -> Option<Difference> {
        let (a, b) = (self.a.replayer.engine.root(), self.b.replayer.engine.root());
        (a != b).then(|| Difference {
            offset: self.a.next(),
            what: "root",
            a: json!(hex(&a)),
            b: json!(hex(&b)),
        })
    }
}

fn compare(names: &Names, a: Option<Step<'_>>, b: Option<Step<'_>>) -> Option<Difference> {
    let what = match (&a, &b) {
        (Some(a), Some(b)) => first_difference(a, b)?,
        _ => "end",
    };
    let offset = a.as_ref().or(b.as_ref())?.frame.offset;
    let line = |step: Option<Step<'_>>| {
        let line = step.map(|step| line_of(&step, names));
        // Numbers of more than 64 bits do not fit a JSON value: the text is shown then.
        line.map_or(Value::Null, |line| {
            serde_json::from_str(&line).unwrap_or(json!(line))
        })
    };
    Some(Difference {
        offset,
        what,
        a: line(a),
        b: line(b),
    })
}

fn first_difference(a: &Step<'_>, b: &Step<'_>) -> Option<&'static str> {
    if a.frame.time != b.frame.time {
        return Some("time");
    }
    if a.frame.kind != b.frame.kind {
        return Some("kind");
    }
    if a.frame.ver != b.frame.ver {
        return Some("version");
    }
    if a.frame.payload != b.frame.payload {
        return Some("payload");
    }
    (a.applied.encoded != b.applied.encoded).then_some("events")
}
