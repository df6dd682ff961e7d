//! Read models beside a real node: the reconciler by command and on its schedule, a sink
//! that is wrong, and one that is killed and paused while clients trade.
//!
//! The server is a MariaDB of the test's own, where the machine has its program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use daybook::demo::dice::Dice;
use serde_json::Value;

use crate::faults::{self, Mount};
use crate::restart::{Ledger, check_invariants, trade_until_stopped};
use crate::venue::client::Client;
use crate::venue::{Ended, Node, Start, Trader, administer, binary};

/// How long a sink may take for what is left.
const PATIENCE: Duration = Duration::from_secs(60);

fn config(dir: &Path, text: &str) -> Start {
    let path = dir.join("daybook.toml");
    std::fs::write(&path, text).expect("written");
    Start {
        segment_bytes: Some(65_536),
        config: Some(path),
        ..Start::default()
    }
}

fn status(node: &Node, name: &str) -> Value {
    let answer = node
        .administer(&["projection", "status", name])
        .expect("an answer");
    answer[0].clone()
}

fn wait_for(node: &Node, name: &str, mut what: impl FnMut(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let row = status(node, name);
        if what(&row) {
            return row;
        }
        assert!(Instant::now() < deadline, "{row}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn is_even(row: &Value) -> bool {
    row["lag"] == 0 && row["last_error"].is_null()
}

/// `daybook reconcile`: its exit code and what it said.
pub fn reconcile(dir: &Path, start: &Start) -> (Option<i32>, String) {
    let mut command = Command::new(binary());
    command.arg("reconcile").arg("--data-dir").arg(dir);
    if let Some(config) = &start.config {
        command.arg("--config").arg(config);
    }
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).to_string(),
    )
}

fn traders(node: &Node) -> [Trader; 2] {
    // The first letter of a client order id chooses its trader: `a` is odd, `b` is even.
    let bob = node.trader("bob", &["BTC=100", "USDT=5000000"]);
    [bob, node.trader("ann", &["BTC=100", "USDT=5000000"])]
}

fn tamper(dir: &Path, text: &'static str) {
    let path = dir.join("read-models.sqlite");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let database = projections::sql::file::open(&path).await.expect("it opens");
        let statement = projections::sql::database::Statement::new(text);
        let rows = database.execute(statement).await.expect("it is done");
        assert!(rows > 0, "{text} changes nothing");
        database.close().await;
    });
}

#[test]
fn a_tampered_read_model_is_named_by_command_and_by_schedule() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let outside = tempfile::tempdir().expect("a temporary directory");
    let start = config(outside.path(), "[sql]\nreconcile_seconds = 1\n");
    let node = start.node(dir.path());
    let traders = traders(&node);
    let clients = traders
        .each_ref()
        .map(|trader| Client::new(&node.http, trader));
    for count in 0..20 {
        let client = &clients[count % 2];
        let side = ["BUY", "SELL"][count % 2];
        let answer = client.limit(side, "0.001", "50000", &format!("o-{count}"));
        assert_eq!(answer.expect("answered").status, 200);
    }
    wait_for(&node, "sql", is_even);
    wait_for(&node, "sql", |row| {
        !row["compared"].is_null() && row["difference"].is_null()
    });
    let (code, said) = reconcile(dir.path(), &Start::default());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("commands agree"), "{said}");
    tamper(dir.path(), "UPDATE trades SET qty = qty + 1 WHERE id = 2");
    let (code, said) = reconcile(dir.path(), &Start::default());
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("sql: trades (symbol 0, id 2): qty is"),
        "{said}"
    );
    let row = wait_for(&node, "sql", |row| !row["difference"].is_null());
    let difference = row["difference"].as_str().expect("a text");
    assert!(
        difference.starts_with("trades (symbol 0, id 2)"),
        "{difference}"
    );
    node.administer(&["projection", "rebuild", "sql"])
        .expect("a rebuild");
    wait_for(&node, "sql", |row| {
        is_even(row) && row["difference"].is_null()
    });
    assert_eq!(node.terminate().code, Some(0));
    let (code, said) = reconcile(dir.path(), &Start::default());
    assert_eq!(code, Some(0), "on a stopped node: {said}");
}

/// The rows of the file in the data directory are on a disk of their own, which is full.
#[test]
fn a_full_disk_under_the_read_models_is_one_line_and_trading_goes_on() {
    if !faults::can_mount() {
        return faults::skipped("a full disk under the read models", "needs root and mounts");
    }
    let outside = tempfile::tempdir().expect("a temporary directory");
    let dir = outside.path().join("venue");
    let disk = Mount::tmpfs(&outside.path().join("rows"), 8).expect("it mounts");
    std::fs::create_dir(&dir).expect("it can be made");
    let file = disk.path.join("rows.sqlite");
    std::os::unix::fs::symlink(&file, dir.join("read-models.sqlite")).expect("a link");
    let node = config(outside.path(), "").node(&dir);
    let traders = traders(&node);
    let clients = traders
        .each_ref()
        .map(|trader| Client::new(&node.http, trader));
    let mut count = 0;
    let mut trade = || {
        for (client, side) in clients.iter().zip(["BUY", "SELL"]) {
            count += 1;
            let answer = client.limit(side, "0.001", "50000", &format!("o-{count}"));
            assert_eq!(answer.expect("answered").status, 200);
        }
    };
    trade();
    wait_for(&node, "sql", is_even);
    let ballast = disk.path.join("ballast");
    let mut filler = std::fs::File::create(&ballast).expect("it can be made");
    for size in [1 << 16, 1 << 10, 1] {
        while filler
            .write(&vec![7; size])
            .is_ok_and(|written| 0 < written)
        {}
    }
    let mut said = String::new();
    let row = wait_for(&node, "sql", |row| {
        trade();
        let line = row["last_error"].as_str().unwrap_or_default();
        assert!(!line.contains('\n'), "{line}");
        if line != said {
            println!("sql: {line}");
            said = line.to_string();
        }
        line.contains("free space on the disk")
    });
    println!("sql: {}", row["last_error"]);
    trade();
    std::fs::remove_file(&ballast).expect("it can be removed");
    wait_for(&node, "sql", is_even);
    assert_eq!(node.terminate().code, Some(0));
    let (code, said) = reconcile(&dir, &Start::default());
    assert_eq!(code, Some(0), "nothing was skipped: {said}");
}

#[test]
fn a_server_that_is_not_there_is_told_in_one_line_and_trading_goes_on() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let outside = tempfile::tempdir().expect("a temporary directory");
    let text = "[sql]\nservers = [\"mysql://root:s3cret@127.0.0.1:9/daybook\"]\n";
    let node = config(outside.path(), text).node(dir.path());
    let traders = traders(&node);
    let row = wait_for(&node, "mysql", |row| !row["last_error"].is_null());
    let line = row["last_error"].as_str().expect("a text");
    assert!(
        line.starts_with("nobody answers at 127.0.0.1:9/daybook"),
        "{line}"
    );
    assert!(!line.contains('\n') && !line.contains("s3cret"), "{line}");
    let client = Client::new(&node.http, &traders[0]);
    let answer = client
        .limit("BUY", "0.001", "50000", "one")
        .expect("answered");
    assert_eq!(answer.status, 200, "trading goes on");
    assert_eq!(client.order("one").expect("answered").status, 200);
    wait_for(&node, "sql", is_even);
    assert_eq!(node.terminate().code, Some(0));
    let wrong: Result<Node, Ended> =
        config(outside.path(), "[sql]\nservers = [\"localhost\"]\n").try_node(dir.path());
    let ended = wrong.err().expect("an address that is none is refused");
    assert_eq!(ended.code, Some(78), "{ended:?}");
}

/// A MariaDB of this test.
struct MariaDb {
    child: Option<Child>,
    folder: PathBuf,
    port: u16,
}

impl MariaDb {
    fn new(folder: &Path) -> Option<MariaDb> {
        let missing = |program: &str| {
            let found = Command::new(program).arg("--version").output();
            found.is_err()
        };
        let programs = ["mariadb-install-db", "mariadbd"];
        if let Some(program) = programs.into_iter().find(|program| missing(program)) {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "no {program}");
            println!("SKIPPED read_models: no {program}; `cargo xtask services up` brings it");
            return None;
        }
        let data = folder.join("data");
        let installed = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--auth-root-authentication-method=normal"])
            .args(["--skip-test-db", "--user=root"])
            .arg(format!("--datadir={}", data.display()))
            .output()
            .expect("it starts");
        assert!(installed.status.success(), "{installed:?}");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let mut server = MariaDb {
            child: None,
            folder: folder.to_path_buf(),
            port,
        };
        server.start();
        Some(server)
    }

    fn start(&mut self) {
        let data = self.folder.join("data");
        let child = Command::new("mariadbd")
            .args([
                "--no-defaults",
                "--user=root",
                "--bind-address=127.0.0.1",
                "--socket=s",
            ])
            .args(["--innodb-buffer-pool-size=64M", "--skip-name-resolve"])
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--port={}", self.port))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        self.child = Some(child);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = self.child.as_ref().expect("it runs").id();
        let id = rustix::process::Pid::from_raw(id as i32).expect("an id");
        rustix::process::kill_process(id, signal).expect("it is ours");
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it is ours");
            child.wait().expect("it can be waited for");
        }
    }

    /// A configuration that projects into a database of this server.
    fn create(&self) -> String {
        let address = format!("mysql://root@127.0.0.1:{}", self.port);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let deadline = Instant::now() + PATIENCE;
        runtime.block_on(async {
            use projections::sql::{database::Statement, server};
            let options = server::parse(&format!("{address}/mysql")).expect("an address");
            loop {
                if let Ok(database) = server::connect(&options).await {
                    let create = Statement::new("CREATE DATABASE daybook");
                    database.execute(create).await.expect("root may do that");
                    return;
                }
                assert!(Instant::now() < deadline, "MariaDB does not answer");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        format!("[sql]\nservers = [\"{address}/daybook\"]\n")
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        self.kill();
    }
}

#[test]
fn trading_goes_on_while_a_server_is_killed_and_paused_and_no_row_is_lost_or_doubled() {
    let rounds: usize = std::env::var("DAYBOOK_SINK_ROUNDS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(3);
    let seed = std::env::var("DAYBOOK_SEED")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(5);
    println!("seed {seed}, {rounds} rounds");
    let mut dice = Dice::new(seed);
    let (dir, outside) = (tempfile::tempdir(), tempfile::tempdir());
    let (dir, outside) = (dir.expect("a directory"), outside.expect("a directory"));
    let Some(mut server) = MariaDb::new(outside.path()) else {
        return;
    };
    let start = config(outside.path(), &server.create());
    let mut node = start.node(dir.path());
    let traders = traders(&node);
    let mut total = 0;
    for round in 0..rounds {
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = ["aaa", "bb", "a", "bbbb"]
            .into_iter()
            .map(|name| {
                let client = Client::new(&node.http, &traders[name.as_bytes()[0] as usize % 2]);
                let (stop, ledger) = (stop.clone(), ledger.clone());
                std::thread::spawn(move || {
                    trade_until_stopped(&client, (name, round), &stop, &ledger);
                })
            })
            .collect();
        let count = || ledger.lock().expect("no thread panics").acknowledged.len();
        pause(&mut dice);
        server.signal(rustix::process::Signal::STOP);
        let before = count();
        pause(&mut dice);
        assert!(
            before < count(),
            "trading stopped while the server was paused"
        );
        server.signal(rustix::process::Signal::CONT);
        pause(&mut dice);
        server.kill();
        let before = count();
        pause(&mut dice);
        assert!(
            before < count(),
            "trading stopped while the server was down"
        );
        node.kill();
        stop.store(true, Ordering::Release);
        for thread in threads {
            thread.join().expect("a client failed");
        }
        server.start();
        node = start.node(dir.path());
        for name in ["sql", "mysql"] {
            wait_for(&node, name, is_even);
        }
        let ledger = ledger.lock().expect("no thread panics");
        total += ledger.acknowledged.len();
        check_invariants(&node, &traders, &ledger);
        let (code, said) = reconcile(dir.path(), &start);
        assert_eq!(code, Some(0), "round {round}: {said}");
        assert!(said.contains("mysql: "), "{said}");
    }
    println!("{total} acknowledged; file and server agree with the journal");
    a_rebuild_that_is_cut_off_goes_on(node, &start, &mut dice);
}

fn a_rebuild_that_is_cut_off_goes_on(node: Node, start: &Start, dice: &mut Dice) {
    let dir = node.dir.clone();
    administer(&dir, &["projection", "rebuild", "mysql"]).expect("a rebuild");
    std::thread::sleep(Duration::from_millis(dice.between(5, 100) as u64));
    node.kill();
    let node = start.node(&dir);
    wait_for(&node, "mysql", is_even);
    let (code, said) = reconcile(&dir, start);
    assert_eq!(code, Some(0), "after a rebuild: {said}");
    assert_eq!(node.terminate().code, Some(0));
}

/// A random instant.
fn pause(dice: &mut Dice) {
    std::thread::sleep(Duration::from_millis(dice.between(100, 700) as u64));
}
