//! `explain DIR (--order S:ID | --trade S:ID | --offset N)`.
//!
//! The engine explains itself: the frame is applied by the code that applied it first, with
//! a trace that keeps its steps. No formula stands here.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use engine::trace::Note;
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{Offset, OrderId, SymbolId, TradeId};
use schemas::order_event::step_of;

use crate::commands::{Outcome, hex, tell_refused};
use crate::finding::Finding;
use crate::json::notes::sentence;
use crate::json::{Json, Names, Show};
use crate::rules::{Rule, Rules, parties};
use crate::walk::{Step, Walk};

/// Commands with their bytes, the rules in force, every step of the engine and the events.
#[derive(clap::Args)]
pub struct Explain {
    /// The data directory.
    dir: PathBuf,
    #[command(flatten)]
    what: What,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct What {
    /// An order as SYMBOL:NUMBER: every command that touched it.
    #[arg(long)]
    order: Option<String>,
    /// A trade as SYMBOL:NUMBER: the command that made it.
    #[arg(long)]
    trade: Option<String>,
    /// One command.
    #[arg(long)]
    offset: Option<u64>,
}

/// What is looked for.
#[derive(Clone, Copy)]
enum Sought {
    Order(SymbolId, OrderId),
    Trade(SymbolId, TradeId),
}

impl Explain {
    /// Finds the commands, then replays up to each and hears it.
    ///
    /// # Errors
    /// A [`Finding`] when the journal is damaged, anything else when nobody could look.
    pub fn run(&self, out: &mut impl Write) -> anyhow::Result<Outcome> {
        let offsets = match self.what.offset {
            Some(offset) => BTreeSet::from([Offset(offset)]),
            None => self.find()?,
        };
        let or_error = |error| Finding::or_error(&self.dir, error);
        let mut walk = Walk::whole(&self.dir).map_err(or_error)?;
        tell_refused(&walk);
        let mut names = Names::of(&walk.replayer.engine);
        let mut rules = Rules::default();
        let last = offsets
            .last()
            .copied()
            .context("there is something to explain")?;
        while walk.next() <= last {
            let at = walk.next();
            if !offsets.contains(&at) {
                let step = walk.step().map_err(or_error)?;
                let step =
                    step.with_context(|| format!("the journal ends before offset {}", at.0))?;
                hear(&step, &mut names, &mut rules);
                continue;
            }
            let heard = walk.step_heard().map_err(or_error)?;
            let (step, notes) =
                heard.with_context(|| format!("the journal ends before offset {}", at.0))?;
            // Names of what this command lists; the rules are those before it.
            step.applied.events.iter().for_each(|it| names.learn(it));
            let part = Part {
                step: &step,
                notes: &notes,
                rules: &rules.of_parties(step.applied.events),
            };
            match self.json {
                true => writeln!(out, "{}", part.json(&names))?,
                false => part.tell(out, &names)?,
            }
            rules.hear(at, step.applied.events);
        }
        Ok(Outcome::Clean)
    }

    /// The offsets of the commands that touched what is sought.
    fn find(&self) -> anyhow::Result<BTreeSet<Offset>> {
        let text = self.what.order.as_ref().or(self.what.trade.as_ref());
        let text = text.context("an order, a trade or an offset")?;
        let (name, number) = text.rsplit_once(':').context("it is SYMBOL:NUMBER")?;
        let number: u64 = number.parse().context("the number after the symbol")?;
        let or_error = |error| Finding::or_error(&self.dir, error);
        let mut walk = Walk::whole(&self.dir).map_err(or_error)?;
        let mut names = Names::of(&walk.replayer.engine);
        let mut found = BTreeSet::new();
        while let Some(step) = walk.step().map_err(or_error)? {
            step.applied.events.iter().for_each(|it| names.learn(it));
            let Some(symbol) = names.symbol(name) else {
                continue;
            };
            let sought = match self.what.order {
                Some(_) => Sought::Order(symbol, OrderId(number)),
                None => Sought::Trade(symbol, TradeId(number)),
            };
            if step.applied.events.iter().any(|it| sought.touched_by(it)) {
                found.insert(step.frame.offset);
            }
        }
        anyhow::ensure!(names.symbol(name).is_some(), "no symbol {name}");
        anyhow::ensure!(!found.is_empty(), "{text} is in no command of this journal");
        Ok(found)
    }
}

fn hear(step: &Step<'_>, names: &mut Names, rules: &mut Rules) {
    let events = step.applied.events;
    events.iter().for_each(|event| names.learn(event));
    rules.hear(step.frame.offset, events);
}

impl Sought {
    fn touched_by(self, event: &Event) -> bool {
        match self {
            Sought::Trade(symbol, trade) => {
                matches!(event, Event::Trade(it) if (it.symbol, it.trade) == (symbol, trade))
            }
            Sought::Order(symbol, order) => {
                let is_it = |of: SymbolId, number| of == symbol && number == order;
                match event {
                    Event::OrderAccepted(it) => is_it(it.symbol, it.order),
                    Event::OrderRested(it) => is_it(it.symbol, it.order),
                    Event::OrderDone(it) => is_it(it.symbol, it.order),
                    Event::OrderAmended(it) => is_it(it.symbol, it.order),
                    Event::OrderModified(it) => is_it(it.symbol, it.order),
                    Event::Trade(it) => {
                        is_it(it.symbol, it.taker_order) || is_it(it.symbol, it.maker_order)
                    }
                    Event::TradePrevented(it) => {
                        is_it(it.symbol, it.taker_order) || is_it(it.symbol, it.maker_order)
                    }
                    step => step_of(step) == Some((symbol, order)),
                }
            }
        }
    }
}

impl Rules {
    /// The rules of everybody whom events concern.
    fn of_parties(&self, events: &[Event]) -> Vec<Rule> {
        let all = events.iter().map(parties);
        let (mut symbols, mut accounts) = (BTreeSet::new(), BTreeSet::new());
        for (symbol, concerned) in all {
            symbols.extend(symbol);
            accounts.extend(concerned.into_iter().flatten());
        }
        let (symbols, accounts): (Vec<_>, Vec<_>) = (
            symbols.into_iter().collect(),
            accounts.into_iter().collect(),
        );
        self.of(&symbols, &accounts)
    }
}

/// One command explained.
struct Part<'a> {
    step: &'a Step<'a>,
    notes: &'a [Note],
    rules: &'a [Rule],
}

impl Show for Rule {
    fn show(&self, out: &mut Json<'_>) {
        out.object(|out| {
            out.field("since", &self.since);
            out.field("rule", &self.says);
        });
    }
}

impl Part<'_> {
    fn json(&self, names: &Names) -> String {
        let (frame, applied) = (&self.step.frame, &self.step.applied);
        let mut json = Json::new(names);
        json.object(|json| {
            json.field("offset", &frame.offset);
            json.field("time_ns", &frame.time);
            json.field("kind", Command::kind_name(frame.kind).unwrap_or("Unknown"));
            json.field("ver", &frame.ver);
            json.field("bytes", hex(frame.payload).as_str());
            json.field("command", &applied.command);
            json.field("skipped", &applied.skipped);
            json.field("rules", self.rules);
            json.field("steps", self.notes);
            json.field("events", applied.events);
        });
        json.finish()
    }

    fn tell(&self, out: &mut impl Write, names: &Names) -> std::io::Result<()> {
        let (frame, applied) = (&self.step.frame, &self.step.applied);
        let said = |value: &dyn Fn(&mut Json<'_>)| {
            let mut json = Json::new(names);
            value(&mut json);
            json.finish()
        };
        let kind = Command::kind_name(frame.kind).unwrap_or("Unknown");
        writeln!(
            out,
            "offset {} at {} ns: {kind}",
            frame.offset.0, frame.time.0
        )?;
        let (number, ver, length) = (frame.kind, frame.ver, frame.payload.len());
        let bytes = hex(frame.payload);
        writeln!(
            out,
            "  bytes: kind {number} version {ver}, {length} bytes: {bytes}"
        )?;
        let command = said(&|json| applied.command.show(json));
        writeln!(out, "  command: {command}")?;
        if applied.skipped {
            writeln!(out, "  an operator had it stepped over")?;
        }
        writeln!(out, "  rules in force:")?;
        for rule in self.rules {
            let says = said(&|json| rule.says.show(json));
            writeln!(out, "    since offset {}: {says}", rule.since.0)?;
        }
        writeln!(out, "  steps:")?;
        for (number, note) in self.notes.iter().enumerate() {
            writeln!(out, "    {}. {}", number + 1, sentence(note, names))?;
        }
        writeln!(out, "  events:")?;
        for event in applied.events {
            writeln!(out, "    {}", said(&|json| event.show(json)))?;
        }
        Ok(())
    }
}
