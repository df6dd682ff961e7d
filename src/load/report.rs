//! What a run shows while it goes on, and what it leaves behind.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::IntervalLogWriterBuilder;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::load::run::{Measured, Run};

/// How often the live view moves.
const LOOK: Duration = Duration::from_millis(250);
const QUANTILES: [(&str, f64); 6] = [
    ("p50_us", 0.5),
    ("p90_us", 0.9),
    ("p99_us", 0.99),
    ("p999_us", 0.999),
    ("p9999_us", 0.9999),
    ("max_us", 1.0),
];

/// The facts of a run.
pub fn summary(measured: &Measured) -> Value {
    let seconds = measured.elapsed.as_secs_f64();
    let answered = measured.accepted + measured.refused;
    let mut facts = json!({
        "accepted": measured.accepted, "refused": measured.refused, "broken": measured.broken,
        "seconds": round(seconds), "per_second": round(answered as f64 / seconds.max(1e-9)),
        "measured": measured.latency.len(),
    });
    for (name, quantile) in QUANTILES {
        let nanos = measured.latency.value_at_quantile(quantile);
        facts[name] = json!(round(nanos as f64 / 1_000.0));
    }
    facts
}

/// The same for people.
pub fn text(measured: &Measured) -> String {
    let facts = summary(measured);
    let mut lines = vec![format!(
        "{} accepted, {} refused, {} connections broken, {} answers/s over {} s",
        facts["accepted"], facts["refused"], facts["broken"], facts["per_second"], facts["seconds"]
    )];
    for (name, _) in QUANTILES {
        let name = name.trim_end_matches("_us");
        let micros = facts[format!("{name}_us")].as_f64().unwrap_or(0.0);
        lines.push(format!("{name:>6} {micros:>12.1} us"));
    }
    lines.join("\n")
}

/// Writes the histogram as an HdrHistogram log, which its tools draw and merge.
///
/// # Errors
/// The file cannot be written.
pub fn write_log(path: &Path, measured: &Measured) -> Result<()> {
    let mut file = std::fs::File::create(path).with_context(|| path.display().to_string())?;
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("latencies in nanoseconds, from the moment each request was due")
        .begin_log_with(&mut file, &mut serializer)
        .context("writing the log's head")?;
    log.write_histogram(&measured.latency, Duration::ZERO, measured.elapsed, None)
        .map_err(|error| anyhow::anyhow!("writing the histogram: {error:?}"))
}

/// Moves a live view until the run has ended; nothing where no terminal watches.
pub async fn watch(run: Arc<Run>) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let (_, total) = run.progress();
    let bar = ProgressBar::new(total);
    let style = ProgressStyle::with_template("{elapsed} {wide_bar} {pos}/{len} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let (mut before, mut looked) = (0, Instant::now());
    loop {
        tokio::time::sleep(LOOK).await;
        let accepted = run.accepted.load(Ordering::Relaxed);
        let refused = run.refused.load(Ordering::Relaxed);
        let rate = (accepted + refused - before) as f64 / looked.elapsed().as_secs_f64();
        (before, looked) = (accepted + refused, Instant::now());
        bar.set_position(run.progress().0);
        bar.set_message(live(rate, refused, &run.latency()));
    }
}

fn live(rate: f64, refused: u64, latency: &Histogram<u64>) -> String {
    let millis = |quantile| latency.value_at_quantile(quantile) as f64 / 1_000_000.0;
    format!(
        "{rate:.0}/s, {refused} refused, p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
        millis(0.5),
        millis(0.99),
        millis(1.0)
    )
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
