//! R2, R2b, R6: what was acknowledged survives a power cut and a failing disk.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use daybook::demo::dice::Dice;

use crate::faults::{self, Disk};
use crate::restart::{Ledger, check_invariants, trade_until_stopped};
use crate::venue::client::Client;
use crate::venue::{Node, Start, Trader};

/// How a node dies in a cycle.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// What was synced is there, nothing else.
    Clean,
    /// Besides, a random half of the other pages.
    Torn,
}

fn count(variable: &str, default: usize) -> usize {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn small() -> Start {
    Start {
        segment_bytes: Some(65_536),
        ..Start::default()
    }
}

/// Lets four clients trade for a while, then kills the node.
fn trade_and_kill(node: Node, traders: &[Trader; 2], cycle: usize, pause: Duration) -> Ledger {
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let stop = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = ["aaa", "bb", "a", "bbbb"]
        .into_iter()
        .map(|name| {
            let client = Client::new(&node.http, &traders[name.as_bytes()[0] as usize % 2]);
            let (stop, ledger) = (stop.clone(), ledger.clone());
            std::thread::spawn(move || {
                trade_until_stopped(&client, (name, cycle), &stop, &ledger);
            })
        })
        .collect();
    std::thread::sleep(pause);
    node.kill();
    stop.store(true, Ordering::Release);
    for thread in threads {
        thread.join().expect("a client failed");
    }
    std::mem::take(&mut *ledger.lock().expect("no thread panics"))
}

fn two_traders(node: &Node) -> [Trader; 2] {
    // The first letter of a client order id chooses its trader: `b` is even, `a` is odd.
    let bob = node.trader("bob", &["BTC=100", "USDT=5000000"]);
    [bob, node.trader("ann", &["BTC=100", "USDT=5000000"])]
}

fn power_cycles(cut: Cut, cycles: usize, seed: u64) -> Result<usize, String> {
    println!("seed {seed}, {cycles} cycles");
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut disk = Disk::new(folder.path(), 64)?;
    let mut traders = None;
    let mut total = 0;
    for cycle in 0..cycles {
        let node = small().node(&disk.path().join("venue"));
        let traders = &*traders.get_or_insert_with(|| two_traders(&node));
        let pause = Duration::from_millis(dice.between(50, 400) as u64);
        let ledger = trade_and_kill(node, traders, cycle, pause);
        let torn = (cut == Cut::Torn).then_some((&mut dice, "venue/journal"));
        disk.cut(torn)?;
        let node = small().node(&disk.path().join("venue"));
        check_invariants(&node, traders, &ledger);
        total += ledger.acknowledged.len();
        assert_eq!(node.terminate().code, Some(0));
    }
    println!("{total} acknowledged, 0 lost");
    Ok(total)
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    if !faults::can_mount() {
        return faults::skipped("R2 power loss", "needs root and a loop device");
    }
    let total = power_cycles(Cut::Clean, count("DAYBOOK_POWER_CYCLES", 5), 21);
    assert!(total.expect("the disk works") > 0);
}

#[test]
fn a_power_cut_that_keeps_any_half_of_the_pages_loses_nothing() {
    if !faults::can_mount() {
        return faults::skipped("R2b torn power loss", "needs root and a loop device");
    }
    let total = power_cycles(Cut::Torn, count("DAYBOOK_POWER_CYCLES", 5), 22);
    assert!(total.expect("the disk works") > 0);
}

/// The canary: with syncs that lie, the same trial must find losses.
#[test]
fn without_syncs_the_same_trial_finds_losses() {
    if !faults::can_mount() {
        return faults::skipped("R2 canary", "needs root and a loop device");
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut disk = Disk::new(folder.path(), 64).expect("the disk works");
    let shim = faults::sync_shim(folder.path()).expect("the shim builds");
    let dir = disk.path().join("venue");
    let node = small().node(&dir);
    let traders = two_traders(&node);
    assert_eq!(node.terminate().code, Some(0));
    let mut lying = small();
    lying.environment = shim_environment(&shim, &[("SYNC_FAULT_LIE", "1")]);
    let ledger = trade_and_kill(lying.node(&dir), &traders, 0, Duration::from_millis(400));
    disk.cut(None).expect("the disk works");
    let Ok(node) = small().try_node(&disk.path().join("venue")) else {
        return println!("the canary sang: the node refuses the journal");
    };
    let lost = ledger.acknowledged.iter().filter(|(id, _)| {
        let trader = &traders[id.as_bytes()[0] as usize % 2];
        Client::new(&node.http, trader)
            .order(id)
            .is_none_or(|answer| answer.status != 200)
    });
    let lost = lost.count();
    println!(
        "the canary sang: {lost} of {} lost",
        ledger.acknowledged.len()
    );
    assert!(
        lost > 0,
        "a node without syncs passed the trial: the trial cannot fail"
    );
}

fn shim_environment(shim: &Path, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut environment = vec![
        ("LD_PRELOAD".to_string(), shim.display().to_string()),
        ("SYNC_FAULT_PATH".to_string(), "/journal/".to_string()),
    ];
    environment.extend(
        more.iter()
            .map(|(name, value)| (name.to_string(), value.to_string())),
    );
    environment
}

/// R6: the n-th sync of the journal fails once. No acknowledgement after it, exit 74; a
/// restart takes orders; then the power is cut.
#[test]
fn a_failed_sync_ends_the_node_and_nothing_acknowledged_is_lost() {
    if !faults::can_mount() {
        return faults::skipped("R6 failing syncs", "needs root and a loop device");
    }
    let most = count("DAYBOOK_SYNC_FAULTS", 20);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let shim = faults::sync_shim(folder.path()).expect("the shim builds");
    let mut disk = Disk::new(folder.path(), 64).expect("the disk works");
    let node = small().node(&disk.path().join("venue"));
    let traders = two_traders(&node);
    assert_eq!(node.terminate().code, Some(0));
    for n in 1..=most {
        let dir = disk.path().join("venue");
        let at = n.to_string();
        let log = folder.path().join(format!("syncs-{n}"));
        let log_text = log.display().to_string();
        let mut failing = small();
        failing.environment = shim_environment(
            &shim,
            &[("SYNC_FAULT_AT", &at), ("SYNC_FAULT_LOG", &log_text)],
        );
        let ledger = fail_one_sync(&failing, &dir, &traders, n);
        let syncs = std::fs::metadata(&log).map_or(0, |metadata| metadata.len());
        assert!(
            syncs >= n as u64,
            "the shim saw {syncs} syncs, not {n}: it sees nothing"
        );
        let node = small().node(&dir);
        let pause = Duration::from_millis(60);
        let after = trade_and_kill(node, &traders, 1_000 + n, pause);
        disk.cut(None).expect("the disk works");
        let node = small().node(&disk.path().join("venue"));
        check_invariants(&node, &traders, &ledger);
        check_invariants(&node, &traders, &after);
        assert_eq!(node.terminate().code, Some(0));
    }
}

/// Runs a node whose n-th sync fails; it must end with 74, at its start or while trading.
fn fail_one_sync(start: &Start, dir: &Path, traders: &[Trader; 2], n: usize) -> Ledger {
    let mut ledger = Ledger::default();
    let node = match start.try_node(dir) {
        Ok(node) => node,
        Err(ended) => {
            assert_eq!(ended.code, Some(74), "sync {n}: {ended:?}");
            return ledger;
        }
    };
    for count in 0..10_000 {
        let id = format!("bb-{n}-{count}");
        let client = Client::new(&node.http, &traders[0]);
        match client.limit("BUY", "0.0002", "49999", &id) {
            Some(answer) if answer.status == 200 => {
                let order = answer.body["orderId"].as_u64().expect("an order id");
                ledger.acknowledged.push((id, order));
            }
            _ => {
                ledger.unknown.push(id);
                break;
            }
        }
    }
    let ended = node.wait(Duration::from_secs(20));
    assert_eq!(ended.code, Some(74), "sync {n}: {ended:?}");
    ledger
}
