//! The orders of one symbol: every open one, and the closed ones not yet forgotten.
//!
//! Order ids are dense, so an order is found by its number in a chunked array; a chunk is
//! reused once all its orders are forgotten. Per account lie the ids of its orders in
//! order of arrival, each with a few bits of its client order id, which makes the newest
//! of a client order id a walk over 16 bytes an order instead of a hash map to maintain.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use schemas::command::OrderRef;
use schemas::ids::{AccountId, ClientOrderId, Offset, OrderId};
use schemas::page::OrderPage;
use schemas::report::OrderReport;

use crate::slot::Slot;

/// Orders in one piece of the array.
const CHUNK: u64 = 64;
/// So many closed orders of a symbol are kept even when SQL has them.
pub(crate) const CLOSED_KEPT: usize = if cfg!(test) { 200 } else { 10_000 };
/// Chunks kept for reuse.
const SPARE_CHUNKS: usize = 64;

#[derive(Default)]
struct Chunk {
    slots: Vec<Slot>,
    remembered: usize,
}

struct Entry {
    order: u64,
    client: u32,
}

/// One account on this symbol.
struct Owner {
    account: AccountId,
    /// Its orders, ascending; forgotten ones stay until there are too many of them.
    all: VecDeque<Entry>,
    forgotten: usize,
    /// Its open orders in no order.
    open: Vec<u64>,
    /// Ids of its trades, ascending; those no longer kept go with the next ones.
    trades: VecDeque<u64>,
}

/// All orders of one symbol that are remembered.
#[derive(Default)]
pub(crate) struct Orders {
    chunks: VecDeque<Option<Box<Chunk>>>,
    /// The number of the first chunk in `chunks`.
    first_chunk: u64,
    #[expect(
        clippy::vec_box,
        reason = "a box moves between here and `chunks` as it is"
    )]
    spare: Vec<Box<Chunk>>,
    owners: Vec<Owner>,
    owner_of: HashMap<u32, u32, BuildHasherDefault<Mixer>>,
    /// Closed orders in order of their end.
    closed: VecDeque<(Offset, OrderId)>,
}

impl Orders {
    #[inline]
    pub(crate) fn get(&self, order: OrderId) -> Option<&Slot> {
        let index = (order.0 / CHUNK).checked_sub(self.first_chunk)?;
        let chunk = self.chunks.get(index as usize)?.as_ref()?;
        chunk
            .slots
            .get((order.0 % CHUNK) as usize)
            .filter(|slot| slot.is_taken())
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, order: OrderId) -> Option<&mut Slot> {
        let index = (order.0 / CHUNK).checked_sub(self.first_chunk)?;
        let chunk = self.chunks.get_mut(index as usize)?.as_mut()?;
        chunk
            .slots
            .get_mut((order.0 % CHUNK) as usize)
            .filter(|slot| slot.is_taken())
    }

    /// Whether the order is remembered and can still trade.
    pub(crate) fn is_open(&self, order: OrderId) -> bool {
        self.get(order).is_some_and(Slot::is_open)
    }

    /// Adds a new open order; its id is above all others.
    #[inline]
    pub(crate) fn open(&mut self, report: &OrderReport) {
        let owner = self.owner(report.account);
        let lists = &mut self.owners[owner as usize];
        let id = report.order.0;
        debug_assert!(
            lists.all.back().is_none_or(|last| last.order < id),
            "order ids rise"
        );
        let client = fingerprint(&report.client_order);
        lists.all.push_back(Entry { order: id, client });
        let open_at = lists.open.len() as u32;
        lists.open.push(id);
        let slot = self.place(id);
        slot.push(Slot::new(report, owner, open_at));
    }

    /// Adds an order that was closed at `offset`; only for what a snapshot brings back,
    /// before [`Orders::restore_closed`] tells the order of the ends.
    pub(crate) fn restore(&mut self, report: OrderReport, rested: bool) {
        let order = report.order;
        self.open(&report);
        if let Some(slot) = self.get_mut(order) {
            slot.rested = rested;
        }
        if !report.status.is_open() {
            self.leave_open(order);
        }
    }

    pub(crate) fn restore_closed(&mut self, closed: VecDeque<(Offset, OrderId)>) {
        self.closed = closed;
    }

    /// The piece of the array to which the order of that number comes next.
    #[inline]
    fn place(&mut self, id: u64) -> &mut Vec<Slot> {
        let number = id / CHUNK;
        if self.chunks.is_empty() {
            self.first_chunk = number;
        }
        debug_assert!(self.first_chunk <= number, "order ids rise");
        let index = (number - self.first_chunk) as usize;
        while self.chunks.len() <= index {
            self.chunks.push_back(None);
        }
        let spare = &mut self.spare;
        let chunk = self.chunks[index].get_or_insert_with(|| {
            spare.pop().unwrap_or_else(|| {
                let slots = Vec::with_capacity(CHUNK as usize);
                Box::new(Chunk {
                    slots,
                    remembered: 0,
                })
            })
        });
        let within = (id % CHUNK) as usize;
        while chunk.slots.len() < within {
            chunk.slots.push(Slot::vacant());
        }
        debug_assert_eq!(chunk.slots.len(), within, "order ids rise");
        chunk.remembered += 1;
        &mut chunk.slots
    }

    fn owner(&mut self, account: AccountId) -> u32 {
        let owners = &mut self.owners;
        *self.owner_of.entry(account.0).or_insert_with(|| {
            owners.push(Owner {
                account,
                all: VecDeque::new(),
                forgotten: 0,
                open: Vec::new(),
                trades: VecDeque::new(),
            });
            (owners.len() - 1) as u32
        })
    }

    /// Notes that an order is over, and forgets at most two old ones.
    #[inline]
    pub(crate) fn close(&mut self, offset: Offset, order: OrderId, forgettable: Offset) {
        self.leave_open(order);
        self.closed.push_back((offset, order));
        for _ in 0..2 {
            let oldest = self.closed.front().copied();
            let Some((end, order)) = oldest.filter(|_| CLOSED_KEPT < self.closed.len()) else {
                break;
            };
            if forgettable <= end {
                break;
            }
            self.closed.pop_front();
            self.forget(order);
        }
    }

    fn leave_open(&mut self, order: OrderId) {
        let Some(slot) = self.get_mut(order) else {
            return;
        };
        let (owner, open_at) = (slot.owner as usize, slot.close());
        let open = &mut self.owners[owner].open;
        open.swap_remove(open_at);
        if let Some(moved) = open.get(open_at).copied()
            && let Some(slot) = self.get_mut(OrderId(moved))
        {
            slot.open_at = open_at as u32;
        }
    }

    fn forget(&mut self, order: OrderId) {
        let Some(slot) = self.get_mut(order) else {
            return;
        };
        let owner = slot.vacate();
        self.owners[owner].forgotten += 1;
        self.free_chunk(order);
        let lists = &self.owners[owner];
        if lists.forgotten <= CHUNK as usize || lists.forgotten * 2 <= lists.all.len() {
            return;
        }
        let mut all = std::mem::take(&mut self.owners[owner].all);
        all.retain(|entry| self.get(OrderId(entry.order)).is_some());
        self.owners[owner].all = all;
        self.owners[owner].forgotten = 0;
    }

    /// Takes one order out of the count of its chunk, and an empty full chunk out of use.
    fn free_chunk(&mut self, order: OrderId) {
        let index = (order.0 / CHUNK - self.first_chunk) as usize;
        let Some(chunk) = &mut self.chunks[index] else {
            return;
        };
        chunk.remembered -= 1;
        if chunk.remembered != 0 || chunk.slots.len() < CHUNK as usize {
            return;
        }
        if let Some(mut chunk) = self.chunks[index].take()
            && self.spare.len() < SPARE_CHUNKS
        {
            chunk.slots.clear();
            self.spare.push(chunk);
        }
        while self.chunks.front().is_some_and(Option::is_none) {
            self.chunks.pop_front();
            self.first_chunk += 1;
        }
    }

    /// Gives an order another client order id.
    pub(crate) fn rename(&mut self, order: OrderId, client: ClientOrderId) {
        let Some(slot) = self.get_mut(order) else {
            return;
        };
        slot.client_order = client;
        let owner = slot.owner as usize;
        let all = &mut self.owners[owner].all;
        let at = all.partition_point(|entry| entry.order < order.0);
        if let Some(entry) = all.get_mut(at) {
            debug_assert_eq!(entry.order, order.0, "an owner lists all its orders");
            entry.client = fingerprint(&client);
        }
    }

    /// Notes a trade for the owner of an order; trades before `first_kept` are gone.
    #[inline]
    pub(crate) fn note_trade(&mut self, order: OrderId, trade: u64, first_kept: u64) {
        let Some(owner) = self.get(order).map(|slot| slot.owner as usize) else {
            return;
        };
        note(&mut self.owners[owner].trades, trade, first_kept);
    }

    /// The same by account; only for what a snapshot brings back.
    pub(crate) fn restore_trade(&mut self, account: AccountId, trade: u64) {
        let owner = self.owner(account) as usize;
        note(&mut self.owners[owner].trades, trade, 0);
    }

    fn owner_seen(&self, account: AccountId) -> Option<&Owner> {
        let owner = self.owner_of.get(&account.0)?;
        let owner = &self.owners[*owner as usize];
        debug_assert_eq!(owner.account, account);
        Some(owner)
    }

    /// Ids of an account's trades, ascending; the first may be gone already.
    pub(crate) fn trades_of(&self, account: AccountId) -> Option<&VecDeque<u64>> {
        self.owner_seen(account).map(|owner| &owner.trades)
    }

    /// Appends an account's open orders, in no order.
    pub(crate) fn open_of(&self, account: AccountId, out: &mut Vec<OrderReport>) {
        if let Some(owner) = self.owner_seen(account) {
            let slots = owner
                .open
                .iter()
                .filter_map(|order| self.get(OrderId(*order)));
            out.extend(slots.map(Slot::report));
        }
    }

    pub(crate) fn find(&self, account: AccountId, target: OrderRef) -> Option<OrderReport> {
        let fits = |report: &OrderReport| {
            report.account == account
                && (target.client_order.is_empty() || report.client_order == target.client_order)
        };
        if target.order.0 != 0 {
            return self.get(target.order).map(Slot::report).filter(fits);
        }
        if target.client_order.is_empty() {
            return None;
        }
        let client = fingerprint(&target.client_order);
        let alike = self
            .owner_seen(account)?
            .all
            .iter()
            .rev()
            .filter(|e| e.client == client);
        let mut slots = alike.filter_map(|entry| self.get(OrderId(entry.order)));
        slots.find_map(|slot| Some(slot.report()).filter(fits))
    }

    pub(crate) fn page(&self, page: &OrderPage) -> Vec<OrderReport> {
        let Some(owner) = self.owner_seen(page.account) else {
            return Vec::new();
        };
        let start = match page.from {
            Some(from) => owner.all.partition_point(|entry| entry.order < from.0),
            None => 0,
        };
        let on_page = |entry: &Entry| {
            let report = self.get(OrderId(entry.order)).map(Slot::report);
            report.filter(|report| page.holds(report))
        };
        if page.ascends() {
            return owner
                .all
                .range(start..)
                .filter_map(on_page)
                .take(page.limit)
                .collect();
        }
        let newest = owner.all.iter().rev().filter_map(on_page).take(page.limit);
        let mut found: Vec<_> = newest.collect();
        found.reverse();
        found
    }

    /// Every remembered order, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot> {
        let chunks = self.chunks.iter().flatten();
        chunks
            .flat_map(|chunk| &chunk.slots)
            .filter(|slot| slot.is_taken())
    }

    /// The closed ones in order of their end.
    pub(crate) fn closed(&self) -> &VecDeque<(Offset, OrderId)> {
        &self.closed
    }
}

#[inline]
fn note(trades: &mut VecDeque<u64>, trade: u64, first_kept: u64) {
    if trades.back() == Some(&trade) {
        return; // The account traded with itself.
    }
    for _ in 0..2 {
        if trades.front().is_some_and(|first| *first < first_kept) {
            trades.pop_front();
        }
    }
    trades.push_back(trade);
}

/// 32 bits of a client order id; equal ids have equal bits.
#[inline]
fn fingerprint(client: &ClientOrderId) -> u32 {
    let mut mixed = 0_u64;
    for piece in client.as_bytes().chunks(8) {
        let mut word = [0; 8];
        word[..piece.len()].copy_from_slice(piece);
        mixed = mix(mixed ^ u64::from_le_bytes(word));
    }
    (mixed >> 32) as u32
}

#[inline]
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    word ^ (word >> 32)
}

/// Hashes account numbers, which the engine issues: nobody can choose them to collide.
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = mix(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = mix(u64::from(number) + 1);
    }
}
