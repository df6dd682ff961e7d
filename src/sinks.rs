//! The sinks of this node: one task each, and what operators ask of them.
//!
//! Reading order: [`Sinks::add`], then `past`, which makes answers again by replay.

use std::sync::Arc;

use parking_lot::Mutex;
use projections::driver::{Control, Driver};
use projections::projection::{Projection, Source};
use schemas::ids::Offset;
use tokio::task::JoinHandle;

use crate::node::Node;
use crate::past::NodeSource;
use crate::telemetry::Telemetry;

/// How long a sink may take for its last step; a step that is given up has no effect.
const CLOSE_LIMIT: std::time::Duration = std::time::Duration::from_secs(5);

/// Every sink that follows this node, by name.
pub struct Sinks {
    source: Arc<NodeSource>,
    telemetry: Option<Arc<Telemetry>>,
    running: Mutex<Vec<Running>>,
}

struct Running {
    control: Arc<Control>,
    /// Whether it can begin where the journal of a restored directory does.
    begins_anywhere: bool,
    task: JoinHandle<()>,
}

impl Sinks {
    /// No sink yet.
    pub fn new(node: &Node) -> Sinks {
        let (dir, views) = (node.data_dir.clone(), node.views.clone());
        Sinks {
            source: Arc::new(NodeSource::new(dir, views)),
            telemetry: None,
            running: Mutex::default(),
        }
    }

    /// The same, whose commands are traced into each sink.
    pub fn traced(mut self, telemetry: Option<Arc<Telemetry>>) -> Sinks {
        self.telemetry = telemetry;
        self
    }

    /// Follows the event log into a sink from its cursor on; needs a tokio runtime. After
    /// each step `reached` is told what is in the sink for good.
    pub fn add<P: Projection + 'static>(
        &self,
        projection: P,
        reached: impl Fn(Offset) + Send + 'static,
    ) -> Arc<Control> {
        let control = Control::new(projection.name());
        let begins_anywhere = projection.begins_anywhere();
        let (telemetry, name) = (self.telemetry.clone(), control.clone());
        let reached = move |cursor| {
            reached(cursor);
            if let Some(telemetry) = &telemetry {
                telemetry.reached(name.name(), cursor);
            }
        };
        let driver = Driver {
            projection,
            source: self.source.clone(),
            dir: self.source.dir().to_path_buf(),
            control: control.clone(),
            reached: Box::new(reached),
        };
        let task = tokio::spawn(async move { drop(driver.run().await) });
        let running = Running {
            control: control.clone(),
            begins_anywhere,
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

    /// Why a projection cannot be made again, if so: in a restored directory the journal
    /// begins later, and rows of all times came with the snapshot.
    pub fn refuses_rebuild(&self, name: &str) -> Option<String> {
        let first = match self.source.begins() {
            Ok(first) => first,
            Err(error) => return Some(error.to_string()),
        };
        let running = self.running.lock();
        let begins_anywhere = running
            .iter()
            .any(|it| it.control.name() == name && it.begins_anywhere);
        (first != Offset(0) && !begins_anywhere).then(|| {
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
