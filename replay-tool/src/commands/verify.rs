//! `verify DIR`.

use std::io::Write;
use std::path::{Path, PathBuf};

use journal::lock;
use journal::recovery::{Torn, inspect};
use schemas::ids::Offset;
use serde_json::{Value, json};

use crate::commands::{Outcome, finding_json, hex};
use crate::error::{ReplayError, SnapshotFault};
use crate::event_check::EventCheck;
use crate::finding::Finding;
use crate::replay::origin;
use crate::snapshot;
use crate::walk::Walk;

/// Recompute every checksum, offset, chain and root; change nothing.
#[derive(clap::Args)]
pub struct Verify {
    /// The data directory.
    dir: PathBuf,
    /// One JSON object, without times.
    #[arg(long)]
    pub json: bool,
}

/// What a clean directory holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Frames in the journal.
    pub frames: u64,
    /// The first offset; that of the next frame when there is none.
    pub first: Offset,
    /// The last offset; `None` when there is no frame.
    pub last: Option<Offset>,
    /// The chain after the last frame.
    pub chain: u64,
    /// The auditor's commitment after the last frame.
    pub commitment: [u8; 32],
    /// The state's root after the last frame.
    pub root: [u8; 32],
    /// Where the replay began: genesis, or a snapshot at the journal's beginning.
    pub replayed_from: Offset,
    /// Snapshots that agree with the replay.
    pub snapshots: u64,
    /// Frames of the event log that agree with the replay.
    pub events: u64,
    /// Bytes that nobody was promised; a start cuts them.
    pub torn: Option<Torn>,
    /// The same at the end of the event log.
    pub events_torn: Option<String>,
}

/// Why a directory is not clean.
#[derive(Debug, thiserror::Error)]
pub enum Unclean {
    /// Something is wrong.
    #[error("{finding}; {frames} frames before it are good")]
    Finding {
        /// What and where.
        finding: Finding,
        /// Frames that verified before it.
        frames: u64,
    },
    /// Nobody could look.
    #[error(transparent)]
    NotLooked(ReplayError),
}

impl Verify {
    /// Verifies and tells.
    ///
    /// # Errors
    /// When nobody could look.
    pub fn run(&self, out: &mut impl Write) -> anyhow::Result<Outcome> {
        match verify(&self.dir) {
            Ok(report) if self.json => writeln!(out, "{}", report_json(&report))?,
            Ok(report) => tell(&report, out)?,
            Err(Unclean::NotLooked(error)) => return Err(error.into()),
            Err(Unclean::Finding { finding, frames }) => {
                if self.json {
                    let finding = finding_json(&finding);
                    writeln!(
                        out,
                        "{}",
                        json!({"finding": finding, "good_frames": frames})
                    )?;
                } else {
                    writeln!(
                        out,
                        "finding: {finding}\n{frames} frames before it are good"
                    )?;
                }
                return Ok(Outcome::Finding);
            }
        }
        Ok(Outcome::Clean)
    }
}

fn report_json(report: &Report) -> Value {
    let torn = report.torn.as_ref().map(|torn| {
        json!({
            "segment": torn.path.display().to_string(),
            "from": torn.from, "to": torn.to, "offset": torn.offset.0,
        })
    });
    json!({
        "frames": report.frames,
        "first": report.last.map(|_| report.first.0),
        "last": report.last.map(|last| last.0),
        "chain": format!("{:016x}", report.chain),
        "root": hex(&report.root),
        "commitment": hex(&report.commitment),
        "replayed_from": report.replayed_from.0,
        "snapshots": report.snapshots,
        "events": report.events,
        "torn": torn,
        "events_torn": report.events_torn,
    })
}

fn tell(report: &Report, out: &mut impl Write) -> std::io::Result<()> {
    let last = report
        .last
        .map_or("none".to_string(), |last| last.0.to_string());
    writeln!(
        out,
        "clean: {} frames, first {}, last {last}",
        report.frames, report.first.0
    )?;
    writeln!(out, "chain {:016x}", report.chain)?;
    writeln!(out, "commitment {}", hex(&report.commitment))?;
    writeln!(out, "root {}", hex(&report.root))?;
    let Report {
        replayed_from,
        snapshots,
        events,
        ..
    } = report;
    writeln!(
        out,
        "replayed from offset {}; {snapshots} snapshots and {events} frames of the event log agree",
        replayed_from.0
    )?;
    if let Some(torn) = &report.torn {
        writeln!(
            out,
            "{torn}: nobody was promised it, the next start cuts it"
        )?;
    }
    if let Some(torn) = &report.events_torn {
        writeln!(out, "{torn}: the next start cuts it and makes it again")?;
    }
    Ok(())
}

/// Checks a data directory, a copy of one, or one beside its running node.
///
/// # Errors
/// [`Unclean`]: what was found, or why nobody could look.
pub fn verify(dir: &Path) -> Result<Report, Unclean> {
    // Beside a running node the end moves; its reader stops at what is durable.
    let live = lock::is_held(dir);
    let mut torn = None;
    if !live {
        let inspection = inspect(dir).map_err(|error| unclean(dir, error.into(), 0))?;
        let recovery = inspection.recovery;
        if let Some(finding) = inspection.finding {
            return Err(unclean(dir, finding.into(), recovery.frames));
        }
        torn = recovery.torn;
    }
    let first = origin(dir).map_err(|error| unclean(dir, error, 0))?.first;
    let mut audit = Audit::begin(dir, first)?;
    while audit.step()? {}
    audit.end(live)?;
    let next = audit.walk.next();
    let frames = next.0 - first.0;
    Ok(Report {
        frames,
        first,
        last: (0 < frames).then(|| Offset(next.0 - 1)),
        chain: audit.walk.replayer.chain.value(),
        commitment: audit.walk.replayer.chain.commitment(),
        root: audit.walk.replayer.engine.root(),
        replayed_from: audit.replayed_from,
        snapshots: audit.agreed,
        events: audit.events.compared,
        torn,
        events_torn: audit.events.torn,
    })
}

fn unclean(dir: &Path, error: ReplayError, frames: u64) -> Unclean {
    match Finding::of(dir, error) {
        Ok(finding) => Unclean::Finding { finding, frames },
        Err(error) => Unclean::NotLooked(error),
    }
}

/// As [`unclean`], of the scan for skips: it read every frame before the one it names.
fn scanned(dir: &Path, error: ReplayError, first: Offset) -> Unclean {
    let is_frame = matches!(error, ReplayError::Journal(_));
    let mut unclean = unclean(dir, error, 0);
    if let Unclean::Finding { finding, frames } = &mut unclean
        && is_frame
    {
        *frames = finding.offset.0.saturating_sub(first.0);
    }
    unclean
}

/// A replay, and everything that must agree with it.
struct Audit<'a> {
    dir: &'a Path,
    first: Offset,
    walk: Walk,
    replayed_from: Offset,
    events: EventCheck,
    /// Snapshots not reached yet, the oldest last.
    snapshots: Vec<Offset>,
    agreed: u64,
}

impl<'a> Audit<'a> {
    fn begin(dir: &'a Path, first: Offset) -> Result<Audit<'a>, Unclean> {
        let failed = |error| unclean(dir, error, 0);
        let mut snapshots = snapshot::list(dir).map_err(failed)?;
        snapshots.reverse();
        let walk = Walk::whole(dir).map_err(|error| scanned(dir, error, first))?;
        let replayed_from = walk.next();
        let events = EventCheck::open(dir, replayed_from).map_err(failed)?;
        Ok(Audit {
            dir,
            first,
            walk,
            replayed_from,
            events,
            snapshots,
            agreed: 0,
        })
    }

    fn good_frames(&self) -> u64 {
        self.walk.next().0.saturating_sub(self.first.0)
    }

    fn unclean(&self, error: ReplayError) -> Unclean {
        unclean(self.dir, error, self.good_frames())
    }

    /// One frame; false at the end.
    fn step(&mut self) -> Result<bool, Unclean> {
        while self
            .snapshots
            .last()
            .is_some_and(|offset| *offset <= self.walk.next())
        {
            let offset = self.snapshots.pop().expect("there is a last one");
            self.check_snapshot(offset)
                .map_err(|error| self.unclean(error))?;
            self.agreed += 1;
        }
        let frames = self.good_frames();
        let stepped = match self.walk.step() {
            Ok(None) => return Ok(false),
            Ok(Some(step)) => self
                .events
                .compare(step.applied.stamp, step.applied.encoded),
            Err(error) => return Err(unclean(self.dir, error, frames)),
        };
        let wrap = |told| match told {
            Ok(finding) => Unclean::Finding { finding, frames },
            Err(error) => Unclean::NotLooked(error),
        };
        stepped.map(|()| true).map_err(wrap)
    }

    /// A snapshot must verify, and be what the replay has come to.
    fn check_snapshot(&self, offset: Offset) -> Result<(), ReplayError> {
        let fault = |reason| {
            let path = snapshot::path_of(self.dir, offset);
            Err(ReplayError::Snapshot {
                path,
                offset,
                reason,
            })
        };
        let manifest = snapshot::verify(self.dir, offset)?;
        if manifest.journal != self.walk.id() {
            return fault(SnapshotFault::Foreign);
        }
        let replayer = &self.walk.replayer;
        if offset != self.walk.next() {
            // Older than where the replay could begin: there is nothing to compare.
            return Ok(());
        }
        if manifest.time != replayer.engine.now() {
            return fault(SnapshotFault::Stamp);
        }
        let same = manifest.chain.value() == replayer.chain.value();
        if !same || manifest.commitment != replayer.chain.commitment() {
            return fault(SnapshotFault::Chain);
        }
        if manifest.root != replayer.engine.root() {
            return fault(SnapshotFault::Root);
        }
        Ok(())
    }

    fn end(&mut self, live: bool) -> Result<(), Unclean> {
        let frames = self.good_frames();
        let next = self.walk.next();
        if let Err(violation) = self.walk.replayer.engine.check_invariants() {
            let message = violation.to_string();
            let offset = Offset(next.0.saturating_sub(1));
            return Err(self.unclean(ReplayError::Fault { offset, message }));
        }
        if live {
            return Ok(());
        }
        if let Some(offset) = self.snapshots.last() {
            let segment = snapshot::path_of(self.dir, *offset);
            let reason = format!("the journal ends before offset {}", next.0);
            let finding = Finding {
                segment,
                offset: *offset,
                position: None,
                reason,
            };
            return Err(Unclean::Finding { finding, frames });
        }
        self.events.end(next).map_err(|told| match told {
            Ok(finding) => Unclean::Finding { finding, frames },
            Err(error) => Unclean::NotLooked(error),
        })
    }
}
