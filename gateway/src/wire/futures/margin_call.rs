//! MARGIN_CALL: the maintenance margin of a pool has come near its margin balance.
//!
//! Made of the engine's events alone, so that it is the same whenever it is asked for again.

use schemas::event::Event;
use schemas::perpetual::MarginType;
use schemas::perpetual_event::MarginCalled;
use schemas::report::{Directory, UserUpdate};
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;
use crate::wire::names::Spelled;

#[derive(Serialize)]
struct MarginCall<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    /// Of a cross pool only.
    #[serde(skip_serializing_if = "Option::is_none")]
    cw: Option<Fixed>,
    p: Vec<CalledBody<'a>>,
    offset: u64,
}

#[derive(Serialize)]
struct CalledBody<'a> {
    s: &'a str,
    ps: &'static str,
    pa: Fixed,
    mt: &'static str,
    iw: Fixed,
    mp: Fixed,
    up: Fixed,
    mm: Fixed,
}

/// One message for the called positions of the cross pools of a command, one for each
/// isolated position.
pub(super) fn events(directory: &Directory, unit: TimeUnit, update: &UserUpdate) -> Vec<String> {
    let called = update.events.iter().filter_map(|told| match &told.event {
        Event::MarginCalled(it) => {
            let report = directory.symbols.get(it.symbol.0 as usize)?;
            Some((Grid::new(directory, *report), *it))
        }
        _ => None,
    });
    let (cross, isolated): (Vec<_>, Vec<_>) =
        called.partition(|(_, it)| it.margin_type == MarginType::Cross);
    let message = |called: &[(Grid, MarginCalled)], cw| {
        serde_json::to_string(&MarginCall {
            e: "MARGIN_CALL",
            event_time: unit.print(update.time),
            cw,
            p: called.iter().map(body).collect(),
            offset: update.offset.0,
        })
        .expect("events have text keys only")
    };
    let mut messages = Vec::new();
    if let Some((grid, it)) = cross.first() {
        messages.push(message(&cross, Some(grid.quote(it.cross))));
    }
    for one in isolated.chunks(1) {
        messages.push(message(one, None));
    }
    messages
}

fn body((grid, it): &(Grid, MarginCalled)) -> CalledBody<'_> {
    CalledBody {
        s: grid.name(),
        ps: it.side.text(),
        pa: grid.qty(it.holding.size),
        mt: match it.margin_type {
            MarginType::Cross => "CROSSED",
            MarginType::Isolated => "ISOLATED",
        },
        iw: grid.quote(it.holding.isolated),
        mp: grid.price(it.mark),
        up: grid.quote(it.unrealised),
        mm: grid.quote(it.maintenance),
    }
}
