//! Replay on two threads, as the node works: the engine ahead, everything else behind.
//!
//! ```text
//! caller ── frame ─ decode ─ apply ──▶ pieces ──▶ encode ─ chain ─ follower
//!        ◀───────────── empty pieces, for their memory ─────────────
//! ```

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use engine::apply::Stamp;
use engine::chain::Chain;
use journal::frame::Frame;
use journal::reader::Reader;
use schemas::event::{Event, EventEncoder};
use schemas::ids::Offset;

use crate::error::ReplayError;
use crate::replay::Replayer;

/// Frames of one piece.
const FRAMES: usize = 128;
/// Pieces under way at most, so that memory is bounded.
const PIECES: usize = 4;

/// What one frame did.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// Where and when.
    pub stamp: Stamp,
    /// What happened.
    pub events: &'a [Event],
    /// The same as the event log has it.
    pub encoded: &'a [u8],
}

/// The events of some frames.
#[derive(Default)]
struct Piece {
    /// Each frame, and how many events there are up to its last.
    frames: Vec<(Stamp, usize)>,
    events: Vec<Event>,
}

/// What the thread behind the engine works with.
struct Follower<'a, F> {
    chain: &'a mut Chain,
    encoder: &'a mut EventEncoder,
    follow: F,
}

/// The ends of the two channels that the engine's side has.
struct Ends {
    full: SyncSender<Piece>,
    empty: Receiver<Piece>,
}

impl Replayer {
    /// Applies every frame before `end`, or up to the last. `ahead` hears of each frame
    /// before it is applied, on this thread; `follow` hears what it did, in the same order,
    /// on another. Gives how many frames there were.
    ///
    /// # Errors
    /// As [`Replayer::step`], when the journal cannot be read, and what `follow` refuses;
    /// the state is then of no use.
    ///
    /// # Panics
    /// As the engine, and when `follow` does.
    pub fn relay<E>(
        &mut self,
        reader: &mut Reader,
        end: Offset,
        (mut ahead, follow): (
            impl FnMut(&Frame<'_>),
            impl FnMut(Happened<'_>) -> Result<(), E> + Send,
        ),
    ) -> Result<u64, E>
    where
        E: From<ReplayError> + Send,
    {
        let (full, pieces) = sync_channel::<Piece>(PIECES);
        let (back, empty) = sync_channel(PIECES + 2);
        let mut chain = self.chain.clone();
        let mut encoder = EventEncoder::default();
        let applied = std::thread::scope(|scope| {
            let follower = Follower {
                chain: &mut chain,
                encoder: &mut encoder,
                follow,
            };
            let behind = scope.spawn(move || follower.run(&pieces, &back));
            let ends = Ends { full, empty };
            let applied = self.run_ahead(reader, end, (&mut ahead, ends));
            let followed = behind.join();
            followed.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            applied.map_err(E::from)
        });
        self.chain = chain;
        applied
    }

    /// Applies frames and hands their events over, until the other side has gone.
    fn run_ahead(
        &mut self,
        reader: &mut Reader,
        end: Offset,
        (ahead, ends): (&mut impl FnMut(&Frame<'_>), Ends),
    ) -> Result<u64, ReplayError> {
        let mut count = 0;
        let mut piece = Piece::default();
        while reader.position() < end {
            let Some(frame) = reader.next()? else { break };
            ahead(&frame);
            let stamp = self.apply_to(&frame, &mut piece.events)?;
            piece.frames.push((stamp, piece.events.len()));
            count += 1;
            if piece.frames.len() == FRAMES {
                let emptied = ends.empty.try_recv().unwrap_or_default();
                let filled = std::mem::replace(&mut piece, emptied);
                if ends.full.send(filled).is_err() {
                    return Ok(count);
                }
            }
        }
        // Nobody there has refused something, and says so himself.
        drop(ends.full.send(piece));
        Ok(count)
    }
}

impl<E, F: FnMut(Happened<'_>) -> Result<(), E>> Follower<'_, F> {
    fn run(mut self, pieces: &Receiver<Piece>, back: &SyncSender<Piece>) -> Result<(), E> {
        while let Ok(mut piece) = pieces.recv() {
            self.take(&piece)?;
            piece.frames.clear();
            piece.events.clear();
            // A channel that is full or closed: the piece is dropped.
            drop(back.try_send(piece));
        }
        Ok(())
    }

    fn take(&mut self, piece: &Piece) -> Result<(), E> {
        let mut from = 0;
        for (stamp, to) in &piece.frames {
            let events = &piece.events[from..*to];
            from = *to;
            let encoded = self.encoder.encode(events);
            self.chain.absorb(*stamp, encoded);
            (self.follow)(Happened {
                stamp: *stamp,
                events,
                encoded,
            })?;
        }
        Ok(())
    }
}
