//! Order lists of the whole venue: every open one, and the newest of those that are over.
//!
//! Their orders live with their symbols; here stands only which belong together. Nothing
//! of it is in the way of a plain order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use schemas::event::Event;
use schemas::ids::{AccountId, ClientOrderId, OrderId, OrderListId};
use schemas::page::{ListPage, ListRef};
use schemas::report::{ListTold, OrderListReport};
use schemas::units::TimeNs;
use schemas::wire::Wire;

use crate::Views;
use crate::orders::Orders;

/// So many lists that are over are remembered.
const DONE_KEPT: usize = if cfg!(test) { 100 } else { 100_000 };

/// All lists that are remembered.
#[derive(Default)]
pub(crate) struct Lists {
    by_id: BTreeMap<OrderListId, OrderListReport>,
    by_account: BTreeSet<(AccountId, OrderListId)>,
    /// In order of their end.
    done: VecDeque<OrderListId>,
    /// What the orders of open lists are called, in the order of the list.
    names: BTreeMap<OrderListId, [ClientOrderId; 3]>,
}

impl Views {
    /// The list that an event begins or ends, as its owner is told.
    pub(crate) fn list_told(&self, event: &Event) -> Option<Arc<ListTold>> {
        match event {
            Event::OrderListAccepted(list) => self.lists.lock().told(list.list),
            Event::OrderListDone(list) => self.lists.lock().told(list.list),
            _ => None,
        }
    }

    /// Notes what an order of a list is called; it keeps that name as long as it lives.
    #[inline]
    pub(crate) fn note_name(&self, event: &Event, orders: &Orders) {
        let Event::OrderTermsAccepted(terms) = event else {
            return;
        };
        if let (Some(list), Some(slot)) = (terms.list, orders.get(terms.order)) {
            let name = slot.client_order;
            self.lists.lock().name(list, (terms.order, name));
        }
    }
}

impl Lists {
    /// Takes an event that concerns lists; false for every other.
    pub(crate) fn apply(&mut self, time: TimeNs, event: &Event) -> bool {
        match event {
            Event::OrderListAccepted(accepted) => self.add(OrderListReport {
                symbol: accepted.symbol,
                list: accepted.list,
                account: accepted.account,
                list_client: accepted.list_client,
                contingency: accepted.contingency,
                orders: accepted.orders,
                done: false,
                created: time,
                updated: time,
            }),
            Event::OrderListDone(over) => {
                if let Some(list) = self.by_id.get_mut(&over.list) {
                    list.done = true;
                    list.updated = time;
                    self.done.push_back(over.list);
                }
                self.forget();
            }
            Event::OrderListRejected(_) => {}
            _ => return false,
        }
        true
    }

    fn name(&mut self, list: OrderListId, (order, client): (OrderId, ClientOrderId)) {
        let orders = self.by_id.get(&list).map(|report| report.orders);
        let place = orders.and_then(|orders| orders.iter().position(|it| *it == order));
        if let Some(place) = place {
            self.names.entry(list).or_default()[place] = client;
        }
    }

    /// A list with the names of its orders, which are forgotten with its end.
    fn told(&mut self, list: OrderListId) -> Option<Arc<ListTold>> {
        let report = *self.by_id.get(&list)?;
        let names = match report.done {
            true => self.names.remove(&list),
            false => self.names.get(&list).copied(),
        };
        let names = names.unwrap_or_default();
        Some(Arc::new(ListTold { report, names }))
    }

    fn add(&mut self, list: OrderListReport) {
        self.by_account.insert((list.account, list.list));
        self.by_id.insert(list.list, list);
    }

    fn forget(&mut self) {
        while DONE_KEPT < self.done.len() {
            let list = self.done.pop_front();
            if let Some(list) = list.and_then(|list| self.by_id.remove(&list)) {
                self.by_account.remove(&(list.account, list.list));
            }
        }
    }

    /// This account's lists from an id on, ascending.
    fn own(
        &self,
        account: AccountId,
        from: OrderListId,
    ) -> impl DoubleEndedIterator<Item = &OrderListReport> {
        let all = (account, from)..=(account, OrderListId(u64::MAX));
        let ids = self.by_account.range(all);
        ids.filter_map(|(_, list)| self.by_id.get(list))
    }

    pub(crate) fn find(&self, account: AccountId, named: ListRef) -> Option<OrderListReport> {
        let fits = |list: &&OrderListReport| {
            list.account == account
                && (named.list_client.is_empty() || list.list_client == named.list_client)
        };
        if named.list != OrderListId(0) {
            return self.by_id.get(&named.list).filter(fits).copied();
        }
        if named.list_client.is_empty() {
            return None;
        }
        self.own(account, OrderListId(0)).rev().find(fits).copied()
    }

    pub(crate) fn page(&self, page: &ListPage) -> Vec<OrderListReport> {
        let from = page.from.unwrap_or_default();
        let own = self.own(page.account, from).filter(|list| page.holds(list));
        if page.ascends() {
            return own.take(page.limit).copied().collect();
        }
        let mut found: Vec<_> = own.rev().take(page.limit).copied().collect();
        found.reverse();
        found
    }

    pub(crate) fn open(&self, account: AccountId) -> Vec<OrderListReport> {
        let own = self.own(account, OrderListId(0));
        own.filter(|list| !list.done).copied().collect()
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        (self.by_id.len() as u64).put(out);
        for list in self.by_id.values() {
            put_list(list, out);
        }
        (self.done.len() as u64).put(out);
        for list in &self.done {
            list.put(out);
        }
    }

    pub(crate) fn put_names(&self, out: &mut Vec<u8>) {
        (self.names.len() as u64).put(out);
        for (list, names) in &self.names {
            list.put(out);
            names.iter().for_each(|name| name.put(out));
        }
    }

    pub(crate) fn take_names(&mut self, input: &mut &[u8]) -> Option<()> {
        for _ in 0..u64::take(input)? {
            let list = OrderListId::take(input)?;
            let names = [Wire::take(input)?, Wire::take(input)?, Wire::take(input)?];
            self.names.insert(list, names);
        }
        Some(())
    }

    pub(crate) fn take(input: &mut &[u8]) -> Option<Lists> {
        let mut lists = Lists::default();
        for _ in 0..u64::take(input)? {
            lists.add(take_list(input)?);
        }
        for _ in 0..u64::take(input)? {
            lists.done.push_back(Wire::take(input)?);
        }
        Some(lists)
    }
}

fn put_list(list: &OrderListReport, out: &mut Vec<u8>) {
    let OrderListReport {
        symbol,
        list,
        account,
        list_client,
        contingency,
        orders,
        done,
        created,
        updated,
    } = list;
    symbol.put(out);
    list.put(out);
    account.put(out);
    list_client.put(out);
    contingency.put(out);
    for order in orders {
        order.put(out);
    }
    done.put(out);
    created.put(out);
    updated.put(out);
}

fn take_list(input: &mut &[u8]) -> Option<OrderListReport> {
    Some(OrderListReport {
        symbol: Wire::take(input)?,
        list: Wire::take(input)?,
        account: Wire::take(input)?,
        list_client: Wire::take(input)?,
        contingency: Wire::take(input)?,
        orders: [Wire::take(input)?, Wire::take(input)?, Wire::take(input)?],
        done: Wire::take(input)?,
        created: Wire::take(input)?,
        updated: Wire::take(input)?,
    })
}
