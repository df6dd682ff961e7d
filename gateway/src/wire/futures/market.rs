//! Prices, funding and open interest on their way out.

use schemas::margin::Table;
use schemas::perpetual_report::{ContractReport, FundingReport, MarkReport};
use schemas::units::Price;
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;

const HOUR_NS: u64 = 3_600_000_000_000;

/// One row of premiumIndex.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PremiumIndexAnswer<'a> {
    symbol: &'a str,
    mark_price: Fixed,
    index_price: Fixed,
    estimated_settle_price: Fixed,
    /// Of the coming slot as it looks now, which is what the dialect means by it.
    last_funding_rate: Fixed,
    interest_rate: Fixed,
    next_funding_time: u64,
    time: u64,
}

impl<'a> PremiumIndexAnswer<'a> {
    /// The prices of a perpetual; a contract that ends settles at the index.
    pub fn new(grid: &'a Grid, unit: TimeUnit, mark: &MarkReport) -> PremiumIndexAnswer<'a> {
        PremiumIndexAnswer {
            symbol: grid.name(),
            mark_price: grid.price(mark.mark),
            index_price: grid.price(mark.index),
            estimated_settle_price: grid.price(mark.index),
            last_funding_rate: Fixed::rate(mark.predicted_funding),
            interest_rate: Fixed::rate(mark.interest),
            next_funding_time: unit.print(mark.next_funding),
            time: unit.print(mark.time),
        }
    }
}

/// One row of fundingRate.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FundingRateRow<'a> {
    symbol: &'a str,
    funding_rate: Fixed,
    funding_time: u64,
    mark_price: Fixed,
}

impl<'a> FundingRateRow<'a> {
    /// One slot.
    pub fn new(grid: &'a Grid, unit: TimeUnit, funding: &FundingReport) -> FundingRateRow<'a> {
        FundingRateRow {
            symbol: grid.name(),
            funding_rate: Fixed::rate(funding.rate),
            funding_time: unit.print(funding.time),
            mark_price: grid.price(funding.mark),
        }
    }
}

/// One row of fundingInfo.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FundingInfoRow<'a> {
    symbol: &'a str,
    adjusted_funding_rate_cap: Fixed,
    adjusted_funding_rate_floor: Fixed,
    funding_interval_hours: u64,
    disclaimer: bool,
}

impl<'a> FundingInfoRow<'a> {
    /// How a perpetual's funding is bound; `None` without a table of brackets.
    pub fn new(grid: &'a Grid, contract: &ContractReport) -> Option<FundingInfoRow<'a>> {
        let cap = Table::new(&contract.brackets)?.funding_cap();
        Some(FundingInfoRow {
            symbol: grid.name(),
            adjusted_funding_rate_cap: Fixed::rate(cap),
            adjusted_funding_rate_floor: Fixed::rate(schemas::units::Rate(-cap.0)),
            funding_interval_hours: contract.spec.funding_interval_ns / HOUR_NS,
            disclaimer: false,
        })
    }
}

/// The answer of openInterest.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenInterestAnswer<'a> {
    open_interest: Fixed,
    symbol: &'a str,
    time: u64,
}

impl<'a> OpenInterestAnswer<'a> {
    /// What all accounts hold long at that time.
    pub fn new(grid: &'a Grid, mark: &MarkReport, time: u64) -> OpenInterestAnswer<'a> {
        OpenInterestAnswer {
            open_interest: grid.qty(mark.open_interest),
            symbol: grid.name(),
            time,
        }
    }
}

/// The mark price of a report, zero before the first index price.
pub fn mark_of(report: Option<MarkReport>) -> Price {
    report.map_or(Price::ZERO, |report| report.mark)
}
