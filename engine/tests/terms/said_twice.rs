//! Orders with terms and lists said twice: a slow model of one symbol without fees, written
//! from the documented rules, against the engine's own words after every command.
//!
//! Orders lie in one vector and everything is looked for from its beginning. Two accounts
//! with more money than they can spend; no self-trade prevention, no filters.

use std::collections::VecDeque;

use schemas::command::Command;
use schemas::instrument::{ContingencyType, OrderType, Side, TimeInForce};
use schemas::order_command::{ListLegV1, PlaceOrderListV1, PlaceOrderWithTermsV1};
use schemas::peg::{Peg, PegPriceType, PlacePeggedListV1, PlacePeggedV1};
use schemas::units::{Price, Qty};

use super::Stage;
use crate::swarm::Random;
use crate::venue::limit;

use OrderType::{LimitMaker, Market, StopLoss, StopLossLimit, TakeProfit, TakeProfitLimit};
use Side::{Buy, Sell};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Where {
    Asleep,
    Pending,
    Book,
    Walking,
    Gone,
}

#[derive(Clone, Debug)]
struct Order {
    id: u64,
    mine: bool,
    side: Side,
    kind: OrderType,
    life: TimeInForce,
    price: i64,
    open: i64,
    /// What stands in the book, and what an iceberg shows at a time.
    shown: i64,
    part: i64,
    stop: i64,
    delta: i64,
    /// The best price that a trailing order has seen.
    best: Option<i64>,
    /// Place in the queue, or among those that sleep.
    turn: u64,
    list: Option<usize>,
    at: Where,
    /// Whether the other side gives the price, and how many levels behind its best.
    peg: Option<(bool, usize)>,
    /// The worst price that a pegged order may get; zero = any.
    limit: i64,
}

struct List {
    kind: ContingencyType,
    legs: Vec<u64>,
    done: bool,
    /// Whether its pending orders sell what the working one buys, and how much that is.
    pays: Option<i64>,
}

#[derive(Default)]
struct Model {
    orders: Vec<Order>,
    lists: Vec<List>,
    last: Option<i64>,
    turns: u64,
    fired: VecDeque<(u64, i64)>,
    prints: Vec<i64>,
    words: Vec<String>,
}

impl Model {
    fn say(&mut self, words: String) {
        self.words.push(words);
    }

    fn turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    fn get(&mut self, id: u64) -> &mut Order {
        &mut self.orders[id as usize - 1]
    }

    fn is_open(&self, id: u64) -> bool {
        self.orders
            .get(id as usize - 1)
            .is_some_and(|order| order.at != Where::Gone)
    }

    fn enter(&mut self, command: &PlaceOrderWithTermsV1, mine: bool) -> u64 {
        let (order, terms) = (&command.order, &command.terms);
        let id = self.orders.len() as u64 + 1;
        self.orders.push(Order {
            id,
            mine,
            side: order.side,
            kind: order.order_type,
            life: order.time_in_force,
            price: order.price.0,
            open: order.qty.0,
            shown: 0,
            part: terms.iceberg_qty.0,
            stop: terms.stop_price.0,
            delta: i64::from(terms.trailing_delta),
            best: None,
            turn: 0,
            list: None,
            at: Where::Walking,
            peg: None,
            limit: order.price.0,
        });
        id
    }

    /// The price that the book gives a pegged order now.
    fn pegged(&self, order: &Order) -> Option<i64> {
        let (other, levels) = order.peg?;
        let side = if other {
            order.side.opposite()
        } else {
            order.side
        };
        let there = self.orders.iter();
        let there = there.filter(|o| o.at == Where::Book && o.side == side);
        let mut prices: Vec<i64> = there.map(|o| o.price).collect();
        prices.sort_unstable();
        prices.dedup();
        if side == Buy {
            prices.reverse();
        }
        let price = *prices.get(levels)?;
        Some(match (order.limit, order.side) {
            (0, _) => price,
            (limit, Buy) => price.min(limit),
            (limit, Sell) => price.max(limit),
        })
    }

    /// Why an order with a peg is refused; else it has its price, if it has one already.
    fn peg(&mut self, id: u64, peg: Peg, acts: bool) -> Result<(), &'static str> {
        let other = peg.price_type == PegPriceType::Market;
        self.get(id).peg = Some((other, usize::from(peg.offset)));
        let order = self.get(id).clone();
        let fits = match order.kind {
            OrderType::Limit => other || order.life == TimeInForce::Gtc,
            LimitMaker => !other,
            _ => true,
        };
        if !fits {
            return Err("PegPriceType");
        }
        let known = order.limit != 0 || order.stop != 0 || self.last.is_some();
        if acts || !known {
            let price = self.pegged(&order).ok_or("PegLiquidity")?;
            self.get(id).price = price;
        }
        Ok(())
    }

    fn place_pegged(&mut self, command: &PlacePeggedV1) {
        let id = self.enter(&command.new, true);
        let sleeps = self.get(id).kind.is_contingent();
        let pegged = self.peg(id, command.peg, !sleeps);
        let order = self.get(id).clone();
        if let Err(reason) = pegged.and_then(|()| self.may_enter(&order)) {
            self.orders.pop();
            return self.say(format!("refused {reason}"));
        }
        if sleeps {
            self.say(format!("Waiting {id}"));
            self.say(format!("pegged {id} at 0"));
            self.sleep(id);
        } else {
            self.say(format!("Working {id}"));
            self.say(format!("pegged {id} at {}", order.price));
            self.act(id);
        }
        self.fire();
    }

    /// Whether that price has reached the stop price.
    fn reached(order: &Order, price: i64) -> bool {
        let stop_loss = matches!(order.kind, StopLoss | StopLossLimit);
        match (stop_loss, order.side) {
            (true, Buy) | (false, Sell) => price >= order.stop,
            (true, Sell) | (false, Buy) => price <= order.stop,
        }
    }

    fn may_enter(&self, order: &Order) -> Result<(), &'static str> {
        if order.kind.is_contingent() && order.stop != 0 {
            let reached = self.last.is_some_and(|last| Self::reached(order, last));
            return if reached { Err("WouldTrigger") } else { Ok(()) };
        }
        let crosses = self
            .best(order)
            .is_some_and(|price| Self::meets(order, price));
        if order.kind == LimitMaker && crosses {
            return Err("WouldMatch");
        }
        Ok(())
    }

    fn meets(order: &Order, price: i64) -> bool {
        match (order.kind.working(), order.side) {
            (Market, _) => true,
            (_, Buy) => price <= order.price,
            (_, Sell) => price >= order.price,
        }
    }

    /// The first order that this one would meet.
    fn maker(&self, order: &Order) -> Option<u64> {
        let others = self.orders.iter();
        let others = others.filter(|o| o.at == Where::Book && o.side != order.side);
        let sign = if order.side == Buy { 1 } else { -1 };
        others
            .min_by_key(|o| (o.price * sign, o.turn))
            .map(|o| o.id)
    }

    fn best(&self, order: &Order) -> Option<i64> {
        self.maker(order)
            .map(|id| self.orders[id as usize - 1].price)
    }

    fn place(&mut self, command: &PlaceOrderWithTermsV1, (mine, plain): (bool, bool)) {
        let id = self.enter(command, mine);
        let order = self.get(id).clone();
        if let Err(reason) = self.may_enter(&order) {
            self.orders.pop();
            return self.say(format!("refused {reason}"));
        }
        if order.kind.is_contingent() {
            self.say(format!("Waiting {id}"));
            self.sleep(id);
        } else {
            if !plain {
                self.say(format!("Working {id}"));
            }
            self.act(id);
        }
        self.fire();
    }

    fn sleep(&mut self, id: u64) {
        let (turn, last) = (self.turn(), self.last);
        let order = self.get(id);
        (order.at, order.turn) = (Where::Asleep, turn);
        if order.delta != 0 && order.stop == 0 {
            order.best = last;
            self.say(format!("tracks {id} from {}", last.unwrap_or(0)));
        }
    }

    fn act(&mut self, id: u64) {
        self.get(id).at = Where::Walking;
        let order = self.get(id).clone();
        let mut there = 0;
        for other in &self.orders {
            if other.at == Where::Book
                && other.side != order.side
                && Self::meets(&order, other.price)
            {
                there += other.open;
            }
        }
        let prints = std::mem::take(&mut self.prints);
        if order.life != TimeInForce::Fok || there >= order.open {
            self.walk(id);
        }
        let order = self.get(id).clone();
        if order.open == 0 {
            self.get(id).at = Where::Gone;
            self.say(format!("Filled {id} open 0"));
            self.filled(id);
        } else if order.kind.working() == Market || order.life != TimeInForce::Gtc {
            self.get(id).at = Where::Gone;
            self.say(format!("Expired {id} open {}", order.open));
            self.ended(id, false);
        } else {
            self.rest(id);
        }
        let mut seen = None;
        for price in std::mem::replace(&mut self.prints, prints) {
            if seen != Some(price) {
                self.watch(price);
            }
            seen = Some(price);
        }
    }

    fn rest(&mut self, id: u64) {
        let turn = self.turn();
        let order = self.get(id);
        order.shown = if order.part == 0 {
            order.open
        } else {
            order.part.min(order.open)
        };
        (order.at, order.turn) = (Where::Book, turn);
        let words = format!("rests {id} {}@{}", order.shown, order.price);
        self.say(words);
    }

    fn walk(&mut self, id: u64) {
        while self.get(id).open > 0 {
            let order = self.get(id).clone();
            let Some(maker) = self.maker(&order) else {
                return;
            };
            let price = self.get(maker).price;
            if !Self::meets(&order, price) {
                return;
            }
            let qty = order.open.min(self.get(maker).shown);
            self.get(id).open -= qty;
            let other = self.get(maker);
            other.open -= qty;
            other.shown -= qty;
            let (left, shown) = (other.open, other.shown);
            self.say(format!("{id} takes {qty}@{price} of {maker}"));
            self.last = Some(price);
            self.prints.push(price);
            if left == 0 {
                self.get(maker).at = Where::Gone;
                self.filled(maker);
                continue;
            }
            if shown == 0 {
                let turn = self.turn();
                let other = self.get(maker);
                other.shown = other.part.min(other.open);
                other.turn = turn;
                let words = format!("shows {} of {maker}", other.shown);
                self.say(words);
            }
            self.touched(maker);
        }
    }

    /// A trade: who is set off, nearest first, and who starts to track.
    fn watch(&mut self, price: i64) {
        for falls in [true, false] {
            let mut due = Vec::new();
            for order in &mut self.orders {
                if order.at != Where::Asleep || self.fired.iter().any(|(id, _)| *id == order.id) {
                    continue;
                }
                let (trigger, is_due) = match (order.delta, order.best) {
                    (0, _) => (order.stop, Self::reached(order, price)),
                    (_, None) => continue,
                    (delta, Some(best)) if order.side == Sell => {
                        let best = best.max(price);
                        order.best = Some(best);
                        let trigger = (best * (10_000 - delta)).div_euclid(10_000);
                        (trigger, price * 10_000 <= best * (10_000 - delta))
                    }
                    (delta, Some(best)) => {
                        let best = best.min(price);
                        order.best = Some(best);
                        let trigger = -(-best * (10_000 + delta)).div_euclid(10_000);
                        (trigger, price * 10_000 >= best * (10_000 + delta))
                    }
                };
                let stop_loss = matches!(order.kind, StopLoss | StopLossLimit);
                let down = match order.delta {
                    0 => stop_loss == (order.side == Sell),
                    _ => order.side == Sell,
                };
                if is_due && down == falls {
                    due.push((if falls { -trigger } else { trigger }, order.turn, order.id));
                }
            }
            due.sort_unstable();
            self.fired
                .extend(due.into_iter().map(|(_, _, id)| (id, price)));
        }
        let mut starts = Vec::new();
        for order in &self.orders {
            if order.at == Where::Asleep && order.delta != 0 && order.best.is_none() {
                let stop_loss = matches!(order.kind, StopLoss | StopLossLimit);
                let down = stop_loss == (order.side == Sell);
                let key = if down { -order.stop } else { order.stop };
                if order.stop == 0 {
                    starts.push((0, 0, order.turn, order.id));
                } else if Self::reached(order, price) {
                    starts.push((if down { 1 } else { 2 }, key, order.turn, order.id));
                }
            }
        }
        starts.sort_unstable();
        for (told, _, _, id) in starts {
            let turn = self.turn();
            let order = self.get(id);
            (order.best, order.turn) = (Some(price), turn);
            if told != 0 {
                self.say(format!("tracks {id} from {price}"));
            }
        }
    }

    fn fire(&mut self) {
        while let Some((id, price)) = self.fired.pop_front() {
            match self.get(id).at {
                Where::Pending => self.activate(id),
                Where::Asleep => {
                    self.say(format!("triggered {id} at {price}"));
                    self.touched(id);
                    self.set_off(id);
                }
                _ => {}
            }
        }
    }

    fn set_off(&mut self, id: u64) {
        let order = self.get(id).clone();
        if order.peg.is_some() {
            let Some(price) = self.pegged(&order) else {
                self.say("InsufficientLiquidity".to_owned());
                self.end(id, "Expired");
                return self.ended(id, false);
            };
            self.get(id).price = price;
            self.say(format!("pegged {id} at {price}"));
        }
        self.act(id);
    }

    fn end(&mut self, id: u64, words: &str) {
        self.get(id).at = Where::Gone;
        let open = self.get(id).open;
        self.say(format!("{words} {id} open {open}"));
    }

    /// The other order of a pair.
    fn sibling(&mut self, id: u64) -> Option<u64> {
        let list = &self.lists[self.orders[id as usize - 1].list?];
        let pair = match list.kind {
            ContingencyType::Oco => &list.legs[0..2],
            ContingencyType::Otoco => &list.legs[1..3],
            ContingencyType::Oto => return None,
        };
        pair.contains(&id).then(|| pair[usize::from(pair[0] == id)])
    }

    fn touched(&mut self, id: u64) {
        if let Some(other) = self.sibling(id)
            && self.is_open(other)
        {
            self.say("OcoTrigger".to_owned());
            self.end(other, "Expired");
        }
    }

    fn filled(&mut self, id: u64) {
        self.touched(id);
        let Some(list) = self.get(id).list else {
            return;
        };
        let works = self.lists[list].kind != ContingencyType::Oco && self.lists[list].legs[0] == id;
        let pending = self.lists[list].legs.clone();
        if works && let Some(first) = pending[1..].iter().find(|id| self.is_open(**id)) {
            self.fired.push_back((*first, 0));
        }
        self.close(list);
    }

    fn ended(&mut self, id: u64, cancelled: bool) {
        let Some(list) = self.get(id).list else {
            return;
        };
        let List { kind, legs, .. } = &self.lists[list];
        let works = *kind != ContingencyType::Oco && legs[0] == id;
        for other in legs.clone() {
            if !self.is_open(other) {
                continue;
            }
            if !cancelled {
                let why = if works {
                    "OtoPhaseOneExpired"
                } else {
                    "OcoTrigger"
                };
                self.say(why.to_owned());
            }
            self.end(other, if cancelled { "Canceled" } else { "Expired" });
        }
        self.close(list);
    }

    fn close(&mut self, list: usize) {
        let open = self.lists[list].legs.iter().any(|id| self.is_open(*id));
        if !open && !self.lists[list].done {
            self.lists[list].done = true;
            self.say(format!("list {} done", list + 1));
        }
    }

    fn activate(&mut self, id: u64) {
        let list = self.get(id).list.expect("pending orders have lists");
        let mut legs = self.lists[list].legs[1..].to_vec();
        // There is no commission: what was bought is what the working order was for.
        if let Some(bought) = self.lists[list].pays {
            for id in legs.clone() {
                if self.is_open(id) {
                    self.get(id).open = bought;
                    self.say(format!("sized {id} to {bought}"));
                }
            }
        }
        legs.sort_by_key(|id| self.orders[*id as usize - 1].kind != LimitMaker);
        for id in legs {
            if !self.is_open(id) {
                return;
            }
            let mut order = self.get(id).clone();
            let sleeps = order.kind.is_contingent();
            let price = match order.peg.is_some() && !sleeps {
                true => self.pegged(&order),
                false => Some(order.price),
            };
            order.price = price.unwrap_or_default();
            self.get(id).price = order.price;
            if price.is_none() || self.may_enter(&order).is_err() {
                self.say("Rejected".to_owned());
                self.end(id, "Expired");
                return self.ended(id, false);
            }
            let stage = if sleeps { "Waiting" } else { "Working" };
            self.say(format!("activated {id} {stage}"));
            if order.peg.is_some() && !sleeps {
                self.say(format!("pegged {id} at {}", order.price));
            }
            if sleeps {
                self.sleep(id);
            } else {
                self.act(id);
            }
        }
    }

    fn place_list(&mut self, command: &PlaceOrderListV1, (pegs, pays): ([Peg; 3], bool)) {
        let number = self.lists.len();
        self.say(format!("list {}", number + 1));
        let pair = command.contingency == ContingencyType::Oco;
        let mut legs = Vec::new();
        for (index, peg) in pegs
            .into_iter()
            .enumerate()
            .take(command.contingency.legs())
        {
            let leg = command.leg(index);
            let id = self.enter(&leg, true);
            let pending = !pair && index > 0;
            let asleep = pair && leg.order.order_type.is_contingent();
            let order = self.get(id);
            order.list = Some(number);
            order.at = if pending {
                Where::Pending
            } else {
                Where::Walking
            };
            let stage = match (pending, asleep) {
                (true, _) => "Pending",
                (_, true) => "Waiting",
                _ => "Working",
            };
            self.say(format!("{stage} {id}"));
            if peg != Peg::NONE {
                let acts = stage == "Working";
                self.peg(id, peg, acts).expect("the engine took it");
                let price = if acts { self.get(id).price } else { 0 };
                self.say(format!("pegged {id} at {price}"));
            }
            legs.push(id);
        }
        self.lists.push(List {
            kind: command.contingency,
            legs: legs.clone(),
            done: false,
            pays: pays.then_some(command.legs[0].qty.0),
        });
        let acts = |model: &Model, id: u64| {
            let order = &model.orders[id as usize - 1];
            order.at == Where::Walking && !order.kind.is_contingent()
        };
        if let Some(id) = legs.iter().copied().find(|id| acts(self, *id)) {
            self.act(id);
        }
        if pair {
            for id in legs {
                if self.get(id).kind.is_contingent() {
                    self.sleep(id);
                }
            }
        }
        self.fire();
    }

    fn cancel(&mut self, id: u64) {
        if id == 0 || !self.is_open(id) || !self.get(id).mine {
            return self.say("not cancelled UnknownOrder".to_owned());
        }
        self.end(id, "Canceled");
        self.ended(id, true);
    }
}

/// Makes the pending orders of a list, if they sell, sell what the working one buys.
pub fn pay(list: &mut PlaceOrderListV1) -> bool {
    let (working, pending) = list.legs.split_at_mut(1);
    let pending = &mut pending[..list.contingency.legs() - 1];
    let sells = pending.iter().all(|leg| leg.side == Sell);
    if list.contingency == ContingencyType::Oco || !sells {
        return false;
    }
    working[0].side = Buy;
    for leg in pending {
        leg.qty = Qty(0);
    }
    true
}

struct Dice {
    random: Random,
    stage: Stage,
    model: Model,
}

impl Dice {
    fn last(&self) -> i64 {
        self.model.last.unwrap_or(1_000)
    }

    fn order(&mut self, kinds: &[OrderType]) -> PlaceOrderWithTermsV1 {
        let random = &mut self.random;
        let kind = *random.pick(kinds);
        let side = *random.pick(&[Buy, Sell]);
        let qty = random.between(1, 12);
        let price = random.between(970, 1_030);
        let mut command = self.stage.asked((side, qty), kind, "");
        if kind.working() != Market {
            command.order.price = Price(price);
            if kind != LimitMaker && random.chance(20) {
                command.order.time_in_force = *random.pick(TimeInForce::ALL);
            }
            let gtc = command.order.time_in_force == TimeInForce::Gtc;
            if gtc && qty > 1 && random.chance(40) {
                command.terms.iceberg_qty = Qty(random.between(1, qty - 1));
            }
        }
        if kind.is_contingent() {
            let stop = self.model.last.unwrap_or(1_000) + random.between(-12, 12);
            if random.chance(70) {
                command.terms.stop_price = Price(stop);
            }
            if command.terms.stop_price == Price(0) || random.chance(40) {
                command.terms.trailing_delta = random.between(5, 150) as u32;
            }
        }
        command
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

    fn list(&mut self) -> PlaceOrderListV1 {
        let contingency = *self.random.pick(ContingencyType::ALL);
        let side = *self.random.pick(&[Buy, Sell]);
        let working = self.leg(&[OrderType::Limit, LimitMaker]);
        let mut wins = self.leg(&[LimitMaker, TakeProfit, TakeProfitLimit]);
        let mut loses = self.leg(&[StopLoss, StopLossLimit]);
        let (last, away) = (self.last(), self.random.between(1, 9));
        for (leg, sign) in [(&mut wins, 1), (&mut loses, -1)] {
            let sign = if side == Sell { sign } else { -sign };
            (leg.side, leg.qty, leg.terms.iceberg_qty) = (side, Qty(6), Qty(0));
            if leg.order_type == LimitMaker {
                leg.price = Price(last + sign * away);
            } else if leg.terms.stop_price != Price(0) {
                leg.terms.stop_price = Price(last + sign * away);
            }
        }
        let pair = if side == Sell {
            [wins, loses]
        } else {
            [loses, wins]
        };
        let single = self.leg(OrderType::ALL);
        PlaceOrderListV1 {
            legs: match contingency {
                ContingencyType::Oco => [pair[0], pair[1], ListLegV1::NONE],
                ContingencyType::Oto => [working, single, ListLegV1::NONE],
                ContingencyType::Otoco => [working, pair[0], pair[1]],
            },
            valid_until: schemas::units::TimeNs(0),
            account: self.stage.user,
            symbol: self.stage.symbol,
            request: Default::default(),
            list_client: schemas::ids::ClientOrderId::EMPTY,
            contingency,
            self_trade: schemas::instrument::SelfTradePrevention::None,
        }
    }

    fn some_peg(&mut self) -> Peg {
        let price_type = *self
            .random
            .pick(&[PegPriceType::Primary, PegPriceType::Market]);
        let deepest = if self.random.chance(20) { 60 } else { 4 };
        let offset = self.random.below(deepest) as u8;
        Peg { price_type, offset }
    }

    /// Pegs for the orders of a list that may have some; their own prices mostly go.
    fn peg_list(&mut self, list: &mut PlaceOrderListV1) -> [Peg; 3] {
        let mut pegs = [Peg::NONE; 3];
        for (leg, peg) in list.legs.iter_mut().zip(&mut pegs) {
            let is_leg = leg.qty != Qty(0) && leg.order_type.working() != Market;
            if is_leg && self.random.chance(40) {
                *peg = self.some_peg();
                if self.random.chance(70) {
                    leg.price = Price(0);
                }
            }
        }
        pegs
    }

    /// One command to both; the engine's words and the model's.
    fn step(&mut self) -> (String, String) {
        self.model.words.clear();
        let dice = self.random.below(100);
        let found = match dice {
            0..45 => {
                let side = *self.random.pick(&[Buy, Sell]);
                let at = (self.random.between(975, 1_025), self.random.between(1, 15));
                let order = limit(self.stage.maker, self.stage.symbol, side, at);
                let found = self.stage.run(&Command::PlaceOrder(order));
                let terms = Default::default();
                let command = PlaceOrderWithTermsV1 { order, terms };
                self.model.place(&command, (false, true));
                found
            }
            45..53 => {
                let kinds = [OrderType::Limit, LimitMaker, StopLossLimit, TakeProfitLimit];
                let mut new = self.order(&kinds);
                if self.random.chance(70) {
                    new.order.price = Price(0);
                }
                let peg = self.some_peg();
                let command = PlacePeggedV1 { new, peg };
                let found = self.stage.run(&Command::PlacePegged(command));
                self.model.place_pegged(&command);
                found
            }
            53..72 => {
                let command = self.order(OrderType::ALL);
                let found = self.stage.run(&Command::PlaceOrderWithTerms(command));
                self.model.place(&command, (true, false));
                found
            }
            72..86 => {
                let mut list = self.list();
                let mut pegs = [Peg::NONE; 3];
                if self.random.chance(40) {
                    pegs = self.peg_list(&mut list);
                }
                let pays = self.random.chance(50) && pay(&mut list);
                let command = match (pays, pegs == [Peg::NONE; 3]) {
                    (true, _) => {
                        Command::PlacePayingList(Box::new(PlacePeggedListV1 { list, pegs }))
                    }
                    (false, true) => Command::PlaceOrderList(Box::new(list)),
                    _ => Command::PlacePeggedList(Box::new(PlacePeggedListV1 { list, pegs })),
                };
                let found = self.stage.run(&command);
                if found.starts_with("list refused") {
                    return (found.clone(), found);
                }
                self.model.place_list(&list, (pegs, pays));
                found
            }
            86..99 => {
                let id = self.random.below(self.model.orders.len() as u64 + 1);
                let found = self.stage.cancel(id);
                self.model.cancel(id);
                found
            }
            _ => {
                self.stage.restore();
                String::new()
            }
        };
        (found, self.model.words.join("; "))
    }
}

#[test]
fn the_model_agrees_on_orders_with_terms_and_lists() {
    let (seeds, steps) = if cfg!(debug_assertions) {
        (6, 1_200)
    } else {
        (200, 3_000)
    };
    let mut told = std::collections::BTreeMap::new();
    for seed in 0..seeds {
        let mut dice = Dice {
            random: Random::new(seed),
            stage: Stage::new(),
            model: Model::default(),
        };
        for step in 0..steps {
            let (found, expected) = dice.step();
            assert_eq!(found, expected, "seed {seed}, step {step}");
            for word in found.split([' ', ';']) {
                if word.chars().all(char::is_alphabetic) {
                    *told.entry(word.to_owned()).or_insert(0u32) += 1;
                }
            }
        }
    }
    println!("{told:?}");
    for word in [
        "triggered",
        "shows",
        "tracks",
        "activated",
        "OcoTrigger",
        "done",
        "Rejected",
        "sized",
        "pegged",
        "PegLiquidity",
        "InsufficientLiquidity",
    ] {
        assert!(
            told.get(word).is_some_and(|count| *count > 20),
            "{word} is rare"
        );
    }
}
