//! The market maker and the takers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use gateway::submit::{Receipt, Submit, SubmitError};
use schemas::command::{CancelOrderV1, Command, OrderRef, PlaceOrderV1, RequestDigest};
use schemas::event::Event;
use schemas::ids::{AccountId, ClientOrderId, OrderId};
use schemas::instrument::{OrderType, SelfTradePrevention, Side, TimeInForce};
use schemas::report::SymbolReport;
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::demo::dice::Dice;

/// Orders the maker keeps on each side.
const LADDER: i64 = 12;
/// The pause between two steps of a market.
const STEP: Duration = Duration::from_millis(120);

/// One simulated market.
pub struct Market {
    pub submit: Arc<dyn Submit>,
    pub symbol: SymbolReport,
    pub maker: AccountId,
    pub taker: AccountId,
    pub dice: Dice,
    /// The wandering reference price.
    pub reference: Price,
    resting: VecDeque<OrderId>,
    orders: u64,
}

impl Market {
    /// A market around `reference`.
    pub fn new(
        submit: Arc<dyn Submit>,
        symbol: SymbolReport,
        (maker, taker): (AccountId, AccountId),
        (seed, reference): (u64, Price),
    ) -> Market {
        let dice = Dice::new(seed ^ (u64::from(symbol.symbol.0) << 32));
        let resting = VecDeque::new();
        Market {
            submit,
            symbol,
            maker,
            taker,
            dice,
            reference,
            resting,
            orders: 0,
        }
    }

    /// Trades until the node stops.
    pub async fn run(mut self) {
        let mut burst = 0;
        loop {
            if self
                .step(&mut burst)
                .await
                .is_err_and(|error| error == SubmitError::Stopped)
            {
                return;
            }
            tokio::time::sleep(STEP).await;
        }
    }

    async fn step(&mut self, burst: &mut i64) -> Result<(), SubmitError> {
        self.wander();
        while self.resting.len() as i64 > 2 * LADDER {
            let Some(order) = self.resting.pop_front() else {
                break;
            };
            self.cancel(order).await?;
        }
        for side in [Side::Buy, Side::Sell] {
            self.quote(side).await?;
        }
        if *burst == 0 && self.dice.one_in(25) {
            *burst = self.dice.between(3, 12);
        }
        if *burst > 0 || self.dice.one_in(6) {
            *burst = (*burst - 1).max(0);
            self.take().await?;
        }
        Ok(())
    }

    /// A small step, rounded to the tick, never far from anywhere.
    fn wander(&mut self) {
        let tick = self.symbol.price.tick.0.max(1);
        let width = (self.reference.0 / 20_000).max(tick);
        let step = self.dice.between(-width, width);
        let floor = (self.symbol.price.min.0 + 1_000 * tick).max(1_000 * tick);
        let moved = (self.reference.0 + step).max(floor);
        self.reference = Price(moved - moved % tick);
    }

    async fn quote(&mut self, side: Side) -> Result<(), SubmitError> {
        let tick = self.symbol.price.tick.0.max(1);
        let spread = (self.reference.0 / 10_000).max(2 * tick);
        let away = spread / 2 + self.dice.between(0, LADDER) * (spread / 3).max(tick);
        let price = match side {
            Side::Buy => self.reference.0 - away,
            Side::Sell => self.reference.0 + away,
        };
        let price = Price(price - price % tick);
        let order = Wish {
            account: self.maker,
            side,
            price,
            order_type: OrderType::LimitMaker,
        };
        let receipt = self.place(order).await?;
        for event in &receipt.events {
            if let Event::OrderRested(rested) = event {
                self.resting.push_back(rested.order);
            }
        }
        Ok(())
    }

    async fn take(&mut self) -> Result<(), SubmitError> {
        let side = if self.dice.one_in(2) {
            Side::Buy
        } else {
            Side::Sell
        };
        let price = Price::ZERO;
        let order = Wish {
            account: self.taker,
            side,
            price,
            order_type: OrderType::Market,
        };
        self.place(order).await.map(|_| ())
    }

    async fn place(&mut self, wish: Wish) -> Result<Receipt, SubmitError> {
        self.orders += 1;
        let step = self.symbol.lot_size.step.0.max(1);
        let most = 100_000_000_000 / self.reference.0.max(1) / step;
        let qty = Qty(step * self.dice.between(most.max(20) / 20, most.max(20)));
        let client = format!("demo-{}-{}", self.symbol.symbol.0, self.orders);
        self.send(Command::PlaceOrder(PlaceOrderV1 {
            quote_qty: Amount::ZERO,
            price: wish.price,
            qty,
            valid_until: TimeNs(0),
            account: wish.account,
            symbol: self.symbol.symbol,
            request: RequestDigest::default(),
            client_order: ClientOrderId::new(&client).unwrap_or_default(),
            side: wish.side,
            order_type: wish.order_type,
            time_in_force: TimeInForce::Gtc,
            self_trade: SelfTradePrevention::ExpireMaker,
        }))
        .await
    }

    async fn cancel(&mut self, order: OrderId) -> Result<(), SubmitError> {
        let target = OrderRef {
            order,
            client_order: ClientOrderId::EMPTY,
        };
        let command = Command::CancelOrder(CancelOrderV1 {
            target,
            valid_until: TimeNs(0),
            account: self.maker,
            symbol: self.symbol.symbol,
            cancel_client: ClientOrderId::EMPTY,
        });
        // A refusal means that it was filled meanwhile.
        self.send(command).await.map(|_| ())
    }

    async fn send(&self, command: Command) -> Result<Receipt, SubmitError> {
        self.submit
            .submit(command)?
            .await
            .unwrap_or(Err(SubmitError::Stopped))
    }
}

/// What a trader wants to place.
struct Wish {
    account: AccountId,
    side: Side,
    price: Price,
    order_type: OrderType,
}
