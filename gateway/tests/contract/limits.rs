//! How fast an address may come, and that nobody else pays for it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gateway::limits::{Charge, Limits, Spend};
use schemas::units::TimeNs;

use crate::client::Client;

const SECOND: u64 = 1_000_000_000;

fn charge(limits: &Limits, address: impl Into<IpAddr>, now: u64) -> Charge {
    limits.charge(Spend {
        address: address.into(),
        weight: 1,
        limit: 6_000_000,
        per_second: 100,
        now: TimeNs(now),
    })
}

fn status(charge: &Charge) -> u16 {
    charge
        .refusal
        .as_ref()
        .map_or(200, |error| error.status.as_u16())
}

#[test]
fn the_101st_request_of_a_second_is_429_and_who_goes_on_is_418() {
    let limits = Limits::default();
    let (fast, calm) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    for _ in 0..100 {
        assert_eq!(status(&charge(&limits, fast, 5)), 200);
    }
    let over = charge(&limits, fast, SECOND / 2)
        .refusal
        .expect("over the limit");
    assert_eq!(
        (over.status.as_u16(), over.code, over.retry_after),
        (429, -1003, Some(1))
    );
    assert!(
        over.msg
            .contains("current limit is 100 requests per 1 SECOND"),
        "{}",
        over.msg
    );
    assert_eq!(status(&charge(&limits, calm, 5)), 200);
    // The next second is a new one, the refusals of this minute are remembered.
    assert_eq!(status(&charge(&limits, fast, SECOND)), 200);
    for _ in 0..99 {
        assert_eq!(status(&charge(&limits, fast, SECOND)), 200);
    }
    for _ in 1..50 {
        assert_eq!(status(&charge(&limits, fast, SECOND)), 429);
    }
    let banned = charge(&limits, fast, SECOND).refusal.expect("banned");
    assert_eq!(
        (banned.status.as_u16(), banned.retry_after),
        (418, Some(120))
    );
    assert_eq!(status(&charge(&limits, fast, 100 * SECOND)), 418);
    assert_eq!(status(&charge(&limits, calm, 100 * SECOND)), 200);
    assert_eq!(status(&charge(&limits, fast, 122 * SECOND)), 200);
}

#[test]
fn a_network_of_ipv6_is_one_client_and_mapped_addresses_are_those_they_map() {
    let limits = Limits::default();
    let own = |host: u16| Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 3, 4, 5, host);
    for host in 0..100 {
        assert_eq!(status(&charge(&limits, own(host), 0)), 200);
    }
    assert_eq!(status(&charge(&limits, own(100), 0)), 429);
    let neighbour = Ipv6Addr::new(0x2001, 0xdb8, 1, 3, 3, 4, 5, 6);
    assert_eq!(status(&charge(&limits, neighbour, 0)), 200);
    let four = Ipv4Addr::new(192, 0, 2, 1);
    for _ in 0..100 {
        assert_eq!(status(&charge(&limits, four, 0)), 200);
    }
    assert_eq!(status(&charge(&limits, four.to_ipv6_mapped(), 0)), 429);
    let other = Ipv4Addr::new(192, 0, 2, 2).to_ipv6_mapped();
    assert_eq!(status(&charge(&limits, other, 0)), 200);
}

#[test]
fn a_million_addresses_cost_no_more_memory_than_the_table_and_bans_stay() {
    let limits = Limits::default();
    let fast = Ipv4Addr::new(203, 0, 113, 9);
    while status(&charge(&limits, fast, 0)) != 418 {}
    for number in 0..1_000_000_u32 {
        charge(&limits, Ipv4Addr::from_bits(0x0a00_0000 + number), 1);
        assert!(limits.remembered() <= 16_384);
    }
    assert_eq!(status(&charge(&limits, fast, 1)), 418);
}

#[tokio::test]
async fn exchange_info_tells_of_the_limit_a_second_when_there_is_one() {
    let client = Client::new();
    let rows = |text: &str| text.matches("RAW_REQUESTS").count();
    let uri = "/api/v3/exchangeInfo";
    assert_eq!(rows(&client.get(uri).await.text), 0);
    client.venue.state.lock().requests_per_second = 20;
    let got = client.get(uri).await;
    let row = got.json()["rateLimits"][3].clone();
    assert_eq!(
        (row["interval"].as_str(), row["limit"].as_u64()),
        (Some("SECOND"), Some(20))
    );
    let mut refused = 0;
    for _ in 0..30 {
        refused += u32::from(client.get("/api/v3/ping").await.status == 429);
    }
    assert_eq!(refused, 12, "30 and the two before, with 20 allowed");
}
