//! Random orders under every protection, with auctions: every invariant after each command,
//! and an engine made from a snapshot goes on alike.

use engine::apply::{Engine, Stamp};
use schemas::command::{AmendOrderV1, Command, SetFilterV1, SetSymbolStateV1};
use schemas::event::Event;
use schemas::ids::{ClientOrderId, OrderId};
use schemas::instrument::{Filter, OrderType, SelfTradePrevention, Side, SymbolState, TimeInForce};
use schemas::protection::Protection;
use schemas::units::{Price, Qty, TimeNs};

use crate::swarm::Random;
use crate::terms::Stage;
use crate::venue::by_id;

struct Stream {
    random: Random,
    stage: Stage,
    last: u64,
}

impl Stream {
    fn order(&mut self) -> Command {
        let random = &mut self.random;
        let kinds = [
            OrderType::Limit,
            OrderType::Limit,
            OrderType::Limit,
            OrderType::Market,
            OrderType::StopLossLimit,
            OrderType::LimitMaker,
        ];
        let kind = *random.pick(&kinds);
        let side = *random.pick(&[Side::Buy, Side::Sell]);
        let qty = random.between(1, 20);
        let mut command = self.stage.asked((side, qty), kind, "");
        let order = &mut command.order;
        if random.chance(50) {
            order.account = self.stage.maker;
        }
        order.self_trade = *random.pick(SelfTradePrevention::ALL);
        if kind != OrderType::Market {
            order.price = Price(random.between(80, 120));
        }
        if kind == OrderType::Limit && random.chance(15) {
            order.time_in_force = *random.pick(TimeInForce::ALL);
        }
        if kind == OrderType::StopLossLimit {
            command.terms.stop_price = Price(random.between(80, 120));
        } else if kind == OrderType::Limit
            && order.time_in_force == TimeInForce::Gtc
            && qty > 1
            && random.chance(30)
        {
            command.terms.iceberg_qty = Qty(random.between(1, qty - 1));
        } else {
            return Command::PlaceOrder(command.order);
        }
        Command::PlaceOrderWithTerms(command)
    }

    fn command(&mut self) -> Command {
        let symbol = self.stage.symbol;
        match self.random.below(100) {
            0..2 => {
                let filter = Filter::Protection(Protection {
                    band: *self.random.pick(&[0, 0, 500, 1_500]),
                    market_depth: *self.random.pick(&[0, 300]),
                    breaker: *self.random.pick(&[0, 300, 1_000]),
                    auction_ms: *self.random.pick(&[0, 50, 500]),
                });
                Command::SetFilter(SetFilterV1 { filter, symbol })
            }
            2..7 => {
                let states = [
                    SymbolState::Auction,
                    SymbolState::Trading,
                    SymbolState::Trading,
                ];
                let state = *self.random.pick(&states);
                Command::SetSymbolState(SetSymbolStateV1 { symbol, state })
            }
            7 => Command::SetSymbolState(SetSymbolStateV1 {
                symbol,
                state: SymbolState::Halt,
            }),
            8..14 => Command::AdvanceClock,
            14..20 => Command::AmendOrder(AmendOrderV1 {
                target: by_id(self.random.between(1, self.last as i64 + 1) as u64),
                new_qty: Qty(self.random.between(1, 9)),
                valid_until: TimeNs(0),
                account: self.stage.user,
                symbol,
                request: schemas::command::RequestDigest::default(),
                new_client: ClientOrderId::EMPTY,
            }),
            _ => self.order(),
        }
    }

    fn step(&mut self) -> Vec<Event> {
        let command = self.command();
        self.stage.venue.now.0 += self.random.below(30) * 1_000_000;
        let events = self.stage.venue.complete(&command);
        for event in &events {
            if let Event::OrderAccepted(order) = event {
                self.last = self.last.max(order.order.0);
            }
        }
        self.stage.check();
        events
    }
}

#[derive(Default)]
struct Seen {
    tripped: usize,
    uncrossed: usize,
    fenced: usize,
    called: usize,
}

fn run(seed: u64, seen: &mut Seen) {
    let mut stream = Stream {
        random: Random::new(seed),
        stage: Stage::new(),
        last: 0,
    };
    stream.stage.print(100);
    if stream.random.chance(40) {
        stream.stage.venue.engine.limit_events(12);
    }
    for step in 0..250 {
        let events = stream.step();
        for event in &events {
            match event {
                Event::BreakerTripped(_) => seen.tripped += 1,
                Event::AuctionUncrossed(it) => seen.uncrossed += usize::from(it.qty.0 != 0),
                Event::OrderExpiring(_) => seen.fenced += 1,
                Event::OrderCalled(_) => seen.called += 1,
                _ => (),
            }
        }
        if step % 50 == 49 {
            restored_goes_on_alike(&mut stream, seed);
        }
    }
    assert!(OrderId(stream.last) > OrderId(50), "orders were accepted");
}

/// Two engines, one made from the other's sections, told the same.
fn restored_goes_on_alike(stream: &mut Stream, seed: u64) {
    let sections: Vec<(String, Vec<u8>)> = stream
        .stage
        .venue
        .engine
        .sections()
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect();
    let mut other = Engine::restore(seed ^ 99, &sections).expect("its own sections");
    assert_eq!(
        other.root(),
        stream.stage.venue.engine.root(),
        "seed {seed}"
    );
    let from = stream.stage.venue.journal.len();
    let small = stream.stage.venue.engine.events_bound();
    other.limit_events(small);
    let mut told = Vec::new();
    for _ in 0..20 {
        told.extend(stream.step());
    }
    let mut again = Vec::new();
    for (at, command) in &stream.stage.venue.journal[from..] {
        let mut events = Vec::new();
        let at = Stamp {
            offset: at.offset,
            time: at.time,
        };
        other.apply(at, command, &mut events);
        again.extend(events);
    }
    assert_eq!(again, told, "seed {seed}");
    assert_eq!(
        other.root(),
        stream.stage.venue.engine.root(),
        "seed {seed}"
    );
}

#[test]
fn random_streams_with_auctions_hold_every_invariant() {
    let mut seen = Seen::default();
    for seed in 0..60 {
        println!("seed {seed}");
        run(seed, &mut seen);
    }
    let Seen {
        tripped,
        uncrossed,
        fenced,
        called,
    } = seen;
    println!("{tripped} trips, {uncrossed} auctions traded, {fenced} expired, {called} called");
    assert!(tripped > 20 && uncrossed > 50 && fenced > 50 && called > 200);
}
