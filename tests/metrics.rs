//! What operators see moves with what happens.

use std::collections::BTreeMap;

use crate::venue::client::Client;
use crate::venue::{Node, Start};

/// Every sample of `/metrics` by its name and labels.
pub fn samples(node: &Node) -> BTreeMap<String, u64> {
    let address = std::fs::read_to_string(node.dir.join("admin.address")).expect("an address");
    let url = format!("http://{}/metrics", address.trim());
    let mut answer = ureq::get(&url).call().expect("the node answers");
    let text = answer.body_mut().read_to_string().expect("text");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_string(), value.parse().expect("a whole number"))
        })
        .collect()
}

#[test]
fn orders_trades_refusals_and_answers_are_counted() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(folder.path());
    let clients = ["ann", "bob"].map(|name| {
        let trader = node.trader(name, &["BTC=10", "USDT=1000000"]);
        Client::new(&node.http, &trader)
    });
    let before = samples(&node);
    let orders = [
        (0, "SELL", "1", 200),
        (1, "BUY", "0.4", 200),
        (1, "BUY", "99", 400),
    ];
    for (who, side, qty, status) in orders {
        let id = format!("{side}-{qty}").replace('.', "-");
        let answer = clients[who]
            .limit(side, qty, "50000", &id)
            .expect("answered");
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let found = clients[1].order("BUY-0-4").expect("answered");
    assert_eq!(found.status, 200, "{found:?}");
    let absent = clients[1].order("never-placed").expect("answered");
    assert_eq!(absent.status, 400, "{absent:?}");
    let after = samples(&node);
    let moved = |name: &str| {
        let of = |samples: &BTreeMap<String, u64>| samples.get(name).copied().unwrap_or(0);
        of(&after) - of(&before)
    };
    assert_eq!(moved("daybook_orders_total"), 2);
    assert_eq!(moved("daybook_trades_total"), 1);
    assert_eq!(
        moved("daybook_refused_total{reason=\"InsufficientBalance\"}"),
        1
    );
    assert_eq!(moved("daybook_answer_microseconds_count"), 3);
    assert_eq!(moved("daybook_answer_microseconds_bucket{le=\"+Inf\"}"), 3);
    assert_eq!(moved("daybook_history_reads_total{from=\"views\"}"), 1);
    assert_eq!(moved("daybook_history_reads_total{from=\"file\"}"), 1);
    assert!(0 < moved("daybook_history_read_microseconds_total{from=\"file\"}"));
    assert!(0 < moved("daybook_journal_syncs_total"));
    assert!(
        after.contains_key("daybook_projection_lag{projection=\"sql\"}"),
        "{after:?}"
    );
    assert_eq!(node.terminate().code, Some(0));
}
