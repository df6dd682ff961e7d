//! A list enters whole or not at all.

use schemas::command::PlaceOrderV1;
use schemas::event::Event;
use schemas::ids::{OrderId, OrderListId};
use schemas::instrument::{ContingencyType, OrderStage, OrderType, Side};
use schemas::order_command::{ListLegV1, PlaceOrderListV1, PlaceOrderWithTermsV1};
use schemas::order_event::{OrderListAccepted, OrderListRejected};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price};

use crate::apply::Engine;
use crate::lists::paying::check_paying;
use crate::lists::{OrderList, Sizes};
use crate::pegs::list::LegPegs;
use crate::risk::admit::Admitted;
use crate::terms::admit::{Ready, acting};
use crate::trace::Trace;

/// What the first order that works needs, if one does at once.
type Working = Option<Admitted>;

impl<T: Trace> Engine<T> {
    #[inline(never)]
    pub(crate) fn place_list(&mut self, list: &PlaceOrderListV1) {
        self.enter_list(list, (&[None; 3], Sizes::Written));
    }

    /// A list whose orders have prices, some of them by a peg.
    pub(crate) fn enter_list(&mut self, list: &PlaceOrderListV1, (pegs, sizes): (&LegPegs, Sizes)) {
        match self.admit_list(list, sizes) {
            Ok(working) => self.accept_list(list, working, (pegs, sizes)),
            Err(reason) => self.reject_list(list, reason),
        }
    }

    /// Refuses a list; a fault found in admission halts the symbol in the same frame.
    #[cold]
    pub(crate) fn reject_list(&mut self, list: &PlaceOrderListV1, reason: RejectReason) {
        self.out.push(Event::OrderListRejected(OrderListRejected {
            account: list.account,
            symbol: list.symbol,
            list_client: list.list_client,
            reason,
        }));
        self.blow_fuse(list.symbol, reason);
    }

    fn admit_list(
        &mut self,
        list: &PlaceOrderListV1,
        sizes: Sizes,
    ) -> Result<Working, RejectReason> {
        self.check_window(list.valid_until)?;
        self.check_open(list.symbol, list.account)?;
        check_legs(list)?;
        if sizes == Sizes::Bought {
            check_paying(list)?;
        }
        self.check_room(list)?;
        for index in 0..list.contingency.legs() {
            let mut counted = self.state.terms.counts_of(list.account, list.symbol);
            for before in &list.legs[..index] {
                counted.algo += u32::from(before.order_type.is_contingent());
                counted.iceberg += u32::from(before.terms.iceberg_qty().is_some());
            }
            self.admit_leg((list, index), sizes, counted)?;
        }
        self.check_names(list)?;
        self.check_request(list.account, &list.request)?;
        self.check_prices(list)?;
        if list.contingency == ContingencyType::Oco {
            return self.admit_pair(list);
        }
        let command = list.leg(0);
        let order = acting(&command.order);
        let market = self.state.symbols[list.symbol.0 as usize].market;
        let notional = self.priced(&market, order.price, order.qty)?;
        self.admit_funds(&order, notional).map(Some)
    }

    /// Each leg counts as an order; the list counts as one list.
    fn check_room(&self, list: &PlaceOrderListV1) -> Result<(), RejectReason> {
        let legs = list.contingency.legs() as u32;
        let account = &self.state.accounts[list.account.0 as usize];
        let mut counts = account.counts;
        for _ in 1..legs {
            counts.add(&self.windows);
        }
        let after = crate::state::Account { counts, ..*account };
        if !after.may_order(&self.state.limits, &self.windows) {
            return Err(RejectReason::TooManyOrders);
        }
        let most = self.state.symbols[list.symbol.0 as usize].max_num_orders;
        let seats = &self.state.seats;
        let seat = seats.find(&self.state.tags, list.account, list.symbol);
        let open = seat.map_or(0, |place| seats.get(place).count);
        if most != 0 && open + legs > most {
            return Err(RejectReason::MaxNumOrders);
        }
        let most = self.state.terms.rules[list.symbol.0 as usize].max_num_order_lists;
        let open = self.state.terms.counts_of(list.account, list.symbol).lists;
        if most != 0 && open >= most {
            return Err(RejectReason::MaxNumOrderLists);
        }
        Ok(())
    }

    /// No name is open already, and none is given twice.
    fn check_names(&self, list: &PlaceOrderListV1) -> Result<(), RejectReason> {
        let legs = &list.legs[..list.contingency.legs()];
        for (index, leg) in legs.iter().enumerate() {
            let name = &leg.client_order;
            if name.is_empty() {
                continue;
            }
            let tag = self.client_tag(list.account, list.symbol, name);
            let known = self.find_client(tag, list.account, list.symbol, name);
            let twice = legs[..index]
                .iter()
                .any(|other| other.client_order == *name);
            if known.is_some() || twice {
                return Err(RejectReason::DuplicateOrder);
            }
        }
        let named = (list.account, list.list_client);
        let known = self.state.terms.list_clients.contains_key(&named);
        if !list.list_client.is_empty() && known {
            return Err(RejectReason::DuplicateList);
        }
        Ok(())
    }

    /// The pair encloses the last price: strictly if it is placed now.
    fn check_prices(&self, list: &PlaceOrderListV1) -> Result<(), RejectReason> {
        let first = match list.contingency {
            ContingencyType::Oco => 0,
            ContingencyType::Otoco => 1,
            ContingencyType::Oto => return Ok(()),
        };
        let (above, below) = (&list.legs[first], &list.legs[first + 1]);
        let (high, low) = (price_of(above), price_of(below));
        let mut fits = match (high, low) {
            (Some(high), Some(low)) => high > low,
            _ => true,
        };
        let last = self.state.symbols[list.symbol.0 as usize].last_trade;
        if let Some(last) = last
            && list.contingency == ContingencyType::Oco
        {
            fits &= high.is_none_or(|high| high > last) && low.is_none_or(|low| low < last);
        }
        if fits {
            Ok(())
        } else {
            Err(RejectReason::ListPrices)
        }
    }

    /// Both orders of a pair share one hold: that of the one that needs more.
    fn admit_pair(&mut self, list: &PlaceOrderListV1) -> Result<Working, RejectReason> {
        let mut most = Amount::ZERO;
        let mut working = None;
        for index in 0..2 {
            let PlaceOrderWithTermsV1 { order, terms } = list.leg(index);
            let (asset, needed) = self.hold_asleep(&order, &terms)?;
            most = most.max(needed);
            if self.state.ledger.balance(list.account, asset).free < most {
                return Err(RejectReason::InsufficientBalance);
            }
            if order.order_type == OrderType::LimitMaker {
                if self.would_match(&order) {
                    return Err(RejectReason::WouldMatch);
                }
                working = Some(self.admitted_maker(&order, (asset, needed)));
            }
        }
        Ok(working)
    }

    fn admitted_maker(
        &self,
        order: &PlaceOrderV1,
        hold: (schemas::ids::AssetId, Amount),
    ) -> Admitted {
        Admitted {
            client_tag: self.client_tag(order.account, order.symbol, &order.client_order),
            reserve: Amount::ZERO,
            hold,
            killed: false,
        }
    }

    /// The point of no return: the list, its orders, then the first steps.
    fn accept_list(
        &mut self,
        list: &PlaceOrderListV1,
        working: Working,
        (pegs, sizes): (&LegPegs, Sizes),
    ) {
        self.state.terms.lists_made += 1;
        let id = OrderListId(self.state.terms.lists_made);
        let legs = list.contingency.legs();
        let first = self.state.symbols[list.symbol.0 as usize].next_order;
        let mut orders = [OrderId(0); 3];
        for (order, number) in orders.iter_mut().zip(first..).take(legs) {
            *order = OrderId(number);
        }
        self.remember_request(list.account, &list.request);
        self.out.push(Event::OrderListAccepted(OrderListAccepted {
            symbol: list.symbol,
            list: id,
            account: list.account,
            list_client: list.list_client,
            contingency: list.contingency,
            orders,
        }));
        let known = OrderList {
            symbol: list.symbol,
            account: list.account,
            client: list.list_client,
            contingency: list.contingency,
            orders,
            open: (1 << legs) - 1,
        };
        let terms = &mut self.state.terms;
        terms.lists.insert(id, known);
        if !list.list_client.is_empty() {
            terms
                .list_clients
                .insert((list.account, list.list_client), id);
        }
        terms.count((list.account, list.symbol), |counts| counts.lists += 1);
        if sizes == Sizes::Bought {
            self.state.purses.insert(id, Amount::ZERO);
        }
        let mut handles = [0; 3];
        for (index, handle) in handles.iter_mut().enumerate().take(legs) {
            let command = list.leg(index);
            let order = &command.order;
            let tag = self.client_tag(order.account, order.symbol, &order.client_order);
            let stage = stage_of(list, index);
            *handle = self.enter_aside(&command, tag, (Some(id), stage));
            let entered = self.state.books.orders.get(*handle).id;
            assert_eq!(entered, orders[index], "a list was told its numbers");
            if let Some(waiting) = pegs[index] {
                self.enter_peg(*handle, waiting, stage);
            }
        }
        self.begin_list(list, (id, &handles), working);
    }

    fn begin_list(
        &mut self,
        list: &PlaceOrderListV1,
        (id, handles): (OrderListId, &[u32; 3]),
        working: Working,
    ) {
        // What works at once comes first: in a pair it holds for both what it needs itself.
        if let Some(admitted) = working {
            let acts = (0..3).find(|index| stage_of(list, *index) == OrderStage::Working);
            let index = acts.expect("one was admitted to work");
            let ready = Ready::Act(admitted);
            self.start_special(handles[index], &list.leg(index), &ready);
        }
        if list.contingency != ContingencyType::Oco {
            return;
        }
        for (index, handle) in handles.iter().enumerate().take(2) {
            if stage_of(list, index) != OrderStage::Waiting {
                continue;
            }
            let PlaceOrderWithTermsV1 { order, terms } = list.leg(index);
            let known = self.state.terms.lists[&id];
            let hold = self.hold_asleep(&order, &terms);
            let (asset, needed) = hold.expect("admission priced it");
            let shared = self.held_by_sibling(&known, index);
            let needed = Amount((needed.0 - shared.0).max(0));
            self.sleep(*handle, (&order, &terms), (asset, needed));
        }
    }
}

/// Where an order of a list stands right after its acceptance.
pub(crate) fn stage_of(list: &PlaceOrderListV1, index: usize) -> OrderStage {
    match list.contingency {
        ContingencyType::Oco if list.legs[index].order_type.is_contingent() => OrderStage::Waiting,
        ContingencyType::Oco => OrderStage::Working,
        _ if index == 0 => OrderStage::Working,
        _ => OrderStage::Pending,
    }
}

/// The price that a pair's rules compare: where it would rest, or be set off.
fn price_of(leg: &ListLegV1) -> Option<Price> {
    match leg.order_type {
        OrderType::LimitMaker => Some(leg.price),
        _ => leg.terms.stop_price(),
    }
}

/// The legs are those that such a list has.
fn check_legs(list: &PlaceOrderListV1) -> Result<(), RejectReason> {
    let legs = &list.legs;
    let surplus = &legs[list.contingency.legs()..];
    let works = matches!(legs[0].order_type, OrderType::Limit | OrderType::LimitMaker);
    let fits = match list.contingency {
        ContingencyType::Oco => is_pair(&legs[0], &legs[1]),
        ContingencyType::Oto => works,
        ContingencyType::Otoco => works && is_pair(&legs[1], &legs[2]),
    };
    if fits && surplus.iter().all(|leg| *leg == ListLegV1::NONE) {
        Ok(())
    } else {
        Err(RejectReason::InvalidOrder)
    }
}

/// One stop loss on the losing side, the other one on the winning side.
fn is_pair(above: &ListLegV1, below: &ListLegV1) -> bool {
    let loses = |leg: &ListLegV1| {
        matches!(
            leg.order_type,
            OrderType::StopLoss | OrderType::StopLossLimit
        )
    };
    let wins = |leg: &ListLegV1| {
        matches!(
            leg.order_type,
            OrderType::LimitMaker | OrderType::TakeProfit | OrderType::TakeProfitLimit
        )
    };
    let kinds = match above.side {
        Side::Sell => wins(above) && loses(below),
        Side::Buy => loses(above) && wins(below),
    };
    kinds && above.side == below.side && above.qty == below.qty
}
