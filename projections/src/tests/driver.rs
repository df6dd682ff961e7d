//! The driver beside a journal whose past is partly gone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use journal::event_log::EventLog;
use journal::frame::JournalId;
use parking_lot::Mutex;
use schemas::event::encode_events;
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::driver::{Activity, Control, Driver};
use crate::error::SinkError;
use crate::opening::Opening;
use crate::projection::{Answered, Batch, Projection, Source};
use crate::tests::fake::Fake;
use crate::tests::{batch, folder};

/// Commands in all, where the event log begins, where the journal does.
const NEWEST: usize = 50;
const LOGGED: usize = 30;
const BEGINS: usize = 10;

/// A sink that remembers.
#[derive(Default)]
struct Kept {
    cursor: Offset,
    time: Option<TimeNs>,
    taken: Vec<Answered>,
    begun: Option<Offset>,
}

#[derive(Clone)]
struct Sink {
    kept: Arc<Mutex<Kept>>,
    begins_anywhere: bool,
}

impl Projection for Sink {
    fn name(&self) -> &str {
        "kept"
    }
    async fn cursor(&mut self) -> Result<Offset, SinkError> {
        Ok(self.kept.lock().cursor)
    }
    async fn commit(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let mut kept = self.kept.lock();
        assert_eq!(kept.cursor, batch.from, "no gap");
        kept.taken.extend(batch.commands.iter().cloned());
        kept.cursor = batch.next;
        kept.time = batch.commands.last().map(|last| last.time);
        Ok(())
    }
    fn newest_time(&self) -> Option<TimeNs> {
        self.kept.lock().time
    }
    async fn reset(&mut self) -> Result<(), SinkError> {
        *self.kept.lock() = Kept::default();
        Ok(())
    }
    fn begins_anywhere(&self) -> bool {
        self.begins_anywhere
    }
    async fn begin(&mut self, opening: &Opening) -> Result<(), SinkError> {
        let mut kept = self.kept.lock();
        assert_eq!(kept.cursor, Offset(0), "only an empty sink is opened");
        (kept.cursor, kept.begun) = (opening.next, Some(opening.next));
        Ok(())
    }
}

/// A journal from [`BEGINS`] on.
struct Past(Vec<Answered>);

impl Source for Past {
    fn newest(&self) -> Offset {
        Offset(NEWEST as u64)
    }
    fn begins(&self) -> Result<Offset, SinkError> {
        Ok(Offset(BEGINS as u64))
    }
    fn opening(&self) -> Result<Opening, SinkError> {
        Ok(Opening {
            next: Offset(BEGINS as u64),
            ..Opening::default()
        })
    }
    fn replay(
        &self,
        (from, to): (Offset, Offset),
        take: &mut dyn FnMut(Batch) -> bool,
    ) -> Result<(), SinkError> {
        assert!(BEGINS as u64 <= from.0, "nothing before can be made again");
        let pieces = self.0[from.0 as usize..to.0 as usize].chunks(7);
        for piece in pieces {
            if !take(batch(piece)) {
                break;
            }
        }
        Ok(())
    }
}

/// Drives a sink that stands at `cursor` until `done` says so; then what it kept.
async fn drive(
    (cursor, begins_anywhere): (u64, bool),
    done: impl Fn(&Control) -> bool,
) -> (Vec<Answered>, Arc<Mutex<Kept>>, Arc<Control>) {
    let dir = folder();
    let mut fake = Fake::new(6);
    let commands: Vec<_> = (0..NEWEST as u64).map(|offset| fake.step(offset)).collect();
    let id = JournalId([7; 16]);
    let mut log = EventLog::open(dir.path(), id, Offset(LOGGED as u64)).expect("a new log");
    for answered in &commands[LOGGED..] {
        let mut payload = Vec::new();
        encode_events(&answered.events, &mut payload);
        log.append(answered.offset, answered.time, &payload)
            .expect("appended");
    }
    log.flush().expect("flushed");
    let kept = Arc::new(Mutex::new(Kept {
        cursor: Offset(cursor),
        ..Kept::default()
    }));
    let control = Control::new("kept");
    let driver = Driver {
        projection: Sink {
            kept: kept.clone(),
            begins_anywhere,
        },
        source: Arc::new(Past(commands.clone())),
        dir: dir.path().to_path_buf(),
        control: control.clone(),
        reached: Box::new(|_| {}),
    };
    let running = tokio::spawn(driver.run());
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done(&control) {
        assert!(Instant::now() < deadline, "{:?}", control.status());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    control.stop();
    running.await.expect("it ends");
    (commands, kept, control)
}

fn has_all(control: &Control) -> bool {
    control.next() == Offset(NEWEST as u64)
}

#[tokio::test]
async fn what_the_event_log_has_not_comes_by_replay_and_memory_is_no_bound() {
    let (commands, kept, control) = drive((12, false), has_all).await;
    assert_eq!(kept.lock().taken, commands[12..]);
    assert_eq!(kept.lock().begun, None, "it had begun before");
    assert_eq!(control.status().failures, 0);
}

#[tokio::test]
async fn an_empty_sink_begins_where_a_restored_journal_does() {
    let (commands, kept, _) = drive((0, true), has_all).await;
    assert_eq!(kept.lock().begun, Some(Offset(BEGINS as u64)));
    assert_eq!(kept.lock().taken, commands[BEGINS..]);
}

#[tokio::test]
async fn a_sink_before_the_beginning_says_so_until_it_is_rebuilt() {
    let rebuilt = |control: &Control| {
        let status = control.status();
        if status.activity == Activity::Waiting && status.next == 0 {
            let line = status.last_error.unwrap_or_default();
            assert!(line.contains("from offset 5 to 10 is gone"), "{line}");
            assert!(line.contains("`daybook projection rebuild`"), "{line}");
            control.rebuild();
        }
        has_all(control)
    };
    let (commands, kept, control) = drive((5, true), rebuilt).await;
    assert_eq!(kept.lock().taken, commands[BEGINS..], "nothing else");
    assert!(0 < control.status().failures, "it never said so");
}

#[tokio::test]
async fn rows_of_all_times_do_not_begin_in_the_middle() {
    let waits = |control: &Control| control.status().activity == Activity::Waiting;
    let (_, kept, _) = drive((0, false), waits).await;
    assert!(kept.lock().taken.is_empty() && kept.lock().begun.is_none());
}
