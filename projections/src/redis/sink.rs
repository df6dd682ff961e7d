//! The projection into Redis: what changed and the cursor in one `MULTI` … `EXEC`.
//!
//! A session is a connection and a copy of what Redis held when it was opened. Each step
//! watches the cursor, so that it has no effect when somebody else moved it: a step of an
//! earlier session that a paused server finished late, or another node.
//!
//! Reading order: [`RedisProjection`], `open`, `write`, `commands`.

use std::collections::BTreeSet;

use ::redis::{Connection, Pipeline, RedisError};
use schemas::ids::{Offset, SymbolId};
use schemas::instrument::Side;
use schemas::units::{Price, Qty, TimeNs};
use serde_json::{Value, json};

use crate::document::decimal;
use crate::error::SinkError;
use crate::names::Names;
use crate::opening::Opening;
use crate::orders::When;
use crate::projection::{Batch, Projection};
use crate::redis::markets::Markets;
use crate::redis::settings::Settings;
use crate::redis::stored::{self, Loaded};
use crate::redis::texts::{self, Keys, name_of};
use crate::telling::{Fact, Told, Topic};

/// The projection's name for operators.
pub const NAME: &str = "redis";
/// Characters of what Redis says that operators see.
const REASON_MAX: usize = 200;
/// The version of the keys and their values.
const VERSION: u64 = 1;

/// The projection into Redis.
pub struct RedisProjection {
    settings: Settings,
    keys: Keys,
    /// The journal, in hex: keys that tell of another one are not touched.
    journal: String,
    names: Names,
    told: Told,
    session: Option<Session>,
}

/// A connection, and what Redis holds.
struct Session {
    connection: Connection,
    markets: Markets,
    next: Offset,
    /// When the command before `next` came.
    time: Option<TimeNs>,
    /// Symbols whose numbers and scales are there.
    written: BTreeSet<SymbolId>,
}

/// What the cursor's hash says.
struct Stands {
    version: Option<u64>,
    journal: Option<String>,
    next: Option<u64>,
    time: Option<u64>,
}

impl RedisProjection {
    /// Writes by these settings; `names` are those known so far.
    pub fn new(settings: Settings, journal: &str, names: Names) -> RedisProjection {
        RedisProjection {
            keys: Keys::new(&settings.prefix),
            settings,
            journal: journal.to_string(),
            names,
            told: Told::default(),
            session: None,
        }
    }

    fn refused(&self, reason: &str, todo: &str) -> SinkError {
        SinkError::Refused {
            reason: format!("{}: {reason}", self.settings.address()),
            todo: todo.to_string(),
        }
    }

    /// An error as operators read it: one line, without the password.
    fn failed(&self, error: &RedisError) -> SinkError {
        let reason = error.to_string().replace(['\n', '\r'], " ");
        // A transaction names every command of it that was refused.
        let reason: String = reason.chars().take(REASON_MAX).collect();
        let is_away = error.is_io_error()
            || error.is_timeout()
            || error.is_connection_dropped()
            || reason.contains("LOADING");
        if is_away {
            let address = self.settings.address();
            return SinkError::Unreachable { address, reason };
        }
        self.refused(&reason, advice(&reason))
    }

    fn connect(&self) -> Result<Connection, SinkError> {
        let fail = |error: RedisError| self.failed(&error);
        let client = ::redis::Client::open(self.settings.url.as_str()).map_err(fail)?;
        let timeout = self.settings.timeout;
        let mut connection = client.get_connection_with_timeout(timeout).map_err(fail)?;
        connection.set_read_timeout(Some(timeout)).map_err(fail)?;
        connection.set_write_timeout(Some(timeout)).map_err(fail)?;
        // Half a book is worse than none.
        let memory: String = ::redis::cmd("INFO")
            .arg("memory")
            .query(&mut connection)
            .map_err(fail)?;
        let said = |name: &str| memory.lines().find_map(|line| line.strip_prefix(name));
        let evicts = said("maxmemory_policy:").filter(|policy| policy.starts_with("allkeys"));
        if let Some(policy) = evicts.filter(|_| said("maxmemory:") != Some("0")) {
            return Err(self.refused(
                &format!("it may drop any key (maxmemory-policy {policy})"),
                "set maxmemory-policy noeviction, or choose another Redis in [redis]",
            ));
        }
        Ok(connection)
    }

    /// Connects and reads what is there; whatever is left without a cursor goes.
    fn open(&mut self, rebuild: bool) -> Result<Session, SinkError> {
        let mut connection = self.connect()?;
        loop {
            let stands = self.stands(&mut connection)?;
            let symbols = self.listed(&mut connection)?;
            if rebuild || stands.next.is_none() {
                if !rebuild {
                    self.check(&stands)?;
                }
                if self.empty(&mut connection, &symbols)? {
                    return Ok(Session {
                        connection,
                        markets: Markets::default(),
                        next: Offset(0),
                        time: None,
                        written: BTreeSet::new(),
                    });
                }
                continue;
            }
            self.check(&stands)?;
            let loaded = stored::load(&mut connection, &self.keys, &symbols);
            match loaded.map_err(|error| self.failed(&error))? {
                Loaded::Moved => {}
                Loaded::Strange { key, value } => {
                    return Err(self.refused(
                        &format!("the key {key} holds {value:?}, which nobody of ours wrote"),
                        "make it again with `daybook projection rebuild redis`",
                    ));
                }
                Loaded::Whole(markets) => {
                    return Ok(Session {
                        connection,
                        markets,
                        next: Offset(stands.next.unwrap_or_default()),
                        time: stands.time.map(TimeNs),
                        written: symbols.into_iter().map(|it| it.1).collect(),
                    });
                }
            }
        }
    }

    /// Where it stands, watched from here on.
    fn stands(&self, connection: &mut Connection) -> Result<Stands, SinkError> {
        let cursor = self.keys.cursor();
        let watched = ::redis::cmd("WATCH").arg(&cursor).exec(connection);
        watched.map_err(|error| self.failed(&error))?;
        let fields = ["v", "journal", "next", "time_ns"];
        let asked = ::redis::cmd("HMGET")
            .arg(&cursor)
            .arg(&fields)
            .query(connection);
        let (version, journal, next, time) = asked.map_err(|error| self.failed(&error))?;
        Ok(Stands {
            version,
            journal,
            next,
            time,
        })
    }

    /// The symbols that have keys, by name.
    fn listed(&self, connection: &mut Connection) -> Result<Vec<(String, SymbolId)>, SinkError> {
        let asked = ::redis::cmd("HGETALL")
            .arg(self.keys.symbols())
            .query(connection);
        let symbols: Vec<(String, String)> = asked.map_err(|error| self.failed(&error))?;
        let numbered = symbols.into_iter().map(|(name, text)| {
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            let id = value["id"].as_u64().and_then(|id| u32::try_from(id).ok());
            (name, SymbolId(id.unwrap_or(u32::MAX)))
        });
        Ok(numbered.collect())
    }

    /// Whether these keys are ours to write.
    fn check(&self, stands: &Stands) -> Result<(), SinkError> {
        if let Some(newer) = stands.version.filter(|version| VERSION < *version) {
            return Err(self.refused(
                &format!(
                    "the keys {}* are of version {newer}, this build knows {VERSION}",
                    self.settings.prefix
                ),
                "start the newer build, or choose another `prefix` in [redis]",
            ));
        }
        let journal = stands.journal.as_ref();
        match journal.filter(|journal| **journal != self.journal) {
            Some(other) => Err(self.refused(
                &format!(
                    "the keys {}* tell of another journal, {other}",
                    self.settings.prefix
                ),
                "choose another `prefix` in [redis], or take them over with `daybook projection \
                 rebuild redis`",
            )),
            None => Ok(()),
        }
    }

    /// Removes every key and begins at 0, in one step; false when the cursor moved meanwhile.
    fn empty(
        &self,
        connection: &mut Connection,
        symbols: &[(String, SymbolId)],
    ) -> Result<bool, SinkError> {
        let keys = &self.keys;
        let mut pipe = ::redis::pipe();
        pipe.atomic();
        let mut remove = |key: String| {
            pipe.cmd("UNLINK").arg(key).ignore();
        };
        for (name, _) in symbols {
            remove(keys.book(name, Side::Buy));
            remove(keys.book(name, Side::Sell));
            remove(keys.minutes(name));
        }
        for key in [keys.symbols(), keys.prices(), keys.tickers(), keys.orders()] {
            remove(key);
        }
        self.cursor_to(&mut pipe, (Offset(0), None));
        let done: Option<()> = pipe
            .query(connection)
            .map_err(|error| self.failed(&error))?;
        Ok(done.is_some())
    }

    fn cursor_to(&self, pipe: &mut Pipeline, (next, time): (Offset, Option<TimeNs>)) {
        if let Some(time) = time {
            put(pipe, self.keys.cursor(), "time_ns", &time.0.to_string());
        } else {
            remove(pipe, self.keys.cursor(), "time_ns");
        }
        pipe.cmd("HSET")
            .arg(self.keys.cursor())
            .arg(&["v", &VERSION.to_string()])
            .arg(&["journal", &self.journal])
            .arg(&["next", &next.0.to_string()])
            .ignore();
    }

    fn fold(&mut self, markets: &mut Markets, batch: &Batch) {
        self.told.clear();
        for answered in &batch.commands {
            let when = When {
                offset: answered.offset,
                time: answered.time,
            };
            for (index, event) in answered.events.iter().enumerate() {
                self.names.learn(event);
                let fact = Fact {
                    offset: answered.offset,
                    index: u16::try_from(index).expect("a command's events fit u16"),
                    time: answered.time,
                    event,
                };
                self.told.tell(&self.names, fact);
                markets.apply(when, event);
            }
        }
        if let Some(last) = batch.commands.last() {
            markets.expire(last.time);
        }
    }

    fn write(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let fenced = || SinkError::Fenced {
            expected: batch.from,
        };
        let session = self.session.take().filter(|it| it.next == batch.from);
        let mut session = session.ok_or_else(fenced)?;
        self.fold(&mut session.markets, batch);
        let stands = self.stands(&mut session.connection)?;
        self.check(&stands)?;
        if stands.next != Some(batch.from.0) {
            return Err(fenced());
        }
        self.send(session, batch)
    }

    /// What changed and the cursor, unless somebody else moved that since it was watched.
    fn send(&mut self, mut session: Session, batch: &Batch) -> Result<(), SinkError> {
        let pipe = self.commands(&mut session, batch);
        let done: Option<()> = pipe
            .query(&mut session.connection)
            .map_err(|error| self.failed(&error))?;
        if done.is_none() {
            let expected = batch.from;
            return Err(SinkError::Fenced { expected });
        }
        session.next = batch.next;
        session.time = batch.commands.last().map(|last| last.time);
        self.session = Some(session);
        Ok(())
    }

    /// Books, prices and tickers as they stood where the journal begins.
    fn write_opening(&mut self, opening: &Opening) -> Result<(), SinkError> {
        let expected = Offset(0);
        let session = self.session.take().filter(|it| it.next == expected);
        let mut session = session.ok_or(SinkError::Fenced { expected })?;
        let stands = self.stands(&mut session.connection)?;
        self.check(&stands)?;
        if stands.next != Some(expected.0) {
            return Err(SinkError::Fenced { expected });
        }
        self.told.clear();
        session.markets = Markets::opened(opening);
        let batch = Batch {
            from: expected,
            next: opening.next,
            commands: Vec::new(),
        };
        self.send(session, &batch)
    }

    /// Everything that the batch changed, the cursor last.
    fn commands(&self, session: &mut Session, batch: &Batch) -> Pipeline {
        let changes = std::mem::take(&mut session.markets.changes);
        let (keys, names, markets) = (&self.keys, &self.names, &session.markets);
        let mut pipe = ::redis::pipe();
        pipe.atomic();
        let touched = changes.levels.keys().chain(&changes.traded);
        for symbol in touched {
            if session.written.insert(*symbol) {
                let document = texts::symbol_document(names, *symbol);
                put(
                    &mut pipe,
                    keys.symbols(),
                    &name_of(names, *symbol),
                    &document,
                );
            }
        }
        for (symbol, levels) in &changes.levels {
            let book = Book {
                keys,
                name: name_of(names, *symbol),
                scales: names
                    .symbol(*symbol)
                    .map_or((0, 0), |it| (it.price_scale, it.qty_scale)),
            };
            let market = &markets.by_symbol[symbol];
            let moved = levels.iter().map(|((sell, price), before)| {
                let side = if *sell { Side::Sell } else { Side::Buy };
                (side, *price, (*before, market.at((side, *price))))
            });
            book.move_levels(&mut pipe, moved, batch.next);
        }
        for symbol in &changes.traded {
            if let Some(price) = markets.by_symbol[symbol].price {
                let scale = names.symbol(*symbol).map_or(0, |it| it.price_scale);
                let (field, price) = (name_of(names, *symbol), decimal(price.0.into(), scale));
                put(&mut pipe, keys.prices(), &field, &price);
            }
        }
        for (symbol, minute) in &changes.minutes {
            let (key, field) = (keys.minutes(&name_of(names, *symbol)), minute.0.to_string());
            match markets.by_symbol[symbol].minutes.get(minute) {
                Some(candle) => put(&mut pipe, key, &field, &texts::minute_row(candle)),
                None => remove(&mut pipe, key, &field),
            }
        }
        let ticked: BTreeSet<SymbolId> = changes.minutes.iter().map(|it| it.0).collect();
        for symbol in ticked {
            let field = name_of(names, symbol);
            match markets.by_symbol[&symbol].day() {
                Some(day) => {
                    let ticker = texts::ticker(names, symbol, &day);
                    put(&mut pipe, keys.tickers(), &field, &ticker);
                }
                None => remove(&mut pipe, keys.tickers(), &field),
            }
        }
        for key in &changes.followed {
            let field = texts::order_field(*key);
            match markets.followed.get(key) {
                Some(order) => put(&mut pipe, keys.orders(), &field, &texts::order_row(order)),
                None => remove(&mut pipe, keys.orders(), &field),
            }
        }
        for message in self.told.messages().filter(|it| it.topic == Topic::Market) {
            let key = String::from_utf8_lossy(message.key);
            publish(&mut pipe, keys.market_channel(&key), message.value);
        }
        let last = batch.commands.last().map(|last| last.time);
        self.cursor_to(&mut pipe, (batch.next, last));
        pipe
    }
}

/// One symbol's book on its way out.
struct Book<'k> {
    keys: &'k Keys,
    name: String,
    scales: (u8, u8),
}

impl Book<'_> {
    /// Levels with what was and what is open there.
    fn move_levels(
        &self,
        pipe: &mut Pipeline,
        moved: impl Iterator<Item = (Side, Price, (Qty, Qty))>,
        next: Offset,
    ) {
        let (mut bids, mut asks) = (Vec::new(), Vec::new());
        for (side, price, (before, after)) in moved {
            if before == after {
                continue;
            }
            let key = self.keys.book(&self.name, side);
            if Qty::ZERO < before {
                let member = texts::level(price, before);
                pipe.cmd("ZREM").arg(&key).arg(member).ignore();
            }
            if Qty::ZERO < after {
                let member = texts::level(price, after);
                pipe.cmd("ZADD").arg(&key).arg(0).arg(member).ignore();
            }
            let told = json!([
                decimal(price.0.into(), self.scales.0),
                decimal(after.0.into(), self.scales.1),
            ]);
            match side {
                Side::Buy => bids.push(told),
                Side::Sell => asks.push(told),
            }
        }
        if bids.is_empty() && asks.is_empty() {
            return;
        }
        let told = json!({"symbol": self.name, "next": next.0, "bids": bids, "asks": asks});
        let channel = self.keys.depth_channel(&self.name);
        publish(pipe, channel, told.to_string().as_bytes());
    }
}

fn put(pipe: &mut Pipeline, key: String, field: &str, value: &str) {
    pipe.cmd("HSET").arg(key).arg(field).arg(value).ignore();
}

fn remove(pipe: &mut Pipeline, key: String, field: &str) {
    pipe.cmd("HDEL").arg(key).arg(field).ignore();
}

fn publish(pipe: &mut Pipeline, channel: String, value: &[u8]) {
    pipe.cmd("PUBLISH").arg(channel).arg(value).ignore();
}

/// What to do about a refusal, by Redis's own word for it.
fn advice(reason: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if says(&[
        "WRONGPASS",
        "NOAUTH",
        "AuthenticationFailed",
        "uthentication",
    ]) {
        "correct user and password in `url` of [redis]"
    } else if says(&["NOPERM"]) {
        "let this user write the keys and channels of the prefix"
    } else if says(&["OOM"]) {
        "give Redis more memory (maxmemory)"
    } else if says(&["MISCONF"]) {
        "free its disk: it takes no writes that it cannot save"
    } else if says(&["NOREPLICAS"]) {
        "bring its replicas back (min-replicas-to-write)"
    } else if says(&["READONLY"]) {
        "give the address of the primary in `url` of [redis]"
    } else {
        "correct `url` in [redis], or see Redis's log; it is tried again by itself"
    }
}

impl Projection for RedisProjection {
    fn name(&self) -> &str {
        NAME
    }

    async fn cursor(&mut self) -> Result<Offset, SinkError> {
        self.session = None;
        let session = tokio::task::block_in_place(|| self.open(false))?;
        let next = session.next;
        self.session = Some(session);
        Ok(next)
    }

    async fn commit(&mut self, batch: &Batch) -> Result<(), SinkError> {
        tokio::task::block_in_place(|| self.write(batch))
    }

    fn newest_time(&self) -> Option<TimeNs> {
        self.session.as_ref()?.time
    }

    async fn reset(&mut self) -> Result<(), SinkError> {
        self.session = None;
        self.session = Some(tokio::task::block_in_place(|| self.open(true))?);
        Ok(())
    }

    fn begins_anywhere(&self) -> bool {
        true
    }

    async fn begin(&mut self, opening: &Opening) -> Result<(), SinkError> {
        tokio::task::block_in_place(|| self.write_opening(opening))
    }
}
