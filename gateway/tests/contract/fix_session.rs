//! The session layer by the standard: every case that an engine out there may bring up.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gateway::queries::Secret;
use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::fix_client::{ALICE_LOGON, Server, frame, now};
use crate::venue::{ALICE, resting};

/// A question whose answer is an application message (8).
const QUESTION: [(u32, &str); 2] = [(55, "BTCUSDT"), (11, "mine")];

async fn with_order() -> Server {
    let server = Server::start().await;
    server.venue.state.lock().orders.push(resting());
    server
}

#[tokio::test]
async fn a_logon_is_answered_in_kind_and_so_is_a_logout() {
    let server = Server::start().await;
    let mut fix = server.connect("ME").await;
    let answer = fix.logon(&[(141, "Y")]).await;
    let shown = answer.show(&[34, 49, 56, 98, 108, 141]);
    assert_eq!(shown, "34=1 49=DAYBOOK 56=ME 98=0 108=30 141=Y");
    fix.logout().await;
}

#[tokio::test]
async fn who_may_not_log_on_is_told_why() {
    let server = Server::start().await;
    let refused = [
        ([(553, "alice"), (554, "wrong")], "Invalid API-key"),
        ([(553, "nobody"), (554, "alice-secret")], "Invalid API-key"),
        ([(108, "0"), (553, "alice")], "HeartBtInt"),
        ([(108, "301"), (553, "alice")], "HeartBtInt"),
    ];
    for (fields, reason) in refused {
        let mut fix = server.connect("ME").await;
        let kept = ALICE_LOGON.iter().copied();
        let kept = kept.filter(|(tag, _)| !fields.iter().any(|(other, _)| other == tag));
        let fields: Vec<_> = kept.chain(fields).collect();
        fix.send("A", &fields).await;
        let heard = fix.expect("5").await;
        assert!(heard.get(58).contains(reason), "{heard:?}");
        fix.expect_end().await;
    }
    // Nothing of it left a trace: the right password begins at one.
    let mut fix = server.connect("ME").await;
    assert_eq!(fix.logon(&[]).await.number(), 1);
}

#[tokio::test]
async fn a_wrong_target_a_denied_account_and_silence_are_no_logon() {
    let server = Server::start().await;
    let mut fix = server.connect("ME").await;
    let body = format!(
        "35=A\x0149=ME\x0156=OTHER\x0134=1\x0152={}\x0198=0\x01108=30\x01",
        now()
    );
    fix.send_bytes(&frame(&body)).await;
    assert!(fix.expect("5").await.get(58).contains("TargetCompID"));
    let mut fix = server.connect("ME").await;
    fix.send("0", &[]).await;
    fix.expect_end().await;
    let mut fix = server.connect("ME").await;
    fix.try_send_bytes(&[b'x'; 8_192]).await;
    fix.expect_end().await;
    server.venue.state.lock().denied_accounts.push(ALICE);
    let mut fix = server.connect("ME").await;
    fix.send("A", &ALICE_LOGON).await;
    assert!(fix.expect("5").await.get(58).contains("Invalid API-key"));
}

#[tokio::test]
async fn a_name_is_live_once_and_a_key_many_times() {
    let server = Server::start().await;
    let mut first = server.session("ONE").await;
    let mut second = server.session("TWO").await;
    let mut again = server.connect("ONE").await;
    again.send("A", &ALICE_LOGON).await;
    assert!(
        again
            .expect("5")
            .await
            .get(58)
            .contains("logged on already")
    );
    first.is_alive().await;
    second.is_alive().await;
    first.logout().await;
    let mut again = server.connect("ONE").await;
    again.next = 4;
    assert_eq!(again.logon(&[]).await.number(), 4);
}

#[tokio::test]
async fn silence_is_asked_and_then_cut() {
    let server = Server::start().await;
    let mut fix = server.connect("ME").await;
    let fields = [(98, "0"), (108, "1"), (553, "alice"), (554, "alice-secret")];
    fix.send("A", &fields).await;
    fix.expect("A").await;
    let mut kinds = Vec::new();
    while let Some(heard) = fix.hear().await {
        kinds.push(heard.get(35).to_owned());
    }
    assert_eq!(kinds[0], "0", "a heartbeat after a second: {kinds:?}");
    assert!(
        kinds.contains(&"1".to_owned()),
        "then a question: {kinds:?}"
    );
}

#[tokio::test]
async fn a_gap_is_asked_for_and_may_be_filled() {
    let server = Server::start().await;
    let mut fix = server.session("ME").await;
    fix.next = 5;
    fix.send("1", &[(112, "late")]).await;
    let asked = fix.expect("2").await;
    assert_eq!(asked.get(7), "2");
    assert!(["0", "4"].contains(&asked.get(16)), "{asked:?}");
    let fill = fix.message(2, "4", &[(43, "Y"), (122, &now()), (123, "Y"), (36, "5")]);
    fix.send_bytes(&fill).await;
    fix.next = 5;
    fix.is_alive().await;
}

#[tokio::test]
async fn a_reset_moves_the_number_up_and_never_down() {
    let server = Server::start().await;
    let mut fix = server.session("ME").await;
    fix.send("4", &[(123, "N"), (36, "40")]).await;
    fix.next = 40;
    fix.is_alive().await;
    fix.send("4", &[(123, "N"), (36, "7")]).await;
    let rejected = fix.expect("3").await;
    assert_eq!(rejected.show(&[371, 372, 373]), "371=36 372=4 373=5");
    fix.next = 41;
    fix.is_alive().await;
}

#[tokio::test]
async fn what_is_asked_for_comes_again_and_what_is_administrative_does_not() {
    let server = with_order().await;
    let mut fix = server.session("ME").await;
    fix.send("H", &QUESTION).await;
    let first = fix.expect("8").await;
    fix.is_alive().await;
    fix.send("H", &QUESTION).await;
    let second = fix.expect("8").await;
    assert_eq!((first.number(), second.number()), (2, 4));
    fix.send("2", &[(7, "1"), (16, "0")]).await;
    // 1 was a Logon, 3 a Heartbeat.
    let fill = fix.expect("4").await;
    assert_eq!(fill.show(&[34, 43, 123, 36]), "34=1 43=Y 123=Y 36=2");
    let again = fix.expect("8").await;
    assert_eq!(
        again.show(&[34, 43, 37]),
        format!("34=2 43=Y 37={}", first.get(37))
    );
    assert_eq!(again.get(122), first.get(52));
    let fill = fix.expect("4").await;
    assert_eq!(fill.show(&[34, 123, 36]), "34=3 123=Y 36=4");
    assert_eq!(fix.expect("8").await.show(&[34, 43]), "34=4 43=Y");
    fix.is_alive().await;
}

#[tokio::test]
async fn a_part_that_is_asked_for_is_what_comes() {
    let server = with_order().await;
    let mut fix = server.session("ME").await;
    for _ in 0..4 {
        fix.send("H", &QUESTION).await;
        fix.expect("8").await;
    }
    fix.send("2", &[(7, "3"), (16, "4")]).await;
    assert_eq!(fix.expect("8").await.show(&[34, 43]), "34=3 43=Y");
    assert_eq!(fix.expect("8").await.show(&[34, 43]), "34=4 43=Y");
    fix.is_alive().await;
}

#[tokio::test]
async fn a_low_number_ends_the_session_unless_it_may_be_a_repetition() {
    let server = Server::start().await;
    let mut fix = server.session("ME").await;
    fix.is_alive().await;
    let again = fix.message(2, "1", &[(43, "Y"), (122, &now()), (112, "again")]);
    fix.send_bytes(&again).await;
    fix.is_alive().await;
    let low = fix.message(2, "1", &[(112, "low")]);
    fix.send_bytes(&low).await;
    let heard = fix.expect("5").await;
    assert!(heard.get(58).contains("too low"), "{heard:?}");
}

#[tokio::test]
async fn garbled_messages_are_as_if_they_had_not_come() {
    let server = Server::start().await;
    let mut fix = server.session("ME").await;
    let good = fix.message(fix.next, "1", &[(112, "x")]);
    let text = String::from_utf8(good.clone()).expect("ASCII");
    let sum_at = text.len() - 2;
    let mut wrong_sum = good.clone();
    wrong_sum[sum_at] = if wrong_sum[sum_at] == b'0' {
        b'1'
    } else {
        b'0'
    };
    let wrong_length = text.replacen("\x019=", "\x019=9", 1).into_bytes();
    let no_length = text.replacen("\x019=", "\x019=x", 1).into_bytes();
    let body = format!(
        "49=ME\x0135=1\x0156=DAYBOOK\x0134=2\x0152={}\x01112=x\x01",
        now()
    );
    for garbled in [wrong_sum, no_length, frame(&body), b"rubbish\x01".to_vec()] {
        fix.send_bytes(&garbled).await;
        fix.is_alive().await;
    }
    // A length that is too long swallows what follows, until a beginning is seen again.
    fix.send_bytes(&wrong_length).await;
    for _ in 0..40 {
        fix.send("0", &[]).await;
    }
    let alive = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let heard = fix.hear().await?;
            if heard.get(35) == "2" {
                return Some(heard);
            }
        }
    });
    // Either everything after it was found again, or the gap that it tore is asked for.
    if let Ok(Some(asked)) = alive.await {
        let to = fix.next.to_string();
        let number = asked.get(7).parse().expect("a number");
        let fill = fix.message(
            number,
            "4",
            &[(43, "Y"), (122, &now()), (123, "Y"), (36, &to)],
        );
        fix.send_bytes(&fill).await;
    }
    fix.is_alive().await;
}

#[tokio::test]
async fn a_message_under_another_name_is_rejected_and_ends_the_session() {
    let server = Server::start().await;
    let mut fix = server.session("ME").await;
    let body = format!("35=0\x0149=YOU\x0156=DAYBOOK\x0134=2\x0152={}\x01", now());
    fix.send_bytes(&frame(&body)).await;
    assert_eq!(fix.expect("3").await.show(&[45, 373]), "45=2 373=9");
    fix.expect("5").await;
}

/// Message type, its fields beside those of an order, the reject's tags.
type Case<'a> = (&'a str, &'a [(u32, &'a str)], &'a str);

#[tokio::test]
async fn what_the_dictionary_forbids_is_rejected_by_tag() {
    let order = [
        (55, "BTCUSDT"),
        (54, "1"),
        (40, "2"),
        (44, "100"),
        (59, "1"),
    ];
    let cases: [Case; 7] = [
        ("D", &[(11, "a")], "371=38 372=D 373=1"),
        ("D", &[(38, "1")], "371=11 372=D 373=1"),
        ("D", &[(11, "a"), (38, "1e5")], "371=38 372=D 373=6"),
        ("D", &[(11, "a"), (38, "-1")], "371=38 372=D 373=6"),
        (
            "D",
            &[(11, "a"), (38, "1"), (25001, "9")],
            "371=25001 372=D 373=5",
        ),
        (
            "D",
            &[(11, "a"), (38, "1"), (38, "2")],
            "371=38 372=D 373=13",
        ),
        ("F", &[(11, "a")], "371=41 372=F 373=1"),
    ];
    let server = Server::start().await;
    let mut fix = server.session("ME").await;
    for (kind, fields, expected) in cases {
        let number = fix.next.to_string();
        let whole = if kind == "D" {
            [&order, fields].concat()
        } else {
            [&order[..1], fields].concat()
        };
        fix.send(kind, &whole).await;
        let heard = fix.expect("3").await;
        assert_eq!(heard.show(&[371, 372, 373]), expected, "{fields:?}");
        assert_eq!(heard.get(45), number);
        assert!(!heard.get(58).is_empty());
    }
    assert!(server.venue.commands().is_empty());
    fix.is_alive().await;
}

#[tokio::test]
async fn a_type_that_is_not_taken_is_a_business_reject() {
    let server = Server::start().await;
    let mut fix = server.session("ME").await;
    fix.send("AE", &[(571, "x"), (487, "0")]).await;
    let heard = fix.expect("j").await;
    assert_eq!(heard.show(&[45, 372, 380]), "45=2 372=AE 380=3");
    fix.is_alive().await;
}

#[tokio::test]
async fn a_megabyte_ends_its_session_and_no_other() {
    let server = Server::start().await;
    let mut other = server.session("OTHER").await;
    let mut fix = server.session("ME").await;
    let long = "x".repeat(1 << 20);
    let bytes = fix.message(fix.next, "D", &[(58, &long)]);
    fix.try_send_bytes(&bytes).await;
    fix.expect_end().await;
    let mut fix = server.session("ME").await;
    let mut endless = b"8=FIX.4.4\x019=1000000000\x01".to_vec();
    endless.resize(1 << 20, b'1');
    fix.try_send_bytes(&endless).await;
    fix.expect_end().await;
    other.is_alive().await;
}

#[tokio::test]
async fn half_a_message_waits_for_its_other_half() {
    let server = Server::start().await;
    let mut fix = server.session("ME").await;
    let bytes = fix.message(fix.next, "1", &[(112, "slow")]);
    fix.next += 1;
    for byte in bytes {
        fix.send_bytes(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(fix.expect("0").await.get(112), "slow");
}

#[tokio::test]
async fn numbers_go_on_after_a_restart_and_old_messages_come_again() {
    let server = with_order().await;
    let mut fix = server.session("ME").await;
    fix.send("H", &QUESTION).await;
    let told = fix.expect("8").await;
    let server = server.restart().await;
    // The Logout of the stopping venue was number 3.
    let mut fix = server.connect("ME").await;
    fix.next = 3;
    assert_eq!(fix.logon(&[]).await.number(), 4);
    fix.send("2", &[(7, "2"), (16, "2")]).await;
    let again = fix.expect("8").await;
    assert_eq!(
        again.show(&[34, 43, 37]),
        format!("34=2 43=Y 37={}", told.get(37))
    );
    fix.is_alive().await;
}

#[tokio::test]
async fn a_logon_with_a_gap_is_let_in_and_the_gap_asked_for() {
    let server = Server::start().await;
    let fix = server.session("ME").await;
    let next = fix.logout().await;
    let mut fix = server.connect("ME").await;
    fix.next = next + 3;
    fix.logon(&[]).await;
    assert_eq!(fix.expect("2").await.get(7), next.to_string());
}

#[tokio::test]
async fn a_logon_with_a_low_number_is_refused_and_a_reset_helps() {
    let server = Server::start().await;
    let fix = server.session("ME").await;
    fix.logout().await;
    let mut fix = server.connect("ME").await;
    fix.send("A", &ALICE_LOGON).await;
    let heard = fix.expect("5").await;
    assert!(heard.get(58).contains("too low"), "{heard:?}");
    fix.expect_end().await;
    let mut fix = server.connect("ME").await;
    assert_eq!(fix.logon(&[(141, "Y")]).await.number(), 1);
    fix.is_alive().await;
}

#[tokio::test]
async fn a_session_logs_on_with_ed25519_and_a_wrong_signature_does_not() {
    let server = Server::start().await;
    let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).expect("a seed");
    let point = pair.public_key().as_ref().to_vec();
    server.venue.keys.lock()[0].secret = Secret::Ed25519(point);
    let logon = |number: u64, signed: u64| {
        let time = now();
        let payload = format!("A\x01ME\x01DAYBOOK\x01{signed}\x01{time}");
        let signature = STANDARD.encode(pair.sign(payload.as_bytes()));
        let body = format!(
            "35=A\x0149=ME\x0156=DAYBOOK\x0134={number}\x0152={time}\x0195={}\x0196={signature}\x01\
             98=0\x01108=30\x01141=Y\x01553=alice\x01",
            signature.len()
        );
        frame(&body)
    };
    let mut fix = server.connect("ME").await;
    fix.send_bytes(&logon(1, 2)).await;
    let heard = fix.expect("5").await;
    assert!(heard.get(58).contains("Invalid API-key"), "{heard:?}");
    let mut fix = server.connect("ME").await;
    fix.send_bytes(&logon(1, 1)).await;
    fix.expect("A").await;
    fix.next = 2;
    fix.is_alive().await;
    // Its password is no password any more.
    let mut other = server.connect("OTHER").await;
    other.send("A", &ALICE_LOGON).await;
    other.expect("5").await;
}

#[tokio::test]
async fn a_revoked_key_ends_its_open_session() {
    let server = Server::start().await;
    let mut fix = server.session("ME").await;
    fix.is_alive().await;
    let key = server.venue.keys.lock()[0].clone();
    key.life.end();
    let heard = fix.expect("5").await;
    assert!(!heard.get(58).is_empty(), "it says why: {heard:?}");
    fix.send("5", &[]).await;
    fix.expect_end().await;
}
