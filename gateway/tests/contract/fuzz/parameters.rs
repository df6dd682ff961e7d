//! REST: a line `METHOD PATH`, then the parameters.

use axum::body::Body;
use axum::http::Request;
use schemas::command::Command;

use super::Mutator;
use crate::client::{Client, Got, sign};
use crate::venue::{NOW_MS, Reply};

/// A client is used so often; then its limits would be reached.
const ROUNDS_OF_A_CLIENT: u64 = 100;

/// Bytes that a request line may have; the others are escaped.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'!' | b'$'..=b';' | b'=' | b'?'..=b'Z' | b'_' | b'a'..=b'z' | b'~' => {
                text.push(char::from(*byte));
            }
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// Says it as it is, or signed as it is.
async fn say(client: &Client, input: &[u8], is_signed: bool) -> Option<Got> {
    let split = input.iter().position(|byte| *byte == b'\n');
    let (line, query) = input.split_at(split.unwrap_or(input.len()));
    let line = escaped(line).replace("%20", " ");
    let (method, path) = line.split_once(' ')?;
    let mut query = escaped(query.get(1..).unwrap_or_default());
    if is_signed {
        query = format!("{query}&timestamp={NOW_MS}");
        let signature = sign("alice-secret", &query);
        query = format!("{query}&signature={signature}");
    }
    let request = Request::builder()
        .method(method)
        .uri(format!("{path}?{query}"))
        .header("X-MBX-APIKEY", "alice")
        .body(Body::empty());
    Some(client.send(request.ok()?).await)
}

/// What no answer may lack.
fn complaint(got: &Got) -> Option<String> {
    let status = got.status.as_u16();
    let known = [200, 400, 401, 403, 404, 405, 409, 413, 414, 418, 429, 503];
    if !known.contains(&status) {
        return Some(format!("status {status}: {}", got.text));
    }
    let Ok(json) = serde_json::from_str::<serde_json::Value>(&got.text) else {
        return Some(format!("no JSON: {}", got.text));
    };
    let refused = status != 200;
    let has_code = json["code"].as_i64().is_some_and(|code| code < 0);
    if refused && !has_code {
        return Some(format!("{status} without a code: {}", got.text));
    }
    got.header("x-trace-id")
        .is_empty()
        .then(|| "no trace id".to_owned())
}

/// What no command may be.
fn is_sound(command: &Command) -> bool {
    match command {
        Command::PlaceOrder(order) => {
            order.price.0 >= 0
                && order.qty.0 >= 0
                && order.quote_qty.0 >= 0
                && !order.client_order.is_empty()
        }
        Command::PlaceOrderWithTerms(place) => {
            place.terms.stop_price.0 >= 0 && place.terms.iceberg_qty.0 >= 0
        }
        _ => true,
    }
}

#[tokio::test]
async fn fuzz_parameters() {
    let mut mutator = Mutator::new("parameters");
    let mut client = Client::new();
    let (mut rounds, mut journaled) = (0_u64, 0);
    while let Some(input) = mutator.next() {
        rounds += 1;
        if rounds % ROUNDS_OF_A_CLIENT == 0 {
            client = Client::new();
        }
        let is_signed = mutator.dice.below(4) != 0;
        client.venue.state.lock().commands.clear();
        client.venue.state.lock().replies.clear();
        client.venue.reply(Reply::Events(Vec::new()));
        let Some(got) = say(&client, &input, is_signed).await else {
            continue;
        };
        if let Some(complaint) = complaint(&got) {
            mutator.found(&input, &complaint);
        }
        let commands = client.venue.commands();
        journaled += commands.len();
        if !is_signed && !commands.is_empty() {
            mutator.found(&input, "it was not signed and reached the sequencer");
        }
        if !commands.iter().all(is_sound) {
            mutator.found(&input, &format!("{commands:?}"));
        }
    }
    assert!(journaled > 0, "no input was ever good: the corpus is dead");
}
