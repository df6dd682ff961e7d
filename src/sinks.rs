//! The sinks of this node: one task each, and what operators ask of them.
//!
//! Reading order: [`Sinks::add`], then [`NodeSource`], which makes answers again by replay.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::apply::Stamp;
use journal::reader::Reader;
use parking_lot::Mutex;
use projections::driver::{Control, Driver};
use projections::error::SinkError;
use projections::projection::{Answered, Batch, Projection, Source};
use replay_tool::replay::{Replayer, collect_skips, origin, start_state};
use schemas::ids::Offset;
use tokio::task::JoinHandle;
use views::Views;

use crate::node::Node;

/// How long a sink may take for its last step; a step that is given up has no effect.
const CLOSE_LIMIT: std::time::Duration = std::time::Duration::from_secs(5);

/// Every sink that follows this node, by name.
pub struct Sinks {
    source: Arc<NodeSource>,
    running: Mutex<Vec<Running>>,
}

struct Running {
    control: Arc<Control>,
    task: JoinHandle<()>,
}

/// The event log of this node, and its journal where that has been cut away.
pub struct NodeSource {
    dir: PathBuf,
    views: Arc<Views>,
}

impl Sinks {
    /// No sink yet.
    pub fn new(node: &Node) -> Sinks {
        let (dir, views) = (node.data_dir.clone(), node.views.clone());
        Sinks {
            source: Arc::new(NodeSource { dir, views }),
            running: Mutex::default(),
        }
    }

    /// Follows the event log into a sink from its cursor on; needs a tokio runtime. After
    /// each step `reached` is told what is in the sink for good.
    pub fn add<P: Projection + 'static>(
        &self,
        projection: P,
        reached: impl Fn(Offset) + Send + 'static,
    ) -> Arc<Control> {
        let control = Control::new(projection.name());
        let driver = Driver {
            projection,
            source: self.source.clone(),
            dir: self.source.dir.clone(),
            control: control.clone(),
            reached: Box::new(reached),
        };
        let task = tokio::spawn(async move { drop(driver.run().await) });
        let running = Running {
            control: control.clone(),
            task,
        };
        self.running.lock().push(running);
        control
    }

    /// All of them, in the order in which they were added.
    pub fn controls(&self) -> Vec<Arc<Control>> {
        let running = self.running.lock();
        running.iter().map(|it| it.control.clone()).collect()
    }

    /// Why nothing can be made again from offset 0, if so: in a restored directory the
    /// journal begins later, and the rows before came with the snapshot.
    pub fn refuses_rebuild(&self) -> Option<String> {
        let first = match origin(&self.source.dir) {
            Ok(origin) => origin.first,
            Err(error) => return Some(error.to_string()),
        };
        (first != Offset(0)).then(|| {
            format!(
                "the journal begins at offset {}: rows of before cannot be made again; restore \
                 the snapshot with its read models instead",
                first.0
            )
        })
    }

    /// Stops them after the step under way.
    pub async fn close(&self) {
        let running = std::mem::take(&mut *self.running.lock());
        for it in &running {
            it.control.stop();
        }
        for it in running {
            let abort = it.task.abort_handle();
            match tokio::time::timeout(CLOSE_LIMIT, it.task).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => tracing::error!("projection {} failed", it.control.name()),
                Err(_) => abort.abort(),
            }
        }
    }
}

impl Source for NodeSource {
    fn newest(&self) -> Offset {
        self.views.next()
    }

    fn replay(&self, from: Offset, to: Offset) -> Result<Batch, SinkError> {
        replay(&self.dir, from, to)
    }
}

/// Answers of the commands from `from` up to `to`, made again by replay.
fn replay(dir: &Path, from: Offset, to: Offset) -> Result<Batch, SinkError> {
    let gap = || SinkError::Gap {
        begins: to,
        cursor: from,
    };
    let start = start_state(dir, Some(from)).map_err(|_| gap())?;
    let skips = collect_skips(dir, start.next, Some(to)).map_err(|_| gap())?;
    let mut reader = Reader::open(dir, start.next)?;
    let mut replayer = Replayer::new(start.engine, start.chain, skips);
    let mut commands = Vec::new();
    while reader.position() < to {
        let Some(frame) = reader.next()? else {
            return Err(gap());
        };
        let applied = replayer.step(&frame).map_err(|_| gap())?;
        let Stamp { offset, time } = applied.stamp;
        if from <= offset {
            commands.push(Answered {
                offset,
                time,
                events: applied.events.to_vec(),
            });
        }
    }
    Ok(Batch {
        from,
        next: to,
        commands,
    })
}
