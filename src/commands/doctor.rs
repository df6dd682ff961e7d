//! `daybook doctor`: will this machine carry a node?

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::pipeline::clock::wall_clock;

/// Check disk, sync latency, space, limits and clock; one line each, exit 1 on a finding.
#[derive(clap::Args)]
pub struct Doctor {
    /// The data directory, or where it is to be.
    #[arg(long, default_value = ".")]
    data_dir: PathBuf,
    /// A configuration file to check as well.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One line of the report.
struct Check {
    name: &'static str,
    good: bool,
    text: String,
}

/// Room for four segments of the default size, in bytes.
const SPACE_MIN: u64 = 1 << 30;
/// A median sync slower than this makes every answer slow.
const SYNC_MAX: Duration = Duration::from_millis(5);
/// Open files a node with a few thousand clients needs.
const FILES_MIN: u64 = 4_096;
/// Syncs measured.
const SYNCS: usize = 50;

impl Doctor {
    /// Looks at everything and prints a line for each.
    ///
    /// # Errors
    /// None but those of printing; findings are exit 1.
    pub fn run(&self) -> Result<Exit, Failure> {
        let checks = [
            disk(&self.data_dir),
            space(&self.data_dir),
            files(),
            clock(&self.data_dir),
            journal(&self.data_dir),
            self.configuration(),
            Check {
                name: "servers",
                good: true,
                text: "none configured; everything is embedded".to_string(),
            },
        ];
        if self.json {
            let rows: Vec<_> = checks
                .iter()
                .map(|check| json!({"check": check.name, "ok": check.good, "text": check.text}))
                .collect();
            println!("{}", json!(rows));
        } else {
            for check in &checks {
                let sign = if check.good { "ok     " } else { "FINDING" };
                println!("{sign} {:<8} {}", check.name, check.text);
            }
        }
        Ok(if checks.iter().all(|check| check.good) {
            Exit::Ok
        } else {
            Exit::Finding
        })
    }

    fn configuration(&self) -> Check {
        let name = "config";
        match self.config.as_deref().map(crate::config::read_live) {
            None => Check {
                name,
                good: true,
                text: "no file given, defaults".to_string(),
            },
            Some(Ok(_)) => Check {
                name,
                good: true,
                text: "the file reads".to_string(),
            },
            Some(Err(failure)) => Check {
                name,
                good: false,
                text: failure.line,
            },
        }
    }
}

/// The directory itself, or the nearest one above that exists.
fn existing(dir: &Path) -> &Path {
    dir.ancestors()
        .find(|path| path.is_dir())
        .unwrap_or(Path::new("."))
}

fn disk(dir: &Path) -> Check {
    let name = "disk";
    let path = existing(dir).join(format!(".doctor-{}", std::process::id()));
    let measured = sync_median(&path);
    // A file that was never made need not be removed.
    let _ = std::fs::remove_file(&path);
    match measured {
        Ok(median) => Check {
            name,
            good: median <= SYNC_MAX,
            text: format!(
                "a sync of 4 KiB takes {} us (median of {SYNCS}; over {} us is slow)",
                median.as_micros(),
                SYNC_MAX.as_micros()
            ),
        },
        Err(error) => Check {
            name,
            good: false,
            text: format!("{}: {error}", path.display()),
        },
    }
}

fn sync_median(path: &Path) -> std::io::Result<Duration> {
    let mut file = File::create(path)?;
    let page = [7; 4_096];
    file.write_all(&page)?;
    file.sync_all()?;
    let mut taken = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let started = Instant::now();
        file.write_all_at(&page, 0)?;
        file.sync_data()?;
        taken.push(started.elapsed());
    }
    taken.sort();
    Ok(taken[SYNCS / 2])
}

fn space(dir: &Path) -> Check {
    let name = "space";
    match rustix::fs::statvfs(existing(dir)) {
        Ok(answer) => {
            let free = answer.f_bavail * answer.f_frsize;
            let text = format!("{} MiB free (at least {} MiB)", free >> 20, SPACE_MIN >> 20);
            Check {
                name,
                good: free >= SPACE_MIN,
                text,
            }
        }
        Err(error) => Check {
            name,
            good: false,
            text: error.to_string(),
        },
    }
}

fn files() -> Check {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let most = limit.current.unwrap_or(u64::MAX);
    Check {
        name: "files",
        good: most >= FILES_MIN,
        text: format!("{most} open files allowed (at least {FILES_MIN}; raise with ulimit -n)"),
    }
}

fn clock(dir: &Path) -> Check {
    let name = "clock";
    let now = wall_clock();
    let inspected = journal::recovery::inspect(dir);
    let last = inspected
        .ok()
        .and_then(|inspection| inspection.recovery.last_time);
    match last {
        Some(last) if now < last => Check {
            name,
            good: false,
            text: format!(
                "{} s behind the journal's last frame",
                (last.0 - now.0) / 1_000_000_000
            ),
        },
        Some(last) => Check {
            name,
            good: true,
            text: format!(
                "{} s after the journal's last frame",
                (now.0 - last.0) / 1_000_000_000
            ),
        },
        None => Check {
            name,
            good: true,
            text: format!("{} ms since 1970", now.as_millis()),
        },
    }
}

fn journal(dir: &Path) -> Check {
    let name = "journal";
    if !dir.join("journal").is_dir() {
        return Check {
            name,
            good: true,
            text: "none yet".to_string(),
        };
    }
    match journal::recovery::inspect(dir) {
        Ok(inspection) => match inspection.finding {
            Some(finding) => Check {
                name,
                good: false,
                text: finding.to_string(),
            },
            None => Check {
                name,
                good: true,
                text: format!("{} frames verify", inspection.recovery.next.0),
            },
        },
        Err(error) => Check {
            name,
            good: false,
            text: error.to_string(),
        },
    }
}
