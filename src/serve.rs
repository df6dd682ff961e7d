//! Starting the roles of a node in order, and shutting them down in reverse.
//!
//! Ports are taken first, so that a taken one is told before anything is opened; `ready`
//! is printed when orders are taken.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use gateway::bulk::Counts;
use gateway::call::Parts;
use gateway::connect::Ports;
use gateway::queries::{Keys, Queries};
use gateway::submit::Submit;
use gateway::traces::Traces;
use gateway::ws::life::Sockets;
use schemas::ids::Offset;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::admin::{self, Admin};
use crate::commands::admin_client::{ADDRESS_FILE, TOKEN_FILE};
use crate::config::Config;
use crate::edge::Edge;
use crate::edge::tls::Certificates;
use crate::failure::{Exit, Failure};
use crate::fault;
use crate::follower;
use crate::history::History;
use crate::index;
use crate::keyring::Keyring;
use crate::live_config::LiveConfig;
use crate::node::Node;
use crate::outlets;
use crate::reads::Reads;
use crate::sinks::Sinks;
use crate::telemetry::Telemetry;

/// How long open requests may take after a stop was asked for.
const GRACE: Duration = Duration::from_secs(3);

/// Where FIX listens unless told otherwise.
const FIX_ADDRESS: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9878));
/// Where FIX sessions keep their numbers, in the data directory.
const FIX_DIR: &str = "fix";

/// A node with its edges, taking orders.
pub struct Venue {
    pub addresses: Addresses,
    pub administration: Admin,
    node: Node,
    history: Arc<History>,
    sinks: Arc<Sinks>,
    reconciler: Option<tokio::task::JoinHandle<()>>,
    /// Of the role `index`.
    askers: Vec<tokio::task::JoinHandle<()>>,
    follower: follower::Follower,
    terminate: Signal,
    interrupt: Signal,
    stop: watch::Sender<bool>,
    sockets: Sockets,
    servers: Vec<tokio::task::JoinHandle<()>>,
}

impl Venue {
    /// Opens the data directory and every edge.
    ///
    /// # Errors
    /// One line with place, reason and CONTRACT's code.
    pub async fn open(config: Config) -> Result<Venue, Failure> {
        fault::install_hook(&config.data_dir);
        let (doors, institutions) = Doors::open(&config).await?;
        let addresses = doors.addresses(&institutions)?;
        std::fs::create_dir_all(&config.data_dir)
            .map_err(|error| Failure::io("create", &config.data_dir, &error))?;
        let read_models = History::open(&config.data_dir).await?;
        let node = open_node(&config, read_models.cursor).await?;
        let keys = Arc::new(Keyring::open(&config.data_dir).await?);
        let telemetry = Telemetry::start(config.telemetry.as_ref());
        let sinks = Arc::new(Sinks::new(&node).traced(telemetry.clone()));
        let history = History::follow(read_models, &config.sql, &node, &sinks)?;
        let history = Arc::new(history);
        let outlets = outlets::add(&config, &node, &sinks)?;
        let live = LiveConfig::watch(config.live.clone(), config.file.clone());
        let (board, askers) = index::start(&config.index, &node)?;
        let reads = Reads::new(&node, history.clone(), live.clone());
        let reads = reads.with_search(outlets.find).with_index(board.clone());
        let queries: Arc<dyn Queries> = Arc::new(reads);
        let follower = follower::Follower::start(&node, history.clone(), config.snapshot_commands)?;
        let reconciler = reconcile(&config, &history);
        let submit: Arc<dyn Submit> = node.pipeline.clone();
        let ports = addresses.ports();
        let administration = Admin {
            ports,
            submit: submit.clone(),
            queries: queries.clone(),
            keys: keys.clone(),
            sinks: sinks.clone(),
            history: history.clone(),
            pipeline: node.pipeline.clone(),
            bulk: Arc::default(),
            token: token(&config.data_dir)?.into(),
            data_dir: Arc::new(config.data_dir.clone()),
            index: board,
        };
        tell_address(&config, &addresses)?;
        let keys: Arc<dyn Keys> = keys;
        let sockets = Sockets::default();
        let parts = Parts {
            submit,
            queries,
            keys,
            sockets: sockets.clone(),
            traces: telemetry.clone().map(|it| it as Arc<dyn Traces>),
        };
        let routes = gateway::router::app_at(parts.clone(), ports);
        let (stop, stopping) = watch::channel(false);
        let inner = admin::router(administration.clone());
        let bulk = (parts.clone(), administration.bulk.clone());
        let mut servers = Vec::from_iter(take_commands(&config, bulk, &stopping));
        servers.push(serve_fix(institutions, parts, &config, &stopping));
        servers.extend(doors.serve((routes, inner), (&live, &telemetry), &stopping));
        Ok(Venue {
            // Before anyone is told that it is ready: a stop asked for then is a clean one.
            terminate: listen_to(SignalKind::terminate())?,
            interrupt: listen_to(SignalKind::interrupt())?,
            addresses,
            administration,
            node,
            history,
            sinks,
            reconciler,
            askers,
            follower,
            stop,
            sockets,
            servers,
        })
    }

    /// The line for stdout when orders are taken.
    pub fn ready_line(&self) -> String {
        let offset = self.node.pipeline.visible().0;
        let Addresses {
            http,
            admin,
            fix,
            tls,
        } = self.addresses;
        let tls = tls.map_or_else(String::new, |tls| format!("tls={tls} "));
        format!("ready http={http} admin={admin} fix={fix} {tls}offset={offset}")
    }

    /// What is behind the edges.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Waits for SIGTERM, SIGINT, or the end of the core; then stops everything in reverse.
    ///
    /// # Errors
    /// [`Exit::Io`] when a sync failed.
    pub async fn run_until_stopped(mut self) -> Result<(), Failure> {
        let mut look = tokio::time::interval(Duration::from_millis(50));
        loop {
            tokio::select! {
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                _ = look.tick() => if self.node.has_ended() { break },
            }
        }
        self.close().await
    }

    async fn close(self) -> Result<(), Failure> {
        // Nobody listening any more is no error.
        let _ = self.stop.send(true);
        self.askers.iter().for_each(tokio::task::JoinHandle::abort);
        self.sockets.close(GRACE).await;
        for server in self.servers {
            let abort = server.abort_handle();
            if tokio::time::timeout(GRACE, server).await.is_err() {
                abort.abort();
            }
        }
        self.follower.stop();
        let node = self.node;
        let stopped = tokio::task::spawn_blocking(move || node.stop());
        let stopped = stopped.await;
        if let Some(reconciler) = self.reconciler {
            reconciler.abort();
        }
        self.sinks.close().await;
        self.history.close().await;
        stopped.map_err(|error| Failure::new(Exit::OurFault, error.to_string()))?
    }
}

/// Commands beside the node find its admin port.
fn tell_address(config: &Config, addresses: &Addresses) -> Result<(), Failure> {
    let place = config.data_dir.join(ADDRESS_FILE);
    write_secret(&place, &addresses.admin.to_string())
}

fn reconcile(config: &Config, history: &Arc<History>) -> Option<tokio::task::JoinHandle<()>> {
    let seconds = config.sql.reconcile_seconds;
    crate::reconcile::schedule(&config.data_dir, history.clone(), seconds)
}

fn listen_to(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind)
        .map_err(|error| Failure::new(Exit::OurFault, format!("no signal handler: {error}")))
}

fn our_fault(error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::OurFault, error.to_string())
}

/// The listeners of HTTP, taken before anything else.
struct Doors {
    public: TcpListener,
    private: TcpListener,
    /// The public routes once more, behind TLS.
    secure: Option<(TcpListener, Arc<Certificates>)>,
}

impl Doors {
    /// The doors, and the listener of FIX beside them.
    async fn open(config: &Config) -> Result<(Doors, TcpListener), Failure> {
        let public = listen(config.listen, "--listen").await?;
        let private = listen(config.admin_listen, "--admin-listen").await?;
        let institutions = listen_fix(config.fix_listen).await?;
        let secure = match &config.tls {
            None => None,
            Some(tls) => {
                let certificates = Certificates::watch(tls.files.clone())?;
                Some((listen(tls.listen, "--tls-listen").await?, certificates))
            }
        };
        let doors = Doors {
            public,
            private,
            secure,
        };
        Ok((doors, institutions))
    }

    fn addresses(&self, institutions: &TcpListener) -> Result<Addresses, Failure> {
        let tls = self.secure.as_ref().map(|(tls, _)| address(tls));
        Ok(Addresses {
            http: address(&self.public)?,
            admin: address(&self.private)?,
            fix: address(institutions)?,
            tls: tls.transpose()?,
        })
    }

    /// Serves the public and the private routes until `stopping`.
    fn serve(
        self,
        (public, private): (Router, Router),
        (live, telemetry): (&Arc<LiveConfig>, &Option<Arc<Telemetry>>),
        stopping: &watch::Receiver<bool>,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        let spawn = |listener: TcpListener, routes, certificates| {
            let edge = Edge::new(routes, certificates, live.clone()).traced(telemetry.clone());
            tokio::spawn(edge.serve(listener, stopping.clone()))
        };
        let mut servers = vec![
            spawn(self.public, public.clone(), None),
            spawn(self.private, private, None),
        ];
        if let Some((listener, certificates)) = self.secure {
            servers.push(spawn(listener, public, Some(certificates)));
        }
        servers
    }
}

/// Where a node listens.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    pub http: SocketAddr,
    pub admin: SocketAddr,
    pub fix: SocketAddr,
    /// The same as `http`, behind TLS.
    pub tls: Option<SocketAddr>,
}

impl Addresses {
    fn ports(&self) -> Ports {
        Ports {
            http: Some(self.http),
            fix: Some(self.fix),
        }
    }
}

/// Recovery and the rules of a new venue, off the runtime's threads.
async fn open_node(config: &Config, history: Offset) -> Result<Node, Failure> {
    let config = config.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let node = Node::open(&config, history)?;
        node.found_venue().map(|()| node)
    });
    opened.await.map_err(our_fault)?
}

/// Commands of bulk feeders, if any may say some.
#[cfg(feature = "kafka")]
fn take_commands(
    config: &Config,
    bulk: (Parts, Arc<Counts>),
    stopping: &watch::Receiver<bool>,
) -> Option<tokio::task::JoinHandle<()>> {
    let kafka = config.kafka.as_ref()?;
    let commands = kafka.commands.as_ref()?;
    let started = crate::inbox::start((kafka, commands), bulk, stopping.clone());
    Some(started)
}

/// A build without Kafka has refused the table already.
#[cfg(not(feature = "kafka"))]
fn take_commands(
    _: &Config,
    _: (Parts, Arc<Counts>),
    _: &watch::Receiver<bool>,
) -> Option<tokio::task::JoinHandle<()>> {
    None
}

fn serve_fix(
    listener: TcpListener,
    parts: Parts,
    config: &Config,
    stopping: &watch::Receiver<bool>,
) -> tokio::task::JoinHandle<()> {
    let (dir, stopping) = (config.data_dir.join(FIX_DIR), stopping.clone());
    tokio::spawn(async move {
        gateway::fix::listener::serve(listener, parts, &dir, stopping).await;
    })
}

async fn listen(address: SocketAddr, flag: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let exit = match error.kind() {
            std::io::ErrorKind::AddrInUse => Exit::PortInUse,
            std::io::ErrorKind::PermissionDenied => Exit::Permission,
            _ => Exit::Config,
        };
        Failure::new(
            exit,
            format!("{flag} {address}: {error}; choose another with {flag}"),
        )
    })
}

/// The port that was asked for, or the usual one, or a free one if nobody asked and the
/// usual one is taken: a second node on a machine is no mistake.
async fn listen_fix(asked: Option<SocketAddr>) -> Result<TcpListener, Failure> {
    const FLAG: &str = "--fix-listen";
    if let Some(address) = asked {
        return listen(address, FLAG).await;
    }
    match listen(FIX_ADDRESS, FLAG).await {
        Err(failure) if failure.exit == Exit::PortInUse => {
            tracing::warn!("{FIX_ADDRESS} is taken: FIX listens on a free port");
            listen((Ipv4Addr::LOCALHOST, 0).into(), FLAG).await
        }
        listened => listened,
    }
}

fn address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener
        .local_addr()
        .map_err(|error| Failure::new(Exit::OurFault, error.to_string()))
}

/// The token of administration: read, or made at the first start.
fn token(dir: &Path) -> Result<String, Failure> {
    let path = dir.join(TOKEN_FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_string()),
        _ => {
            let token = format!(
                "{:032x}{:032x}",
                rand::random::<u128>(),
                rand::random::<u128>()
            );
            write_secret(&path, &token)?;
            Ok(token)
        }
    }
}

/// Writes a file that only its owner may read.
fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let opened = std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    let mut file = opened.map_err(|error| Failure::io("write", path, &error))?;
    file.write_all(text.as_bytes())
        .map_err(|error| Failure::io("write", path, &error))
}
