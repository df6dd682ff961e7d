//! Which symbols a market-data request means: one, a list, or all; by state.

use schemas::ids::SymbolId;
use schemas::instrument::{SymbolKind, SymbolState};
use schemas::report::{Directory, SymbolReport};

use crate::error::{self, ApiError, illegal};
use crate::wire::names::symbol_status;
use crate::wire::parameters::Parameters;

/// What a list of symbols looks like, as the dialect words it.
const LIST_RANGE: &str = r#"^\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\]$"#;

/// Every status that [`symbol_status`] gives.
const STATUSES: [&str; 5] = ["TRADING", "HALT", "BREAK", "CANCEL_ONLY", "AUCTION_MATCH"];

/// The symbols that a request means.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one lives for one request; a box would be noise"
)]
pub enum Chosen {
    /// By `symbol`: the answer is an object.
    One(SymbolReport),
    /// By `symbols`, or all: the answer is a list.
    Many(Vec<SymbolReport>),
}

/// How much a ticker tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    Full,
    Mini,
}

/// `type`; everything without it.
///
/// # Errors
/// -1130 for anything but FULL and MINI.
pub fn read_detail(parameters: &Parameters) -> Result<Detail, ApiError> {
    match parameters.optional("type")? {
        None | Some("FULL") => Ok(Detail::Full),
        Some("MINI") => Ok(Detail::Mini),
        Some(_) => Err(error::invalid("type")),
    }
}

/// How many names a list has, for its weight; none that cannot be read.
pub fn count_names(text: &str) -> usize {
    read_names(text).map_or(0, |names| names.len())
}

/// Reads `symbol`, `symbols` and `symbolStatus`.
///
/// # Errors
/// -1128 for both, -1121 for an unknown symbol, -1151 for one named twice, -1122 for an
/// unknown status, -1220 when the one symbol has another.
pub fn choose(
    parameters: &Parameters,
    directory: &Directory,
    product: SymbolKind,
) -> Result<Chosen, ApiError> {
    let one = parameters.optional("symbol")?;
    let list = parameters.optional("symbols")?;
    let wanted = read_status(parameters)?;
    match (one, list) {
        (Some(_), Some(_)) => Err(error::bad_combination()),
        (Some(name), None) => {
            let symbol = find(directory, product, name)?;
            check_status(directory, &symbol, wanted)?;
            Ok(Chosen::One(symbol))
        }
        (None, Some(text)) => {
            let mut symbols = read_list(text, directory, product)?;
            symbols.retain(|symbol| matches(directory, symbol, wanted));
            Ok(Chosen::Many(symbols))
        }
        (None, None) => {
            let listed = listed_of(directory, product);
            Ok(Chosen::Many(
                listed
                    .filter(|symbol| matches(directory, symbol, wanted))
                    .collect(),
            ))
        }
    }
}

/// Every spot symbol that is not gone.
pub fn listed(directory: &Directory) -> impl Iterator<Item = SymbolReport> {
    listed_of(directory, SymbolKind::Spot)
}

/// Every symbol of a product that is not gone.
pub fn listed_of(directory: &Directory, product: SymbolKind) -> impl Iterator<Item = SymbolReport> {
    let listed = move |symbol: &&SymbolReport| {
        symbol.kind == product && symbol.state != SymbolState::Delisted
    };
    directory.symbols.iter().filter(listed).copied()
}

/// The spot symbol of that number.
pub fn spot(directory: &Directory, symbol: SymbolId) -> Option<SymbolReport> {
    let found = directory.symbols.get(symbol.0 as usize)?;
    (found.kind == SymbolKind::Spot).then_some(*found)
}

/// The symbol of that name and product; the other product may have one named alike.
///
/// # Errors
/// -1121 when there is none.
pub fn find(
    directory: &Directory,
    product: SymbolKind,
    name: &str,
) -> Result<SymbolReport, ApiError> {
    let named = |symbol: &&SymbolReport| symbol.kind == product && symbol.name.as_str() == name;
    let found = directory.symbols.iter().find(named);
    found.copied().ok_or_else(error::invalid_symbol)
}

/// `symbolStatus`, if one is asked for.
///
/// # Errors
/// -1122.
pub fn read_status(parameters: &Parameters) -> Result<Option<&str>, ApiError> {
    match parameters.optional("symbolStatus")? {
        Some(text) if !STATUSES.contains(&text) => {
            Err(ApiError::new(-1122, "Invalid symbolStatus."))
        }
        status => Ok(status),
    }
}

/// Whether a symbol is in that state.
pub fn matches(directory: &Directory, symbol: &SymbolReport, wanted: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| symbol_status(symbol.state, directory.venue) == wanted)
}

/// Refuses a symbol in another state.
///
/// # Errors
/// -1220.
pub fn check_status(
    directory: &Directory,
    symbol: &SymbolReport,
    wanted: Option<&str>,
) -> Result<(), ApiError> {
    if matches(directory, symbol, wanted) {
        return Ok(());
    }
    let msg = "The symbol's status does not match the requested symbolStatus.";
    Err(ApiError::new(-1220, msg))
}

/// `["A","B"]`, each once and listed.
///
/// # Errors
/// -1100 for anything else, -1151 for one named twice, -1121 for an unknown one.
pub fn read_list(
    text: &str,
    directory: &Directory,
    product: SymbolKind,
) -> Result<Vec<SymbolReport>, ApiError> {
    let names = read_names(text).ok_or_else(|| illegal("symbols", LIST_RANGE))?;
    let mut symbols: Vec<SymbolReport> = Vec::new();
    for name in names {
        let symbol = find(directory, product, &name)?;
        if symbols.iter().any(|other| other.symbol == symbol.symbol) {
            let msg = "Symbol is present multiple times in the list.";
            return Err(ApiError::new(-1151, msg));
        }
        symbols.push(symbol);
    }
    Ok(symbols)
}

/// A JSON list of names; `None` for anything else.
pub fn read_names(text: &str) -> Option<Vec<String>> {
    serde_json::from_str(text).ok()
}
