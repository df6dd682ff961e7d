//! Who may depend on whom, as a table. The table is the rule: see ARCHITECTURE.md.
//!
//! Cargo says what a crate links, all the way down; a look at the sources says what
//! cargo cannot see, such as a clock in the engine or a write in the auditor's tool.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::tidy::{expect_none, root, sources};

/// One crate of ours and its wall.
struct Wall {
    name: &'static str,
    /// Crates of ours that it may use.
    ours: &'static [&'static str],
    /// Crates that may be nowhere below it.
    forbidden: &'static [&'static [&'static str]],
}

const OURS: [&str; 9] = [
    "schemas",
    "journal",
    "engine",
    "views",
    "projections",
    "backoffice",
    "gateway",
    "replay-tool",
    "daybook",
];
const ASYNC: &[&str] = &["tokio", "async-std", "smol", "async-io"];
const NETWORK: &[&str] = &[
    "mio",
    "socket2",
    "hyper",
    "axum",
    "tower",
    "reqwest",
    "ureq",
    "rustls",
    "native-tls",
    "tungstenite",
    "rdkafka",
];
const DISK: &[&str] = &["memmap2", "tempfile", "rusqlite", "libsqlite3-sys"];
const SQL: &[&str] = &["sqlx", "sqlx-core", "libsqlite3-sys", "rusqlite"];
/// Nothing whose answer is not a function of the commands.
const CHANCE: &[&str] = &[
    "rand",
    "getrandom",
    "crossbeam",
    "parking_lot",
    "rayon",
    "chrono",
];

const WALLS: [Wall; 8] = [
    Wall {
        name: "schemas",
        ours: &[],
        forbidden: &[ASYNC, NETWORK, DISK, SQL],
    },
    Wall {
        name: "journal",
        ours: &["schemas"],
        forbidden: &[&["engine"], ASYNC, NETWORK, SQL],
    },
    Wall {
        name: "engine",
        ours: &["schemas"],
        forbidden: &[&["journal"], ASYNC, NETWORK, DISK, SQL, CHANCE],
    },
    Wall {
        name: "views",
        ours: &["schemas"],
        forbidden: &[&["engine", "journal"], ASYNC],
    },
    Wall {
        name: "projections",
        ours: &["schemas", "journal"],
        forbidden: &[&["engine", "gateway"]],
    },
    Wall {
        name: "backoffice",
        ours: &["schemas"],
        forbidden: &[&["engine", "journal", "gateway"]],
    },
    Wall {
        name: "gateway",
        ours: &["schemas"],
        forbidden: &[&["engine", "journal", "views", "backoffice"], SQL],
    },
    Wall {
        name: "replay-tool",
        ours: &["schemas", "journal", "engine"],
        forbidden: &[ASYNC, NETWORK, SQL],
    },
];

#[test]
fn no_crate_links_what_its_wall_forbids() {
    for wall in &WALLS {
        let linked = linked_by(wall.name);
        for name in wall.forbidden.iter().copied().flatten() {
            assert!(!linked.contains(*name), "{} links {name}", wall.name);
        }
        for name in OURS.iter().filter(|name| **name != wall.name) {
            let allowed = wall.ours.contains(name);
            assert!(
                allowed || !linked.contains(*name),
                "{} links {name}",
                wall.name
            );
        }
    }
}

/// A look that sees nothing would forbid nothing.
#[test]
fn the_looks_of_these_tests_see_what_is_there() {
    let linked = linked_by("gateway");
    assert!(linked.contains("tokio") && linked.contains("axum") && linked.contains("schemas"));
    assert!(has_word("let now = Instant::now();", "Instant"));
    assert!(has_word("use std::fs::File;", "std::fs"));
    assert!(!has_word("struct Instantly;", "Instant"));
    assert!(!has_word("my_f64x", "f64"));
}

#[test]
fn every_crate_has_a_wall() {
    let metadata = cargo(&["metadata", "--format-version", "1", "--no-deps"]);
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let names: BTreeSet<&str> = packages
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    let known: BTreeSet<&str> = OURS.into_iter().chain(["xtask"]).collect();
    assert_eq!(names, known, "a new crate needs a row in the table");
    assert_eq!(WALLS.len() + 1, OURS.len(), "the root alone has no wall");
}

#[test]
fn xtask_links_no_crate_of_ours_and_three_of_others() {
    let text = std::fs::read_to_string(root().join("xtask/Cargo.toml")).expect("xtask is there");
    let manifest: toml::Table = text.parse().expect("a manifest is TOML");
    let dependencies = manifest["dependencies"].as_table().expect("a table");
    let names: Vec<&str> = dependencies.keys().map(String::as_str).collect();
    assert_eq!(names, ["anyhow", "clap", "serde_json"]);
}

/// What would make equal journals give unequal states.
#[test]
fn the_engine_asks_no_clock_no_disk_and_no_hash_map() {
    let banned = [
        "HashMap",
        "HashSet",
        "Instant",
        "SystemTime",
        "std::fs",
        "std::net",
        "std::thread",
        "std::env",
        "std::process",
        "f32",
        "f64",
        "println!",
        "eprintln!",
    ];
    refuse_words("engine/src", &banned);
}

#[test]
fn schemas_do_no_input_and_no_output() {
    refuse_words(
        "schemas/src",
        &[
            "std::fs",
            "std::net",
            "std::thread",
            "std::env",
            "std::time",
        ],
    );
}

/// It knows offsets and times, never what a frame says.
#[test]
fn the_journal_knows_no_command() {
    let banned = ["schemas::command", "schemas::event", "schemas::instrument"];
    refuse_words("journal/src", &banned);
}

/// The gateway reaches state by a command and reads it through a port. Only the numbers
/// and messages of FIX sessions lie in files of its own, in the two places named here.
#[test]
fn the_gateway_opens_no_file() {
    let stores = ["gateway/src/fix/store/", "gateway/src/fix/claims.rs"];
    let mut findings = words_in("gateway/src", &["std::fs", "tokio::fs", "File::open"]);
    findings.retain(|line| !stores.iter().any(|store| line.starts_with(store)));
    expect_none("what has no place in this crate", &findings);
}

/// Inspection never writes into what it reads.
#[test]
fn the_replay_tool_never_writes() {
    let banned = [
        "fs::write",
        "File::create",
        "OpenOptions",
        "fs::remove",
        "fs::rename",
        "create_dir",
        "set_permissions",
        "hard_link",
    ];
    refuse_words("replay-tool/src", &banned);
    // The node makes snapshots by the same library; no command of the tool does.
    refuse_words(
        "replay-tool/src/commands",
        &["snapshot::write", "snapshot::copy"],
    );
}

/// A type that serializes to JSON is a promise to a client.
#[test]
fn only_wire_types_of_the_gateway_serialize() {
    for source in sources("gateway/src") {
        let wire = ["/wire/", "/ws/", "/error/"]
            .iter()
            .any(|it| source.path.contains(it));
        for (number, line) in source.code_lines() {
            let derives = line.contains("derive(") && line.contains("Serialize");
            assert!(wire || !derives, "{}:{number}: {line}", source.path);
        }
    }
}

fn refuse_words(folder: &str, banned: &[&str]) {
    let findings = words_in(folder, banned);
    expect_none("what has no place in this crate", &findings);
}

/// Each place in `folder` where one of the words stands.
fn words_in(folder: &str, banned: &[&str]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources(folder) {
        for (number, line) in source.code_lines() {
            let found = banned.iter().filter(|word| has_word(line, word));
            findings.extend(found.map(|word| format!("{}:{number}: `{word}`", source.path)));
        }
    }
    findings
}

/// True if `word` stands in `line` and is no part of a longer name.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let starts = !before.is_some_and(part_of_name);
        // A path such as `std::fs` or `fs::remove` may go on.
        let ends = word.contains("::") || !after.is_some_and(part_of_name);
        starts && ends
    })
}

/// The names of all crates that `name` links, its build scripts' included, itself too.
fn linked_by(name: &str) -> BTreeSet<String> {
    let edges = [
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let tree = cargo(&[&["tree", "--package", name], edges.as_slice()].concat());
    tree.lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

fn cargo(words: &[&str]) -> String {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command
        .args(words)
        .arg("--locked")
        .current_dir::<&Path>(root())
        .stdin(Stdio::null());
    let output = command
        .output()
        .expect("cargo runs these tests, so that it is there");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {words:?}: {talk}");
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}
