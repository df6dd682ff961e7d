//! The index in the data directory: no server, one writer, documents and cursor in one commit.
//!
//! The cursor is the payload of tantivy's commit, so that a crash leaves both or neither.

use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use schemas::ids::Offset;
use schemas::report::OrderReport;
use schemas::search::{SearchPage, SearchQuery, WORD_FIELDS};
use schemas::units::TimeNs;
use serde_json::{Value, json};
use tantivy::aggregation::AggregationCollector;
use tantivy::aggregation::agg_req::Aggregations;
use tantivy::collector::TopDocs;
use tantivy::query::{AllQuery, BooleanQuery, Query, RangeQuery, TermQuery};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, Value as _,
};
use tantivy::{
    DocAddress, Index, IndexReader, IndexWriter, Order, ReloadPolicy, Searcher, TantivyDocument,
    TantivyError, Term,
};

use crate::error::SinkError;
use crate::names::Names;
use crate::opening::Opening;
use crate::orders::OrderKey;
use crate::projection::{Batch, Projection};
use crate::search::entries::{Entries, Entry, order_name};
use crate::search::{request, stored};

/// The folder in the data directory.
pub const FOLDER: &str = "search";
/// The projection's name for operators.
pub const NAME: &str = "search";
/// Memory of the writer, in bytes.
const MEMORY: usize = 64 << 20;
/// Small batches wait so long for more: a commit makes a file.
const GATHER: Duration = Duration::from_millis(500);
/// Batches from this size on are committed at once.
const LARGE: usize = 1_000;

/// The fields of a document.
#[derive(Clone)]
struct Fields {
    name: Field,
    kind: Field,
    rank: Field,
    time: Field,
    account: Field,
    order: Field,
    trade: Field,
    words: Vec<Field>,
    numbers: Vec<Field>,
    body: Field,
}

/// Numbers that are summed, beside the price.
const NUMBERS: [&str; 4] = ["price", "qty", "quote", "delta"];

/// What is read of the index.
#[derive(Clone)]
pub struct EmbeddedSearch {
    reader: IndexReader,
    fields: Fields,
}

/// The projection into the index.
pub struct EmbeddedProjection {
    index: Index,
    writer: IndexWriter,
    search: Arc<EmbeddedSearch>,
    entries: Entries,
    /// Whose events these are, in hex.
    journal: String,
    committed: Instant,
}

fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let fields = Fields {
        name: builder.add_text_field("name", STRING),
        kind: builder.add_text_field("kind", STRING | FAST),
        rank: builder.add_u64_field("rank", INDEXED | FAST | STORED),
        time: builder.add_u64_field("time", INDEXED | FAST),
        account: builder.add_u64_field("account", INDEXED | FAST),
        order: builder.add_u64_field("order", INDEXED),
        trade: builder.add_u64_field("trade", INDEXED),
        words: WORD_FIELDS
            .map(|name| builder.add_text_field(name, STRING | FAST))
            .to_vec(),
        numbers: NUMBERS
            .map(|name| builder.add_f64_field(name, FAST))
            .to_vec(),
        body: builder.add_bytes_field("body", STORED),
    };
    (builder.build(), fields)
}

fn failed(error: &TantivyError) -> SinkError {
    SinkError::Refused {
        reason: format!("the search index: {error}"),
        todo: format!(
            "if it stays so: free space, or stop the node and move the folder {FOLDER} away; it \
             is made again"
        ),
    }
}

impl EmbeddedProjection {
    /// Opens the index in a data directory, made at the first time.
    ///
    /// # Errors
    /// When the folder is no index of this build.
    pub fn open(dir: &Path, journal: &str, names: Names) -> Result<EmbeddedProjection, SinkError> {
        let folder = dir.join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(|error| SinkError::Refused {
            reason: format!("{}: {error}", folder.display()),
            todo: "let the node write there".to_string(),
        })?;
        let (schema, fields) = schema();
        let opened = || -> Result<(Index, IndexWriter, IndexReader), TantivyError> {
            let directory = tantivy::directory::MmapDirectory::open(&folder)?;
            let index = Index::open_or_create(directory, schema)?;
            let writer = index.writer_with_num_threads(1, MEMORY)?;
            let policy = ReloadPolicy::Manual;
            let reader = index.reader_builder().reload_policy(policy).try_into()?;
            Ok((index, writer, reader))
        };
        let (index, writer, reader) = opened().map_err(|error| failed(&error))?;
        Ok(EmbeddedProjection {
            index,
            writer,
            search: Arc::new(EmbeddedSearch { reader, fields }),
            entries: Entries::new(names),
            journal: journal.to_string(),
            committed: Instant::now(),
        })
    }

    /// What answers questions while this one writes.
    pub fn search(&self) -> Arc<EmbeddedSearch> {
        self.search.clone()
    }

    /// What the newest commit says, if it tells of our journal.
    fn payload(&self) -> Result<Option<Value>, TantivyError> {
        let payload = self.index.load_metas()?.payload;
        let payload = payload.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        Ok(payload.filter(|it| it["journal"] == self.journal.as_str()))
    }

    fn stands(&self) -> Result<Offset, TantivyError> {
        let payload = self.payload()?;
        let next = payload.and_then(|it| it["next"].as_u64());
        Ok(Offset(next.unwrap_or_default()))
    }

    fn write(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let searcher = self.search.reader.searcher();
        let missing = self.entries.missing(batch);
        let found = missing
            .into_iter()
            .map(|key| self.search.order(&searcher, key));
        let found = found
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| failed(&error))?;
        let entries = self
            .entries
            .of(batch, found.into_iter().flatten().collect())?;
        let last = batch.commands.last().map(|last| last.time);
        let added = self.add(&entries, (batch.next, last));
        added.map_err(|error| failed(&error))
    }

    fn add(
        &mut self,
        entries: &[Entry],
        (next, time): (Offset, Option<TimeNs>),
    ) -> Result<(), TantivyError> {
        let fields = &self.search.fields;
        for entry in entries {
            if entry.is_update {
                self.writer
                    .delete_term(Term::from_field_text(fields.name, &entry.name));
            }
            self.writer.add_document(fields.document(entry))?;
        }
        let mut commit = self.writer.prepare_commit()?;
        let mut payload = json!({"next": next.0, "journal": self.journal});
        if let Some(time) = time {
            payload["time_ns"] = time.0.to_string().into();
        }
        commit.set_payload(&payload.to_string());
        commit.commit()?;
        self.search.reader.reload()
    }

    fn empty(&mut self) -> Result<(), TantivyError> {
        self.writer.rollback()?;
        self.writer.delete_all_documents()?;
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&json!({"next": 0, "journal": self.journal}).to_string());
        commit.commit()?;
        self.search.reader.reload()
    }
}

impl Projection for EmbeddedProjection {
    fn name(&self) -> &str {
        NAME
    }

    async fn cursor(&mut self) -> Result<Offset, SinkError> {
        self.entries.forget();
        self.writer.rollback().map_err(|error| failed(&error))?;
        let next = self.stands().map_err(|error| failed(&error))?;
        if next == Offset(0) {
            // Documents of another journal, if any, are nobody's.
            self.empty().map_err(|error| failed(&error))?;
        }
        Ok(next)
    }

    fn newest_time(&self) -> Option<TimeNs> {
        let payload = self.payload().ok()??;
        payload["time_ns"].as_str()?.parse().ok().map(TimeNs)
    }

    async fn commit(&mut self, batch: &Batch) -> Result<(), SinkError> {
        if batch.commands.len() < LARGE {
            tokio::time::sleep(GATHER.saturating_sub(self.committed.elapsed())).await;
        }
        let written = tokio::task::block_in_place(|| self.write(batch));
        self.committed = Instant::now();
        written
    }

    async fn reset(&mut self) -> Result<(), SinkError> {
        self.entries.forget();
        tokio::task::block_in_place(|| self.empty()).map_err(|error| failed(&error))
    }

    fn begins_anywhere(&self) -> bool {
        true
    }

    async fn begin(&mut self, opening: &Opening) -> Result<(), SinkError> {
        let entries = self.entries.opened(opening);
        let added = tokio::task::block_in_place(|| self.add(&entries, (opening.next, None)));
        added.map_err(|error| failed(&error))
    }
}

impl Fields {
    fn document(&self, entry: &Entry) -> TantivyDocument {
        let body: Value = serde_json::from_slice(&entry.body).expect("an entry is JSON");
        let mut document = TantivyDocument::default();
        document.add_text(self.name, &entry.name);
        document.add_text(self.kind, entry.kind.word());
        document.add_u64(self.rank, entry.rank);
        document.add_u64(self.time, entry.time.as_millis());
        for account in &entry.accounts {
            document.add_u64(self.account, u64::from(*account));
        }
        for (name, field) in [("order", self.order), ("trade", self.trade)] {
            if let Some(number) = body[name].as_u64() {
                document.add_u64(field, number);
            }
        }
        for (name, field) in WORD_FIELDS.iter().zip(&self.words) {
            if let Some(word) = body[*name].as_str() {
                document.add_text(*field, word);
            }
        }
        for (name, field) in NUMBERS.iter().zip(&self.numbers) {
            if let Some(number) = body[*name].as_str().and_then(|text| text.parse().ok()) {
                document.add_f64(*field, number);
            }
        }
        document.add_bytes(self.body, &entry.body);
        document
    }
}

impl EmbeddedSearch {
    /// Answers a question; blocks.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn find(&self, query: &SearchQuery) -> Result<SearchPage, SinkError> {
        self.answer(query).map_err(|error| failed(&error))
    }

    fn answer(&self, query: &SearchQuery) -> Result<SearchPage, TantivyError> {
        let searcher = self.reader.searcher();
        let limit = request::limit(query);
        let whole = self.narrowed(query, None);
        let page = self.narrowed(query, query.before);
        let newest = TopDocs::with_limit(limit).order_by_u64_field("rank", Order::Desc);
        let found = searcher.search(&page, &newest)?;
        let next = match found.last() {
            Some((rank, _)) if found.len() == limit => *rank,
            _ => None,
        };
        let documents = found.iter().map(|(_, address)| {
            let body = self.body(&searcher, *address)?;
            Ok(request::shown(query, body))
        });
        let groups = match query.group {
            None => Vec::new(),
            Some(field) => {
                let wanted: Aggregations = serde_json::from_value(request::aggregation(field))?;
                let collector = AggregationCollector::from_aggs(wanted, Default::default());
                let answer = searcher.search(&whole, &collector)?;
                request::groups(&serde_json::to_value(answer)?)
            }
        };
        Ok(SearchPage {
            documents: documents.collect::<Result<_, TantivyError>>()?,
            next,
            groups,
        })
    }

    fn body(&self, searcher: &Searcher, address: DocAddress) -> Result<String, TantivyError> {
        let document: TantivyDocument = searcher.doc(address)?;
        let bytes = document
            .get_first(self.fields.body)
            .and_then(|value| value.as_bytes());
        Ok(String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned())
    }

    fn narrowed(&self, query: &SearchQuery, before: Option<u64>) -> Box<dyn Query> {
        let fields = &self.fields;
        let mut parts: Vec<Box<dyn Query>> = vec![Box::new(AllQuery)];
        let mut exact = |term: Term| {
            parts.push(Box::new(TermQuery::new(term, IndexRecordOption::Basic)));
        };
        if let Some(kind) = query.kind {
            exact(Term::from_field_text(fields.kind, kind.word()));
        }
        if let Some(account) = query.account {
            exact(Term::from_field_u64(fields.account, u64::from(account.0)));
        }
        for (name, value) in &query.words {
            if let Some(at) = WORD_FIELDS.iter().position(|it| it == name) {
                exact(Term::from_field_text(fields.words[at], value));
            }
        }
        for (field, number) in [(fields.order, query.order), (fields.trade, query.trade)] {
            if let Some(number) = number {
                exact(Term::from_field_u64(field, number));
            }
        }
        let bound = |field, value: Option<u64>| {
            value.map_or(Bound::Unbounded, |value| {
                Bound::Included(Term::from_field_u64(field, value))
            })
        };
        let (start, end) = request::millis(query);
        if start.is_some() || end.is_some() {
            let range = RangeQuery::new(bound(fields.time, start), bound(fields.time, end));
            parts.push(Box::new(range));
        }
        if let Some(before) = before {
            let below = Bound::Excluded(Term::from_field_u64(fields.rank, before));
            let from = bound(fields.rank, Some(0));
            parts.push(Box::new(RangeQuery::new(from, below)));
        }
        Box::new(BooleanQuery::intersection(parts))
    }

    /// An order with its rank, from its own document.
    fn order(
        &self,
        searcher: &Searcher,
        key: OrderKey,
    ) -> Result<Option<(OrderReport, u64)>, TantivyError> {
        let term = Term::from_field_text(self.fields.name, &order_name(key));
        let query = TermQuery::new(term, IndexRecordOption::Basic);
        let newest = TopDocs::with_limit(1).order_by_u64_field("rank", Order::Desc);
        let found = searcher.search(&query, &newest)?;
        let Some((rank, address)) = found.first() else {
            return Ok(None);
        };
        let body: Value = serde_json::from_str(&self.body(searcher, *address)?)?;
        let order = stored::order(key.0, &body);
        Ok(order.map(|order| (order, rank.unwrap_or_default())))
    }
}
