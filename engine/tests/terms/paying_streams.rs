//! Lists that pay, against a bookkeeper who reads nothing but the events: what is free and
//! held of the base has to be the engine's after every command.

use std::collections::BTreeMap;

use schemas::command::{Command, SetFilterV1, WithdrawV1};
use schemas::event::Event;
use schemas::ids::{AccountId, BusinessId, OrderId};
use schemas::instrument::{ContingencyType, Filter, LotSize, OrderType, Side};
use schemas::order_command::ListLegV1;
use schemas::units::{Amount, Qty};

use super::Stage;
use super::paying::poor;
use crate::swarm::Random;

use ContingencyType::{Oto, Otoco};
use OrderType::{Limit, LimitMaker, Market, StopLoss, StopLossLimit, TakeProfit};
use Side::{Buy, Sell};

/// Base atoms of one unit.
const UNIT: i128 = 10;

/// What a list has: bought and not for sale yet, and for sale.
#[derive(Default)]
struct Account {
    bought: i128,
    pays: bool,
    for_sale: i128,
}

/// The user's base, told by events alone.
#[derive(Default)]
struct Bookkeeper {
    user: u32,
    free: i128,
    lists: BTreeMap<u64, Account>,
    list_of: BTreeMap<u64, u64>,
    /// Sizes that the events told, checked against what was bought.
    sized: u32,
    /// How often commission came from what else was free, and from what was bought.
    covered: u32,
    taken: u32,
    step: i128,
    market_step: i128,
    markets: BTreeMap<u64, bool>,
}

impl Bookkeeper {
    fn list(&mut self, order: OrderId) -> &mut Account {
        let list = self.list_of[&order.0];
        self.lists.get_mut(&list).expect("its list is open")
    }

    fn buys(&mut self, order: OrderId, (qty, fee): (i128, i128)) {
        self.free += qty - fee;
        let kept = if self.free >= qty {
            self.covered += u32::from(fee > 0);
            qty
        } else {
            self.taken += 1;
            qty - fee
        };
        self.free -= kept;
        self.list(order).bought += kept;
    }

    fn hears(&mut self, event: &Event) {
        let user = self.user;
        let of_user = move |account: AccountId| account.0 == user;
        match event {
            Event::OrderListAccepted(it) if of_user(it.account) => {
                let account = Account {
                    pays: true,
                    ..Account::default()
                };
                self.lists.insert(it.list.0, account);
                for order in it.orders {
                    self.list_of.insert(order.0, it.list.0);
                }
            }
            Event::OrderAccepted(it) => {
                let by_market = it.order_type.working() == Market;
                self.markets.insert(it.order.0, by_market);
            }
            Event::Trade(it) => {
                let qty = i128::from(it.qty.0) * UNIT;
                let sides = [
                    (
                        it.taker_account,
                        it.taker_order,
                        it.taker_side,
                        it.taker_fee,
                    ),
                    (
                        it.maker_account,
                        it.maker_order,
                        it.taker_side.opposite(),
                        it.maker_fee,
                    ),
                ];
                for (account, order, side, fee) in sides {
                    match side {
                        _ if !of_user(account) => {}
                        Buy => self.buys(order, (qty, fee.0)),
                        Sell => self.list(order).for_sale -= qty,
                    }
                    if of_user(account) && self.list(order).for_sale < 0 {
                        panic!("order {} sells more than there is", order.0);
                    }
                }
            }
            Event::OrderSized(it) => self.is_sized(it.order, it.qty),
            Event::OrderActivated(it) => {
                let list = self.list_of[&it.order.0];
                let list = self.lists.get_mut(&list).expect("its list is open");
                if list.for_sale == 0 {
                    // The second of a pair holds what the first one holds.
                    list.for_sale = list.bought;
                    self.free -= list.bought;
                }
            }
            Event::OrderListDone(it) if of_user(it.account) => {
                let list = self.lists.remove(&it.list.0).expect("it was open");
                let left = if list.pays { list.bought } else { 0 };
                self.free += left + list.for_sale;
            }
            _ => {}
        }
    }

    /// The first order of a list that is sized empties the purse; `bought` is from then on
    /// what each of them sells.
    fn is_sized(&mut self, order: OrderId, qty: Qty) {
        let list = self.list_of[&order.0];
        let of_list = self.list_of.iter().filter(|(_, other)| **other == list);
        let by_market = of_list.skip(1).any(|(order, _)| self.markets[order]);
        let mut units = self.lists[&list].bought / UNIT;
        let fits =
            |units: i128| units % self.step == 0 && (!by_market || units % self.market_step == 0);
        while !fits(units) {
            units -= 1;
        }
        assert_eq!(i128::from(qty.0), units, "order {}", order.0);
        let account = self.lists.get_mut(&list).expect("its list is open");
        if account.pays {
            account.pays = false;
            self.free += account.bought;
            account.bought = units * UNIT;
            self.sized += 1;
        }
    }

    fn held(&self) -> i128 {
        let lists = self.lists.values();
        let held = lists.map(|list| list.for_sale + if list.pays { list.bought } else { 0 });
        held.sum()
    }
}

struct Dice {
    random: Random,
    stage: Stage,
    keeper: Bookkeeper,
}

impl Dice {
    fn tell(&mut self, command: &Command) {
        let events = self.stage.venue.complete(command);
        self.stage.check();
        for event in &events {
            self.keeper.hears(event);
        }
    }

    fn leg(&mut self, order: (Side, i64), kind: OrderType) -> ListLegV1 {
        let last = self.stage.venue.engine.symbols()[0].last_trade;
        let last = last.map_or(100, |price| price.0).max(20);
        let (up, down) = (self.random.between(1, 8), self.random.between(1, 8));
        let words = match kind {
            Limit if order.0 == Buy => format!("price {}", last + up - 5),
            Limit | LimitMaker if order.0 == Sell => format!("price {}", last + up),
            LimitMaker => format!("price {}", last - down),
            StopLoss => format!("stop {}", last - down),
            StopLossLimit => format!("stop {} price {}", last - down, last - down - 1),
            TakeProfit => format!("stop {}", last + up),
            _ => String::new(),
        };
        self.stage.leg(order, kind, &words)
    }

    fn list(&mut self) -> Command {
        let working = *self.random.pick(&[Limit, Limit, LimitMaker]);
        let qty = self.random.between(1, 30);
        let mut working = self.leg((Buy, qty), working);
        if working.order_type == Limit && self.random.chance(20) {
            working.time_in_force = schemas::instrument::TimeInForce::Ioc;
        }
        let mut legs = vec![working];
        let kind = match self.random.chance(50) {
            true => {
                let above = *self.random.pick(&[LimitMaker, TakeProfit]);
                let below = *self.random.pick(&[StopLoss, StopLossLimit]);
                legs.push(self.leg((Sell, 0), above));
                legs.push(self.leg((Sell, 0), below));
                Otoco
            }
            false => {
                let kinds = [Limit, LimitMaker, Market, StopLoss, TakeProfit];
                let pending = *self.random.pick(&kinds);
                legs.push(self.leg((Sell, 0), pending));
                Oto
            }
        };
        let mut list = self.stage.asked_list(kind, &legs);
        list.list_client = schemas::ids::ClientOrderId::EMPTY;
        let pegs = [schemas::peg::Peg::NONE; 3];
        Command::PlacePayingList(Box::new(schemas::peg::PlacePeggedListV1 { list, pegs }))
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..25 => {
                let list = self.list();
                self.tell(&list);
            }
            25..80 => {
                let last = self.stage.venue.engine.symbols()[0].last_trade;
                let last = last.map_or(100, |price| price.0).max(20);
                let side = *self.random.pick(&[Buy, Sell]);
                let price = (last + self.random.between(-8, 8)).clamp(20, 400);
                let at = (price, self.random.between(1, 25));
                let order = crate::venue::limit(self.stage.maker, self.stage.symbol, side, at);
                self.tell(&Command::PlaceOrder(order));
            }
            80..90 => {
                let open = self.stage.venue.engine.open_orders(self.stage.user);
                if !open.is_empty() {
                    let order = self.random.pick(&open).order.0;
                    let cancel = self.stage.cancelling(order);
                    self.tell(&Command::CancelOrder(cancel));
                }
            }
            90..94 => {
                // Now and then there is nothing else to take commission from.
                let free = self.keeper.free;
                if free > 0 {
                    let amount = Amount(free);
                    self.keeper.free -= free;
                    self.tell(&Command::Withdraw(WithdrawV1 {
                        amount,
                        account: self.stage.user,
                        asset: self.stage.base,
                        business: BusinessId::EMPTY,
                    }));
                }
            }
            94..96 => {
                let step = self.random.between(1, 4);
                let by_market = self.random.chance(50);
                let lots = LotSize {
                    min: Qty(0),
                    max: Qty(0),
                    step: Qty(step),
                };
                let filter = match by_market {
                    true => Filter::MarketLotSize(lots),
                    false => Filter::LotSize(lots),
                };
                match by_market {
                    true => self.keeper.market_step = i128::from(step),
                    false => self.keeper.step = i128::from(step),
                }
                let symbol = self.stage.symbol;
                self.tell(&Command::SetFilter(SetFilterV1 { filter, symbol }));
            }
            96..98 => {
                let rate = |random: &mut Random| random.between(0, 30_000_000);
                let (maker, taker) = (rate(&mut self.random), rate(&mut self.random));
                self.stage.venue.set_fees(self.stage.symbol, maker, taker);
            }
            _ => self.stage.restore(),
        }
    }
}

#[test]
fn a_bookkeeper_agrees_on_what_lists_have_bought() {
    let (seeds, steps) = if cfg!(debug_assertions) {
        (10, 700)
    } else {
        (150, 2_000)
    };
    let mut seen = (0, 0, 0);
    for seed in 0..seeds {
        let stage = poor();
        let keeper = Bookkeeper {
            user: stage.user.0,
            step: 1,
            market_step: 1,
            ..Bookkeeper::default()
        };
        let mut dice = Dice {
            random: Random::new(seed),
            stage,
            keeper,
        };
        for step in 0..steps {
            dice.step();
            let (free, held) = {
                let stage = &dice.stage;
                stage.venue.engine.balance(stage.user, stage.base)
            };
            let told = (dice.keeper.free, dice.keeper.held());
            assert_eq!((free.0, held.0), told, "seed {seed}, step {step}");
        }
        seen.0 += dice.keeper.sized;
        seen.1 += dice.keeper.covered;
        seen.2 += dice.keeper.taken;
    }
    println!("sized, commission from free, commission from what was bought: {seen:?}");
    assert!(seen.0 > 100 && seen.1 > 100 && seen.2 > 100, "{seen:?}");
}
