//! Real order flow and other people's tests, fed to the engine.
//!
//! The data lies outside the repository: `DAYBOOK_ORACLES`, else `DAYBOOK_SHARED/oracles`
//! (by default `../shared/oracles` beside the workspace). Absent: said loudly and skipped;
//! with `CI=true` that is a failure. What is expected is taken from the data itself, so the
//! same tests run on other days and symbols.
//!
//! Reading order: this file, `flow` (outside ids to engine ids), `lobster`, `stream`,
//! `scenarios`, `self_trade`, `vectors`, `xcs1`.

mod flow;
mod lobster;
mod stream;
mod scenarios;
mod self_trade;
mod vectors;
mod xcs1;

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of outside data, counted from the workspace root.
pub fn shared() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace root");
    let named = std::env::var_os("DAYBOOK_SHARED").map_or("../shared".into(), PathBuf::from);
    root.join(named)
}

fn oracles() -> PathBuf {
    std::env::var_os("DAYBOOK_ORACLES").map_or_else(|| shared().join("oracles"), PathBuf::from)
}

/// Says that something is absent; with `CI=true` that is a failure.
pub fn skip(what: &str) {
    eprintln!("SKIPPED: {what}");
    let must = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!must, "CI=true and {what}");
}

/// The files below `folder` whose names end so, by name; empty and said so when there are none.
pub fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = oracles().join(folder);
    let mut found: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map(|entries| {
            entries
                .map(|entry| entry.expect("a readable folder").path())
                .filter(|path| path.to_string_lossy().ends_with(ending))
                .collect()
        })
        .unwrap_or_default();
    found.sort();
    if found.is_empty() {
        skip(&format!("no oracle data: {}/*{ending}", folder.display()));
    }
    found
}

/// One file of the folder, if it is there.
pub fn file(name: &str) -> Option<PathBuf> {
    let path = oracles().join(name);
    if !path.exists() {
        skip(&format!("no oracle data: {}", path.display()));
        return None;
    }
    Some(path)
}

/// A text, unpacked when its name ends in `.gz`.
pub fn text(path: &Path) -> String {
    let bytes = std::fs::read(path).expect("a readable file");
    let mut text = String::new();
    if path.to_string_lossy().ends_with(".gz") {
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text)
    } else {
        bytes.as_slice().read_to_string(&mut text)
    }
    .expect("UTF-8");
    text
}

/// A whole number of a JSON value.
pub fn whole(value: &Value) -> i64 {
    value
        .as_i64()
        .unwrap_or_else(|| panic!("not a whole number: {value}"))
}

/// A decimal number or text in 1e-8, exactly.
pub fn in_1e_8(value: &Value) -> i64 {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), ToOwned::to_owned);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    assert!(fraction.len() <= 8, "more than eight decimals: {text}");
    format!("{whole}{fraction:0<8}")
        .parse()
        .unwrap_or_else(|_| panic!("no decimal: {text}"))
}

pub fn side(value: &Value) -> schemas::instrument::Side {
    match value.as_str() {
        Some("B") => schemas::instrument::Side::Buy,
        Some("S") => schemas::instrument::Side::Sell,
        other => panic!("no side: {other:?}"),
    }
}
