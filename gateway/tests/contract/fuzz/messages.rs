//! FIX: mutated messages behind a good logon, with lengths and sums made right or left wrong.
//!
//! Each input is said to a session that is alive: a question right before it was answered.
//! Whoever was cut, or has left the numbers behind, logs on anew, under the same name.

use schemas::command::Command;

use super::Mutator;
use crate::fix_client::{Fix, Server, frame};
use crate::venue::Reply;

/// A server is used so often; its clock stands still, and the account's limits with it.
const INPUTS_OF_A_SERVER: u64 = 50;
/// Fields of the head, which a session does not survive when they are wrong.
const HEAD: [&str; 7] = ["8", "9", "10", "34", "49", "52", "56"];

/// The bytes as they are; in a whole frame with the session's name, next number and time; or
/// behind a good head, so that what is wrong is in the body.
fn framed(mutator: &mut Mutator, fix: &Fix, input: &[u8]) -> Vec<u8> {
    let how = mutator.dice.below(16);
    if how == 0 {
        return input.to_vec();
    }
    let text = String::from_utf8_lossy(input).replace('|', "\u{1}");
    let text = text
        .replace("{sender}", fix.sender())
        .replace("{next}", &fix.next.to_string())
        .replace("{now}", &crate::fix_client::now());
    if how <= 2 {
        return frame(&text);
    }
    // What is no field ends the reading of a message; mostly its fields are to be read.
    let has_tags = 5 < how;
    let is_body = |field: &&str| {
        let (tag, value) = field.split_once('=').unwrap_or_default();
        let is_field = tag.parse::<u32>().is_ok_and(|tag| tag != 0) && !value.is_empty();
        !field.is_empty() && !HEAD.contains(&tag) && (is_field || !has_tags)
    };
    let fields: Vec<&str> = text.split('\u{1}').filter(is_body).collect();
    let (kind, rest) = match fields.iter().position(|field| field.starts_with("35=")) {
        Some(at) => (fields[at], [&fields[..at], &fields[at + 1..]].concat()),
        None => ("35=D", fields),
    };
    let body = rest.iter().map(|field| format!("{field}\u{1}"));
    let (sender, now) = (fix.sender(), crate::fix_client::now());
    frame(&format!(
        "{kind}\u{1}49={sender}\u{1}56=DAYBOOK\u{1}34={}\u{1}52={now}\u{1}{}",
        fix.next,
        body.collect::<String>()
    ))
}

/// What became of the inputs.
#[derive(Default, Debug)]
struct Reached {
    /// Said to a session that was alive.
    inputs: u64,
    /// Of those the session took the number: what is in them was read, not only their sum.
    taken: u64,
    sessions: u64,
    commands: usize,
}

#[tokio::test]
async fn fuzz_messages_of_fix() {
    let mut mutator = Mutator::new("fix");
    let mut server = Server::start().await;
    let mut reached = Reached::default();
    let mut alive: Option<Fix> = None;
    while let Some(input) = mutator.next() {
        if reached.inputs % INPUTS_OF_A_SERVER == INPUTS_OF_A_SERVER - 1 {
            drop(alive.take());
            server = Server::start().await;
        }
        let mut fix = match alive.take() {
            Some(fix) => fix,
            None => {
                reached.sessions += 1;
                let mut fix = server.session("FUZZ").await;
                fix.is_alive().await;
                fix
            }
        };
        server.venue.state.lock().commands.clear();
        // An order without reports: nobody tells the account's events here.
        server.venue.state.lock().replies.clear();
        server.venue.reply(Reply::Events(Vec::new()));
        let bytes = framed(&mut mutator, &fix, &input);
        reached.inputs += 1;
        fix.try_send_bytes(&bytes).await;
        fix.next += 1;
        if fix.is_still_alive().await {
            reached.taken += 1;
            alive = Some(fix);
        }
        let commands = server.venue.commands();
        reached.commands += commands.len();
        let is_sound = |command: &Command| match command {
            Command::PlaceOrder(order) => order.qty.0 >= 0 && order.price.0 >= 0,
            _ => true,
        };
        if !commands.iter().all(is_sound) {
            mutator.found(&input, &format!("{commands:?}"));
        }
    }
    drop(alive);
    let mut after = server.session("LAST").await;
    after.is_alive().await;
    println!("fix: {reached:?}");
    // Most stand behind a good head; few of those end a session.
    assert!(
        reached.inputs < reached.taken * 4,
        "sessions die of most inputs: {reached:?}"
    );
    assert!(
        0 < reached.commands,
        "no input was ever an order: {reached:?}"
    );
}
