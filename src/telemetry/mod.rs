//! Traces by address: from a request over its offset to each sink, as OTLP over HTTP.
//!
//! Off unless `[telemetry] otlp` names a collector. Nobody waits for one: what does not fit
//! the queue is dropped, and a collector that is away costs spans and nothing else. Absent
//! on purpose: a tracing library, and spans of what a request does inside; the answer of
//! HTTP carries the trace id (`X-Trace-Id`), under which the log has the rest. Requests over
//! sockets and FIX messages are told by the gateway's port, [`Traces`].
//!
//! Reading order: [`Telemetry`], `export`.

mod export;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{Request, Response};
use gateway::serve::{CommandAt, trace_id};
use gateway::traces::{Begun, Ended, TraceParent, Traces};
use parking_lot::Mutex;
use schemas::ids::Offset;
use serde_json::{Value, json};

use crate::config::outlets;

/// Traced requests whose way into the sinks is still followed.
const FOLLOWED: usize = 1_024;
/// The header that names the trace of an answer.
const TRACE_ID: &str = "x-trace-id";

/// One stretch of work, done.
struct Span {
    /// 32 hex digits.
    trace: String,
    id: u64,
    parent: Option<u64>,
    name: String,
    kind: Kind,
    /// Wall clock, nanoseconds since 1970.
    start_ns: u64,
    end_ns: u64,
    attributes: Vec<(&'static str, Value)>,
}

/// The numbers of OTLP.
#[derive(Clone, Copy)]
enum Kind {
    Server = 2,
    Producer = 4,
}

/// Chooses requests, follows them into the sinks, and hands spans to the exporter.
pub struct Telemetry {
    one_in: u64,
    count: AtomicU64,
    queue: SyncSender<Span>,
    followed: Mutex<Followed>,
}

/// Requests that are on their way into sinks, oldest first, and how far each sink is.
#[derive(Default)]
struct Followed {
    requests: VecDeque<Traced>,
    sinks: BTreeMap<String, Offset>,
}

#[derive(Clone)]
struct Traced {
    offset: Offset,
    trace: String,
    id: u64,
    answered_ns: u64,
}

/// A request of HTTP that is traced, before its answer.
pub struct Asked {
    method: String,
    path: String,
    begun: Begun,
}

impl Telemetry {
    /// Starts the exporter, if a collector is named.
    pub fn start(config: Option<&outlets::Telemetry>) -> Option<Arc<Telemetry>> {
        let config = config?;
        Some(Arc::new(Telemetry {
            one_in: config.one_in,
            count: AtomicU64::new(0),
            queue: export::start(&config.otlp)?,
            followed: Mutex::default(),
        }))
    }

    /// Notes a request when its turn to be traced has come, or when its client says so.
    pub fn asked<B>(&self, request: &Request<B>) -> Option<Asked> {
        let parent = TraceParent::of(request.headers());
        Some(Asked {
            begun: self.begin(parent.as_ref())?,
            method: request.method().to_string(),
            path: request.uri().path().to_string(),
        })
    }

    /// The answer to a traced request; those without a trace id are none of the API.
    pub fn answered<B>(&self, asked: Asked, response: &Response<B>) {
        let trace = response.headers().get(TRACE_ID);
        let Some(trace) = trace.and_then(|value| value.to_str().ok()) else {
            return;
        };
        let Asked {
            method,
            path,
            begun,
        } = asked;
        let begun = Begun {
            trace: trace.to_string(),
            ..begun
        };
        let name = format!("{method} {path}");
        let status = response.status().as_u16();
        let attributes = vec![
            ("http.request.method", json!(method)),
            ("url.path", json!(path)),
            ("http.response.status_code", json!(status)),
        ];
        let offset = response.extensions().get::<CommandAt>().map(|at| at.0);
        self.done((begun, name), attributes, offset);
    }

    /// A request is done: its span, and its command's way into the sinks.
    fn done(
        &self,
        (begun, name): (Begun, String),
        mut attributes: Vec<(&'static str, Value)>,
        offset: Option<Offset>,
    ) {
        attributes.extend(offset.map(|at| ("daybook.offset", json!(at.0))));
        let (id, end_ns) = (rand::random(), now_ns());
        self.send(Span {
            trace: begun.trace.clone(),
            id,
            parent: begun.parent,
            name,
            kind: Kind::Server,
            start_ns: begun.start_ns,
            end_ns,
            attributes,
        });
        if let Some(offset) = offset {
            self.follow(Traced {
                offset,
                trace: begun.trace,
                id,
                answered_ns: end_ns,
            });
        }
    }

    /// Waits for a command in every sink; in some it may be already.
    fn follow(&self, traced: Traced) {
        let mut followed = self.followed.lock();
        for (sink, next) in &followed.sinks {
            if traced.offset < *next {
                self.arrived(sink, &traced);
            }
        }
        followed.requests.push_back(traced);
        if FOLLOWED < followed.requests.len() {
            followed.requests.pop_front();
        }
    }

    /// Everything before `next` is in that sink for good.
    pub fn reached(&self, sink: &str, next: Offset) {
        let mut followed = self.followed.lock();
        // What was there before this process began is nobody's trace.
        let before = followed.sinks.insert(sink.to_string(), next);
        let before = before.unwrap_or(next);
        for traced in &followed.requests {
            if before <= traced.offset && traced.offset < next {
                self.arrived(sink, traced);
            }
        }
    }

    fn arrived(&self, sink: &str, traced: &Traced) {
        self.send(Span {
            trace: traced.trace.clone(),
            id: rand::random(),
            parent: Some(traced.id),
            name: format!("sink {sink}"),
            kind: Kind::Producer,
            start_ns: traced.answered_ns,
            end_ns: now_ns().max(traced.answered_ns),
            attributes: vec![
                ("daybook.sink", json!(sink)),
                ("daybook.offset", json!(traced.offset.0)),
            ],
        });
    }

    fn send(&self, span: Span) {
        // A full queue means a collector that is away or slow: tracing is worth no wait.
        drop(self.queue.try_send(span));
    }
}

impl Traces for Telemetry {
    /// A client that traces a request has it traced here, too; one that does not, not.
    fn begin(&self, parent: Option<&TraceParent>) -> Option<Begun> {
        let is_chosen = match parent {
            Some(parent) => parent.is_sampled,
            None => {
                let number = self.count.fetch_add(1, Ordering::Relaxed);
                number.is_multiple_of(self.one_in)
            }
        };
        is_chosen.then(|| Begun {
            trace: parent.map_or_else(trace_id, |parent| parent.trace.clone()),
            parent: parent.map(|parent| parent.span),
            start_ns: now_ns(),
        })
    }

    fn end(&self, begun: Begun, ended: Ended) {
        let code = vec![("daybook.code", json!(ended.code))];
        self.done((begun, ended.name), code, ended.offset);
    }
}

fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::{Followed, Kind, Span, Telemetry, Traced};
    use parking_lot::Mutex;
    use schemas::ids::Offset;
    use std::sync::atomic::AtomicU64;
    use std::sync::mpsc::{Receiver, sync_channel};

    fn telemetry() -> (Telemetry, Receiver<Span>) {
        let (queue, spans) = sync_channel(64);
        let telemetry = Telemetry {
            one_in: 3,
            count: AtomicU64::new(0),
            queue,
            followed: Mutex::new(Followed::default()),
        };
        (telemetry, spans)
    }

    fn traced(offset: u64) -> Traced {
        Traced {
            offset: Offset(offset),
            trace: format!("{offset:032x}"),
            id: offset + 100,
            answered_ns: 1,
        }
    }

    #[test]
    fn a_command_arrives_once_in_each_sink_whichever_comes_first() {
        let (telemetry, spans) = telemetry();
        telemetry.reached("sql", Offset(5));
        telemetry.reached("kafka", Offset(5));
        telemetry.follow(traced(7));
        assert!(spans.try_recv().is_err(), "it is in no sink yet");
        telemetry.reached("sql", Offset(9));
        telemetry.reached("sql", Offset(12));
        // The sink was faster than the answer.
        telemetry.follow(traced(8));
        telemetry.reached("kafka", Offset(20));
        let mut seen: Vec<_> = spans
            .try_iter()
            .map(|span| (span.name, span.parent, matches!(span.kind, Kind::Producer)))
            .collect();
        seen.sort();
        let expected = [("kafka", 107), ("kafka", 108), ("sql", 107), ("sql", 108)];
        let expected = expected.map(|(sink, parent)| (format!("sink {sink}"), Some(parent), true));
        assert_eq!(seen, expected);
    }

    #[test]
    fn one_of_so_many_requests_is_traced() {
        let (telemetry, _spans) = telemetry();
        let request = axum::http::Request::new(());
        let begun = (0..9).filter(|_| telemetry.asked(&request).is_some());
        assert_eq!(begun.count(), 3);
    }
}
