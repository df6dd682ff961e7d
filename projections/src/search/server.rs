//! Elasticsearch or OpenSearch by address, over plain HTTP: templates, `_bulk`, `_search`.
//!
//! Documents are written by id and external version, so that writing a batch again changes
//! nothing; the cursor is a document of its own, written after them and only over the one
//! that was read (`if_seq_no`), so that another writer is noticed.
//!
//! Reading order: [`Settings`], [`ServerProjection`], `prepare`, `bulk`, [`ServerSearch`].

use std::time::Duration;

use schemas::ids::Offset;
use schemas::report::OrderReport;
use schemas::search::{Kind, SearchPage, SearchQuery};
use schemas::units::TimeNs;
use serde_json::{Value, json};

use crate::error::SinkError;
use crate::names::Names;
use crate::opening::Opening;
use crate::projection::{Batch, Projection};
use crate::search::embedded::NAME;
use crate::search::entries::{Entries, Entry, key_of, order_name};
use crate::search::http::{Answer, Http};
use crate::search::{request, stored};

/// The template as committed; `PREFIX` is replaced.
pub const TEMPLATE: &str = include_str!("../../../schemas/search/template.v1.json");
/// Its version.
const VERSION: u64 = 1;
/// Bytes of one `_bulk`.
const BULK_BYTES: usize = 4 << 20;
/// Orders read back by one request.
const READ_BACK: usize = 1_000;

/// Where documents go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// `http://HOST:PORT`.
    pub url: String,
    /// Before every index, alias and template.
    pub prefix: String,
    pub user: Option<(String, String)>,
    pub timeout: Duration,
}

/// The projection into a search server.
pub struct ServerProjection {
    http: Http,
    prefix: String,
    entries: Entries,
    journal: String,
    session: Option<Session>,
}

/// Where the cursor stood when it was read or written last.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Session {
    generation: u64,
    next: Offset,
    /// When the command before `next` came.
    time: Option<TimeNs>,
    seq_no: u64,
    primary_term: u64,
}

/// What the cursor's document says.
struct Stands {
    generation: u64,
    next: Offset,
    time: Option<TimeNs>,
}

impl Stands {
    /// Nothing is in this generation yet.
    fn first(generation: u64) -> Stands {
        Stands {
            generation,
            next: Offset(0),
            time: None,
        }
    }
}

/// Answers questions by the aliases.
pub struct ServerSearch {
    http: Http,
    prefix: String,
}

impl ServerProjection {
    /// Writes by these settings; nothing is asked yet.
    pub fn new(settings: &Settings, journal: &str, names: Names) -> ServerProjection {
        ServerProjection {
            http: Http::new(settings),
            prefix: settings.prefix.clone(),
            entries: Entries::new(names),
            journal: journal.to_string(),
            session: None,
        }
    }

    fn index(&self, kind: Kind, generation: u64) -> String {
        format!("{}{}-g{generation}", self.prefix, kind.word())
    }

    fn cursors(&self) -> String {
        format!("/{}cursors/_doc/search", self.prefix)
    }

    /// The template, then the cursor, made at the first time, then what it says must exist.
    fn open(&mut self, rebuild: bool) -> Result<Session, SinkError> {
        self.template()?;
        let mut session = match self.read_cursor(rebuild)? {
            Some(session) => session,
            None => {
                self.indices(1)?;
                let first = json!({"generation": 1, "next": 0, "journal": self.journal});
                let created = format!("{}?op_type=create", self.cursors());
                let answer = self.http.call("PUT", &created, &first)?;
                session_of(&answer.expect(&[201], "make the cursor")?, Stands::first(1))
            }
        };
        if rebuild {
            let first = Stands::first(session.generation + 1);
            self.indices(first.generation)?;
            session = self.move_cursor(&session, first)?;
        }
        self.indices(session.generation)?;
        self.aliases(session.generation)?;
        Ok(session)
    }

    fn template(&self) -> Result<(), SinkError> {
        let path = format!("/_index_template/{}daybook", self.prefix);
        let answer = self.http.get(&path)?;
        if answer.status == 200 {
            let found = &answer.body["index_templates"][0]["index_template"]["version"];
            match found.as_u64() {
                Some(VERSION) => return Ok(()),
                Some(newer) if VERSION < newer => {
                    return Err(SinkError::Refused {
                        reason: format!(
                            "the template {}daybook at {} is version {newer}, this build knows \
                             {VERSION}",
                            self.prefix,
                            self.http.url()
                        ),
                        todo: "start the newer build, or choose another `prefix` in [search]"
                            .to_string(),
                    });
                }
                _ => {}
            }
        }
        let text = TEMPLATE.replace("PREFIX", &self.prefix);
        let template: Value = serde_json::from_str(&text).expect("the committed file is JSON");
        let answer = self.http.call("PUT", &path, &template)?;
        answer.expect(&[200], "take the template").map(drop)
    }

    fn indices(&self, generation: u64) -> Result<(), SinkError> {
        for kind in Kind::ALL {
            let path = format!("/{}", self.index(kind, generation));
            if self.http.call("HEAD", &path, &Value::Null)?.status == 200 {
                continue;
            }
            let answer = self.http.call("PUT", &path, &json!({}))?;
            let is_there = answer.body["error"]["type"] == "resource_already_exists_exception";
            if !is_there {
                answer.expect(&[200], "make an index")?;
            }
        }
        Ok(())
    }

    /// The aliases name this generation; older ones go.
    fn aliases(&self, generation: u64) -> Result<(), SinkError> {
        let mut actions = Vec::new();
        for kind in Kind::ALL {
            let (index, alias) = (
                self.index(kind, generation),
                format!("{}{}", self.prefix, kind.word()),
            );
            let answer = self.http.get(&format!("/_alias/{alias}"))?;
            let holders = answer.body.as_object().filter(|_| answer.status == 200);
            let old = holders
                .into_iter()
                .flat_map(|it| it.keys())
                .filter(|it| **it != index);
            actions.extend(old.map(|old| json!({"remove_index": {"index": old}})));
            actions.push(json!({"add": {"index": index, "alias": alias}}));
        }
        let answer = self
            .http
            .call("POST", "/_aliases", &json!({"actions": actions}))?;
        answer.expect(&[200], "move the aliases").map(drop)
    }

    fn read_cursor(&self, rebuild: bool) -> Result<Option<Session>, SinkError> {
        let answer = self.http.get(&self.cursors())?;
        if answer.status == 404 {
            return Ok(None);
        }
        let body = answer.expect(&[200], "read the cursor")?;
        let source = &body["_source"];
        let journal = source["journal"].as_str().unwrap_or_default();
        if journal != self.journal && !rebuild {
            return Err(SinkError::Refused {
                reason: format!(
                    "the indices {}* at {} tell of another journal, {journal}",
                    self.prefix,
                    self.http.url()
                ),
                todo: "choose another `prefix` in [search], or take them over with `daybook \
                       projection rebuild search`"
                    .to_string(),
            });
        }
        let time = source["time_ns"]
            .as_str()
            .and_then(|text| text.parse().ok());
        let stands = Stands {
            generation: source["generation"].as_u64().unwrap_or(1),
            next: Offset(source["next"].as_u64().unwrap_or_default()),
            time: time.map(TimeNs),
        };
        Ok(Some(session_of(&body, stands)))
    }

    /// Writes the cursor over the one that the session read.
    fn move_cursor(&self, session: &Session, to: Stands) -> Result<Session, SinkError> {
        let path = format!(
            "{}?if_seq_no={}&if_primary_term={}",
            self.cursors(),
            session.seq_no,
            session.primary_term
        );
        let mut cursor = json!({
            "generation": to.generation, "next": to.next.0, "journal": self.journal,
        });
        if let Some(time) = to.time {
            cursor["time_ns"] = time.0.to_string().into();
        }
        let answer = self.http.call("PUT", &path, &cursor)?;
        if answer.status == 409 {
            let expected = session.next;
            return Err(SinkError::Fenced { expected });
        }
        let body = answer.expect(&[200, 201], "move the cursor")?;
        Ok(session_of(&body, to))
    }

    fn write(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let expected = batch.from;
        let fenced = SinkError::Fenced { expected };
        let session = self.session.take().ok_or(fenced)?;
        if session.next != expected {
            return Err(SinkError::Fenced { expected });
        }
        let missing = self.entries.missing(batch);
        let mut found = Vec::with_capacity(missing.len());
        for keys in missing.chunks(READ_BACK) {
            let names: Vec<_> = keys.iter().map(|key| order_name(*key)).collect();
            found.extend(self.read_back(&names, session.generation)?);
        }
        let entries = self.entries.of(batch, found)?;
        self.bulk(&entries, session.generation)?;
        let to = Stands {
            generation: session.generation,
            next: batch.next,
            time: batch.commands.last().map(|last| last.time),
        };
        self.session = Some(self.move_cursor(&session, to)?);
        Ok(())
    }

    fn read_back(
        &self,
        names: &[String],
        generation: u64,
    ) -> Result<Vec<(OrderReport, u64)>, SinkError> {
        let path = format!("/{}/_mget", self.index(Kind::Order, generation));
        let answer = self.http.call("POST", &path, &json!({"ids": names}))?;
        let body = answer.expect(&[200], "read orders back")?;
        let documents = body["docs"].as_array().into_iter().flatten();
        let order = |document: &Value| {
            let (symbol, _) = key_of(document["_id"].as_str()?)?;
            let source = &document["_source"];
            Some((stored::order(symbol, source)?, source["rank"].as_u64()?))
        };
        Ok(documents.filter_map(order).collect())
    }

    fn bulk(&self, entries: &[Entry], generation: u64) -> Result<(), SinkError> {
        let mut lines = Vec::with_capacity(BULK_BYTES + (64 << 10));
        for (index, entry) in entries.iter().enumerate() {
            put_lines(&mut lines, &self.index(entry.kind, generation), entry);
            if BULK_BYTES < lines.len() || index + 1 == entries.len() {
                self.send(&lines)?;
                lines.clear();
            }
        }
        Ok(())
    }

    fn send(&self, lines: &[u8]) -> Result<(), SinkError> {
        let path = "/_bulk?filter_path=errors,items.*.status,items.*.error";
        let answer = self.http.lines(path, lines)?;
        let body = answer.expect(&[200], "take documents")?;
        if body["errors"] != true {
            return Ok(());
        }
        let items = body["items"].as_array().into_iter().flatten();
        let refused = items
            .filter_map(|item| item["index"].as_object())
            // 409: what is there is as new, or newer.
            .find(|item| {
                let status = item["status"].as_u64().unwrap_or(500);
                status != 409 && 299 < status
            });
        match refused {
            None => Ok(()),
            Some(item) => {
                let reason = Value::Object(item.clone());
                Err(self.http.refused("take a document", &reason))
            }
        }
    }
}

fn session_of(body: &Value, stands: Stands) -> Session {
    Session {
        generation: stands.generation,
        next: stands.next,
        time: stands.time,
        seq_no: body["_seq_no"].as_u64().unwrap_or_default(),
        primary_term: body["_primary_term"].as_u64().unwrap_or(1),
    }
}

/// The action and the document of one entry.
fn put_lines(lines: &mut Vec<u8>, index: &str, entry: &Entry) {
    let Entry {
        name,
        version,
        rank,
        ..
    } = entry;
    let action = format!(
        "{{\"index\":{{\"_index\":\"{index}\",\"_id\":\"{name}\",\"version\":{},\
         \"version_type\":\"external\"}}}}\n",
        version.0
    );
    lines.extend_from_slice(action.as_bytes());
    let accounts: Vec<_> = entry.accounts.iter().map(u32::to_string).collect();
    let head = format!(
        "{{\"kind\":\"{}\",\"rank\":{rank},\"time\":{},\"accounts\":[{}],",
        entry.kind.word(),
        entry.time.as_millis(),
        accounts.join(",")
    );
    lines.extend_from_slice(head.as_bytes());
    lines.extend_from_slice(&entry.body[1..]);
    lines.push(b'\n');
}

impl Projection for ServerProjection {
    fn name(&self) -> &str {
        NAME
    }

    async fn cursor(&mut self) -> Result<Offset, SinkError> {
        self.entries.forget();
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
        self.entries.forget();
        self.session = Some(tokio::task::block_in_place(|| self.open(true))?);
        Ok(())
    }

    fn begins_anywhere(&self) -> bool {
        true
    }

    async fn begin(&mut self, opening: &Opening) -> Result<(), SinkError> {
        let expected = Offset(0);
        let session = self.session.take().ok_or(SinkError::Fenced { expected })?;
        let entries = self.entries.opened(opening);
        let to = Stands {
            next: opening.next,
            ..Stands::first(session.generation)
        };
        let begun = tokio::task::block_in_place(|| {
            self.bulk(&entries, session.generation)?;
            self.move_cursor(&session, to)
        });
        self.session = Some(begun?);
        Ok(())
    }
}

impl ServerSearch {
    /// Asks by these settings.
    pub fn new(settings: &Settings) -> ServerSearch {
        ServerSearch {
            http: Http::new(settings),
            prefix: settings.prefix.clone(),
        }
    }

    /// Answers a question; blocks.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn find(&self, query: &SearchQuery) -> Result<SearchPage, SinkError> {
        let limit = request::limit(query);
        let kinds = query.kind.map_or(Kind::ALL.to_vec(), |kind| vec![kind]);
        let aliases: Vec<_> = kinds
            .iter()
            .map(|kind| format!("{}{}", self.prefix, kind.word()))
            .collect();
        let path = format!("/{}/_search?ignore_unavailable=true", aliases.join(","));
        let mut wanted = json!({
            "size": limit,
            "query": {"bool": {"filter": filters(query)}},
            "sort": [{"rank": "desc"}],
        });
        if let Some(before) = query.before {
            wanted["search_after"] = json!([before]);
        }
        if let Some(field) = query.group {
            wanted["aggs"] = request::aggregation(field);
        }
        let answer: Answer = self.http.call("POST", &path, &wanted)?;
        let body = answer.expect(&[200], "search")?;
        let hits = body["hits"]["hits"].as_array().cloned().unwrap_or_default();
        let next = hits.last().and_then(|hit| hit["sort"][0].as_u64());
        Ok(SearchPage {
            next: next.filter(|_| hits.len() == limit),
            documents: hits
                .iter()
                .map(|hit| request::shown(query, document(hit)))
                .collect(),
            groups: request::groups(&body["aggregations"]),
        })
    }
}

/// The document without what only the index needs.
fn document(hit: &Value) -> String {
    let mut source = hit["_source"].clone();
    if let Some(fields) = source.as_object_mut() {
        for name in ["kind", "rank", "time", "accounts"] {
            fields.remove(name);
        }
    }
    source.to_string()
}

fn filters(query: &SearchQuery) -> Vec<Value> {
    let mut filters = Vec::new();
    let mut exact = |name: &str, value: Value| filters.push(json!({"term": {name: value}}));
    if let Some(account) = query.account {
        exact("accounts", account.0.into());
    }
    for (name, value) in &query.words {
        exact(name, value.as_str().into());
    }
    for (name, number) in [("order", query.order), ("trade", query.trade)] {
        if let Some(number) = number {
            exact(name, number.into());
        }
    }
    let (start, end) = request::millis(query);
    if start.is_some() || end.is_some() {
        filters.push(json!({"range": {"time": {"gte": start, "lte": end}}}));
    }
    filters
}
