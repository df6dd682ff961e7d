//! Projections: how far each is, and what an operator may ask of one.

use std::fmt::Write;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use projections::driver::Control;
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::admin::act::{Refused, refusal, usage};

/// `GET projections`.
pub async fn list(State(admin): State<Admin>) -> Json<Value> {
    let visible = admin.pipeline.visible().0;
    let stopped = admin.pipeline.is_event_log_failed();
    let stopped = stopped.then_some("the event log could not be written; restart the node");
    let rows = admin.sinks.controls();
    let rows = rows.iter().map(|control| {
        let status = control.status();
        json!({
            "name": control.name(),
            "activity": status.activity.word(),
            "offset": status.next,
            "lag": visible.saturating_sub(status.next),
            "commands_per_second": status.per_second,
            "failures": status.failures,
            "compared": status.compared,
            "difference": status.difference,
            "last_error": stopped.map(String::from).or(status.last_error),
        })
    });
    Json(rows.collect())
}

/// `POST projections/NAME/rebuild`, `/pause`, `/resume`.
pub async fn act(
    State(admin): State<Admin>,
    Path((name, act)): Path<(String, String)>,
) -> Result<Json<Value>, Refused> {
    let controls = admin.sinks.controls();
    let Some(control) = controls.iter().find(|control| control.name() == name) else {
        let there: Vec<_> = controls.iter().map(|control| control.name()).collect();
        let text = format!(
            "no projection is called {name}; there is {}",
            there.join(", ")
        );
        return Err(usage(text));
    };
    match act.as_str() {
        "rebuild" => {
            if let Some(text) = admin.sinks.refuses_rebuild(&name) {
                return Err(refusal(StatusCode::CONFLICT, text));
            }
            control.rebuild();
        }
        "pause" => control.pause(),
        "resume" => control.resume(),
        other => return Err(usage(format!("{other}: rebuild, pause or resume"))),
    }
    Ok(Json(json!({"offset": admin.pipeline.visible().0})))
}

/// One family of metrics of all projections.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    value: fn(&Control, u64) -> u64,
}

const FAMILIES: [Family; 7] = [
    Family {
        name: "daybook_projection_offset",
        kind: "gauge",
        help: "commands in the sink",
        value: |control, _| control.next().0,
    },
    Family {
        name: "daybook_projection_lag",
        kind: "gauge",
        help: "visible commands not yet in the sink",
        value: |control, visible| visible.saturating_sub(control.next().0),
    },
    Family {
        name: "daybook_projection_commands_per_second",
        kind: "gauge",
        help: "commands taken over the last seconds",
        value: |control, _| control.status().per_second,
    },
    Family {
        name: "daybook_projection_failures_total",
        kind: "counter",
        help: "failed steps since the start",
        value: |control, _| control.status().failures,
    },
    Family {
        name: "daybook_projection_waiting",
        kind: "gauge",
        help: "1 while the last step failed",
        value: |control, _| control.status().last_error.is_some().into(),
    },
    Family {
        name: "daybook_reconcile_offset",
        kind: "gauge",
        help: "commands whose rows were last compared with the journal",
        value: |control, _| control.status().compared.unwrap_or(0),
    },
    Family {
        name: "daybook_reconcile_differs",
        kind: "gauge",
        help: "1 while the rows disagree with the journal",
        value: |control, _| control.status().difference.is_some().into(),
    },
];

/// The lines of `/metrics`.
pub fn metrics(admin: &Admin) -> String {
    let visible = admin.pipeline.visible().0;
    let controls: Vec<Arc<Control>> = admin.sinks.controls();
    let mut text = String::new();
    for Family {
        name,
        kind,
        help,
        value,
    } in &FAMILIES
    {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for control in &controls {
            let (label, value) = (control.name(), value(control, visible));
            let _ = writeln!(text, "{name}{{projection=\"{label}\"}} {value}");
        }
    }
    text
}
