//! Orders on the spot markets: plain, contingent, trailing, iceberg, pegged, in lists.

use engine::apply::Engine;
use schemas::command::{
    AmendOrderV1, CancelAllV1, CancelReplaceV1, Command, PlaceOrderV1, RequestDigest,
};
use schemas::ids::{AccountId, ClientOrderId, OrderListId, SymbolId};
use schemas::instrument::{
    CancelReplaceMode, CancelRestriction, ContingencyType, OrderType, SelfTradePrevention, Side,
    TimeInForce,
};
use schemas::order_command::{
    CancelOrderIfV1, CancelOrderListV1, CancelReplaceWithTermsV1, ListLegV1, OrderTerms,
    PlaceOrderListV1, PlaceOrderWithTermsV1, SetCountdownV1,
};
use schemas::peg::{Peg, PegPriceType, PlacePeggedListV1, PlacePeggedV1, ReplacePeggedV1};
use schemas::units::{Amount, Price, Qty, TimeNs};

use super::{MIDDLE, SPOT, Whole};

impl Whole {
    /// A command on a spot market.
    pub(super) fn spot(&mut self, engine: &Engine) -> Command {
        let (account, symbol) = (self.account(), *self.random.pick(&SPOT));
        let of = (account, symbol);
        let last = engine.symbols()[symbol.0 as usize].last_trade;
        let last = last.map_or(MIDDLE, |price| price.0.max(8));
        match self.random.below(100) {
            0..40 => Command::PlaceOrder(self.plain(of, last)),
            40..57 => Command::PlaceOrderWithTerms(self.with_terms(of, last)),
            57..61 => self.pegged(engine, (of, last)),
            61..67 => Command::PlaceOrderList(Box::new(self.list(of, last))),
            67..70 => self.paying(of, last),
            70..76 => Command::CancelOrder(self.cancel(engine, of)),
            76..79 => Command::CancelOrderIf(CancelOrderIfV1 {
                cancel: self.cancel(engine, of),
                restriction: *self.random.pick(CancelRestriction::ALL),
            }),
            79..85 => Command::CancelReplace(CancelReplaceV1 {
                order: self.plain(of, last),
                target: self.target(engine, of).0,
                cancel_client: self.name(20),
                mode: *self.random.pick(CancelReplaceMode::ALL),
            }),
            85..90 => self.replace_with_terms(engine, (of, last)),
            90..94 => self.amend(engine, of),
            94..96 => self.cancel_list(engine, of),
            96..98 => Command::SetCountdown(SetCountdownV1 {
                after_ns: *self.random.pick(&[0, 1_000_000_000, 30_000_000_000]),
                valid_until: TimeNs(0),
                account,
                symbol,
            }),
            _ => Command::CancelAll(CancelAllV1 {
                valid_until: TimeNs(0),
                account,
                symbol,
            }),
        }
    }

    fn near(&mut self, last: i64) -> i64 {
        (last + self.random.between(-last / 20 - 2, last / 20 + 2)).max(1)
    }

    fn plain(&mut self, (account, symbol): (AccountId, SymbolId), last: i64) -> PlaceOrderV1 {
        let mut order = PlaceOrderV1 {
            quote_qty: Amount::ZERO,
            price: Price(self.near(last)),
            qty: Qty(self.random.between(1, 40)),
            valid_until: TimeNs(0),
            account,
            symbol,
            request: RequestDigest::default(),
            client_order: self.name(30),
            side: *self.random.pick(&[Side::Buy, Side::Sell]),
            order_type: OrderType::Limit,
            time_in_force: TimeInForce::Gtc,
            self_trade: *self.random.pick(SelfTradePrevention::ALL),
        };
        match self.random.below(20) {
            0 => order.order_type = OrderType::LimitMaker,
            1 | 2 => (order.order_type, order.price) = (OrderType::Market, Price::ZERO),
            3 => {
                order.order_type = OrderType::Market;
                (order.price, order.qty) = (Price::ZERO, Qty::ZERO);
                order.quote_qty = Amount(i128::from(self.random.between(1, 400_000)));
            }
            4..7 => order.time_in_force = *self.random.pick(TimeInForce::ALL),
            _ => {}
        }
        order
    }

    fn with_terms(&mut self, of: (AccountId, SymbolId), last: i64) -> PlaceOrderWithTermsV1 {
        let kind = *self.random.pick(OrderType::ALL);
        self.asked((of, last), kind)
    }

    fn asked(
        &mut self,
        (of, last): ((AccountId, SymbolId), i64),
        kind: OrderType,
    ) -> PlaceOrderWithTermsV1 {
        let mut order = self.plain(of, last);
        order.qty = Qty(self.random.between(1, 40));
        order.quote_qty = Amount::ZERO;
        order.order_type = kind;
        order.time_in_force = TimeInForce::Gtc;
        let mut terms = OrderTerms {
            strategy_id: self.random.below(3),
            ..OrderTerms::default()
        };
        let works_as_market = kind.working() == OrderType::Market;
        order.price = match works_as_market {
            true => Price::ZERO,
            false => Price(self.near(last)),
        };
        if !works_as_market && order.qty.0 > 1 && self.random.chance(35) {
            terms.iceberg_qty = Qty(self.random.between(1, order.qty.0 - 1));
        }
        if kind.is_contingent() {
            let away = self.random.between(1, last / 12 + 2);
            terms.stop_price = match kind.triggers_above(order.side) {
                true => Price(last + away),
                false => Price((last - away).max(1)),
            };
            if self.random.chance(30) {
                terms.trailing_delta = self.random.between(50, 900) as u32;
            }
        }
        PlaceOrderWithTermsV1 { order, terms }
    }

    fn leg(&mut self, at: ((AccountId, SymbolId), i64), kinds: &[OrderType]) -> ListLegV1 {
        let kind = *self.random.pick(kinds);
        let PlaceOrderWithTermsV1 { order, terms } = self.asked(at, kind);
        ListLegV1 {
            price: order.price,
            qty: order.qty,
            terms,
            client_order: ClientOrderId::EMPTY,
            side: order.side,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
        }
    }

    fn list(&mut self, of: (AccountId, SymbolId), last: i64) -> PlaceOrderListV1 {
        use OrderType::{LimitMaker, StopLoss, StopLossLimit, TakeProfit, TakeProfitLimit};
        let contingency = *self.random.pick(ContingencyType::ALL);
        let at = (of, last);
        let working = self.leg(at, &[OrderType::Limit, LimitMaker]);
        let single = self.leg(at, OrderType::ALL);
        let side = *self.random.pick(&[Side::Buy, Side::Sell]);
        let mut wins = self.leg(at, &[LimitMaker, TakeProfit, TakeProfitLimit]);
        let mut loses = self.leg(at, &[StopLoss, StopLossLimit]);
        for (leg, is_above) in [
            (&mut wins, side == Side::Sell),
            (&mut loses, side == Side::Buy),
        ] {
            (leg.side, leg.qty) = (side, Qty(10));
            leg.terms.iceberg_qty = Qty::ZERO;
            let beyond = match is_above {
                true => Price(last + 3),
                false => Price((last - 3).max(1)),
            };
            match leg.order_type {
                LimitMaker => leg.price = beyond,
                _ => leg.terms.stop_price = beyond,
            }
        }
        let pair = match side {
            Side::Sell => [wins, loses],
            Side::Buy => [loses, wins],
        };
        let legs = match contingency {
            ContingencyType::Oco => [pair[0], pair[1], ListLegV1::NONE],
            ContingencyType::Oto => [working, single, ListLegV1::NONE],
            _ => [working, pair[0], pair[1]],
        };
        PlaceOrderListV1 {
            legs,
            valid_until: TimeNs(0),
            account: of.0,
            symbol: of.1,
            request: RequestDigest::default(),
            list_client: self.name(40),
            contingency,
            self_trade: *self.random.pick(SelfTradePrevention::ALL),
        }
    }

    /// A list whose pending orders sell what its working one buys.
    fn paying(&mut self, of: (AccountId, SymbolId), last: i64) -> Command {
        let mut list = self.list(of, last);
        let count = list.contingency.legs();
        for (index, leg) in list.legs.iter_mut().enumerate().take(count) {
            (leg.side, leg.qty) = match index {
                0 => (Side::Buy, leg.qty),
                _ => (Side::Sell, Qty::ZERO),
            };
        }
        let pegs = match self.random.chance(20) {
            true => [Peg::NONE, self.peg(), Peg::NONE],
            false => [Peg::NONE; 3],
        };
        Command::PlacePayingList(Box::new(PlacePeggedListV1 { list, pegs }))
    }

    /// An order, a replacement or a list whose prices come from the book.
    fn pegged(&mut self, engine: &Engine, (of, last): ((AccountId, SymbolId), i64)) -> Command {
        match self.random.below(4) {
            0 => Command::ReplacePegged(Box::new(ReplacePeggedV1 {
                replace: self.replacement(engine, (of, last)),
                peg: self.peg(),
            })),
            1 => Command::PlacePeggedList(Box::new(PlacePeggedListV1 {
                list: self.list(of, last),
                pegs: [self.peg(), Peg::NONE, self.peg()],
            })),
            _ => Command::PlacePegged(PlacePeggedV1 {
                new: self.with_terms(of, last),
                peg: self.peg(),
            }),
        }
    }

    fn peg(&mut self) -> Peg {
        Peg {
            price_type: *self.random.pick(PegPriceType::ALL),
            offset: self.random.below(4) as u8,
        }
    }

    fn replacement(
        &mut self,
        engine: &Engine,
        (of, last): ((AccountId, SymbolId), i64),
    ) -> CancelReplaceWithTermsV1 {
        CancelReplaceWithTermsV1 {
            new: self.with_terms(of, last),
            target: self.target(engine, of).0,
            cancel_client: ClientOrderId::EMPTY,
            mode: *self.random.pick(CancelReplaceMode::ALL),
            restriction: *self.random.pick(CancelRestriction::ALL),
        }
    }

    fn replace_with_terms(&mut self, engine: &Engine, at: ((AccountId, SymbolId), i64)) -> Command {
        let replace = Box::new(self.replacement(engine, at));
        match self.random.chance(40) {
            true => Command::ReplaceRest(replace),
            false => Command::CancelReplaceWithTerms(replace),
        }
    }

    fn amend(&mut self, engine: &Engine, of: (AccountId, SymbolId)) -> Command {
        let (target, _, qty) = self.target(engine, of);
        Command::AmendOrder(AmendOrderV1 {
            target,
            new_qty: Qty(self.random.between(1, qty.max(2))),
            valid_until: TimeNs(0),
            account: of.0,
            symbol: of.1,
            request: RequestDigest::default(),
            new_client: self.name(20),
        })
    }

    fn cancel_list(&mut self, engine: &Engine, of: (AccountId, SymbolId)) -> Command {
        let lists = engine.order_lists();
        let (mut account, mut symbol) = of;
        let mut list = OrderListId(1 + self.random.below(40));
        if !lists.is_empty() && self.random.chance(80) {
            let (id, found) = self.random.pick(&lists);
            (list, account, symbol) = (*id, found.account, found.symbol);
        }
        Command::CancelOrderList(CancelOrderListV1 {
            list,
            valid_until: TimeNs(0),
            account,
            symbol,
            list_client: ClientOrderId::EMPTY,
            cancel_client: self.name(20),
        })
    }
}
