//! ADR 0025: 100,000 stops set off at once do not stall other symbols, on a real core
//! thread. Delay is counted in frames of the journal, never in time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use daybook::genesis;
use daybook::pipeline::clock::Clock;
use daybook::pipeline::core::{Core, Shared};
use daybook::pipeline::log::{CommandLog, LocalLog};
use daybook::pipeline::ring::{input_ring, output_ring};
use disruptor::Producer;
use engine::apply::{Engine, Stamp};
use journal::reader::Reader;
use journal::writer::{AppendError, Settings};
use schemas::command::{
    CancelOrderV1, Command, CreateAccountV1, DepositV1, OrderRef, PlaceOrderV1, RequestDigest,
    SetFilterV1,
};
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, BusinessId, ClientOrderId, Offset, OrderId, SymbolId};
use schemas::instrument::{Filter, OrderType, SelfTradePrevention, Side, TimeInForce};
use schemas::order_command::{OrderTerms, PlaceOrderWithTermsV1};
use schemas::units::{Amount, Price, Qty, TimeNs};

const STOPS: u32 = 100_000;
const BTC: SymbolId = SymbolId(0);
const ETH: SymbolId = SymbolId(1);
/// Price units of 40,000.00.
const MARKET: Price = Price(40_000_000);
/// Who waits for a symbol and whom nothing may keep waiting.
const ON_BTC: u32 = 40;
const ON_ETH: u32 = 100;

#[test]
fn other_symbols_are_served_while_100_000_stops_are_set_off() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let dir = folder.path().join("journal");
    std::fs::create_dir_all(&dir).expect("a folder");
    let mut venue = Prepared::new(&dir);
    let [keeper, hunter, waiting, other] = [1, 2, 3, 4].map(|number| venue.fund(number));
    venue.lay_stops(keeper);

    // All of it lies in the ring before the core starts, so nothing depends on time.
    let mut inputs = vec![order(hunter, (BTC, Side::Sell), (MARKET, 0))];
    for number in 0..ON_BTC {
        inputs.push(order(
            waiting,
            (BTC, Side::Buy),
            (Price(20_000_000), number),
        ));
    }
    // Pipelined by one who waits: it may not overtake his own orders before it.
    inputs.push(cancel(waiting, "order-0"));
    inputs.push(order(waiting, (ETH, Side::Buy), (Price(1_000_000), 900)));
    for number in 0..ON_ETH {
        inputs.push(order(other, (ETH, Side::Buy), (Price(1_000_000), number)));
    }
    let ran = venue.run(&inputs);

    let offsets: Vec<u64> = (0..inputs.len()).map(|token| ran.offset(token)).collect();
    let first = offsets[0];
    let cascade = ran.last_set_off() - first;
    let frames = u64::from(STOPS) / 256;
    assert!(cascade >= frames, "{cascade} frames set all stops off");
    let waiters = ON_BTC as usize + 2;
    for (index, offset) in offsets.iter().enumerate().skip(1 + waiters) {
        // One frame for itself, and one for everybody before it in the ring.
        let delay = offset - first;
        assert!(
            delay <= index as u64,
            "order {index} came {delay} frames later"
        );
    }
    for (index, pair) in offsets[..=waiters].windows(2).enumerate() {
        assert!(pair[0] < pair[1], "{index} was overtaken by its successor");
    }
    assert!(
        offsets[1] > ran.last_set_off(),
        "the symbol's own orders wait"
    );
    for token in 0..inputs.len() {
        let refused = ran
            .events(token)
            .iter()
            .find(|event| matches!(event, Event::OrderRejected(_) | Event::CancelRejected(_)));
        assert_eq!(refused, None, "command {token}");
    }
    compare_with_replay(&dir, &ran);
}

/// A venue whose journal is being written before its core runs.
struct Prepared {
    log: LocalLog,
    engine: Engine,
    clock: Clock,
    events: Vec<Event>,
}

/// What the core made of the inputs: by frame, its token and events.
struct Ran {
    frames: Vec<(Offset, u32, Vec<Event>)>,
}

impl Ran {
    fn frame(&self, token: usize) -> &(Offset, u32, Vec<Event>) {
        let wanted = token as u32 + 1;
        let found = self.frames.iter().find(|(_, given, _)| *given == wanted);
        found.expect("every command has its frame")
    }

    fn offset(&self, token: usize) -> u64 {
        self.frame(token).0.0
    }

    fn events(&self, token: usize) -> &[Event] {
        &self.frame(token).2
    }

    fn last_set_off(&self) -> u64 {
        let sets_off = |events: &[Event]| {
            events
                .iter()
                .any(|event| matches!(event, Event::OrderTriggered(_)))
        };
        let last = self
            .frames
            .iter()
            .rev()
            .find(|(_, _, events)| sets_off(events));
        last.expect("stops were set off").0.0
    }
}

fn settings() -> Settings {
    Settings {
        segment_bytes: 64 << 20,
        max_lag: 65_536,
        segments_ahead: 2,
    }
}

impl Prepared {
    fn new(dir: &Path) -> Prepared {
        journal::open::create(dir, &settings(), Offset(0)).expect("a new journal");
        let opened = journal::open::open(dir, &settings()).expect("the journal");
        let mut venue = Prepared {
            log: LocalLog::new(opened.writer),
            engine: Engine::new(11),
            clock: Clock::start(TimeNs(0)),
            events: Vec::new(),
        };
        for command in genesis::commands() {
            venue.apply(&command);
        }
        for filter in [Filter::MaxNumOrders(0), Filter::MaxNumAlgoOrders(0)] {
            let symbol = BTC;
            venue.apply(&Command::SetFilter(SetFilterV1 { filter, symbol }));
        }
        venue
    }

    fn apply(&mut self, command: &Command) -> Vec<Event> {
        let time = self.clock.now();
        let offset = loop {
            match self.log.append(time, command) {
                Ok(offset) => break offset,
                Err(AppendError::LagBound | AppendError::NotReady) => {
                    self.log.publish();
                    let durable = self.log.durable();
                    durable.wait_past(durable.get(), Duration::from_millis(10));
                }
                Err(error) => panic!("{error}"),
            }
        };
        let mut events = std::mem::take(&mut self.events);
        self.engine
            .apply(Stamp { offset, time }, command, &mut events);
        events
    }

    fn fund(&mut self, number: u32) -> AccountId {
        let business = |text: String| BusinessId::new(&text).expect("short enough");
        let created = self.apply(&Command::CreateAccount(CreateAccountV1 {
            business: business(format!("fair-{number}")),
        }));
        let Some(Event::AccountCreated { account, .. }) = created.first() else {
            panic!("no account: {created:?}");
        };
        for asset in 0..3 {
            self.apply(&Command::Deposit(DepositV1 {
                amount: Amount(1 << 70),
                account: *account,
                asset: AssetId(asset),
                business: business(format!("fair-{number}-{asset}")),
            }));
        }
        *account
    }

    /// Sell stops just below the market, and a bid that a first sale will meet.
    fn lay_stops(&mut self, keeper: AccountId) {
        let above = Price(MARKET.0 + 1_000);
        self.apply(&order(keeper, (BTC, Side::Buy), (above, 1)));
        let seller = self.fund(5);
        self.apply(&order(seller, (BTC, Side::Sell), (above, 2)));
        for number in 0..STOPS {
            let Command::PlaceOrder(plain) = order(
                keeper,
                (BTC, Side::Sell),
                (Price(MARKET.0 + 5_000), number + 10),
            ) else {
                unreachable!("it is a plain order");
            };
            let events = self.apply(&Command::PlaceOrderWithTerms(PlaceOrderWithTermsV1 {
                order: PlaceOrderV1 {
                    order_type: OrderType::StopLossLimit,
                    ..plain
                },
                terms: OrderTerms {
                    stop_price: MARKET,
                    ..OrderTerms::default()
                },
            }));
            let accepted = matches!(events.first(), Some(Event::OrderAccepted(_)));
            assert!(accepted, "stop {number}: {events:?}");
        }
        self.apply(&order(seller, (BTC, Side::Buy), (MARKET, 3)));
    }

    /// Runs a core over the inputs until all of them and all stops are through.
    fn run(self, inputs: &[Command]) -> Ran {
        let (mut producer, input) = input_ring(1_024);
        let (output_producer, mut output) = output_ring(1_024);
        for (index, command) in inputs.iter().enumerate() {
            let published = producer.try_publish(|slot| {
                slot.command = command.clone();
                slot.token = index as u32 + 1;
            });
            assert!(published.is_ok(), "the ring holds all of them");
        }
        let shared = Arc::new(Shared::default());
        shared.waiting.store(inputs.len() as u64, Ordering::Release);
        shared.under_way.store(u64::MAX, Ordering::Release);
        let core = Core {
            log: Box::new(self.log),
            engine: self.engine,
            clock: self.clock,
            input,
            output: output_producer,
            shared: shared.clone(),
            planted_fault: None,
        };
        let running = std::thread::spawn(move || core.run());
        let (mut frames, mut waiting, mut stops) = (Vec::new(), inputs.len(), STOPS);
        let deadline = Instant::now() + Duration::from_secs(300);
        while waiting > 0 || stops > 0 {
            assert!(
                Instant::now() < deadline,
                "{waiting} and {stops} stops wait"
            );
            let Ok(mut batch) = output.take(256) else {
                std::thread::sleep(Duration::from_micros(100));
                continue;
            };
            for slot in &mut batch {
                waiting -= usize::from(slot.token != 0);
                let set_off = |event: &&Event| matches!(event, Event::OrderTriggered(_));
                stops -= slot.events.iter().filter(set_off).count() as u32;
                frames.push((slot.offset, slot.token, slot.events.clone()));
            }
        }
        shared.stop.store(true, Ordering::Release);
        drop(producer);
        shared.input_bell.ring();
        while !running.is_finished() {
            if let Ok(mut batch) = output.take(256) {
                frames.extend(
                    (&mut batch).map(|slot| (slot.offset, slot.token, slot.events.clone())),
                );
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        drop(running.join().expect("the core ends well"));
        Ran { frames }
    }
}

/// The journal is the truth: another engine makes the same of it, frame by frame.
fn compare_with_replay(dir: &Path, ran: &Ran) {
    let mut engine = Engine::new(12);
    let mut reader = Reader::open(dir, Offset(0)).expect("the journal");
    let mut frames = ran.frames.iter();
    let first = ran.frames[0].0;
    let mut expected = frames.next();
    while let Some(frame) = reader.next().expect("a whole journal") {
        let at = Stamp {
            offset: frame.offset,
            time: frame.time,
        };
        let command = Command::decode(frame.kind, frame.ver, frame.payload);
        let mut events = Vec::new();
        engine.apply(at, &command.expect("a command"), &mut events);
        if frame.offset >= first {
            let (offset, _, told) = expected.expect("the core told every frame");
            assert_eq!((*offset, told), (frame.offset, &events));
            expected = frames.next();
        }
    }
    assert_eq!(expected, None, "the journal holds every frame");
}

/// A limit order of 0.001 of the base.
fn order(
    account: AccountId,
    (symbol, side): (SymbolId, Side),
    (price, number): (Price, u32),
) -> Command {
    Command::PlaceOrder(PlaceOrderV1 {
        quote_qty: Amount::ZERO,
        price,
        qty: Qty(10_000),
        valid_until: TimeNs(0),
        account,
        symbol,
        request: RequestDigest::default(),
        client_order: name(&format!("order-{number}")),
        side,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTradePrevention::ExpireMaker,
    })
}

fn cancel(account: AccountId, named: &str) -> Command {
    Command::CancelOrder(CancelOrderV1 {
        target: OrderRef {
            order: OrderId(0),
            client_order: name(named),
        },
        valid_until: TimeNs(0),
        account,
        symbol: BTC,
        cancel_client: ClientOrderId::EMPTY,
    })
}

fn name(text: &str) -> ClientOrderId {
    ClientOrderId::new(text).expect("short enough")
}
