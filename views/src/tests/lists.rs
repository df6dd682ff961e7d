//! Order lists: found by number and name, paged, saved, and the oldest that are over forgotten.

use schemas::event::Event;
use schemas::ids::{AccountId, ClientOrderId, OrderId, OrderListId, SymbolId};
use schemas::instrument::ContingencyType;
use schemas::order_event::{OrderListAccepted, OrderListDone};
use schemas::page::{ListPage, ListRef};

use crate::Views;
use crate::tests::fake::Fake;
use crate::tests::feed;

const ACCOUNT: AccountId = AccountId(7);

fn accepted(list: u64) -> Event {
    Event::OrderListAccepted(OrderListAccepted {
        symbol: SymbolId(0),
        list: OrderListId(list),
        account: ACCOUNT,
        list_client: ClientOrderId::new(&format!("list-{}", list % 10)).expect("short"),
        contingency: ContingencyType::Oco,
        orders: [OrderId(list * 2), OrderId(list * 2 + 1), OrderId(0)],
    })
}

fn done(list: u64) -> Event {
    Event::OrderListDone(OrderListDone {
        symbol: SymbolId(0),
        list: OrderListId(list),
        account: ACCOUNT,
    })
}

/// A hundred and fifty lists, of which the last ten are open.
fn many() -> Views {
    let views = Views::new();
    let listing = Fake::new(1).listing();
    feed(&views, 0, &listing);
    for list in 1..=150 {
        feed(&views, list, &[accepted(list)]);
    }
    for list in 1..=140 {
        feed(&views, 150 + list, &[done(list)]);
    }
    views
}

fn numbered(list: u64) -> ListRef {
    ListRef {
        list: OrderListId(list),
        list_client: ClientOrderId::EMPTY,
    }
}

#[test]
fn lists_are_found_by_number_and_by_their_newest_name() {
    let views = many();
    let found = views
        .order_list(ACCOUNT, numbered(145))
        .expect("it is open");
    assert_eq!((found.orders[0], found.done), (OrderId(290), false));
    assert!(
        views
            .order_list(ACCOUNT, numbered(100))
            .is_some_and(|list| list.done)
    );
    assert_eq!(views.order_list(AccountId(8), numbered(145)), None);
    let named = ListRef {
        list: OrderListId(0),
        list_client: found.list_client,
    };
    assert_eq!(views.order_list(ACCOUNT, named), Some(found));
    let mismatch = ListRef {
        list: OrderListId(146),
        ..named
    };
    assert_eq!(views.order_list(ACCOUNT, mismatch), None);
    // A hundred of those that are over are remembered here.
    assert_eq!(views.order_list(ACCOUNT, numbered(40)), None);
    assert!(views.order_list(ACCOUNT, numbered(41)).is_some());
}

#[test]
fn lists_come_by_page_and_survive_a_snapshot() {
    let views = many();
    let ids = |views: &Views, page: &ListPage| -> Vec<u64> {
        views
            .order_lists(page)
            .iter()
            .map(|list| list.list.0)
            .collect()
    };
    let newest = ListPage {
        account: ACCOUNT,
        from: None,
        start: None,
        end: None,
        limit: 3,
    };
    assert_eq!(ids(&views, &newest), [148, 149, 150]);
    let from = ListPage {
        from: Some(OrderListId(1)),
        ..newest
    };
    assert_eq!(ids(&views, &from), [41, 42, 43]);
    let until = ListPage {
        end: Some(Fake::time(60)),
        ..newest
    };
    assert_eq!(ids(&views, &until), [58, 59, 60]);
    let open: Vec<u64> = views
        .open_order_lists(ACCOUNT)
        .iter()
        .map(|list| list.list.0)
        .collect();
    assert_eq!(open, (141..=150).collect::<Vec<_>>());
    let saved = views.save();
    let loaded = Views::load(&saved).expect("saved bytes load");
    assert_eq!(loaded.save(), saved);
    assert_eq!(ids(&loaded, &from), [41, 42, 43]);
    let older = Views::load(&views.save_as(2)).expect("the second format loads");
    assert_eq!(older.open_order_lists(ACCOUNT), []);
}
