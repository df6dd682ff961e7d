//! `GET /metrics`: Prometheus text, for operators and their tools.

use std::fmt::Write;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::admin::{Admin, projections};
use crate::history_counts::{HistoryCounts, Source};
use crate::pipeline::Pipeline;
use crate::pipeline::counts::BOUNDS_US;

/// One number of the node.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    value: fn(&Pipeline) -> u64,
}

const FAMILIES: [Family; 12] = [
    Family {
        name: "daybook_journal_durable",
        kind: "gauge",
        help: "commands durable in the journal",
        value: |it| it.durable().get(),
    },
    Family {
        name: "daybook_journal_syncs_total",
        kind: "counter",
        help: "syncs of the journal since the start",
        value: |it| it.durable().syncs().count,
    },
    Family {
        name: "daybook_journal_sync_microseconds_total",
        kind: "counter",
        help: "time spent in them",
        value: |it| it.durable().syncs().total_us,
    },
    Family {
        name: "daybook_visible",
        kind: "gauge",
        help: "commands whose effects are visible",
        value: |it| it.visible().0,
    },
    Family {
        name: "daybook_orders_total",
        kind: "counter",
        help: "orders accepted since the start",
        value: |it| it.counts().orders(),
    },
    Family {
        name: "daybook_trades_total",
        kind: "counter",
        help: "trades since the start",
        value: |it| it.counts().trades(),
    },
    Family {
        name: "daybook_ring_waiting",
        kind: "gauge",
        help: "commands waiting in the ring",
        value: Pipeline::waiting,
    },
    Family {
        name: "daybook_disk_full",
        kind: "gauge",
        help: "1 while orders are refused",
        value: |it| it.is_disk_full().into(),
    },
    Family {
        name: "daybook_event_log_failed",
        kind: "gauge",
        help: "1 while projections stand still until a restart",
        value: |it| it.is_event_log_failed().into(),
    },
    Family {
        name: "daybook_faulted",
        kind: "gauge",
        help: "1 while a fault of ours waits",
        value: |it| it.fault().is_some().into(),
    },
    Family {
        name: "daybook_chain_offset",
        kind: "gauge",
        help: "offset of the chain value below",
        value: |it| it.chain_at().next.0,
    },
    Family {
        name: "daybook_chain",
        kind: "gauge",
        help: "running hash of the events",
        value: |it| it.chain_at().value,
    },
];

/// Everything at once.
pub async fn metrics(State(admin): State<Admin>) -> Response {
    let mut text = String::new();
    write(&admin, &mut text).expect("writing to memory cannot fail");
    reads(admin.history.counts(), &mut text).expect("writing to memory cannot fail");
    bulk(&admin, &mut text).expect("writing to memory cannot fail");
    text.push_str(&projections::metrics(&admin));
    text.push_str(&admin.index.metrics());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

fn write(admin: &Admin, text: &mut String) -> std::fmt::Result {
    let pipeline = &admin.pipeline;
    for family in FAMILIES {
        let Family {
            name, kind, help, ..
        } = family;
        writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")?;
        writeln!(text, "{name} {}", (family.value)(pipeline))?;
    }
    let name = "daybook_refused_total";
    writeln!(
        text,
        "# HELP {name} commands refused since the start, by reason"
    )?;
    writeln!(text, "# TYPE {name} counter")?;
    for (reason, count) in pipeline.counts().refused() {
        writeln!(text, "{name}{{reason=\"{reason:?}\"}} {count}")?;
    }
    answers(pipeline, text)
}

/// What came from bulk feeders.
fn bulk(admin: &Admin, text: &mut String) -> std::fmt::Result {
    let name = "daybook_bulk_messages_total";
    writeln!(
        text,
        "# HELP {name} messages of bulk feeders since the start, by their answer"
    )?;
    writeln!(text, "# TYPE {name} counter")?;
    for (status, count) in admin.bulk.all() {
        writeln!(text, "{name}{{status=\"{status}\"}} {count}")?;
    }
    Ok(())
}

/// Who answered questions about the past.
fn reads(counts: &HistoryCounts, text: &mut String) -> std::fmt::Result {
    type Number = fn((u64, u64)) -> u64;
    let families: [(&str, &str, Number); 2] = [
        (
            "daybook_history_reads_total",
            "reads of orders and trades by who answered",
            |it| it.0,
        ),
        (
            "daybook_history_read_microseconds_total",
            "time spent in them",
            |it| it.1,
        ),
    ];
    for (name, help, number) in families {
        writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter")?;
        for source in Source::ALL {
            let (word, value) = (source.word(), number(counts.of(source)));
            writeln!(text, "{name}{{from=\"{word}\"}} {value}")?;
        }
    }
    Ok(())
}

/// A histogram: from the journal's stamp to the answer, the sync included.
fn answers(pipeline: &Pipeline, text: &mut String) -> std::fmt::Result {
    let name = "daybook_answer_microseconds";
    writeln!(
        text,
        "# HELP {name} from the stamp of a command to its answer"
    )?;
    writeln!(text, "# TYPE {name} histogram")?;
    let (buckets, sum) = pipeline.counts().answers();
    let mut below = 0;
    for (bound, count) in BOUNDS_US.iter().zip(buckets) {
        below += count;
        writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {below}")?;
    }
    let all: u64 = buckets.iter().sum();
    writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {all}")?;
    writeln!(text, "{name}_sum {sum}\n{name}_count {all}")
}
