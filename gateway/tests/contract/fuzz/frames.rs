//! Sockets: text frames to the WebSocket API and to the streams.

use std::time::Duration;

use serde_json::{Value, json};

use super::Mutator;
use crate::streams::{Socket, open_raw};

/// Frames that one socket gets.
const FRAMES: usize = 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// The answer to a question of our own comes, whatever was said before; or the socket ended.
async fn is_well(socket: &mut Socket, ping: &str, mark: u64) -> Result<(), String> {
    let mark = json!(1_000_000 + mark);
    let ping = json!({ "id": mark, "method": ping });
    if !socket.try_say_text(&ping.to_string()).await {
        return Ok(());
    }
    loop {
        let heard = tokio::time::timeout(PATIENCE, socket.try_frame()).await;
        let Ok(heard) = heard else {
            return Err("a question behind it is not answered".to_owned());
        };
        let Some((opcode, payload)) = heard else {
            return Ok(());
        };
        if opcode == 8 {
            return Ok(());
        }
        if opcode != 1 {
            continue;
        }
        let Ok(answer) = serde_json::from_slice::<Value>(&payload) else {
            return Err(format!("no JSON: {:?}", String::from_utf8_lossy(&payload)));
        };
        if answer["id"] == mark {
            return Ok(());
        }
        let status = answer["status"].as_u64().unwrap_or(200);
        if status == 500 {
            return Err(format!("{answer}"));
        }
    }
}

async fn fuzz(name: &'static str, (path, ping): (&str, &str)) {
    let mut mutator = Mutator::new(name);
    let mut round = 0;
    'all: loop {
        let mut socket = open_raw(path).await;
        for _ in 0..FRAMES {
            let Some(input) = mutator.next() else {
                break 'all;
            };
            round += 1;
            let text = String::from_utf8_lossy(&input).into_owned();
            if !socket.try_say_text(&text).await {
                break;
            }
            if let Err(what) = is_well(&mut socket, ping, round).await {
                mutator.found(&input, &what);
            }
        }
        if let Some(command) = socket.venue.commands().first() {
            panic!("{name}: nothing was signed and this came through: {command:?}");
        }
    }
    // Who comes after them is served.
    let mut socket = open_raw("/ws-api/v3").await;
    socket.say(json!({ "id": 1, "method": "time" })).await;
    assert_eq!(socket.hear().await["status"], 200);
}

#[tokio::test]
async fn fuzz_frames_of_the_api() {
    fuzz("frames", ("/ws-api/v3", "ping")).await;
}

#[tokio::test]
async fn fuzz_frames_of_streams() {
    fuzz("frames", ("/ws", "LIST_SUBSCRIPTIONS")).await;
}
