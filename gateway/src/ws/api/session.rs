//! One connection: requests in, answers and user events out, and its end.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::extract::Request as Upgrade;
use axum::extract::ws::{Utf8Bytes, WebSocket};
use axum::http::request::Parts as Head;
use axum::response::Response;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use schemas::report::Directory;
use schemas::units::TimeNs;
use serde_json::json;

use crate::auth::Caller;
use crate::auth::api_key::Permission;
use crate::call::{Answer, App, Call, Outcome};
use crate::error::ApiError;
use crate::queries::ApiKey;
use crate::router::{Access, Route};
use crate::traces::{TraceParent, Traced};
use crate::user_events::UserCut;
use crate::wire::clock::TimeUnit;
use crate::wire::parameters::Parameters;
use crate::ws::api::frame::{NoRequest, Request, Used, reply};
use crate::ws::api::login::{Asking, Login};
use crate::ws::api::methods::{Answers, OWN_WEIGHT, Own, find, find_futures};
use crate::ws::api::subscriptions::{Subscriptions, Told, terminated};
use crate::ws::handshake::{self, Sizes};
use crate::ws::life::{self, Due, End, Life, STOPPING};

/// Requests under way; the next one is read when one of them is answered.
const UNDER_WAY_MAX: usize = 256;
/// Events in one write.
const BATCH: usize = 256;
/// Messages a second: requests have a weight, so that this only keeps pings in bounds.
const PACE: u32 = 50_000;
/// How long requests under way may take after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(1);
const SIZES: Sizes = Sizes {
    message_max: 64 << 10,
    read_buffer: 16 << 10,
    write_buffer: 16 << 10,
};

/// What the URL of a connection says.
#[derive(Clone, Debug)]
pub struct Opening {
    address: IpAddr,
    unit: TimeUnit,
    shows_limits: bool,
    is_futures: bool,
    /// The span of the client that the handshake named: requests have no heads.
    parent: Option<TraceParent>,
}

type Work = Pin<Box<dyn Future<Output = Utf8Bytes> + Send>>;

struct Session {
    app: Arc<App>,
    opening: Opening,
    connected: TimeNs,
    login: Option<Login>,
    subscriptions: Subscriptions,
    under_way: FuturesUnordered<Work>,
    out: Vec<Utf8Bytes>,
}

/// Opens a session, or says in JSON why not.
pub async fn upgrade(app: Arc<App>, request: Upgrade) -> Response {
    handshake::open(app, request, (SIZES, read), run).await
}

fn read(_: &App, head: &Head, address: IpAddr) -> Result<Opening, ApiError> {
    let query = head.uri.query().unwrap_or("").as_bytes();
    let parameters = Parameters::read(query, b"")?;
    let unit = match parameters.optional("timeUnit")? {
        None => TimeUnit::default(),
        Some(text) => TimeUnit::parse(text)?,
    };
    let hides = parameters.has("returnRateLimits") && !parameters.flag("returnRateLimits")?;
    Ok(Opening {
        address,
        unit,
        shows_limits: !hides,
        is_futures: head.uri.path().starts_with("/ws-fapi/"),
        parent: TraceParent::of(&head.headers),
    })
}

async fn run(app: Arc<App>, opening: Opening, mut socket: WebSocket) {
    let mut life = Life::begin(&app.parts.sockets, PACE);
    let mut session = Session {
        connected: app.parts.submit.now(),
        app,
        login: None,
        subscriptions: Subscriptions::new(opening.unit),
        opening,
        under_way: FuturesUnordered::new(),
        out: Vec::new(),
    };
    let end = loop {
        let step = session.step(&mut socket, &mut life).await;
        let sent = life::send_all(&mut socket, &mut session.out).await;
        if let Err(end) = step.and(sent) {
            break end;
        }
    };
    drop(session);
    life::close(socket, end).await;
}

impl Session {
    /// Waits for the next thing and turns it into messages, with what is ready beside it.
    async fn step(&mut self, socket: &mut WebSocket, life: &mut Life) -> Result<(), End> {
        let has_room = self.under_way.len() < UNDER_WAY_MAX;
        tokio::select! {
            message = socket.recv(), if has_room => match message {
                Some(Ok(message)) => {
                    if let Some(text) = life.hear(message)? {
                        self.hear(&text).await;
                    }
                }
                Some(Err(_)) | None => return Err(None),
            },
            Some(answer) = self.under_way.next(), if !self.under_way.is_empty() => {
                self.out.push(answer);
                while let Some(Some(answer)) = self.under_way.next().now_or_never() {
                    self.out.push(answer);
                }
            }
            Some(told) = self.subscriptions.told.recv() => {
                self.tell(told)?;
                for _ in 1..BATCH {
                    let Ok(told) = self.subscriptions.told.try_recv() else { break };
                    self.tell(told)?;
                }
            }
            due = life.due() => match due? {
                Due::Ping => life::ping(socket, self.app.parts.submit.now()).await?,
                Due::Stop => {
                    self.stop().await;
                    return Err(STOPPING);
                }
            },
        }
        Ok(())
    }

    /// The last words: what was asked is answered, and the client may go elsewhere.
    async fn stop(&mut self) {
        let time = self.opening.unit.print(self.app.parts.submit.now());
        let event = format!(r#"{{"event":{{"e":"serverShutdown","E":{time}}}}}"#);
        self.out.push(event.into());
        let drain = async {
            while let Some(answer) = self.under_way.next().await {
                self.out.push(answer);
            }
        };
        // Who is still not answered asks by client order id elsewhere.
        drop(tokio::time::timeout(DRAIN, drain).await);
    }

    fn tell(&mut self, told: Told) -> Result<(), End> {
        match told {
            Told::Event(text) => self.out.push(text),
            Told::Revoked(id) => {
                // It may have been ended by the client meanwhile.
                let ended = self.subscriptions.stop(Some(id.into())).unwrap_or_default();
                self.terminate(ended);
            }
            Told::Cut(UserCut::Stopped) => return Err(STOPPING),
            Told::Cut(UserCut::Lagged) => {
                let reason = "slow reader: ask userDataStream.since for the rest";
                return Err(Some((axum::extract::ws::close_code::POLICY, reason)));
            }
        }
        Ok(())
    }

    fn terminate(&mut self, ended: Vec<u32>) {
        let now = self.app.parts.submit.now();
        for id in ended {
            self.out.push(terminated(id, (self.opening.unit, now)));
        }
    }

    /// Takes one request; those of the session itself are answered at once, the others may
    /// take their time.
    async fn hear(&mut self, text: &str) {
        let directory = self.app.parts.queries.directory();
        let now = self.app.parts.submit.now();
        let request = Request::read(text);
        let answers = match &request {
            Ok(request) if self.opening.is_futures => find_futures(&request.method),
            Ok(request) => find(&request.method),
            Err(_) => None,
        };
        let weight = match (&request, answers) {
            (Ok(request), Some(Answers::Endpoint(route))) => (route.weight)(&request.parameters),
            (Ok(_), Some(Answers::Session(_))) => OWN_WEIGHT,
            _ => 1,
        };
        let charge = self.app.charge(self.opening.address, weight);
        let shows = |asked: Option<bool>| asked.unwrap_or(self.opening.shows_limits);
        let mut used = Used {
            weight: charge.used,
            now,
            is_shown: shows(None),
        };
        let request = match request {
            Ok(request) => request,
            Err(refused) => {
                let NoRequest { id, error } = *refused;
                let outcome = Err(charge.refusal.unwrap_or(error));
                self.out.push(reply(&id, &outcome, (used, &directory)));
                return;
            }
        };
        used.is_shown = shows(request.shows_limits);
        let refused = charge
            .refusal
            .or_else(|| answers.is_none().then(|| unknown(&request)));
        if let Some(refusal) = refused {
            self.out
                .push(reply(&request.id, &Err(refusal), (used, &directory)));
            return;
        }
        match answers {
            Some(Answers::Endpoint(route)) => self.begin(route, request, (used, directory)).await,
            Some(Answers::Session(own)) => {
                let mut ended = Vec::new();
                let outcome = self.own(own, &request, (now, &mut ended));
                self.out
                    .push(reply(&request.id, &outcome, (used, &directory)));
                self.terminate(ended);
            }
            None => (),
        }
    }

    /// Starts a handler and lets it run as far as it gets, so that requests reach the
    /// sequencer in the order they came.
    async fn begin(
        &mut self,
        route: &'static Route,
        request: Request,
        (used, directory): (Used, Arc<Directory>),
    ) {
        let asking = Asking {
            app: &self.app,
            address: self.opening.address,
            login: self.login.as_ref(),
            now: used.now,
        };
        let signed = |permission| {
            asking
                .caller(&request, permission)
                .map(|(it, _)| Who::Caller(it))
        };
        let who = match route.access {
            Access::Public(_) => Ok(Who::Anybody),
            Access::Stream(_) => asking.key(&request, Permission::Read).map(Who::Key),
            Access::Read(_) => signed(Permission::Read),
            Access::Trade(_) => signed(Permission::Trade),
        };
        let who = match who {
            Ok(who) => who,
            Err(error) => {
                let text = reply(&request.id, &Err(error), (used, &directory));
                self.out.push(text);
                return;
            }
        };
        let id = request.id;
        let call = Call {
            port: self.app.parts.submit.clone(),
            app: self.app.clone(),
            parameters: request.parameters,
            unit: self.opening.unit,
            directory: directory.clone(),
            product: route.product(),
        };
        let traced = Traced::begin(&self.app, self.opening.parent.as_ref());
        let name = format!("WS {}", request.method);
        let mut work: Work = Box::pin(async move {
            let outcome = handle(route, &call, who).await;
            if let Some(traced) = traced {
                traced.end(name, &outcome);
            }
            reply(&id, &outcome, (used, &directory))
        });
        let first = std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context)));
        match first.await {
            Poll::Ready(answer) => self.out.push(answer),
            Poll::Pending => self.under_way.push(work),
        }
    }

    /// A method of the session itself; subscriptions that it ended go to `ended`.
    fn own(
        &mut self,
        own: Own,
        request: &Request,
        (now, ended): (TimeNs, &mut Vec<u32>),
    ) -> Outcome {
        let asking = Asking {
            app: &self.app,
            address: self.opening.address,
            login: self.login.as_ref(),
            now,
        };
        match own {
            Own::Logon => {
                let login = asking.logon(request)?;
                request.parameters.only(&[])?;
                if self
                    .login
                    .as_ref()
                    .is_some_and(|old| old.key.account != login.key.account)
                {
                    *ended = self.subscriptions.stop_login();
                }
                self.login = Some(login);
                Ok(self.status(now))
            }
            Own::Status => Ok(self.status(now)),
            Own::Logout => {
                self.login = None;
                *ended = self.subscriptions.stop_login();
                Ok(self.status(now))
            }
            Own::Subscribe => {
                let Some(login) = &self.login else {
                    return Err(not_logged_on());
                };
                let keys = &*self.app.parts.keys;
                let (name, address) = (&login.key.key, self.opening.address);
                let key = crate::auth::api_key::admit(keys, name, address, Permission::Read)?;
                let started = self.subscriptions.start(&self.app, &key, true)?;
                Ok(subscribed(started))
            }
            Own::SubscribeSigned => {
                if request.api_key.is_none() {
                    return Err(crate::error::mandatory("apiKey"));
                }
                let (_, key) = asking.caller(request, Permission::Read)?;
                request.parameters.only(&[])?;
                let started = self.subscriptions.start(&self.app, &key, false)?;
                Ok(subscribed(started))
            }
            Own::Unsubscribe => {
                let id = request.parameters.integer("subscriptionId")?;
                *ended = self.subscriptions.stop(id)?;
                Ok(Answer::json(&json!({})))
            }
            Own::Subscriptions => {
                let ids = self.subscriptions.ids();
                let list: Vec<_> = ids.map(|id| json!({ "subscriptionId": id })).collect();
                Ok(Answer::json(&list))
            }
        }
    }

    fn status(&self, now: TimeNs) -> Answer {
        let unit = self.opening.unit;
        let login = self.login.as_ref();
        Answer::json(&json!({
            "apiKey": login.map(|login| &login.key.key),
            "authorizedSince": login.map(|login| unit.print(login.since)),
            "connectedSince": unit.print(self.connected),
            "returnRateLimits": self.opening.shows_limits,
            "serverTime": unit.print(now),
            "userDataStream": self.subscriptions.ids().next().is_some(),
        }))
    }
}

/// Who asks an endpoint.
enum Who {
    Anybody,
    /// Not signed: a key is enough.
    Key(Arc<ApiKey>),
    Caller(Caller),
}

async fn handle(route: &'static Route, call: &Call, who: Who) -> Outcome {
    match (route.access, who) {
        (Access::Public(handler), _) => handler(call).await,
        (Access::Read(handler) | Access::Trade(handler), Who::Caller(caller)) => {
            handler(call, &caller).await
        }
        (Access::Stream(handler), Who::Key(key)) => handler(call, &key).await,
        (Access::Read(_) | Access::Trade(_) | Access::Stream(_), _) => {
            Err(crate::error::rejected_key())
        }
    }
}

fn subscribed((id, from): (u32, schemas::ids::Offset)) -> Answer {
    Answer::json(&json!({ "subscriptionId": id, "fromOffset": from.0 }))
}

fn not_logged_on() -> ApiError {
    ApiError::new(-1020, "This operation is not supported.")
        .hint("log on first with session.logon, or use userDataStream.subscribe.signature")
}

fn unknown(request: &Request) -> ApiError {
    let method = request.method.escape_default();
    ApiError::new(-1020, "This operation is not supported.")
        .hint(format!("there is no method '{method}' here"))
}
