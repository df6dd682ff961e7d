//! R7: a full disk. Orders are refused with a hint, cancels work; orders again after space
//! is freed; never a signal.

use std::time::{Duration, Instant};

use crate::faults::{self, Mount};
use crate::venue::Start;
use crate::venue::client::Client;

#[test]
fn a_full_disk_refuses_orders_but_not_cancels_until_space_is_freed() {
    if !faults::can_mount() {
        return faults::skipped("R7 full disk", "needs root to mount a tmpfs");
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mount = Mount::tmpfs(&folder.path().join("small"), 24).expect("a tmpfs");
    let start = Start {
        segment_bytes: Some(262_144),
        ..Start::default()
    };
    let node = start.node(&mount.path.join("venue"));
    let trader = node.trader("ann", &["BTC=100", "USDT=5000000"]);
    let client = Client::new(&node.http, &trader);
    for count in 0..8 {
        let placed = client.limit("BUY", "0.001", "40000", &format!("early-{count}"));
        assert_eq!(placed.expect("answered").status, 200);
    }
    let ballast = mount.path.join("ballast");
    fill(&ballast);
    let refused = place_until_refused(&client);
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.body["hint"].is_string(), "{refused:?}");

    for count in 0..8 {
        let id = format!("early-{count}");
        let parameters = [("symbol", "BTCUSDT"), ("origClientOrderId", id.as_str())];
        let cancelled = client
            .signed("DELETE", "/api/v3/order", &parameters)
            .expect("answered");
        assert_eq!(cancelled.body["status"], "CANCELED", "{cancelled:?}");
    }
    std::fs::remove_file(&ballast).expect("the ballast can be removed");
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut count = 0;
    loop {
        count += 1;
        let placed = client.limit("BUY", "0.001", "40000", &format!("late-{count}"));
        if placed.expect("answered").status == 200 {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "orders are refused although there is space"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(node.terminate().code, Some(0));
    let node = start.node(&mount.path.join("venue"));
    let found = Client::new(&node.http, &trader).order(&format!("late-{count}"));
    assert_eq!(found.expect("answered").status, 200);
    assert_eq!(node.terminate().code, Some(0));
}

fn fill(path: &std::path::Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).expect("the ballast can be made");
    for size in [1 << 16, 1 << 12] {
        let chunk = vec![7_u8; size];
        while file.write_all(&chunk).is_ok() {}
    }
}

fn place_until_refused(client: &Client) -> crate::venue::client::Answer {
    for count in 0..20_000 {
        let id = format!("fill-{count}");
        let placed = client
            .limit("BUY", "0.001", "40000", &id)
            .expect("answered");
        if placed.status != 200 {
            return placed;
        }
        let parameters = [("symbol", "BTCUSDT"), ("origClientOrderId", id.as_str())];
        client
            .signed("DELETE", "/api/v3/order", &parameters)
            .expect("answered");
    }
    panic!("the disk never became full");
}
