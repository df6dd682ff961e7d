//! Orders, cancels and replaces → the same commands as on REST.
//!
//! The tags become REST's parameters and go through REST's own reading, so that what is
//! accepted, and the text of what is not, can never differ between the two.

use std::sync::Arc;

use schemas::command::{AmendOrderV1, CancelAllV1, CancelOrderV1, Command, OrderRef};
use schemas::ids::{AccountId, ClientOrderId, OrderId, SymbolId};
use schemas::instrument::{CancelReplaceMode, CancelRestriction, SymbolKind};
use schemas::order_command::CancelReplaceWithTermsV1;
use schemas::reject::RejectReason;
use schemas::report::{OrderReport, SymbolReport};
use schemas::units::{Qty, TimeNs};

use crate::auth::Caller;
use crate::call::{App, Call};
use crate::error::{self, ApiError};
use crate::filters;
use crate::fix::request::Request;
use crate::rest::new_order::on_grid;
use crate::rest::{cancel_order, cancel_replace};
use crate::wire::client_id;
use crate::wire::clock::TimeUnit;
use crate::wire::leg::is_plain;
use crate::wire::new_order::{NewOrder, command, find_symbol};
use crate::wire::parameters::Parameters;
use crate::wire::symbol_query::spot;

/// Who enters orders.
#[derive(Clone)]
pub struct Desk {
    pub app: Arc<App>,
    pub account: AccountId,
}

/// A cancelled order as a cancel names it.
struct Target {
    symbol: SymbolReport,
    target: OrderRef,
}

const NO_SUCH_SIDE: &str = "?";

impl Desk {
    fn caller(&self) -> Caller {
        Caller {
            account: self.account,
            // FIX has sequence numbers against repetition and staleness.
            valid_until: TimeNs(0),
            request: schemas::command::RequestDigest::default(),
            may_trade: true,
            is_bound_to_addresses: false,
        }
    }

    fn call(&self, pairs: Vec<(String, String)>) -> Call {
        Call {
            port: self.app.parts.submit.clone(),
            app: Arc::clone(&self.app),
            parameters: Parameters::from_pairs(pairs, Vec::new()),
            unit: TimeUnit::Milli,
            directory: self.app.parts.queries.directory(),
            product: SymbolKind::Spot,
        }
    }

    /// The command of a message; none for one that is no order entry.
    ///
    /// # Errors
    /// As the same request on REST.
    pub async fn command(&self, request: &Request) -> Result<Option<Command>, ApiError> {
        match request.kind.as_str() {
            "D" => self.place(request).await.map(Some),
            "F" => self.cancel(request).map(Some),
            "G" => self.replace(request).await.map(Some),
            "XCN" => self.cancel_and_new(request).map(Some),
            "XAK" => self.amend(request).map(Some),
            _ => Ok(None),
        }
    }

    async fn place(&self, request: &Request) -> Result<Command, ApiError> {
        check_peg(request)?;
        let call = self.call(parameters(request));
        let order = NewOrder::read(&call.parameters, &call.directory, &[])?;
        if request.is_possible_duplicate() {
            self.check_repetition(&order).await?;
        }
        Ok(command(
            on_grid(&call, &self.caller(), &order)?,
            order.leg.peg,
        ))
    }

    /// A message that may be a repetition places nothing if its order is known already.
    async fn check_repetition(&self, order: &NewOrder) -> Result<(), ApiError> {
        let target = OrderRef {
            client_order: order.client_order,
            ..OrderRef::default()
        };
        let queries = &self.app.parts.queries;
        match queries
            .order(self.account, order.symbol.symbol, target)
            .await?
        {
            Some(_) => Err(RejectReason::DuplicateOrder.into()),
            None => Ok(()),
        }
    }

    fn cancel(&self, request: &Request) -> Result<Command, ApiError> {
        let Target { symbol, target } = self.target(request)?;
        let cancel = CancelOrderV1 {
            target,
            valid_until: TimeNs(0),
            account: self.account,
            symbol: symbol.symbol,
            cancel_client: client_name(request, 11)?,
        };
        Ok(cancel_order::command(cancel, restriction(request)))
    }

    /// One command: a smaller quantity at the same price keeps its place, everything else
    /// is a new order in the old one's stead. OrderQty (38) counts what is filled already;
    /// the engine takes that off, so that a fill on the way is counted, too.
    async fn replace(&self, request: &Request) -> Result<Command, ApiError> {
        let Target { symbol, target } = self.target(request)?;
        let call = self.call(parameters(request));
        let order = NewOrder::read(&call.parameters, &call.directory, &[])?;
        let placed = on_grid(&call, &self.caller(), &order)?;
        let queries = &self.app.parts.queries;
        let known = queries.order(self.account, symbol.symbol, target).await?;
        if let Some(old) = known.filter(|old| old.status.is_open()) {
            let new = placed.order;
            if old.side != new.side {
                return Err(error::bad_combination().hint("a replace keeps the side (54)"));
            }
            let same = old.price == new.price && old.order_type == new.order_type;
            let same = same && old.time_in_force == new.time_in_force;
            let smaller = new.qty < old.qty && old.executed < new.qty;
            // Terms (a trigger, an iceberg's slice) may differ: then it is another order.
            if same && smaller && is_plain(&new, &placed.terms) && old.extras.is_none() {
                return Ok(self.smaller((&symbol, target), new.qty, new.client_order));
            }
            check_rest(new.qty, &old)?;
        }
        Ok(Command::ReplaceRest(Box::new(CancelReplaceWithTermsV1 {
            cancel_client: placed.order.client_order,
            new: placed,
            target,
            mode: CancelReplaceMode::StopOnFailure,
            restriction: CancelRestriction::Any,
        })))
    }

    fn cancel_and_new(&self, request: &Request) -> Result<Command, ApiError> {
        check_peg(request)?;
        let Target { target, .. } = self.target(request)?;
        let call = self.call(parameters(request));
        let order = NewOrder::read(&call.parameters, &call.directory, &[])?;
        let cancel_client = match request.get(25034) {
            Some(_) => client_name(request, 25034)?,
            None => client_id::generate(),
        };
        let replace = CancelReplaceWithTermsV1 {
            new: on_grid(&call, &self.caller(), &order)?,
            target,
            cancel_client,
            restriction: restriction(request),
            mode: match request.get(25033) {
                Some("2") => CancelReplaceMode::AllowFailure,
                _ => CancelReplaceMode::StopOnFailure,
            },
        };
        Ok(cancel_replace::command(replace, order.leg.peg))
    }

    fn amend(&self, request: &Request) -> Result<Command, ApiError> {
        let Target { symbol, target } = self.target(request)?;
        let call = self.call(parameters(request));
        let qty = call.parameters.decimal("quantity")?;
        let qty = qty.ok_or_else(|| error::mandatory("quantity"))?;
        let qty = filters::qty(&symbol, qty)?;
        Ok(self.smaller((&symbol, target), qty, client_name(request, 11)?))
    }

    fn smaller(
        &self,
        (symbol, target): (&SymbolReport, OrderRef),
        new_qty: Qty,
        new_client: ClientOrderId,
    ) -> Command {
        Command::AmendOrder(AmendOrderV1 {
            target,
            new_qty,
            valid_until: TimeNs(0),
            account: self.account,
            symbol: symbol.symbol,
            request: schemas::command::RequestDigest::default(),
            new_client,
        })
    }

    /// The commands of a mass cancel: one symbol, or every symbol with an open order.
    ///
    /// # Errors
    /// -1102 without a symbol where one is needed, -1121 for an unknown one.
    pub fn mass_cancel(&self, request: &Request) -> Result<Vec<Command>, ApiError> {
        let queries = &self.app.parts.queries;
        let mut symbols: Vec<SymbolId> = Vec::new();
        if request.get(530) == Some("1") {
            let name = request.get(55).ok_or_else(|| error::mandatory("symbol"))?;
            symbols.push(find_symbol(&queries.directory(), name)?.symbol);
        } else {
            let open = queries.open_orders(self.account, None);
            symbols.extend(open.iter().map(|order| order.symbol));
            symbols.dedup();
            // A session of spot knows nothing of perpetuals.
            let directory = queries.directory();
            symbols.retain(|symbol| spot(&directory, *symbol).is_some());
        }
        let cancel = |symbol| {
            Command::CancelAll(CancelAllV1 {
                valid_until: TimeNs(0),
                account: self.account,
                symbol,
            })
        };
        Ok(symbols.into_iter().map(cancel).collect())
    }

    /// The cancel of one of this account's orders, for who left without a word.
    pub fn cancel_left(&self, symbol: SymbolId, order: OrderId) -> Command {
        Command::CancelOrder(CancelOrderV1 {
            target: OrderRef {
                order,
                ..OrderRef::default()
            },
            valid_until: TimeNs(0),
            account: self.account,
            symbol,
            cancel_client: ClientOrderId::EMPTY,
        })
    }

    /// The order that a request names by OrigClOrdID (41) or OrderID (37).
    fn target(&self, request: &Request) -> Result<Target, ApiError> {
        let name = request.get(55).unwrap_or_default();
        let symbol = find_symbol(&self.app.parts.queries.directory(), name)?;
        let unknown = || ApiError::from(RejectReason::UnknownOrder);
        let order = match request.get(37) {
            None | Some("NONE" | "0") => OrderId(0),
            Some(text) => OrderId(text.parse().map_err(|_| unknown())?),
        };
        let client_order = match request.get(41) {
            None => ClientOrderId::EMPTY,
            Some(text) => ClientOrderId::new(text).ok_or_else(unknown)?,
        };
        if order == OrderId(0) && client_order.is_empty() {
            return Err(unknown());
        }
        let target = OrderRef {
            order,
            client_order,
        };
        Ok(Target { symbol, target })
    }
}

/// Whether something remains of a replaced order's quantity, as far as is known here.
fn check_rest(qty: Qty, old: &OrderReport) -> Result<(), ApiError> {
    if qty == Qty::ZERO || qty > old.executed {
        return Ok(());
    }
    let text = "The new quantity must be above the executed quantity.";
    Err(ApiError::new(-2038, text))
}

/// PegInstructions: OrdType P says that the book gives the price, once (PegMoveType 1).
fn check_peg(request: &Request) -> Result<(), ApiError> {
    let is_pegged = request.get(40) == Some("P");
    for (tag, name) in [(1094, "PegPriceType"), (835, "PegMoveType")] {
        match request.get(tag) {
            None if is_pegged => return Err(error::mandatory(name)),
            Some(_) if !is_pegged => return Err(error::surplus(name)),
            _ => {}
        }
    }
    Ok(())
}

/// CancelRestrictions (25002).
fn restriction(request: &Request) -> CancelRestriction {
    match request.get(25002) {
        Some("1") => CancelRestriction::OnlyNew,
        Some("2") => CancelRestriction::OnlyPartiallyFilled,
        _ => CancelRestriction::Any,
    }
}

/// A client order id in that tag, by REST's rule.
fn client_name(request: &Request, tag: u32) -> Result<ClientOrderId, ApiError> {
    const NAME: &str = "newClientOrderId";
    let text = request.get(tag).unwrap_or_default().to_owned();
    let named = Parameters::from_pairs(vec![(NAME.to_owned(), text)], Vec::new());
    let read = client_id::read(&named, NAME)?;
    read.ok_or_else(|| error::mandatory(NAME))
}

/// An order's tags as the parameters of REST.
fn parameters(request: &Request) -> Vec<(String, String)> {
    let mut pairs = Vec::with_capacity(12);
    let mut add = |name: &str, value: &str| pairs.push((name.to_owned(), value.to_owned()));
    let plain = [
        (55, "symbol"),
        (38, "quantity"),
        (152, "quoteOrderQty"),
        (44, "price"),
        (11, "newClientOrderId"),
        (111, "icebergQty"),
        (25009, "trailingDelta"),
        (847, "strategyType"),
        (7940, "strategyId"),
        (211, "pegOffsetValue"),
    ];
    for (tag, name) in plain {
        if let Some(value) = request.get(tag) {
            add(name, value);
        }
    }
    let side = match request.get(54) {
        Some("1") => "BUY",
        Some("2") => "SELL",
        _ => NO_SUCH_SIDE,
    };
    add("side", side);
    let kind = order_type(request);
    add("type", kind);
    if let Some(trigger) = request.get(99).or_else(|| request.get(1102)) {
        add("stopPrice", trigger);
    }
    if let Some(time_in_force) = time_in_force(request, kind) {
        add("timeInForce", time_in_force);
    }
    match request.get(1094) {
        Some("4") => add("pegPriceType", "MARKET_PEG"),
        Some(_) => add("pegPriceType", "PRIMARY_PEG"),
        None => {}
    }
    if request.get(836).is_some() {
        add("pegOffsetType", "PRICE_LEVEL");
    }
    if let Some(mode) = request.get(25001) {
        add("selfTradePreventionMode", self_trade(mode));
    }
    pairs
}

/// The type in the dialect's words, by OrdType (40), ExecInst (18) and the trigger's way.
fn order_type(request: &Request) -> &'static str {
    // Up for a buyer and down for a seller is a stop; the other way is a profit to take.
    let takes_profit = matches!(
        (request.get(54), request.get(1109)),
        (Some("1"), Some("D")) | (Some("2"), Some("U"))
    );
    let only_makes = request
        .get(18)
        .is_some_and(|values| values.split(' ').any(|value| value == "6"));
    let is_set_off = [99, 1102, 25009]
        .iter()
        .any(|tag| request.get(*tag).is_some());
    // A replace (G) has no PegInstructions.
    let kind = match request.get(40) {
        Some("P") if request.kind.as_str() == "G" => None,
        Some("P") if is_set_off => Some("4"),
        Some("P") => Some("2"),
        kind => kind,
    };
    match (kind, takes_profit) {
        (Some("1"), _) => "MARKET",
        (Some("2"), _) if only_makes => "LIMIT_MAKER",
        (Some("2"), _) => "LIMIT",
        (Some("3"), false) => "STOP_LOSS",
        (Some("3"), true) | (Some("J"), _) => "TAKE_PROFIT",
        (Some("4"), false) => "STOP_LOSS_LIMIT",
        (Some("4"), true) => "TAKE_PROFIT_LIMIT",
        _ => "PEGGED",
    }
}

/// The time in force, where REST takes one; a limit order without one is good till
/// cancelled, and what others say anyway is left out where it changes nothing.
fn time_in_force(request: &Request, kind: &str) -> Option<&'static str> {
    let sent = match request.get(59) {
        Some("1") => Some("GTC"),
        Some("3") => Some("IOC"),
        Some("4") => Some("FOK"),
        _ => None,
    };
    match (kind, sent) {
        ("LIMIT" | "STOP_LOSS_LIMIT" | "TAKE_PROFIT_LIMIT", None) => Some("GTC"),
        ("LIMIT_MAKER", Some("GTC")) => None,
        ("MARKET" | "STOP_LOSS" | "TAKE_PROFIT", Some("GTC" | "IOC")) => None,
        (_, sent) => sent,
    }
}

/// SelfTradePreventionMode (25001) in the dialect's words.
fn self_trade(mode: &str) -> &'static str {
    match mode {
        "1" => "NONE",
        "2" => "EXPIRE_TAKER",
        "3" => "EXPIRE_MAKER",
        "4" => "EXPIRE_BOTH",
        "6" => "TRANSFER",
        _ => "DECREMENT",
    }
}
