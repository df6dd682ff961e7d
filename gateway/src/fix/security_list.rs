//! SecurityListRequest (x) → SecurityList (y): the symbols and their steps.

use ironfix_core::message::MsgType;
use ironfix_engine::OutboundMessage;
use schemas::instrument::SymbolKind;
use schemas::report::SymbolReport;

use crate::call::App;
use crate::fix::refusal::copy;
use crate::fix::request::Request;
use crate::wire::client_id;
use crate::wire::grid::Grid;

/// MinPriceIncrement: the tick size. FIX 4.4 has no tag for it in this message, so it has
/// one of ours.
pub const TICK_SIZE: u32 = 20969;

/// Every spot symbol, or the one that is asked for.
pub fn answer(app: &App, request: &Request) -> OutboundMessage {
    let directory = app.parts.queries.directory();
    let wanted = |symbol: &&SymbolReport| {
        let named = request.get(55);
        symbol.kind == SymbolKind::Spot
            && (request.get(559) == Some("4") || named == Some(symbol.name.as_str()))
    };
    let found: Vec<_> = directory.symbols.iter().filter(wanted).collect();
    let mut message = OutboundMessage::new(MsgType::SecurityList);
    copy(request, &mut message, &[320]);
    // SecurityRequestResult (560): 0 found, 2 nothing matches.
    message
        .push_str(322, client_id::generate().as_str())
        .push_uint(560, if found.is_empty() { 2 } else { 0 })
        .push_uint(146, found.len() as u64);
    for symbol in found {
        let grid = Grid::new(&directory, *symbol);
        message
            .push_str(55, grid.name())
            .push_str(15, grid.quote.code.as_str())
            .push_raw(561, grid.qty(symbol.lot_size.step).to_string())
            .push_raw(562, grid.qty(symbol.lot_size.min).to_string())
            .push_raw(TICK_SIZE, grid.price(symbol.price.tick).to_string());
    }
    message
}
