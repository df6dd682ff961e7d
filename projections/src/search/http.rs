//! Plain HTTP with a search server: one agent, short patience, errors as operators read them.

use std::time::Duration;

use base64::Engine;
use serde_json::Value;
use ureq::http::Request;

use crate::error::SinkError;
use crate::search::server::Settings;

/// The longest answer that is read, in bytes.
const ANSWER_MAX: u64 = 64 << 20;

/// A server.
pub(super) struct Http {
    agent: ureq::Agent,
    url: String,
    authorization: Option<String>,
}

/// What it said.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    url: String,
}

impl Http {
    pub(super) fn new(settings: &Settings) -> Http {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(settings.timeout))
            .timeout_connect(Some(settings.timeout.min(Duration::from_secs(5))))
            .build()
            .into();
        let authorization = settings.user.as_ref().map(|(user, password)| {
            let plain = format!("{user}:{password}");
            let coded = base64::engine::general_purpose::STANDARD.encode(plain);
            format!("Basic {coded}")
        });
        Http {
            agent,
            url: settings.url.trim_end_matches('/').to_string(),
            authorization,
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn get(&self, path: &str) -> Result<Answer, SinkError> {
        self.call("GET", path, &Value::Null)
    }

    pub(super) fn call(&self, method: &str, path: &str, body: &Value) -> Result<Answer, SinkError> {
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        self.send((method, path), ("application/json", &bytes))
    }

    /// Newline-delimited JSON.
    pub(super) fn lines(&self, path: &str, lines: &[u8]) -> Result<Answer, SinkError> {
        self.send(("POST", path), ("application/x-ndjson", lines))
    }

    fn send(
        &self,
        (method, path): (&str, &str),
        (kind, bytes): (&str, &[u8]),
    ) -> Result<Answer, SinkError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let answered = if bytes.is_empty() {
            let request = request.body(()).map_err(|error| self.wrong(&error))?;
            self.agent.run(request)
        } else {
            let request = request.header("content-type", kind).body(bytes);
            self.agent.run(request.map_err(|error| self.wrong(&error))?)
        };
        let mut response = answered.map_err(|error| self.away(&error))?;
        let status = response.status().as_u16();
        let limited = response.body_mut().with_config().limit(ANSWER_MAX);
        let text = limited
            .read_to_string()
            .map_err(|error| self.away(&error))?;
        Ok(Answer {
            status,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
            url: self.url.clone(),
        })
    }

    fn wrong(&self, error: &ureq::http::Error) -> SinkError {
        SinkError::Refused {
            reason: format!("search at {}: {error}", self.url),
            todo: "correct `url` in [search]".to_string(),
        }
    }

    fn away(&self, error: &ureq::Error) -> SinkError {
        SinkError::Unreachable {
            address: format!("search {}", self.url),
            reason: error.to_string(),
        }
    }

    /// A refusal as operators read it.
    pub(super) fn refused(&self, doing: &str, body: &Value) -> SinkError {
        refused(&self.url, doing, (0, body))
    }
}

impl Answer {
    /// The body, if the status is one of these.
    pub(super) fn expect(self, statuses: &[u16], doing: &str) -> Result<Value, SinkError> {
        if statuses.contains(&self.status) {
            Ok(self.body)
        } else {
            Err(refused(&self.url, doing, (self.status, &self.body)))
        }
    }
}

fn refused(url: &str, doing: &str, (status, body): (u16, &Value)) -> SinkError {
    let error = &body["error"];
    let (kind, why) = (error["type"].as_str(), error["reason"].as_str());
    let said = match (kind, why) {
        (Some(kind), Some(why)) => format!("{kind}: {why}"),
        _ => body.to_string().chars().take(200).collect(),
    };
    let todo = match (status, kind.unwrap_or_default()) {
        (401 | 403, "security_exception") | (401, _) => {
            "correct `user` and `password` in [search], and let that user write"
        }
        (_, "cluster_block_exception") => "free space on the server's disk, then lift its block",
        (_, "illegal_argument_exception" | "invalid_index_template_exception") => {
            "another template claims these names: choose another `prefix` in [search]"
        }
        (429 | 503, _) => "the server has too much to do; it is tried again by itself",
        _ => "see the server's log; it is tried again by itself",
    };
    SinkError::Refused {
        reason: format!("search at {url} does not {doing} ({status}): {said}"),
        todo: todo.to_string(),
    }
}
