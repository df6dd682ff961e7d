//! The venue's one perpetual, and what a test writes about it.

use schemas::event::Event;
use schemas::ids::OrderId;
use schemas::instrument::SymbolKind;
use schemas::perpetual_command::PlacePerpetualV1;
use schemas::perpetual_event::PerpetualAccepted;
use schemas::perpetual_report::{
    ContractReport, FundingReport, FuturesAccountReport, IncomePage, IncomeReport, IndexSource,
    MarkReport, PerpetualOrder, SymbolConfig, TradeProfit,
};
use schemas::units::{Price, Qty};

use crate::venue::{PERP, Venue, accepted, symbol};

/// What the perpetual and Alice's futures side are.
#[derive(Default)]
pub struct Futures {
    pub contract: Option<ContractReport>,
    pub mark: MarkReport,
    pub funding: Vec<FundingReport>,
    pub account: Option<FuturesAccountReport>,
    pub config: Option<SymbolConfig>,
    pub income: Vec<IncomeReport>,
    pub income_pages: Vec<IncomePage>,
    pub orders: Vec<PerpetualOrder>,
    pub profits: Vec<TradeProfit>,
    pub sources: Vec<IndexSource>,
}

impl Venue {
    /// Lists perp:BTCUSDT with a tick of 0.10 and a step of 0.001.
    pub fn list_perpetual(&self) {
        let mut perpetual = symbol(PERP.0, "BTCUSDT", 0);
        perpetual.kind = SymbolKind::Perpetual;
        perpetual.price.tick = Price(10);
        perpetual.lot_size.step = Qty(100);
        perpetual.percent_price.bid_up = 11_500;
        perpetual.percent_price.ask_down = 8_500;
        perpetual.order_rules.max_num_algo_orders = 1_000;
        self.directory.lock().symbols.push(perpetual);
    }
}

/// By default an order on a perpetual rests whole, or waits.
pub fn rest_perpetual(placed: &PlacePerpetualV1) -> Vec<Event> {
    let waits = placed.order.order_type.is_contingent();
    vec![
        Event::OrderAccepted(accepted(&placed.order, 1)),
        Event::PerpetualAccepted(PerpetualAccepted {
            symbol: placed.order.symbol,
            order: OrderId(1),
            account: placed.order.account,
            terms: placed.terms,
            stop_price: placed.stop_price,
            callback: placed.callback,
            waits,
        }),
    ]
}
