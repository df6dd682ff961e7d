//! `daybook feed`: real order flow through sequencer, journal and engine.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::time::Instant;

use flate2::read::GzDecoder;
use replay_tool::progress::Progress;
use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::feed::{Feeder, Line};

/// Run a file of order flow through a new data directory and print what came of it.
///
/// The file has the columns `seq,ts_ns,symbol,op,id,side,price,qty` with op NEW, IOC,
/// CANCEL or REDUCE. Its symbols are listed with tick = lot = 1 unit and open filters; one
/// funded account places every order, without fees or self-trade prevention.
#[derive(clap::Args)]
pub struct Feed {
    /// The gzipped file.
    file: PathBuf,
    /// Without a server, in this process; the only way there is.
    #[arg(long, required = true)]
    in_process: bool,
    /// A directory that does not exist yet or is empty.
    #[arg(long)]
    data_dir: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Feed {
    /// Feeds the whole file and waits until the last command is durable.
    ///
    /// # Errors
    /// [`Exit::Usage`] for a file that cannot be understood, with its line.
    pub fn run(&self) -> Result<Exit, Failure> {
        let started = Instant::now();
        let file = File::open(&self.file).map_err(|error| {
            Failure::new(Exit::Usage, format!("{}: {error}", self.file.display()))
        })?;
        let mut feeder = Feeder::create(&self.data_dir)?;
        let mut progress = Progress::new(0);
        for (index, line) in BufReader::new(GzDecoder::new(file)).lines().enumerate() {
            let place = || format!("{} line {}", self.file.display(), index + 1);
            let line =
                line.map_err(|error| Failure::new(Exit::Usage, format!("{}: {error}", place())))?;
            if index == 0 {
                continue;
            }
            let wrong = |reason| Failure::new(Exit::Usage, format!("{}: {reason}", place()));
            let line = Line::parse(&line).map_err(wrong)?;
            feeder.feed(&line).map_err(|failure| Failure {
                line: format!("{}: {}", place(), failure.line),
                ..failure
            })?;
            progress.advance();
        }
        drop(progress);
        let fed = feeder.finish()?;
        let seconds = started.elapsed().as_secs_f64();
        if self.json {
            let answer = json!({
                "commands": fed.commands, "fills": fed.fills, "fills_sha256": fed.fills_sha256,
                "book_sha256": fed.book_sha256, "offset": fed.offset.0, "seconds": seconds,
            });
            println!("{answer}");
        } else {
            println!(
                "{} commands, {} fills in {seconds:.2} s\nfills {}\nbook  {}",
                fed.commands, fed.fills, fed.fills_sha256, fed.book_sha256
            );
        }
        Ok(Exit::Ok)
    }
}
