//! Parses a statement with the grammars that may fit, within bounds.
//!
//! The parser gives up by itself on deep brackets. A flat chain of operators is no depth to it, yet gives a tree as deep
//! as the chain is long, which would overflow the stack when it is walked or dropped: so chains are measured before.

use std::ops::Range;

use sqlparser::ast::{Expr, Statement};
use sqlparser::dialect::{
    BigQueryDialect, ClickHouseDialect, Dialect as Grammar, DuckDbDialect, GenericDialect, HiveDialect, MsSqlDialect,
    MySqlDialect, OracleDialect, PostgreSqlDialect, SQLiteDialect, SnowflakeDialect,
};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token};

use super::{Dialect, words::Words};

/// Tokens without a comma between them, brackets that are open around them included.
const CHAIN_AT_MOST: usize = 400;
/// Brackets in brackets.
const DEPTH_AT_MOST: usize = 40;
/// Bytes of one statement that are parsed.
const LENGTH_AT_MOST: usize = 16 << 10;
/// What one attempt costs besides the bytes of its statement.
const ATTEMPT: usize = 100;

/// How much may still be parsed in one text, in bytes: it bounds the time that a text takes.
///
/// Conditions have their own, so that what stands before one cannot keep it from being read.
#[derive(Debug)]
pub(super) struct Budget {
    statements: usize,
    conditions: usize,
}

impl Budget {
    /// Tells whether so little is left that a condition of some bytes was not tried with each grammar.
    pub(super) const fn is_spent_for(&self, length: usize) -> bool {
        self.conditions < length + ATTEMPT
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { statements: 96 << 10, conditions: 64 << 10 }
    }
}

fn take(budget: &mut usize, length: usize) -> bool {
    let left = budget.checked_sub(length + ATTEMPT);
    *budget = left.unwrap_or(*budget);
    left.is_some()
}

/// Parses a whole statement; nothing if no grammar reads it, or if it is out of bounds.
pub(super) fn statement(words: Words<'_>, dialect: Dialect, budget: &mut Budget) -> Option<Statement> {
    attempt(words, dialect, &mut budget.statements, |parser| parser.parse_statement())
}

/// Parses a condition.
pub(super) fn condition(words: Words<'_>, dialect: Dialect, budget: &mut Budget) -> Option<Expr> {
    attempt(words, dialect, &mut budget.conditions, |parser| parser.parse_expr())
}

fn attempt<T>(
    words: Words<'_>,
    dialect: Dialect,
    budget: &mut usize,
    parse: fn(&mut Parser<'_>) -> Result<T, ParserError>,
) -> Option<T> {
    if !is_bounded(words) {
        return None;
    }
    let clean = words.clean();
    for grammar in grammars(dialect) {
        if !take(budget, clean.len()) {
            return None;
        }
        let Ok(mut parser) = Parser::new(grammar).try_with_sql(clean) else { continue };
        if let Ok(tree) = parse(&mut parser)
            && parser.peek_token_ref().token == Token::EOF
        {
            return Some(tree);
        }
    }
    None
}

fn grammars(dialect: Dialect) -> Vec<&'static dyn Grammar> {
    let own: Option<&dyn Grammar> = match dialect {
        Dialect::Clickhouse => Some(&ClickHouseDialect {}),
        Dialect::Bigquery => Some(&BigQueryDialect {}),
        Dialect::Hive => Some(&HiveDialect {}),
        Dialect::Snowflake => Some(&SnowflakeDialect {}),
        Dialect::Duckdb => Some(&DuckDbDialect {}),
        Dialect::Oracle => Some(&OracleDialect {}),
        Dialect::Postgres => Some(&PostgreSqlDialect {}),
        Dialect::Mysql => Some(&MySqlDialect {}),
        Dialect::Sqlite => Some(&SQLiteDialect {}),
        Dialect::Mssql => Some(&MsSqlDialect {}),
        Dialect::Generic => None,
    };
    let others: [&dyn Grammar; 5] =
        [&GenericDialect {}, &PostgreSqlDialect {}, &MySqlDialect {}, &SQLiteDialect {}, &MsSqlDialect {}];
    own.into_iter().chain(others).collect()
}

fn is_bounded(words: Words<'_>) -> bool {
    let mut chains = vec![0_usize];
    for place in 0..words.len() {
        let chain = chains.last().copied().unwrap_or_default();
        if words.is_sign(place, "(") || words.is_sign(place, "[") {
            chains.push(chain + 1);
        } else if words.is_sign(place, ")") || words.is_sign(place, "]") {
            chains.pop();
        } else {
            let around = chains.len().checked_sub(2).and_then(|at| chains.get(at)).copied().unwrap_or_default();
            let next = if words.is_sign(place, ",") { around } else { chain + 1 };
            chains.pop();
            chains.push(next);
        }
        if chains.len() > DEPTH_AT_MOST || chains.last().is_some_and(|chain| *chain > CHAIN_AT_MOST) {
            return false;
        }
    }
    words.clean().len() <= LENGTH_AT_MOST
}

/// The bytes of a span of the parser, which counts lines and letters from the start of the statement.
pub(super) fn bytes(words: Words<'_>, span: Span) -> Option<Range<usize>> {
    let whole = words.whole();
    let clean = words.clean();
    let from = offset(clean, span.start)?;
    let to = offset(clean, span.end)?;
    (from < to).then(|| whole.start + from..whole.start + to)
}

fn offset(text: &str, place: Location) -> Option<usize> {
    let line = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
    let start = match line.checked_sub(1) {
        None => 0,
        Some(ends) => text.match_indices('\n').nth(ends)?.0 + 1,
    };
    let rest = text.get(start..)?;
    let in_line = rest.char_indices().map(|(at, _)| at).chain([rest.len()]).nth(column)?;
    Some(start + in_line)
}
