//! What history answers about changes of orders: amendments and prevented matches.

use schemas::order_change::{AmendmentReport, PreventedReport};
use schemas::page::{AmendmentPage, PreventedOf, PreventedPage};

use crate::error::SinkError;
use crate::rows;
use crate::sql::database::{Database, Statement};
use crate::sql::tables::{AMENDMENTS, PREVENTED};

/// A page of an order's amendments, ascending.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn amendments(
    database: &Database,
    page: &AmendmentPage,
) -> Result<Vec<AmendmentReport>, SinkError> {
    let text = format!(
        "SELECT {} FROM amendments WHERE symbol = ? AND id = ? AND event >= ? AND account = ? \
         ORDER BY event LIMIT ?",
        AMENDMENTS.column_list()
    );
    let statement = Statement::new(text)
        .bind(page.symbol.0)
        .bind(page.order.0)
        .bind(page.from.0)
        .bind(page.account.0)
        .bind(page.limit as u64);
    let found = database.rows(statement).await?;
    found.iter().map(rows::amendment).collect()
}

/// A page of prevented matches, ascending.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn prevented(
    database: &Database,
    page: &PreventedPage,
) -> Result<Vec<PreventedReport>, SinkError> {
    let columns = PREVENTED.column_list();
    let mut found = Vec::new();
    let sides: &[&str] = match page.of {
        PreventedOf::Match(_) => &["event = ?"],
        PreventedOf::Order(..) => &[
            "taker_order = ? AND event >= ?",
            "maker_order = ? AND event >= ?",
        ],
    };
    for side in sides {
        let text = format!(
            "SELECT {columns} FROM prevented_matches WHERE symbol = ? AND {side} \
             AND account = ? ORDER BY event LIMIT ?"
        );
        let mut statement = Statement::new(text).bind(page.symbol.0);
        if let PreventedOf::Order(order, _) = page.of {
            statement = statement.bind(order.0);
        }
        let statement = statement
            .bind(page.from().0)
            .bind(page.account.0)
            .bind(page.limit as u64);
        for row in &database.rows(statement).await? {
            found.push(rows::prevented(row)?);
        }
    }
    found.sort_unstable_by_key(|met| met.id);
    found.truncate(page.limit);
    Ok(found)
}
