//! One file per subcommand of `daybook`.
//!
//! A subcommand is a struct with `run`; its doc comments are its `--help`. Facts go to
//! stdout, talk to stderr, and every failure is one line with one of CONTRACT's codes.
//!
//! Reading order: `admin_client` (how the administrative ones reach a node), then any.

use clap::{Parser, Subcommand};

use crate::failure::{Exit, Failure};

pub mod admin_client;
pub mod serve;
pub mod demo;
pub mod account;
pub mod key;
pub mod symbol;
pub mod venue;
pub mod price;
pub mod funding;
pub mod insurance;
pub mod snapshot;
pub mod projection;
pub mod reconcile;
pub mod skip;
pub mod connect;
pub mod feed;
pub mod load;
pub mod doctor;

/// An event-sourced exchange whose journal is the truth.
#[derive(Parser)]
#[command(name = "daybook", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Serve(serve::Serve),
    Demo(demo::Demo),
    #[command(subcommand)]
    Account(account::Account),
    #[command(subcommand)]
    Key(key::Key),
    #[command(subcommand)]
    Symbol(symbol::Symbol),
    #[command(subcommand)]
    Venue(venue::Venue),
    #[command(subcommand)]
    Price(price::Price),
    #[command(subcommand)]
    Funding(funding::Funding),
    #[command(subcommand)]
    Insurance(insurance::Insurance),
    #[command(subcommand)]
    Snapshot(snapshot::Snapshot),
    #[command(subcommand)]
    Projection(projection::Projection),
    Reconcile(reconcile::Reconcile),
    Skip(skip::Skip),
    Connect(connect::Connect),
    Feed(feed::Feed),
    Load(load::Load),
    Doctor(doctor::Doctor),
}

impl Cli {
    /// Runs the chosen subcommand.
    ///
    /// # Errors
    /// A [`Failure`] whose line goes to stderr and whose code is the process's.
    pub fn run(&self) -> Result<Exit, Failure> {
        match &self.command {
            Verb::Serve(serve) => serve.run(),
            Verb::Demo(demo) => demo.run(),
            Verb::Account(account) => account.run(),
            Verb::Key(key) => key.run(),
            Verb::Symbol(symbol) => symbol.run(),
            Verb::Venue(venue) => venue.run(),
            Verb::Price(price) => price.run(),
            Verb::Funding(funding) => funding.run(),
            Verb::Insurance(insurance) => insurance.run(),
            Verb::Snapshot(snapshot) => snapshot.run(),
            Verb::Projection(projection) => projection.run(),
            Verb::Reconcile(reconcile) => reconcile.run(),
            Verb::Skip(skip) => skip.run(),
            Verb::Connect(connect) => connect.run(),
            Verb::Feed(feed) => feed.run(),
            Verb::Load(load) => load.run(),
            Verb::Doctor(doctor) => doctor.run(),
        }
    }
}
