//! The port for traces, and the parent that a client names (W3C Trace Context).
//!
//! An edge says when a request came and what became of it; the root decides which ones are
//! traced and where spans go. HTTP's own requests are seen by the listener.

use std::sync::Arc;

use axum::http::HeaderMap;
use schemas::ids::Offset;

use crate::call::{App, Outcome};

/// The header of W3C Trace Context.
pub const TRACE_PARENT: &str = "traceparent";

/// The span of a client that a request belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceParent {
    /// 32 hex digits.
    pub trace: String,
    pub span: u64,
    /// Whether the client traces this one itself.
    pub is_sampled: bool,
}

/// A request that is traced, before its answer.
#[derive(Clone, Debug)]
pub struct Begun {
    /// 32 hex digits.
    pub trace: String,
    pub parent: Option<u64>,
    /// Wall clock, nanoseconds since 1970.
    pub start_ns: u64,
}

/// What became of a request.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Like `WS order.place`.
    pub name: String,
    /// 200, or the dialect's code of the refusal.
    pub code: i64,
    /// Where its command lies, if there was one.
    pub offset: Option<Offset>,
}

/// Takes what edges tell of requests.
pub trait Traces: Send + Sync + 'static {
    /// Notes a request whose turn to be traced has come, or whose client traces it.
    fn begin(&self, parent: Option<&TraceParent>) -> Option<Begun>;
    /// The answer to it.
    fn end(&self, begun: Begun, ended: Ended);
}

impl TraceParent {
    /// What a request's head says; `None` without exactly one well-formed header.
    pub fn of(headers: &HeaderMap) -> Option<TraceParent> {
        let mut values = headers.get_all(TRACE_PARENT).iter();
        let (first, second) = (values.next()?, values.next());
        if second.is_some() {
            return None;
        }
        TraceParent::parse(first.to_str().ok()?)
    }

    /// Reads `00-TRACE-SPAN-FLAGS`; of a later version what it begins with.
    pub fn parse(text: &str) -> Option<TraceParent> {
        let mut parts = text.split('-');
        let mut hex = |digits: usize| {
            let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            let part = parts.next()?;
            (part.len() == digits && part.bytes().all(is_hex)).then_some(part)
        };
        let (version, trace, span, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
        let ends = parts.next().is_none();
        let span = u64::from_str_radix(span, 16).ok()?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        let is_zero = span == 0 || trace.bytes().all(|byte| byte == b'0');
        if version == "ff" || (version == "00" && !ends) || is_zero {
            return None;
        }
        Some(TraceParent {
            trace: trace.to_owned(),
            span,
            is_sampled: flags & 1 == 1,
        })
    }
}

/// A request of a session that is traced, with who is to be told.
pub struct Traced {
    traces: Arc<dyn Traces>,
    begun: Begun,
}

impl Traced {
    /// A request that begins now, if it is to be traced.
    pub fn begin(app: &App, parent: Option<&TraceParent>) -> Option<Traced> {
        let traces = app.parts.traces.clone()?;
        let begun = traces.begin(parent)?;
        Some(Traced { traces, begun })
    }

    /// The answer to it.
    pub fn end(self, name: String, outcome: &Outcome) {
        let (code, offset) = match outcome {
            Ok(answer) => (i64::from(answer.status.as_u16()), answer.offset),
            Err(error) => (i64::from(error.code), error.offset),
        };
        self.end_at(name, (code, offset));
    }

    /// The same where there is no answer of the dialect.
    pub fn end_at(self, name: String, (code, offset): (i64, Option<Offset>)) {
        let ended = Ended { name, code, offset };
        self.traces.end(self.begun, ended);
    }
}

#[cfg(test)]
mod tests {
    use super::TraceParent;

    /// Cases of the recommendation, <https://www.w3.org/TR/trace-context/#traceparent-header>.
    #[test]
    fn a_trace_parent_is_read_as_the_recommendation_says() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = |text: &str| TraceParent::parse(text);
        let sampled = parent(&format!("00-{trace}-00f067aa0ba902b7-01")).expect("the example");
        assert_eq!(sampled.trace, trace);
        assert_eq!(sampled.span, 0x00f0_67aa_0ba9_02b7);
        assert!(sampled.is_sampled);
        for (text, expected) in [
            (format!("00-{trace}-00f067aa0ba902b7-00"), Some(false)),
            (format!("00-{trace}-00f067aa0ba902b7-03"), Some(true)),
            (
                format!("cc-{trace}-00f067aa0ba902b7-01-what-comes"),
                Some(true),
            ),
            (format!("00-{trace}-00f067aa0ba902b7-01-"), None),
            (format!("ff-{trace}-00f067aa0ba902b7-01"), None),
            (format!("00-{trace}-0000000000000000-01"), None),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), None),
            (
                format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
                None,
            ),
            (format!("00-{trace}-00f067aa0ba902b7"), None),
            (format!("0-{trace}-00f067aa0ba902b7-01"), None),
            (format!("00-{}-00f067aa0ba902b7-01", &trace[1..]), None),
            (String::new(), None),
        ] {
            let found = TraceParent::parse(&text).map(|it| it.is_sampled);
            assert_eq!(found, expected, "{text}");
        }
    }
}
