//! One request on its way through a handler: what it may use, what it answers.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use schemas::command::Command;
use schemas::ids::Offset;
use schemas::instrument::SymbolKind;
use schemas::report::{Directory, SymbolReport};
use schemas::units::TimeNs;
use serde::Serialize;

use crate::error::{self, ApiError};
use crate::limits::{Charge, Limits, Spend};
use crate::listen_keys::ListenKeys;
use crate::queries::{Keys, Queries, ReadError};
use crate::submit::{Receipt, Submit};
use crate::traces::Traces;
use crate::wire::clock::TimeUnit;
use crate::wire::grid::Grid;
use crate::wire::parameters::Parameters;
use crate::wire::symbol_query::{self, Chosen, find};
use crate::ws::life::Sockets;
use crate::ws::stream::hub::Hub;

/// How long a client waits for the sequencer before it is told that nothing is known.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// What the gateway needs of the rest.
#[derive(Clone)]
pub struct Parts {
    pub submit: Arc<dyn Submit>,
    pub queries: Arc<dyn Queries>,
    pub keys: Arc<dyn Keys>,
    /// All open sockets, for a clean stop.
    pub sockets: Sockets,
    /// Who hears of requests to be traced, if anybody does.
    pub traces: Option<Arc<dyn Traces>>,
}

/// Everything that requests share.
pub struct App {
    pub parts: Parts,
    pub limits: Limits,
    pub listen_keys: ListenKeys,
    /// The market streams that somebody listens to.
    pub hub: Hub,
    /// One more than the newest offset that an answer was built from; 0 before the first.
    newest: AtomicU64,
}

/// One request, parsed.
pub struct Call {
    pub app: Arc<App>,
    pub parameters: Parameters,
    pub unit: TimeUnit,
    pub directory: Arc<Directory>,
    /// What a symbol's name means: the two products name theirs alike.
    pub product: SymbolKind,
    /// Where its commands go.
    pub port: Arc<dyn Submit>,
}

/// A body on its way out.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: String,
    /// Where the command lies, if there was one.
    pub offset: Option<Offset>,
    /// Orders in the running 10 s and day, after an accepted order.
    pub order_counts: Option<(u32, u32)>,
}

/// What a handler gives.
pub type Outcome = Result<Answer, ApiError>;

impl Answer {
    /// 200 with that body.
    pub fn json(body: &impl Serialize) -> Answer {
        Answer::text(serde_json::to_string(body).expect("answers have text keys only"))
    }

    /// 200 with the one row as an object, or with all of them as a list.
    pub fn one_or_all(is_one: bool, mut rows: impl Iterator<Item = impl Serialize>) -> Answer {
        match rows.next() {
            Some(row) if is_one => Answer::json(&row),
            first => Answer::json(&first.into_iter().chain(rows).collect::<Vec<_>>()),
        }
    }

    /// 200 with that JSON text.
    pub fn text(body: String) -> Answer {
        Answer {
            status: StatusCode::OK,
            body,
            offset: None,
            order_counts: None,
        }
    }

    /// The same answer, of the command at that offset.
    pub fn at(mut self, offset: Offset) -> Answer {
        self.offset = Some(offset);
        self
    }

    /// The same answer, with the counts after an accepted order.
    pub fn order_counts(mut self, counts: (u32, u32)) -> Answer {
        self.order_counts = Some(counts);
        self
    }
}

impl App {
    /// Shared state with nothing counted yet.
    pub fn new(parts: Parts) -> App {
        App {
            hub: Hub::new(parts.clone()),
            parts,
            limits: Limits::default(),
            listen_keys: ListenKeys::default(),
            newest: AtomicU64::new(0),
        }
    }

    /// Counts a request of that weight against the limits of its address.
    pub fn charge(&self, address: IpAddr, weight: u32) -> Charge {
        let queries = &*self.parts.queries;
        self.limits.charge(Spend {
            address,
            weight,
            limit: queries.directory().limits.weight_per_minute,
            per_second: queries.requests_per_second(),
            now: self.parts.submit.now(),
        })
    }

    /// The newest offset known here: what the views say, else what an answer showed.
    pub fn newest(&self) -> Option<Offset> {
        let seen = self
            .newest
            .load(Ordering::Relaxed)
            .checked_sub(1)
            .map(Offset);
        seen.max(self.parts.queries.newest_offset())
    }
}

impl Call {
    /// Reads of the present.
    pub fn queries(&self) -> &dyn Queries {
        &*self.app.parts.queries
    }

    /// The symbol that a parameter names.
    ///
    /// # Errors
    /// -1102 without the parameter, -1121 for an unknown symbol.
    pub fn symbol(&self) -> Result<SymbolReport, ApiError> {
        let name = self.parameters.required("symbol")?;
        find(&self.directory, self.product, name)
    }

    /// The symbols that `symbol`, `symbols` and `symbolStatus` mean.
    ///
    /// # Errors
    /// As [`symbol_query::choose`].
    pub fn choose(&self) -> Result<Chosen, ApiError> {
        symbol_query::choose(&self.parameters, &self.directory, self.product)
    }

    /// The same with how they print, and whether one answer is meant and not a list.
    ///
    /// # Errors
    /// As [`Call::choose`].
    pub fn chosen(&self) -> Result<(bool, Vec<Grid>), ApiError> {
        Ok(match self.choose()? {
            Chosen::One(symbol) => (true, self.grids([symbol])),
            Chosen::Many(symbols) => (false, self.grids(symbols)),
        })
    }

    /// How the numbers of these symbols print.
    pub fn grids(&self, symbols: impl IntoIterator<Item = SymbolReport>) -> Vec<Grid> {
        let symbols = symbols.into_iter();
        symbols
            .map(|symbol| Grid::new(&self.directory, symbol))
            .collect()
    }

    /// The venue's clock.
    pub fn now(&self) -> TimeNs {
        self.app.parts.submit.now()
    }

    /// Whether a perpetual is asked for, whose answers differ in some fields.
    pub fn is_futures(&self) -> bool {
        self.product == SymbolKind::Perpetual
    }

    /// Hands a command over and waits for its durable answer.
    ///
    /// # Errors
    /// -1008 when it was not taken, -1007 and -1006 when what became of it is unknown.
    pub async fn submit(&self, command: Command) -> Result<Receipt, ApiError> {
        let pending = self.port.submit(command)?;
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, pending);
        let receipt = match answer.await {
            Err(_) => return Err(error::timeout()),
            Ok(Err(_)) => return Err(error::lost()),
            Ok(Ok(answer)) => answer?,
        };
        self.app
            .newest
            .fetch_max(receipt.offset.0 + 1, Ordering::Relaxed);
        Ok(receipt)
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> ApiError {
        error::read_failed(&error.reason)
    }
}
