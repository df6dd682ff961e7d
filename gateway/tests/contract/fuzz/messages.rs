//! FIX: mutated messages behind a good logon, with lengths and sums made right or left wrong.

use schemas::command::Command;

use super::Mutator;
use crate::fix_client::{Fix, Server, frame};

/// Messages that one session gets.
const MESSAGES: usize = 20;

/// The body with the next number and time, in a whole frame; or the bytes as they are.
fn framed(mutator: &mut Mutator, fix: &Fix, input: &[u8]) -> Vec<u8> {
    if mutator.dice.below(4) == 0 {
        return input.to_vec();
    }
    let text = String::from_utf8_lossy(input).replace('|', "\u{1}");
    let text = text
        .replace("{next}", &fix.next.to_string())
        .replace("{now}", &crate::fix_client::now());
    frame(&text)
}

#[tokio::test]
async fn fuzz_messages_of_fix() {
    let mut mutator = Mutator::new("fix");
    let server = Server::start().await;
    let mut sessions = 0;
    'all: loop {
        sessions += 1;
        let name = format!("FUZZ{sessions}");
        let mut fix = server.session(&name).await;
        for _ in 0..MESSAGES {
            let Some(input) = mutator.next() else {
                break 'all;
            };
            let bytes = framed(&mut mutator, &fix, &input);
            fix.try_send_bytes(&bytes).await;
            fix.next += 1;
            let orders = server.venue.commands();
            let is_sound = |command: &Command| match command {
                Command::PlaceOrder(order) => order.qty.0 >= 0 && order.price.0 >= 0,
                _ => true,
            };
            if !orders.iter().all(is_sound) {
                mutator.found(&input, &format!("{orders:?}"));
            }
        }
        // Whatever became of that session, the next one is served.
        drop(fix);
        server.venue.state.lock().commands.clear();
        let mut after = server.session(&format!("AFTER{sessions}")).await;
        after.is_alive().await;
    }
    let mut after = server.session("LAST").await;
    after.is_alive().await;
}
