//! The stream of one account's futures, opened by a listen key.
//!
//! It lives as long as the key: when that runs out or is closed, `listenKeyExpired` is the
//! last message. Nothing is skipped; who reads too slowly is cut and asks by REST how things
//! stand, as the dialect has it.

use std::sync::Arc;

use axum::extract::ws::{Utf8Bytes, WebSocket, close_code};

use crate::call::App;
use crate::queries::ApiKey;
use crate::user_events::UserCut;
use crate::wire::clock::TimeUnit;
use crate::wire::futures::user_events::{events, expired};
use crate::ws::life::{self, Due, End, LAGGED, Life, STOPPING};

/// Messages of a client in a second; it has nothing to say here.
const PACE: u32 = 10;
/// The answer to whatever it says.
const NO_REQUESTS: &str = r#"{"code":2,"msg":"Invalid request: this stream tells one account"}"#;
const REVOKED: End = Some((close_code::POLICY, "the API key was revoked"));
const EXPIRED: End = Some((close_code::NORMAL, "the listen key ended"));

/// What one connection hears.
#[derive(Debug)]
pub struct Hearing {
    pub key: Arc<ApiKey>,
    /// The listen key.
    pub text: String,
    pub unit: TimeUnit,
    /// Whether events are wrapped with the listen key.
    pub is_combined: bool,
}

impl Hearing {
    fn wrap(&self, event: String) -> Utf8Bytes {
        match self.is_combined {
            true => format!(r#"{{"stream":"{}","data":{event}}}"#, self.text).into(),
            false => event.into(),
        }
    }
}

/// Serves a connection until it ends.
pub async fn run(app: Arc<App>, hearing: Hearing, mut socket: WebSocket) {
    let mut life = Life::begin(&app.parts.sockets, PACE);
    let mut updates = app.parts.queries.user_events(hearing.key.account);
    let mut out: Vec<Utf8Bytes> = Vec::new();
    let end = loop {
        let step = tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(message)) => life.hear(message).map(|text| {
                    out.extend(text.map(|_| Utf8Bytes::from_static(NO_REQUESTS)));
                }),
                Some(Err(_)) | None => Err(None),
            },
            update = updates.recv() => match update {
                Ok(update) => {
                    let texts = events(&*app.parts.queries, hearing.unit, &update);
                    out.extend(texts.into_iter().map(|event| hearing.wrap(event)));
                    Ok(())
                }
                Err(UserCut::Lagged) => Err(LAGGED),
                Err(UserCut::Stopped) => Err(STOPPING),
            },
            () = hearing.key.life.over() => Err(REVOKED),
            due = life.due() => match due {
                Ok(Due::Ping) => beat(&app, &hearing, (&mut socket, &mut out)).await,
                Ok(Due::Stop) => Err(STOPPING),
                Err(end) => Err(end),
            },
        };
        let sent = life::send_all(&mut socket, &mut out).await;
        if let Err(end) = step.and(sent) {
            break end;
        }
    };
    life::close(socket, end).await;
}

/// Every now and then: is the listen key still good, is the client still there?
async fn beat(
    app: &App,
    hearing: &Hearing,
    (socket, out): (&mut WebSocket, &mut Vec<Utf8Bytes>),
) -> Result<(), End> {
    let now = app.parts.submit.now();
    if app.listen_keys.find(&hearing.text, now).is_some() {
        return life::ping(socket, now).await;
    }
    out.push(hearing.wrap(expired(&hearing.text, hearing.unit.print(now))));
    Err(EXPIRED)
}
