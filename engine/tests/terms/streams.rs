//! Random orders with terms and lists: every invariant after each command, the same from a
//! snapshot, the same by another seed of the hash maps, and in the smallest frames.

use engine::apply::{Engine, Stamp};
use schemas::command::{
    CancelReplaceV1, Command, OrderRef, SetFilterV1, SetSymbolStateV1, SetVenueStateV1,
};
use schemas::ids::{AccountId, ClientOrderId, OrderId};
use schemas::instrument::{
    CancelReplaceMode, CancelRestriction, ContingencyType, Filter, OrderType, SelfTradePrevention,
    Side, SymbolState, TimeInForce, VenueState,
};
use schemas::order_command::{
    CancelReplaceWithTermsV1, ListLegV1, PlaceOrderListV1, PlaceOrderWithTermsV1,
};
use schemas::peg::{Peg, PegPriceType, PlacePeggedListV1, PlacePeggedV1, ReplacePeggedV1};
use schemas::trade_group::SetTradeGroupV1;
use schemas::units::{Price, Qty};

use super::Stage;
use super::said_twice::pay;
use crate::swarm::Random;
use crate::venue::limit;

struct Dice {
    random: Random,
    stage: Stage,
}

impl Dice {
    fn account(&mut self) -> AccountId {
        match self.random.chance(50) {
            true => self.stage.user,
            false => self.stage.maker,
        }
    }

    fn side(&mut self) -> Side {
        *self.random.pick(&[Side::Buy, Side::Sell])
    }

    fn order(&mut self, kinds: &[OrderType]) -> PlaceOrderWithTermsV1 {
        let side = self.side();
        let kind = *self.random.pick(kinds);
        let qty = self.random.between(1, 20);
        let price = self.random.between(80, 120);
        let mut command = self.stage.asked((side, qty), kind, "");
        let account = self.account();
        let order = &mut command.order;
        order.account = account;
        order.self_trade = *self.random.pick(SelfTradePrevention::ALL);
        if kind.working() != OrderType::Market {
            order.price = Price(price);
            if kind != OrderType::LimitMaker && self.random.chance(20) {
                order.time_in_force = *self.random.pick(TimeInForce::ALL);
            }
            if order.time_in_force == TimeInForce::Gtc && qty > 1 && self.random.chance(40) {
                command.terms.iceberg_qty = Qty(self.random.between(1, qty - 1));
            }
        }
        if kind.is_contingent() {
            if self.random.chance(70) {
                let away = self.random.between(1, 8);
                let last = self.stage.venue.engine.symbols()[0].last_trade;
                let last = last.map_or(100, |price| price.0);
                let stop = match kind.triggers_above(side) {
                    true => last + away,
                    false => (last - away).max(1),
                };
                command.terms.stop_price = Price(stop);
            }
            if command.terms.stop_price == Price(0) || self.random.chance(30) {
                command.terms.trailing_delta = self.random.between(50, 900) as u32;
            }
        }
        if self.random.chance(30) {
            command.order.client_order = self.client();
        }
        command
    }

    fn client(&mut self) -> ClientOrderId {
        ClientOrderId::new(&format!("c{}", self.random.below(12))).expect("short")
    }

    fn leg(&mut self, kinds: &[OrderType]) -> ListLegV1 {
        let PlaceOrderWithTermsV1 { order, terms } = self.order(kinds);
        ListLegV1 {
            price: order.price,
            qty: order.qty,
            terms,
            client_order: order.client_order,
            side: order.side,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
        }
    }

    fn list(&mut self) -> Command {
        use OrderType::{LimitMaker, StopLoss, StopLossLimit, TakeProfit, TakeProfitLimit};
        let contingency = *self.random.pick(ContingencyType::ALL);
        let working = self.leg(&[OrderType::Limit, LimitMaker]);
        let mut wins = self.leg(&[LimitMaker, TakeProfit, TakeProfitLimit]);
        let mut loses = self.leg(&[StopLoss, StopLossLimit]);
        let last = self.stage.venue.engine.symbols()[0].last_trade;
        let last = last.map_or(100, |price| price.0);
        let side = self.side();
        let up = |price: i64| Price(price + 3);
        for (leg, above) in [
            (&mut wins, side == Side::Sell),
            (&mut loses, side == Side::Buy),
        ] {
            leg.side = side;
            leg.qty = Qty(10);
            leg.terms.iceberg_qty = Qty(0);
            let beyond = if above {
                up(last)
            } else {
                Price((last - 3).max(1))
            };
            if leg.order_type == LimitMaker {
                leg.price = beyond;
            } else if leg.terms.stop_price != Price(0) {
                leg.terms.stop_price = beyond;
            }
        }
        let pair = match side {
            Side::Sell => [wins, loses],
            Side::Buy => [loses, wins],
        };
        let single = self.leg(OrderType::ALL);
        let legs = match contingency {
            ContingencyType::Oco => [pair[0], pair[1], ListLegV1::NONE],
            ContingencyType::Oto => [working, single, ListLegV1::NONE],
            ContingencyType::Otoco => [working, pair[0], pair[1]],
        };
        let list_client = match self.random.chance(50) {
            true => self.client(),
            false => ClientOrderId::EMPTY,
        };
        let mut list = PlaceOrderListV1 {
            legs,
            valid_until: schemas::units::TimeNs(0),
            account: self.account(),
            symbol: self.stage.symbol,
            request: Default::default(),
            list_client,
            contingency,
            self_trade: *self.random.pick(SelfTradePrevention::ALL),
        };
        if self.random.chance(50) && pay(&mut list) {
            // Near enough to be filled now and then.
            let working = &mut list.legs[0];
            working.price = Price(last + self.random.between(-1, 4));
            working.time_in_force = TimeInForce::Gtc;
            list.list_client = ClientOrderId::EMPTY;
            let pegs = [Peg::NONE; 3];
            return Command::PlacePayingList(Box::new(PlacePeggedListV1 { list, pegs }));
        }
        if self.random.chance(70) {
            return Command::PlaceOrderList(Box::new(list));
        }
        let mut pegs = [Peg::NONE; 3];
        for (leg, peg) in list.legs.iter().zip(&mut pegs) {
            if leg.qty != Qty(0) && leg.order_type.working() != OrderType::Market {
                *peg = self.peg();
            }
        }
        Command::PlacePeggedList(Box::new(PlacePeggedListV1 { list, pegs }))
    }

    fn target(&mut self, account: AccountId) -> OrderRef {
        let open = self.stage.venue.engine.open_orders(account);
        if open.is_empty() || self.random.chance(10) {
            return crate::venue::by_id(self.random.below(200));
        }
        let order = self.random.pick(&open);
        OrderRef {
            order: OrderId(order.order.0),
            client_order: ClientOrderId::EMPTY,
        }
    }

    fn plain(&mut self) -> Command {
        let (account, side) = (self.account(), self.side());
        let at = (self.random.between(85, 115), self.random.between(1, 30));
        let mut order = limit(account, self.stage.symbol, side, at);
        order.self_trade = *self.random.pick(SelfTradePrevention::ALL);
        if self.random.chance(15) {
            (order.order_type, order.price) = (OrderType::Market, Price(0));
        }
        Command::PlaceOrder(order)
    }

    fn peg(&mut self) -> Peg {
        let price_type = *self
            .random
            .pick(&[PegPriceType::Primary, PegPriceType::Market]);
        let offset = self.random.below(3) as u8;
        Peg { price_type, offset }
    }

    /// An order with a peg, by itself or in place of another.
    fn pegged(&mut self, account: AccountId, target: OrderRef) -> Command {
        use OrderType::{Limit, LimitMaker, StopLossLimit, TakeProfitLimit};
        let mut new = self.order(&[Limit, Limit, LimitMaker, StopLossLimit, TakeProfitLimit]);
        let peg = self.peg();
        if self.random.chance(70) {
            new.order.price = Price(0);
        }
        if self.random.chance(70) {
            return Command::PlacePegged(PlacePeggedV1 { new, peg });
        }
        new.order.account = account;
        Command::ReplacePegged(Box::new(ReplacePeggedV1 {
            replace: CancelReplaceWithTermsV1 {
                new,
                target,
                cancel_client: ClientOrderId::EMPTY,
                mode: *self.random.pick(CancelReplaceMode::ALL),
                restriction: CancelRestriction::Any,
            },
            peg,
        }))
    }

    fn next(&mut self) -> Command {
        let account = self.account();
        let (symbol, any) = (self.stage.symbol, self.random.below(100));
        let target = self.target(account);
        let mut cancel = self.stage.cancelling(0);
        (cancel.account, cancel.target) = (account, target);
        match any {
            0..35 => self.plain(),
            35..55 => Command::PlaceOrderWithTerms(self.order(OrderType::ALL)),
            55..60 => self.pegged(account, target),
            60..75 => self.list(),
            75..82 => Command::CancelOrder(cancel),
            82..85 => Command::CancelOrderIf(schemas::order_command::CancelOrderIfV1 {
                cancel,
                restriction: *self.random.pick(CancelRestriction::ALL),
            }),
            85..90 => {
                let mut new = self.order(OrderType::ALL);
                new.order.account = account;
                Command::CancelReplaceWithTerms(Box::new(CancelReplaceWithTermsV1 {
                    new,
                    target,
                    cancel_client: ClientOrderId::EMPTY,
                    mode: *self.random.pick(CancelReplaceMode::ALL),
                    restriction: CancelRestriction::Any,
                }))
            }
            90..92 => Command::CancelReplace(CancelReplaceV1 {
                order: limit(account, symbol, Side::Buy, (90, 3)),
                target,
                cancel_client: ClientOrderId::EMPTY,
                mode: CancelReplaceMode::StopOnFailure,
            }),
            92..95 => Command::AmendOrder(schemas::command::AmendOrderV1 {
                target,
                new_qty: Qty(self.random.between(1, 15)),
                valid_until: schemas::units::TimeNs(0),
                account,
                symbol,
                request: Default::default(),
                new_client: ClientOrderId::EMPTY,
            }),
            95..97 => Command::SetFilter(SetFilterV1 {
                filter: *self.random.pick(&[
                    Filter::MaxNumAlgoOrders(0),
                    Filter::MaxNumAlgoOrders(30),
                    Filter::MaxNumOrderLists(10),
                    Filter::MaxNumOrderAmends(2),
                    Filter::MaxNumOrderAmends(0),
                    Filter::MaxNumIcebergOrders(20),
                ]),
                symbol,
            }),
            97 => Command::SetSymbolState(SetSymbolStateV1 {
                symbol,
                state: *self.random.pick(&[SymbolState::Trading, SymbolState::Halt]),
            }),
            98 if self.random.chance(30) => Command::SetVenueState(SetVenueStateV1 {
                state: VenueState::Open,
                withdrawals: true,
            }),
            98 => Command::SetTradeGroup(SetTradeGroupV1 {
                account,
                group: *self.random.pick(&[0, 7, 7, 7]),
            }),
            _ => Command::SetSymbolState(SetSymbolStateV1 {
                symbol,
                state: SymbolState::Trading,
            }),
        }
    }
}

fn stream(seed: u64, steps: u32) {
    println!("seed {seed}");
    let mut dice = Dice {
        random: Random::new(seed),
        stage: Stage::new(),
    };
    let mut counts = std::collections::BTreeMap::new();
    for step in 0..steps {
        let command = dice.next();
        let events = dice.stage.venue.complete(&command);
        if let Err(violation) = dice.stage.venue.engine.check_invariants() {
            panic!("seed {seed} step {step}: {violation}\n{command:?}\n{events:#?}");
        }
        for event in &events {
            *counts.entry(event.name()).or_insert(0u32) += 1;
        }
        if step % 97 == 0 {
            dice.stage.restore();
        }
    }
    println!("  {counts:?}");
    for name in [
        "OrderTriggered",
        "IcebergRefilled",
        "OrderListDone",
        "TrailingStarted",
        "OrderPegged",
        "OrderSized",
    ] {
        assert!(
            counts.get(name).is_some_and(|count| *count > 5),
            "{name} is rare"
        );
    }
    let root = replay(&dice.stage.venue.journal, 3);
    assert_eq!(root, dice.stage.venue.engine.root(), "seed {seed}");
}

/// The same journal under another seed of the hash maps, never restored.
fn replay(journal: &[(Stamp, Command)], seed: u64) -> [u8; 32] {
    let mut engine = Engine::new(seed);
    for (at, command) in journal {
        engine.apply(*at, command, &mut Vec::new());
    }
    engine.root()
}

#[test]
fn random_orders_with_terms_keep_every_invariant() {
    let seeds = if cfg!(debug_assertions) { 8 } else { 60 };
    for seed in 0..seeds {
        stream(seed, 1_500);
    }
}

#[test]
fn random_orders_in_small_frames_keep_every_invariant() {
    for seed in 100..104 {
        println!("seed {seed}");
        let mut dice = Dice {
            random: Random::new(seed),
            stage: Stage::new(),
        };
        dice.stage.venue.engine.limit_events(8);
        dice.stage.venue.engine.limit_fires(1);
        for step in 0..800 {
            let command = dice.next();
            let events = dice.stage.venue.apply(&command);
            let checked = dice.stage.venue.engine.check_invariants();
            if let Err(violation) = checked {
                panic!("seed {seed} step {step}: {violation}\n{command:?}\n{events:#?}");
            }
        }
    }
}
