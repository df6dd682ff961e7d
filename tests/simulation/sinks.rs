//! A sink beside the node: the real driver over the simulated event log, into a server that
//! refuses, falls silent, loses its answers and finishes late what was given up.
//!
//! The server outlives the node. Time of the driver is stepped, never waited for.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use daybook::past::NodeSource;
use journal::simulation::dice::Dice;
use parking_lot::Mutex;
use projections::driver::{Control, Driver};
use projections::error::SinkError;
use projections::opening::Opening;
use projections::projection::{Answered, Batch, Projection, Source};
use schemas::event::encode_events;
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::model::{Model, Violation};
use crate::profile::Planted;

/// An undisturbed sink has everything after so much of its own time.
const PATIENCE: Duration = Duration::from_secs(600);

/// More than the driver is patient with a step.
const SILENCE: Duration = Duration::from_secs(61);

/// What one command left in the sink.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Row {
    time: TimeNs,
    /// crc32c of its events.
    sum: u32,
}

/// What the server holds.
struct Held {
    cursor: Offset,
    /// Those beyond the cursor are half of a transaction that never ended.
    rows: Vec<Row>,
    /// A reset was begun.
    emptying: bool,
    /// A step that its driver has given up and that may still be done.
    late: Option<Batch>,
    dice: Dice,
    is_troubled: bool,
    planted: Option<Planted>,
    wrong: Option<Violation>,
    met: BTreeSet<&'static str>,
}

/// A driver's line to the server.
#[derive(Clone)]
struct Line(Arc<Mutex<Held>>);

/// What a call to the server comes to.
enum Fate {
    Done,
    Refused,
    /// It is done, and nobody hears of it.
    AnswerLost,
    /// Nothing comes back; it may be done later.
    Silent,
    /// Half of it is written, the transaction is open.
    Torn,
}

impl Held {
    fn fate(&mut self) -> Fate {
        if !self.is_troubled {
            return Fate::Done;
        }
        let (fate, met) = match self.dice.below(12) {
            0 => (Fate::Refused, "a sink refused"),
            1 | 2 => (Fate::AnswerLost, "a sink's answer was lost"),
            3 => (Fate::Silent, "a sink fell silent"),
            4 => (Fate::Torn, "a sink's step was torn"),
            _ => return Fate::Done,
        };
        self.met.insert(met);
        fate
    }

    fn write(&mut self, commands: &[Answered]) {
        let rows = commands.iter().map(|answered| {
            let mut encoded = Vec::new();
            encode_events(&answered.events, &mut encoded);
            let sum = crc32c::crc32c(&encoded);
            let time = answered.time;
            Row { time, sum }
        });
        self.rows.extend(rows);
    }

    fn apply(&mut self, batch: &Batch) {
        self.rows.truncate(self.cursor.0 as usize);
        let mut commands = batch.commands.as_slice();
        if self.planted == Some(Planted::SinkForgets) && self.dice.chance(1, 8) {
            commands = &commands[..commands.len() - 1];
        }
        self.write(commands);
        self.cursor = batch.next;
    }

    /// What the last driver has left in the air.
    fn settle(&mut self) {
        if let Some(late) = self.late.take()
            && late.from == self.cursor
            && self.dice.chance(1, 2)
        {
            self.met.insert("a sink finished late what was given up");
            self.apply(&late);
        }
    }
}

/// Nobody answers, and time passes: by itself it would not, while a replay waits for room.
async fn silence<T>() -> T {
    tokio::time::advance(SILENCE).await;
    std::future::pending().await
}

fn gone() -> SinkError {
    SinkError::Unreachable {
        address: "the simulated server".to_string(),
        reason: "the line was cut".to_string(),
    }
}

impl Projection for Line {
    fn name(&self) -> &str {
        "simulated"
    }

    async fn cursor(&mut self) -> Result<Offset, SinkError> {
        let fate = {
            let mut held = self.0.lock();
            held.settle();
            if std::mem::take(&mut held.emptying) {
                (held.cursor, held.rows) = (Offset(0), Vec::new());
            }
            let whole = held.cursor.0 as usize;
            if held.planted != Some(Planted::SinkKeepsHalves) {
                held.rows.truncate(whole);
            }
            held.fate()
        };
        match fate {
            Fate::Done => Ok(self.0.lock().cursor),
            Fate::Silent => silence().await,
            _ => Err(gone()),
        }
    }

    async fn commit(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let fate = {
            let mut held = self.0.lock();
            let before = held.cursor;
            held.settle();
            if held.cursor != before {
                held.met.insert("a sink was fenced");
                return Err(SinkError::Fenced {
                    expected: batch.from,
                });
            }
            if batch.from != before {
                let (given, due) = (batch.from.0, before.0);
                held.wrong = Some(format!("a sink at {due} was given commands from {given}"));
            }
            let fate = held.fate();
            match fate {
                Fate::Done => held.apply(batch),
                Fate::AnswerLost if held.planted == Some(Planted::SinkKeepsHalves) => {
                    held.write(&batch.commands);
                }
                Fate::AnswerLost => held.apply(batch),
                Fate::Torn => held.write(&batch.commands[..batch.commands.len() / 2]),
                Fate::Silent if held.dice.chance(1, 2) => held.late = Some(batch.clone()),
                Fate::Silent | Fate::Refused => {}
            }
            fate
        };
        match fate {
            Fate::Done => Ok(()),
            Fate::Silent => silence().await,
            _ => Err(gone()),
        }
    }

    fn newest_time(&self) -> Option<TimeNs> {
        self.0.lock().rows.last().map(|row| row.time)
    }

    async fn reset(&mut self) -> Result<(), SinkError> {
        let mut held = self.0.lock();
        held.settle();
        held.emptying = true;
        match held.fate() {
            Fate::Done => {
                (held.cursor, held.rows, held.emptying) = (Offset(0), Vec::new(), false);
                Ok(())
            }
            _ => Err(gone()),
        }
    }
}

/// The node as a source, without views: what passed the gate is told to it.
pub struct Beside {
    pub node: NodeSource,
    pub newest: Offset,
}

impl Source for Beside {
    fn newest(&self) -> Offset {
        self.newest
    }
    fn begins(&self) -> Result<Offset, SinkError> {
        self.node.begins()
    }
    fn opening(&self) -> Result<Opening, SinkError> {
        self.node.opening()
    }
    fn replay(
        &self,
        span: (Offset, Offset),
        take: &mut dyn FnMut(Batch) -> bool,
    ) -> Result<(), SinkError> {
        self.node.replay(span, take)
    }
}

/// The server and the time in which drivers live.
pub struct Sinks {
    server: Line,
    runtime: tokio::runtime::Runtime,
}

impl Sinks {
    pub fn new(dice: Dice, planted: Option<Planted>) -> Sinks {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        let held = Held {
            cursor: Offset(0),
            rows: Vec::new(),
            emptying: false,
            late: None,
            dice,
            is_troubled: false,
            planted,
            wrong: None,
            met: BTreeSet::new(),
        };
        Sinks {
            server: Line(Arc::new(Mutex::new(held))),
            runtime: runtime.expect("a runtime without threads"),
        }
    }

    /// A driver follows for a while, among troubles; then it is gone. Gives what was met.
    pub fn follow(&self, dir: &Path, newest: Offset, dice: &mut Dice) -> BTreeSet<&'static str> {
        self.server.0.lock().is_troubled = true;
        self.server.0.lock().dice = dice.split();
        let control = Control::new("simulated");
        if dice.chance(1, 8) {
            self.server.0.lock().met.insert("a sink was made again");
            control.rebuild();
        }
        let limit = Duration::from_millis(1 << dice.below(18));
        self.drive((dir, newest), &control, limit);
        std::mem::take(&mut self.server.0.lock().met)
    }

    /// A driver follows until it has everything; why not, if not.
    pub fn catch_up(&self, dir: &Path, newest: Offset) -> Option<String> {
        self.server.0.lock().is_troubled = false;
        let control = Control::new("simulated");
        self.drive((dir, newest), &control, PATIENCE);
        let (cursor, status) = (self.server.0.lock().cursor, control.status());
        (cursor != newest).then(|| {
            let why = status.last_error.unwrap_or_default();
            format!("a sink stands at {} of {}: {why}", cursor.0, newest.0)
        })
    }

    fn drive(&self, (dir, newest): (&Path, Offset), control: &Arc<Control>, limit: Duration) {
        let stopping = control.clone();
        let views = Arc::new(views::Views::new());
        let driver = Driver {
            projection: self.server.clone(),
            source: Arc::new(Beside {
                node: NodeSource::new(dir.to_path_buf(), views),
                newest,
            }),
            dir: dir.to_path_buf(),
            control: control.clone(),
            reached: Box::new(move |offset| {
                if newest <= offset {
                    stopping.stop();
                }
            }),
        };
        // Dropped at the limit, wherever it is: the process is gone.
        let run = async { tokio::time::timeout(limit, driver.run()).await.is_ok() };
        self.runtime.block_on(run);
    }

    /// What the server holds is what the journal says, each command once.
    ///
    /// # Errors
    /// When it is not.
    pub fn check(&self, model: &Model, events: &[u32]) -> Result<(), Violation> {
        let held = self.server.0.lock();
        if let Some(wrong) = &held.wrong {
            return Err(wrong.clone());
        }
        let cursor = held.cursor.0 as usize;
        let ends = events.len().max(model.answered.len());
        if ends < cursor {
            return Err(format!("a sink has {cursor} commands, the journal {ends}"));
        }
        let expected = model.entries.iter().zip(events).map(|(entry, sum)| Row {
            time: entry.time,
            sum: *sum,
        });
        let same = held.rows.iter().take(cursor).copied();
        if let Some(at) = same
            .zip(expected)
            .position(|(row, expected)| row != expected)
        {
            return Err(format!("a sink has something else at offset {at}"));
        }
        if held.rows.len() < cursor {
            let rows = held.rows.len();
            return Err(format!("a sink at {cursor} has {rows} commands"));
        }
        Ok(())
    }
}
