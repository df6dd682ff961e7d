//! XCS1 S1 and S100: the published state hashes and trade counts, no refusal.

#[path = "xcs1_stream.rs"]
mod stream;

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{shared, skip};

/// name, arguments of the generator, final state hash, trades (`bench/README.md`).
const PUBLISHED: [(&str, &str, &str, u64); 2] = [
    ("S1", "1 1000 1000 3000000 1", "d9da75506651f76d", 189_244),
    (
        "S100",
        "100 10000 10000 3000000 1",
        "c311450906526b44",
        188_258,
    ),
];

/// Where `xcs1/` is built and the streams lie, unless `XCS1_DIR` names a folder.
fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("XCS1_DIR") {
        return Some(PathBuf::from(folder));
    }
    let manifest = shared().join("bench/xcs1/Cargo.toml");
    if !manifest.exists() {
        skip(&format!("no stream generator: {}", manifest.display()));
        return None;
    }
    let test = std::env::current_exe().expect("the path of this test");
    let target = test
        .ancestors()
        .nth(3)
        .expect("target/PROFILE/deps/test")
        .join("xcs1");
    std::fs::create_dir_all(&target).expect("the target folder is writable");
    // Its own copy of the lock file cannot be written where it lies.
    let source = target.join("source");
    copy(manifest.parent().expect("a folder"), &source);
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--bin", "gen"])
        .current_dir(&source)
        .env("CARGO_TARGET_DIR", target.join("build"))
        .status()
        .expect("cargo runs");
    if !built.success() {
        skip("the stream generator does not build");
        return None;
    }
    for (name, arguments, _, _) in PUBLISHED {
        let stream = target.join(format!("{name}.bin"));
        if !stream.exists() {
            let partial = target.join(format!("{name}.{}.part", std::process::id()));
            let made = Command::new(target.join("build/release/gen"))
                .arg(&partial)
                .args(arguments.split(' '))
                .status()
                .expect("the generator runs");
            assert!(made.success(), "gen {arguments}");
            std::fs::rename(&partial, &stream).expect("one folder");
        }
    }
    Some(target)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the target folder is writable");
    for entry in std::fs::read_dir(from).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        let place = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &place);
        } else {
            std::fs::write(place, std::fs::read(&path).expect("a readable file"))
                .expect("the target folder is writable");
        }
    }
}

#[test]
fn oracle_xcs1_streams_end_in_the_published_hashes() {
    if cfg!(debug_assertions) && std::env::var_os("XCS1_DIR").is_none() {
        println!("not run in debug: six million commands; use cargo test --release");
        return;
    }
    let Some(folder) = folder() else {
        return;
    };
    for (name, _, hash, trades) in PUBLISHED {
        let bytes = std::fs::read(folder.join(format!("{name}.bin"))).expect("a stream");
        let plan = stream::Plan::new(stream::Stream::parse(&bytes));
        let counts = stream::verify(&plan);
        println!("{name}: {counts:x?}");
        assert_eq!(format!("{:016x}", counts.state_hash), hash, "{name}");
        assert_eq!((counts.trades, counts.rejects), (trades, 0), "{name}");
    }
}
