//! The two rings: commands in, events out.
//!
//! Producers only ever try to publish: a full ring is an answer ("busy"), not a wait. What
//! is published is copied or swapped in; a panic inside the closure would leave a hole that
//! stalls everyone.

use disruptor::{
    BusySpin, EventPoller, MultiProducer, MultiProducerBarrier, SingleConsumerBarrier,
    SingleProducer, SingleProducerBarrier,
};
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::pipeline::answers::Token;

/// One command on its way in.
pub struct Input {
    pub command: Command,
    pub token: Token,
}

/// One applied command on its way out.
pub struct Output {
    pub offset: Offset,
    pub time: TimeNs,
    pub token: Token,
    pub events: Vec<Event>,
}

/// Hands commands in; cloned or locked by many.
pub type InputProducer = MultiProducer<Input, SingleConsumerBarrier>;
/// Takes commands in order.
pub type InputPoller = EventPoller<Input, MultiProducerBarrier>;
/// Hands applied commands out; the core's own.
pub type OutputProducer = SingleProducer<Output, SingleConsumerBarrier>;
/// Takes applied commands; the gate's own.
pub type OutputPoller = EventPoller<Output, SingleProducerBarrier>;

/// A ring of `size` commands, a power of two.
pub fn input_ring(size: usize) -> (InputProducer, InputPoller) {
    let empty = || Input {
        command: Command::AdvanceClock,
        token: 0,
    };
    let builder = disruptor::build_multi_producer(size, empty, BusySpin);
    let (poller, builder) = builder.new_event_poller();
    (builder.build(), poller)
}

/// A ring of `size` applied commands, a power of two.
pub fn output_ring(size: usize) -> (OutputProducer, OutputPoller) {
    let empty = || Output {
        offset: Offset(0),
        time: TimeNs(0),
        token: 0,
        events: Vec::new(),
    };
    let builder = disruptor::build_single_producer(size, empty, BusySpin);
    let (poller, builder) = builder.new_event_poller();
    (builder.build(), poller)
}
