//! What differs between SQLite and MySQL/MariaDB, in one place.
//!
//! The numbered migrations in `schemas/sql` are written once, in SQLite's words plus
//! `AMOUNT`, and each dialect replaces some words. Statements differ in the tail of an
//! upsert alone.
//!
//! `AMOUNT` is a whole number of atoms of up to 39 digits (128 bits). SQLite has no exact
//! type of that size: decimal text, exact to the digit. MySQL: DECIMAL(39,0), exact too, and
//! `SUM` over it works in the server.

use std::fmt::Write;

/// What a database wants to hear.
#[derive(Debug)]
pub struct Dialect {
    /// Words of a migration and what stands there instead, in this order.
    words: &'static [(&'static str, &'static str)],
    upsert: Upsert,
    /// Empties a table.
    pub empty: &'static str,
}

#[derive(Debug)]
enum Upsert {
    OnConflict,
    OnDuplicateKey,
}

impl Dialect {
    /// The embedded default.
    pub const SQLITE: Dialect = Dialect {
        words: &[("AMOUNT", "TEXT")],
        upsert: Upsert::OnConflict,
        empty: "DELETE FROM",
    };
    /// MySQL and MariaDB.
    pub const MYSQL: Dialect = Dialect {
        words: &[
            ("AMOUNT", "DECIMAL(39,0)"),
            ("INTEGER", "BIGINT"),
            ("TEXT", "VARCHAR(64)"),
            (
                "WITHOUT ROWID",
                "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
            ),
        ],
        upsert: Upsert::OnDuplicateKey,
        empty: "TRUNCATE TABLE",
    };

    /// A migration in this dialect.
    pub fn translate(&self, migration: &str) -> String {
        self.words
            .iter()
            .fold(migration.to_string(), |text, (word, instead)| {
                replace_word(&text, word, instead)
            })
    }

    /// The end of an `INSERT` that replaces the row with the same `key`.
    pub fn on_existing(&self, key: &[&str], columns: &[&str]) -> String {
        let changed = columns.iter().filter(|column| !key.contains(column));
        let mut tail = match self.upsert {
            Upsert::OnConflict => format!(" ON CONFLICT ({}) DO UPDATE SET ", key.join(", ")),
            Upsert::OnDuplicateKey => " ON DUPLICATE KEY UPDATE ".to_string(),
        };
        for (index, column) in changed.enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            // Writing to a string cannot fail.
            let _ = match self.upsert {
                Upsert::OnConflict => write!(tail, "{comma}{column} = excluded.{column}"),
                Upsert::OnDuplicateKey => write!(tail, "{comma}{column} = VALUES({column})"),
            };
        }
        tail
    }
}

/// Replaces whole words only.
fn replace_word(text: &str, word: &str, instead: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let whole = !before.ends_with(is_part) && !after.starts_with(is_part);
        result.push_str(before);
        result.push_str(if whole { instead } else { word });
        rest = after;
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn only_whole_words_are_translated() {
        let text = "CREATE TABLE t (a AMOUNT NOT NULL, AMOUNTS INTEGER) WITHOUT ROWID;";
        assert_eq!(
            Dialect::SQLITE.translate(text),
            "CREATE TABLE t (a TEXT NOT NULL, AMOUNTS INTEGER) WITHOUT ROWID;"
        );
        assert_eq!(
            Dialect::MYSQL.translate(text),
            "CREATE TABLE t (a DECIMAL(39,0) NOT NULL, AMOUNTS BIGINT) ENGINE=InnoDB DEFAULT \
             CHARSET=utf8mb4 COLLATE=utf8mb4_bin;"
        );
    }

    #[test]
    fn a_row_with_the_same_key_is_replaced() {
        let tail = |dialect: Dialect| dialect.on_existing(&["a"], &["a", "b", "c"]);
        assert_eq!(
            tail(Dialect::SQLITE),
            " ON CONFLICT (a) DO UPDATE SET b = excluded.b, c = excluded.c"
        );
        assert_eq!(
            tail(Dialect::MYSQL),
            " ON DUPLICATE KEY UPDATE b = VALUES(b), c = VALUES(c)"
        );
    }
}
