//! A fault of ours: written down by the panic hook, found by the next start.
//!
//! `fault.json` names the command under way. A start that finds it for a command not yet
//! stepped over opens administration and reads, not trading (DESIGN §4).

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use schemas::ids::Offset;
use serde_json::{Value, json};

use crate::failure::Exit;
use crate::pipeline::core::Shared;

thread_local! {
    /// The command that this thread replays; `u64::MAX` = none.
    static REPLAYING: Cell<u64> = const { Cell::new(u64::MAX) };
}
/// Where to write a fault, and who knows the command under way.
static WATCHED: OnceLock<(PathBuf, Arc<Shared>)> = OnceLock::new();
/// The directory of a replay that is still going on.
static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();

/// The thread that applies commands.
pub const CORE_THREAD: &str = "core";
/// The thread that makes snapshots.
pub const FOLLOWER_THREAD: &str = "follower";

/// Plants a fault at an offset, for tests of this very mechanism.
const PLANTED: &str = "DAYBOOK_PLANT_FAULT_AT";

/// Installs the panic hook: message, `fault.json`, exit 70.
pub fn install_hook(data_dir: &Path) {
    // A second node in one process (tests) keeps the first hook's directory.
    let _ = DIRECTORY.set(data_dir.to_path_buf());
    std::panic::set_hook(Box::new(|info| {
        let message = info.to_string().replace('\n', " ");
        let offset = command_under_way();
        if offset == u64::MAX {
            eprintln!("daybook: a fault of ours outside any command: {message}");
            if !ends_the_node() {
                return;
            }
        } else {
            eprintln!("daybook: a fault of ours at offset {offset}: {message}");
            write(offset, &message);
        }
        std::process::exit(Exit::OurFault as i32);
    }));
}

/// The command that the panicking thread was at: the core's own, or the one it replays.
fn command_under_way() -> u64 {
    let replaying = REPLAYING.with(Cell::get);
    let is_core = std::thread::current().name() == Some(CORE_THREAD);
    let live = WATCHED.get().filter(|_| is_core);
    live.map_or(replaying, |(_, shared)| {
        shared.under_way.load(Ordering::Relaxed)
    })
}

/// A panic of a handler, a projection or a snapshot ends that task alone; without any other
/// thread there is no node.
fn ends_the_node() -> bool {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or_default();
    !name.starts_with("tokio") && name != FOLLOWER_THREAD
}

fn write(offset: u64, message: &str) {
    let Some(dir) = DIRECTORY.get() else { return };
    let build = env!("CARGO_PKG_VERSION");
    let text = json!({"offset": offset, "build": build, "message": message}).to_string();
    if let Err(error) = std::fs::write(dir.join("fault.json"), text) {
        eprintln!("daybook: fault.json could not be written: {error}");
    }
}

/// Lets the hook know the command under way in the running node.
pub fn watch(data_dir: &Path, shared: Arc<Shared>) {
    shared.under_way.store(u64::MAX, Ordering::Relaxed);
    let _ = WATCHED.set((data_dir.to_path_buf(), shared));
}

/// Lets the hook know the command being replayed.
#[inline]
pub fn under_way(offset: Offset) {
    REPLAYING.with(|replaying| replaying.set(offset.0));
}

/// The replay is over.
pub fn none_under_way() {
    REPLAYING.with(|replaying| replaying.set(u64::MAX));
}

/// The offset that an earlier run found a fault at, if the journal still reaches it.
pub fn waiting(data_dir: &Path, next: Offset) -> Option<Offset> {
    let text = std::fs::read_to_string(data_dir.join("fault.json")).ok()?;
    let fault: Value = serde_json::from_str(&text).ok()?;
    let offset = Offset(fault["offset"].as_u64()?);
    (offset < next).then_some(offset)
}

/// After a start without a fault: the record of an earlier one is put aside, so that it
/// never stops another start.
///
/// # Errors
/// When the file cannot be renamed.
pub fn settle(data_dir: &Path) -> std::io::Result<()> {
    let record = data_dir.join("fault.json");
    match std::fs::rename(&record, data_dir.join("fault-settled.json")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The offset of the planted fault, if the environment plants one.
pub fn planted() -> Option<Offset> {
    std::env::var(PLANTED).ok()?.parse().ok().map(Offset)
}
