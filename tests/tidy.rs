//! The house rules of STYLE.md that a program can check.
//!
//! Each rule is one test; its failure names the file, the line and what to do. What clippy
//! and rustfmt check is not repeated here: they are steps of `cargo xtask check`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the tree.
pub struct Source {
    /// From the root, with `/`.
    pub path: String,
    pub text: String,
}

impl Source {
    /// Numbered lines without those that are comments only.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines
            .map(|(index, line)| (index + 1, line))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// A test, a bench or what only they use.
    fn is_test(&self) -> bool {
        let names = ["tests", "benches", "golden"];
        let mut parts = self.path.split('/');
        parts.any(|part| names.contains(&part)) || self.path.ends_with("tests.rs")
    }
}

/// The folder of the root `Cargo.toml`.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under a folder of the root; the empty text is the root itself.
pub fn sources(folder: &str) -> Vec<Source> {
    files(folder, "rs")
}

fn files(folder: &str, extension: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&root().join(folder), &mut paths);
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source is UTF-8 text");
        let path = path
            .strip_prefix(root())
            .expect("the walk began at the root");
        Source {
            path: path.to_string_lossy().into_owned(),
            text,
        }
    };
    paths.into_iter().map(read).collect()
}

/// Build output and what begins with a dot is not ours.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder)
        .expect("a folder of the tree")
        .flatten()
    {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || name.starts_with("target") || name == "node_modules" {
            continue;
        }
        if entry.path().is_dir() {
            walk(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn manifest(path: &str) -> toml::Table {
    read(path)
        .parse()
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Fails with all findings at once, so that they can be mended at once.
pub fn expect_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n  {}\n", findings.join("\n  "));
}

/// Every place where `rule` finds something in a line of code.
fn lines_where(finds: impl Fn(&Source, &str) -> bool) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources("") {
        for (number, line) in source.code_lines().filter(|(_, line)| finds(&source, line)) {
            findings.push(format!("{}:{number}: {}", source.path, line.trim()));
        }
    }
    findings
}

/// A walk that finds nothing would forgive everything.
#[test]
fn the_walk_finds_every_crate() {
    let found = sources("");
    for path in [
        "tests/tidy.rs",
        "journal/src/lib.rs",
        "xtask/src/main.rs",
        "src/main.rs",
    ] {
        assert!(found.iter().any(|source| source.path == path), "{path}");
    }
    assert!(
        found
            .iter()
            .all(|source| !source.path.starts_with("target/"))
    );
    assert!(
        files("", "md")
            .iter()
            .any(|it| it.path == "docs/adr/README.md")
    );
}

#[test]
fn a_file_has_at_most_600_lines_before_its_tests() {
    let mut findings = Vec::new();
    for source in sources("").iter().filter(|source| !source.is_test()) {
        let tests = source.text.lines().position(|line| line == "#[cfg(test)]");
        let count = tests.unwrap_or(source.text.lines().count());
        if count > 600 {
            findings.push(format!("{}: {count} lines", source.path));
        }
    }
    expect_none("cut the topic in two", &findings);
}

#[test]
fn a_line_has_at_most_100_columns() {
    let mut findings = Vec::new();
    for source in sources("") {
        for (index, line) in source.text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > 100 {
                findings.push(format!("{}:{}: {columns} columns", source.path, index + 1));
            }
        }
    }
    expect_none("rustfmt leaves long texts and comments to us", &findings);
}

/// The patterns are put together here, so that this file does not find itself.
#[test]
fn nothing_is_put_off_or_silenced() {
    let banned = [
        concat!("#[al", "low("),
        concat!("#![al", "low("),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("db", "g!("),
        concat!("#[ig", "nore"),
        concat!("should_", "panic"),
    ];
    let findings = lines_where(|_, line| banned.iter().any(|word| line.contains(word)));
    expect_none("use #[expect(lint, reason = …)], or do it now", &findings);
}

#[test]
fn no_comment_promises_later_work() {
    let marks = [
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("HA", "CK"),
        concat!("TO", "DO"),
    ];
    let mut findings = Vec::new();
    for source in sources("") {
        for (index, line) in source.text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                findings.push(format!("{}:{}: {}", source.path, index + 1, line.trim()));
            }
        }
    }
    expect_none("what is missing stands in docs/coverage.md", &findings);
}

#[test]
fn nothing_is_exported_twice() {
    let banned = ["pub use ", "pub(crate) use ", "pub(super) use "];
    // A macro has no path of its own: naming it once, without one, is how it gets out.
    let is_export = |line: &str| {
        let line = line.trim_start();
        banned.iter().any(|word| line.starts_with(word)) && line.contains("::")
    };
    let findings = lines_where(|_, line| is_export(line));
    expect_none("one thing, one path: import it from where it is", &findings);
}

#[test]
fn a_module_is_named_after_its_topic() {
    let vague = [
        "utils", "util", "helpers", "helper", "common", "manager", "misc",
    ];
    let mut findings = Vec::new();
    for source in sources("") {
        let mut parts = source.path.trim_end_matches(".rs").split('/');
        if parts.any(|part| vague.contains(&part)) {
            findings.push(source.path);
        }
    }
    expect_none("a name that fits everything says nothing", &findings);
}

#[test]
fn a_folder_module_is_a_mod_file() {
    let mut findings = Vec::new();
    for source in sources("") {
        let folder = root().join(source.path.trim_end_matches(".rs"));
        if folder.is_dir() {
            findings.push(source.path);
        }
    }
    expect_none("move it to mod.rs inside the folder", &findings);
}

#[test]
fn every_crate_and_folder_module_opens_with_its_purpose() {
    let mut findings = Vec::new();
    for source in sources("").iter().filter(|source| !source.is_test()) {
        let opens = ["/lib.rs", "/mod.rs", "/main.rs"]
            .iter()
            .any(|end| source.path.ends_with(end));
        let documented = source.text.starts_with("//! ");
        if opens && !documented {
            findings.push(source.path.clone());
        }
    }
    expect_none(
        "open with //!: why it exists and what it will never do",
        &findings,
    );
}

#[test]
fn unsafe_stands_in_the_journal_only() {
    let keyword = concat!("un", "safe");
    let word = |line: &str| {
        let mut parts = line.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        parts.any(|part| part == keyword)
    };
    let outside = |source: &Source| !source.path.starts_with("journal/src/");
    let findings = lines_where(|source, line| outside(source) && word(line));
    expect_none("only the journal maps memory", &findings);
    for source in sources("") {
        let is_root = source.path.ends_with("src/lib.rs");
        let forbids = source.text.contains("#![forbid(unsafe_code)]");
        let journal = source.path.starts_with("journal/");
        assert!(!is_root || journal || forbids, "{}: forbid it", source.path);
    }
}

#[test]
fn default_members_are_all_crates_but_xtask() {
    let manifest = manifest("Cargo.toml");
    let list = |name: &str| -> BTreeSet<String> {
        let members = manifest["workspace"][name].as_array().expect("a list");
        members
            .iter()
            .filter_map(|it| it.as_str())
            .map(str::to_owned)
            .collect()
    };
    let mut expected = list("members");
    assert!(expected.remove("xtask"));
    assert_eq!(list("default-members"), expected);
}

#[test]
fn every_crate_takes_versions_and_lints_from_the_root() {
    let root_manifest = manifest("Cargo.toml");
    let package = root_manifest["workspace"]["package"]
        .as_table()
        .expect("a table");
    assert!(
        package.contains_key("rust-version"),
        "the oldest compiler is named"
    );
    for member in root_manifest["workspace"]["members"]
        .as_array()
        .expect("a list")
    {
        let member = member.as_str().expect("a folder");
        let manifest = manifest(&format!("{member}/Cargo.toml"));
        for key in ["rust-version", "edition", "version"] {
            let inherited = manifest["package"][key].get("workspace").is_some();
            assert!(inherited, "{member}: {key}.workspace = true");
        }
        assert!(
            manifest["lints"].get("workspace").is_some(),
            "{member}: [lints] workspace"
        );
        for table in ["dependencies", "dev-dependencies"] {
            let Some(dependencies) = manifest.get(table).and_then(|it| it.as_table()) else {
                continue;
            };
            for (name, value) in dependencies {
                // A crate may take itself with a feature that only its tests have.
                let itself = value.get("path").and_then(|path| path.as_str()) == Some(".");
                let inherited = itself || value.get("workspace").is_some();
                assert!(inherited, "{member}: {name}.workspace = true");
            }
        }
    }
}

/// `engine/clippy.toml` replaces the root's file for that crate, so that it repeats it.
#[test]
fn clippy_counts_the_house_numbers_everywhere() {
    for path in ["clippy.toml", "engine/clippy.toml"] {
        let settings = manifest(path);
        let number = |name: &str| settings.get(name).and_then(|it| it.as_integer());
        assert_eq!(number("too-many-lines-threshold"), Some(70), "{path}");
        assert_eq!(number("too-many-arguments-threshold"), Some(4), "{path}");
    }
}

#[test]
fn every_dependency_has_its_line_in_the_record() {
    let record = read("docs/adr/0016-dependencies.md");
    let manifest = manifest("Cargo.toml");
    let dependencies = manifest["workspace"]["dependencies"]
        .as_table()
        .expect("a table");
    for (name, value) in dependencies {
        let ours = value.get("path").is_some();
        let told = record.contains(&format!("| `{name}`"));
        assert!(
            ours || told,
            "docs/adr/0016-dependencies.md: a line for `{name}`"
        );
    }
}

#[test]
fn the_index_of_decisions_is_complete() {
    let index = read("docs/adr/README.md");
    let mut numbers = Vec::new();
    for record in files("docs/adr", "md") {
        let name = record
            .path
            .rsplit('/')
            .next()
            .expect("a path has a last part");
        if name == "README.md" {
            continue;
        }
        assert!(
            index.contains(&format!("({name})")),
            "docs/adr/README.md: a line for {name}"
        );
        let number: usize = name[..4].parse().expect("a record is named NNNN-title.md");
        let heading = format!("# {number:04} ");
        assert!(
            record.text.starts_with(&heading),
            "{name} begins with `{heading}`"
        );
        numbers.push(number);
    }
    // A number may be promised to a record that is still being written.
    let rising = numbers.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(rising, "no number is used twice: {numbers:?}");
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let mut findings = Vec::new();
    for document in files("", "md") {
        let folder = root().join(&document.path);
        let folder = folder.parent().expect("a file lies in a folder");
        for target in links(&document.text) {
            let outside = target.contains("://") || target.starts_with('#');
            let path = target.split('#').next().unwrap_or_default();
            if !outside && !folder.join(path).exists() {
                findings.push(format!("{}: {target}", document.path));
            }
        }
    }
    expect_none("a link that leads nowhere", &findings);
}

/// The targets of `[text](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
}

/// The last column names tests; each is a function of that name.
#[test]
fn every_test_that_the_coverage_names_exists() {
    let mut known = BTreeSet::new();
    for (extension, keyword) in [("rs", "fn "), ("py", "def ")] {
        for source in files("", extension) {
            let functions = source
                .text
                .lines()
                .filter_map(|line| line.split(keyword).nth(1));
            let names = functions.filter_map(|rest| rest.split('(').next());
            known.extend(names.map(|name| name.trim().to_owned()));
        }
    }
    let coverage = read("docs/coverage.md");
    let mut rows = 0;
    for row in coverage.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [_, what, due, proof] = cells.as_slice() else {
            panic!("docs/coverage.md: four columns, not: {row}");
        };
        let named: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
        let now = *due == "now";
        assert!(
            !now || !named.is_empty(),
            "docs/coverage.md: {what} names no test"
        );
        for name in named {
            let function = name.rsplit("::").next().unwrap_or(name);
            assert!(
                known.contains(function),
                "docs/coverage.md: there is no test `{name}`"
            );
            rows += 1;
        }
    }
    assert!(rows > 0, "docs/coverage.md names tests");
}
