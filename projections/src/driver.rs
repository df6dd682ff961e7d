//! The one driver of all sinks: follow the event log, back off and retry, tell how it goes.
//!
//! A sink is driven by a task of its own, so that a slow or absent one holds up nobody.
//! What a batch needs in memory is bounded by [`BATCH`]; nothing is queued for a sink that
//! is away, it goes on from its cursor when it is back.
//!
//! Reading order: [`Control`] (what operators see and ask), [`Driver::run`], `follow`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use journal::event_reader::EventReader;
use parking_lot::Mutex;
use schemas::ids::Offset;

use crate::error::SinkError;
use crate::projection::{Batch, Projection, Source, next_batch, same_past};

/// Commands in one atomic step.
pub const BATCH: usize = 2_000;
/// Batches that a replay may be ahead of its sink.
const REPLAYED_AHEAD: usize = 2;
/// The pause when there is nothing new.
const IDLE: Duration = Duration::from_millis(20);
/// The first and the longest pause after a failure.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));
/// A sink that answers nothing for so long is taken for gone.
const SILENCE: Duration = Duration::from_secs(60);
/// Over how long the rate is measured.
const RATE_WINDOW: Duration = Duration::from_secs(2);

/// What a projection is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Activity {
    /// Not yet connected for the first time.
    #[default]
    Starting,
    /// It has everything, or is on its way there.
    Following,
    /// An operator paused it.
    Paused,
    /// Everything is being thrown away.
    Emptying,
    /// The last try failed; the next one comes by itself.
    Waiting,
}

impl Activity {
    /// The word for operators.
    pub const fn word(self) -> &'static str {
        match self {
            Activity::Starting => "starting",
            Activity::Following => "following",
            Activity::Paused => "paused",
            Activity::Emptying => "emptying",
            Activity::Waiting => "waiting",
        }
    }
}

/// How far a projection is.
#[derive(Clone, Default, Debug)]
pub struct Status {
    /// The first command whose effects are not in the sink yet.
    pub next: u64,
    pub activity: Activity,
    /// Commands a second over the last seconds.
    pub per_second: u64,
    /// Failures since the start.
    pub failures: u64,
    /// Why it waits; `None` once it goes on.
    pub last_error: Option<String>,
    /// The rows of all commands before this offset were compared with the journal.
    pub compared: Option<u64>,
    /// The first thing that did not agree.
    pub difference: Option<String>,
}

/// What operators see of one projection, and what they may ask of it.
#[derive(Default, Debug)]
pub struct Control {
    name: String,
    status: Mutex<Status>,
    stop: AtomicBool,
    paused: AtomicBool,
    rebuild: AtomicBool,
    wakes: tokio::sync::Notify,
    committed: AtomicU64,
}

impl Control {
    /// The control of a projection called `name`.
    pub fn new(name: &str) -> Arc<Control> {
        Arc::new(Control {
            name: name.to_string(),
            ..Control::default()
        })
    }

    /// What operators call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How far it is.
    pub fn status(&self) -> Status {
        self.status.lock().clone()
    }

    /// The first command whose effects are not in the sink yet.
    pub fn next(&self) -> Offset {
        Offset(self.committed.load(Ordering::Acquire))
    }

    /// Says where a sink that was opened before stands, until its driver finds out itself.
    pub fn stands_at(&self, cursor: Offset) {
        self.committed.fetch_max(cursor.0, Ordering::AcqRel);
        let mut status = self.status.lock();
        status.next = status.next.max(cursor.0);
    }

    /// Notes how a comparison with the journal up to `cursor` ended.
    pub fn compared(&self, cursor: Offset, difference: Option<String>) {
        if let Some(line) = &difference {
            tracing::error!(
                "ALERT projection {} disagrees with the journal: {line}",
                self.name
            );
        }
        let mut status = self.status.lock();
        status.compared = Some(cursor.0);
        status.difference = difference;
    }

    /// Commits nothing more until [`Control::resume`].
    pub fn pause(&self) {
        self.paused.store(true, Ordering::Release);
        self.wakes.notify_one();
    }

    /// Goes on after a pause, and tries again at once after a failure.
    pub fn resume(&self) {
        self.paused.store(false, Ordering::Release);
        self.wakes.notify_one();
    }

    /// Throws everything away and makes it again from the log. What was compared with the
    /// journal before says nothing any more.
    pub fn rebuild(&self) {
        self.rebuild.store(true, Ordering::Release);
        // Told at once: whoever asks next does not take the old rows for the new ones.
        let mut status = self.status.lock();
        (status.next, status.compared, status.difference) = (0, None, None);
        drop(status);
        self.committed.store(0, Ordering::Release);
        self.wakes.notify_one();
    }

    /// Ends the driver after the step under way.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.wakes.notify_one();
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Sleeps, but not through a request.
    async fn sleep(&self, pause: Duration) {
        // Both endings mean the same: look again.
        let _ = tokio::time::timeout(pause, self.wakes.notified()).await;
    }

    /// Notes a failure; what is new about it goes into the log once.
    fn failed(&self, error: &SinkError) {
        let line = error.to_string();
        let mut status = self.status.lock();
        if status.last_error.as_deref() != Some(&line) {
            tracing::warn!("projection {}: {line}", self.name);
        }
        status.failures += 1;
        status.activity = Activity::Waiting;
        status.last_error = Some(line);
    }

    fn set(&self, activity: Activity) {
        self.status.lock().activity = activity;
    }
}

/// Drives one sink.
pub struct Driver<P, S> {
    pub projection: P,
    pub source: Arc<S>,
    /// The data directory whose event log is followed.
    pub dir: PathBuf,
    pub control: Arc<Control>,
    /// Told after each step that everything before the offset is in the sink for good.
    pub reached: Box<dyn Fn(Offset) + Send>,
}

/// Measures commands a second.
struct Rate {
    since: Instant,
    from: u64,
}

impl<P: Projection, S: Source> Driver<P, S> {
    /// Follows until [`Control::stop`]; gives the sink back.
    pub async fn run(mut self) -> P {
        let mut pause = BACK_OFF.0;
        let control = self.control.clone();
        while !control.is_stopped() {
            let before = control.next();
            let Err(error) = self.follow().await else {
                continue;
            };
            if control.next() > before {
                pause = BACK_OFF.0;
            }
            control.failed(&error);
            control.sleep(pause).await;
            pause = (pause * 2).min(BACK_OFF.1);
        }
        self.projection
    }

    /// Follows until something fails, a rebuild is asked for, or the node stops.
    async fn follow(&mut self) -> Result<(), SinkError> {
        let control = self.control.clone();
        if control.rebuild.load(Ordering::Acquire) {
            control.set(Activity::Emptying);
            within(self.projection.reset()).await?;
            // Only now: a reset that failed is asked for again by the next try.
            control.rebuild.store(false, Ordering::Release);
        }
        let mut cursor = within(self.projection.cursor()).await?;
        let newest = self.source.newest();
        if newest < cursor {
            return Err(SinkError::Ahead { cursor, newest });
        }
        same_past(&self.dir, cursor, self.projection.newest_time())?;
        if cursor < newest {
            cursor = self.start(cursor).await?;
        }
        let mut rate = Rate {
            since: Instant::now(),
            from: cursor.0,
        };
        self.reach(cursor, &mut rate);
        let mut reader = EventReader::open(&self.dir, cursor);
        while !control.is_stopped() && !control.rebuild.load(Ordering::Acquire) {
            if control.paused.load(Ordering::Acquire) {
                control.set(Activity::Paused);
                control.sleep(BACK_OFF.1).await;
                continue;
            }
            control.set(Activity::Following);
            if self.source.newest() <= cursor {
                rate.measure(cursor, &control);
                control.sleep(IDLE).await;
                continue;
            }
            match next_batch(&mut reader, cursor, BATCH) {
                Ok(Some(batch)) => {
                    within(self.projection.commit(&batch)).await?;
                    cursor = batch.next;
                    self.reach(cursor, &mut rate);
                    tokio::task::yield_now().await;
                }
                Ok(None) => control.sleep(IDLE).await,
                Err(SinkError::Gap { begins, .. }) => {
                    cursor = self.bridge((cursor, begins), &mut rate).await?;
                    reader = EventReader::open(&self.dir, cursor);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Where a sink goes on beside a journal that may begin after its cursor: an empty one
    /// begins where the journal does, any other would leave a hole and says so.
    async fn start(&mut self, cursor: Offset) -> Result<Offset, SinkError> {
        let begins = self.source.begins()?;
        if begins <= cursor {
            return Ok(cursor);
        }
        if cursor != Offset(0) || !self.projection.begins_anywhere() {
            return Err(SinkError::Gone { cursor, begins });
        }
        let source = self.source.clone();
        let opening = tokio::task::spawn_blocking(move || source.opening()).await;
        let opening = opening.unwrap_or(Err(SinkError::Gone { cursor, begins }))?;
        within(self.projection.begin(&opening)).await?;
        let (name, orders) = (self.control.name(), opening.orders.len());
        tracing::warn!(
            "projection {name} begins at offset {} with {orders} open orders: what came before \
             is gone with the journal this directory was restored from",
            opening.next.0
        );
        Ok(opening.next)
    }

    /// The event log begins after the cursor: what lies between comes by replay, batch by
    /// batch, so that memory stays flat however much it is.
    async fn bridge(
        &mut self,
        (from, to): (Offset, Offset),
        rate: &mut Rate,
    ) -> Result<Offset, SinkError> {
        let (sender, mut replayed) = tokio::sync::mpsc::channel::<Batch>(REPLAYED_AHEAD);
        let source = self.source.clone();
        let replay = tokio::task::spawn_blocking(move || {
            source.replay((from, to), &mut |batch| sender.blocking_send(batch).is_ok())
        });
        let control = self.control.clone();
        let mut next = from;
        while let Some(batch) = replayed.recv().await {
            within(self.projection.commit(&batch)).await?;
            next = batch.next;
            self.reach(next, rate);
            let is_asked = [&control.stop, &control.paused, &control.rebuild];
            if is_asked.iter().any(|it| it.load(Ordering::Acquire)) {
                return Ok(next);
            }
        }
        let (begins, cursor) = (to, next);
        let ended = replay.await;
        ended.unwrap_or(Err(SinkError::Gap { begins, cursor }))?;
        Ok(next)
    }

    /// Everything before `cursor` is in the sink for good.
    fn reach(&self, cursor: Offset, rate: &mut Rate) {
        (self.reached)(cursor);
        let is_even = self.source.newest() <= cursor;
        let mut status = self.control.status.lock();
        // To be connected again is no progress yet: what failed may fail again.
        if is_even || status.next < cursor.0 {
            status.last_error = None;
        }
        if !self.control.rebuild.load(Ordering::Acquire) {
            self.control.committed.store(cursor.0, Ordering::Release);
            status.next = cursor.0;
        }
        drop(status);
        rate.measure(cursor, &self.control);
    }
}

impl Rate {
    fn measure(&mut self, cursor: Offset, control: &Control) {
        let passed = self.since.elapsed();
        if passed < RATE_WINDOW {
            return;
        }
        let commands = cursor.0.saturating_sub(self.from);
        let per_second = u128::from(commands) * 1_000 / passed.as_millis();
        control.status.lock().per_second = u64::try_from(per_second).unwrap_or(u64::MAX);
        (self.since, self.from) = (Instant::now(), cursor.0);
    }
}

/// A sink that is silent for too long has failed: a paused server, a cut line.
async fn within<T>(
    step: impl Future<Output = Result<T, SinkError>> + Send,
) -> Result<T, SinkError> {
    let silent = SinkError::Silent {
        seconds: SILENCE.as_secs(),
    };
    tokio::time::timeout(SILENCE, step)
        .await
        .unwrap_or(Err(silent))
}
