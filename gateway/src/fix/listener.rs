//! A connection's life: logon, session, end; and the listener that begins them.

use std::collections::{BTreeSet, VecDeque};
use std::io::Cursor;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ironfix_core::types::CompId;
use ironfix_engine::validation::{InboundValidation, ValidationPolicy};
use ironfix_engine::{Acceptor, Connection, EngineError, SessionConfig, StoreFailurePolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use crate::call::{App, Parts};
use crate::fix::account_feed::AccountFeed;
use crate::fix::claims::{CONNECTIONS_MAX, Claims};
use crate::fix::dictionary::Dictionary;
use crate::fix::execution::ReportId;
use crate::fix::logon::{self, Logon, NotLoggedOn};
use crate::fix::market_data::MarketFeeds;
use crate::fix::order_entry::Desk;
use crate::fix::paced::{Backlog, Paced};
use crate::fix::responder::{End, Responder};
use crate::fix::session::Session;
use crate::fix::store::{Bounds, FileStore};
use crate::fix::{MESSAGE_BYTES_MAX, VENUE, VERSION};

/// A client that takes nothing for so long is cut.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// Messages between the socket and their commands.
const QUEUE: usize = 16_384;
/// How long sessions may take to say goodbye when the node stops.
const GRACE: Duration = Duration::from_secs(2);
/// How long the last bytes of a refusal may take.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);

/// Everything that connections share.
struct Venue {
    app: Arc<App>,
    claims: Arc<Claims>,
    /// Where sessions keep their numbers.
    root: PathBuf,
    stopping: watch::Receiver<bool>,
}

/// Serves FIX on a listener until `stopping` says true; stores lie below `root`.
pub async fn serve(
    listener: TcpListener,
    parts: Parts,
    root: &Path,
    mut stopping: watch::Receiver<bool>,
) {
    let venue = Arc::new(Venue {
        app: Arc::new(App::new(parts)),
        claims: Arc::default(),
        root: root.to_path_buf(),
        stopping: stopping.clone(),
    });
    let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stopping) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    // Without a seat the stream is dropped, which closes it.
                    let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else { continue };
                    let venue = Arc::clone(&venue);
                    connections.spawn(async move {
                        venue.connection(stream, address).await;
                        drop(seat);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a FIX connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    let goodbye = async { while connections.join_next().await.is_some() {} };
    // Who does not say goodbye in time is cut with the task.
    drop(tokio::time::timeout(GRACE, goodbye).await);
}

/// Waits for the stop of the node.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone: that is a stop too.
    drop(stopping.wait_for(|stop| *stop).await);
}

impl Venue {
    async fn connection(&self, mut stream: TcpStream, address: SocketAddr) {
        let ip = address.ip().to_canonical();
        if self.app.parts.queries.is_denied(ip, None) {
            return;
        }
        // Only speed depends on it.
        drop(stream.set_nodelay(true));
        let logged_on = match logon::read(&mut stream).await {
            Ok(bytes) => logon::check(&self.app, &bytes, ip).map(|logon| (logon, bytes)),
            Err(silent) => Err(silent),
        };
        let refused = match logged_on {
            Ok((logon, bytes)) => match self.session(&mut Some(stream), logon, bytes).await {
                Ok(()) => return,
                Err((stream, refused)) => stream.map(|stream| (stream, refused)),
            },
            Err(refused) => Some((stream, refused)),
        };
        if let Some((stream, NotLoggedOn::Refused { sender, text })) = refused {
            tracing::info!(%address, sender, text, "FIX logon refused");
            let bytes = logon::goodbye(&sender, &text, self.app.parts.submit.now());
            drop(tokio::time::timeout(GOODBYE_TIMEOUT, refuse(stream, bytes)).await);
        }
    }

    /// Runs a session to its end; gives the stream back if none came to be.
    async fn session(
        &self,
        stream: &mut Option<TcpStream>,
        logon: Logon,
        bytes: Vec<u8>,
    ) -> Result<(), (Option<TcpStream>, NotLoggedOn)> {
        let sender = logon.name.sender.clone();
        let refuse = |stream: &mut Option<TcpStream>, text: String| {
            let sender = sender.clone();
            Err((stream.take(), NotLoggedOn::Refused { sender, text }))
        };
        let claim = match self.claims.claim_soon(logon.name.clone()).await {
            Ok(claim) => claim,
            Err(error) => return refuse(stream, error.to_string()),
        };
        let opened = claim
            .folder(&self.root)
            .and_then(|folder| FileStore::open(&folder, Bounds::default()));
        let store = match opened {
            Ok(store) => Arc::new(store),
            Err(error) => {
                tracing::error!(%error, sender, "a FIX store could not be opened");
                return refuse(stream, "the venue cannot keep this session now".to_owned());
            }
        };
        let comp_ids = (CompId::new(VENUE), CompId::new(&logon.name.sender));
        let (Ok(venue), Ok(client)) = comp_ids else {
            return refuse(stream, "SenderCompID (49) is no legal name".to_owned());
        };
        let Some(taken) = stream.take() else {
            return Ok(());
        };
        let config = session_config(venue, client);
        let run = Run {
            venue: self,
            logon: Arc::new(logon),
            store,
        };
        run.to_the_end(taken, bytes, config).await;
        drop(claim);
        Ok(())
    }
}

fn session_config(venue: CompId, client: CompId) -> SessionConfig {
    let mut config = SessionConfig::new(venue, client, VERSION);
    config.max_message_size = MESSAGE_BYTES_MAX;
    config
}

/// Tells why, and waits until the client has it.
async fn refuse(mut stream: TcpStream, bytes: Vec<u8>) {
    let told = async {
        stream.write_all(&bytes).await?;
        stream.shutdown().await?;
        let mut rest = [0; 256];
        while stream.read(&mut rest).await? > 0 {}
        Ok::<(), std::io::Error>(())
    };
    // A client that is gone needs no reason.
    drop(told.await);
}

/// One session that has its name and its store.
struct Run<'a> {
    venue: &'a Venue,
    logon: Arc<Logon>,
    store: Arc<FileStore>,
}

impl Run<'_> {
    async fn to_the_end(&self, stream: TcpStream, bytes: Vec<u8>, config: SessionConfig) {
        let desk = Desk {
            app: Arc::clone(&self.venue.app),
            account: self.logon.account,
        };
        let (sender, work) = mpsc::unbounded_channel();
        let backlog = Arc::new(Backlog::default());
        let (logon, waiting) = (Arc::clone(&self.logon), Arc::clone(&backlog));
        let session = Arc::new(Session::new(desk.clone(), logon, sender, waiting));
        let (feed, told) = self.feed();
        let (reader, writer) = stream.into_split();
        let reader = Cursor::new(bytes).chain(Paced::new(reader, Arc::clone(&backlog)));
        let stream = tokio::io::join(reader, writer);
        let acceptor = self.acceptor(config, session);
        let connection = match acceptor.serve_stream(stream).await {
            Ok(connection) => connection,
            Err(error) => return self.not_established(&error),
        };
        if let Err(error) = self.store.begin_at(told) {
            // Without a store the session could not be told the rest.
            return tracing::error!(%error, "a FIX store cannot be written");
        }
        let mut responder = Responder {
            connection: connection.clone(),
            markets: MarketFeeds::new(Arc::clone(&desk.app)),
            desk,
            logon: Arc::clone(&self.logon),
            work,
            backlog,
            feed,
            told,
            held: VecDeque::new(),
            own: BTreeSet::new(),
            acked: None,
            seen: None,
        };
        let mut stopping = self.venue.stopping.clone();
        let (end, is_stop) = tokio::select! {
            end = responder.run() => (end, false),
            () = stopped(&mut stopping) => {
                (End::Told("the venue is stopping".to_owned()), true)
            }
        };
        self.say_goodbye(&connection, &end).await;
        if !is_stop && self.logon.cancels_on_disconnect {
            responder.cancel_own();
        }
        if let Err(error) = self.store.sync() {
            tracing::error!(%error, "a FIX store could not be synced");
        }
    }

    fn acceptor(&self, config: SessionConfig, session: Arc<Session>) -> Acceptor<Session> {
        let dictionary = InboundValidation::new(Arc::new(Dictionary), ValidationPolicy::Reject);
        Acceptor::new(config, session)
            .with_store(self.store.clone())
            .with_store_failure_policy(StoreFailurePolicy::CloseSession)
            .with_inbound_validation(dictionary)
            .with_app_queue_capacity(QUEUE)
            .with_write_timeout(WRITE_TIMEOUT)
    }

    /// Reports from where this session was told last; from now on for a new one, for one
    /// that starts its numbers again, and for one that wants no reports but its own.
    fn feed(&self) -> (AccountFeed, ReportId) {
        let queries = Arc::clone(&self.venue.app.parts.queries);
        let account = self.logon.account;
        let goes_on = !self.logon.is_reset && !self.logon.only_acks;
        match self.store.told().filter(|_| goes_on) {
            Some(told) => (
                AccountFeed::from_offset(queries, account, told.offset),
                told,
            ),
            None => {
                let feed = AccountFeed::from_now(queries, account);
                let told = ReportId::before(feed.next_offset());
                (feed, told)
            }
        }
    }

    fn not_established(&self, error: &EngineError) {
        let sender = &self.logon.name.sender;
        tracing::info!(sender, %error, "FIX logon refused");
    }

    async fn say_goodbye(&self, connection: &Connection, end: &End) {
        let sender = &self.logon.name.sender;
        tracing::info!(sender, reason = %end, "FIX session over");
        if let End::Told(text) = end {
            // It may be closed already; then there is nobody to tell.
            drop(connection.logout_with_text(text).await);
            drop(tokio::time::timeout(GRACE, connection.wait_closed()).await);
        }
    }
}
