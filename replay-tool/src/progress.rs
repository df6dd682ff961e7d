//! A progress bar on long work, on stderr and only when a terminal watches.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the bar moves, in frames.
const STRIDE: u64 = 1 << 14;

/// Counts frames.
pub struct Progress {
    bar: Option<ProgressBar>,
    done: u64,
}

impl Progress {
    /// A bar over `total` frames; 0 when nobody knows how many there are.
    pub fn new(total: u64) -> Progress {
        let watched = std::io::stderr().is_terminal() && (total == 0 || STRIDE < total);
        let bar = watched.then(|| {
            let (bar, text) = match total {
                0 => (ProgressBar::no_length(), "replay {pos} {per_sec}"),
                _ => (
                    ProgressBar::new(total),
                    "replay {bar:40} {pos}/{len} {per_sec} {eta}",
                ),
            };
            let style = ProgressStyle::with_template(text);
            bar.set_style(style.expect("the template is constant"));
            bar
        });
        Progress { bar, done: 0 }
    }

    /// One more frame.
    #[inline]
    pub fn advance(&mut self) {
        self.done += 1;
        if self.done.is_multiple_of(STRIDE)
            && let Some(bar) = &self.bar
        {
            bar.set_position(self.done);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
