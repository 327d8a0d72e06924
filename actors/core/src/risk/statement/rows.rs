//! Walks the tree of a statement that reads or changes rows, and finds every change in it.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Delete, Expr, FromTable, Insert, Merge, MergeAction, MergeClauseKind, ObjectName, Query, Select, Spanned,
    Statement, TableFactor, TableObject, TableWithJoins, Update, UtilityOption, Visit, Visitor,
};
use sqlparser::tokenizer::Span;

use super::truth::{self, Holds};
use super::words::{self, Words};
use super::{Found, Level, does, parse};

/// Finds what a parsed statement does besides reading.
pub(super) fn judge(words: Words<'_>, statement: &Statement) -> Vec<Found> {
    let mut walk = Walk { words, found: Vec::new() };
    let statement = match statement {
        Statement::Explain { analyze: false, options, .. } if !options.iter().flatten().any(analyzes) => {
            return Vec::new();
        }
        Statement::Explain { statement, .. } => statement,
        other => other,
    };
    // The walk itself never stops early.
    let _: ControlFlow<()> = statement.visit(&mut walk);
    walk.found
}

/// Tells whether an option of EXPLAIN makes it run the statement.
fn analyzes(option: &UtilityOption) -> bool {
    let is_off = |value: &Expr| ["false", "off", "0"].contains(&value.to_string().to_ascii_lowercase().as_str());
    option.name.value.eq_ignore_ascii_case("analyze") && !option.arg.as_ref().is_some_and(is_off)
}

struct Walk<'a> {
    words: Words<'a>,
    found: Vec<Found>,
}

impl Visitor for Walk<'_> {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        match statement {
            Statement::Query(_) | Statement::ExplainTable { .. } => {}
            Statement::Delete(delete) => self.delete(delete),
            Statement::Update(update) => self.update(update),
            Statement::Insert(insert) => self.insert(insert),
            Statement::Merge(merge) => self.merge(merge),
            Statement::Explain { .. } => {}
            _ => self.other(),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if !query.locks.is_empty()
            || query.for_clause.as_ref().is_some_and(|_| self.words.has_in_a_row(&["FOR", "UPDATE"]))
        {
            let (en, zh) = ("locks the rows that it reads", "锁定所读取的行");
            self.found.push(does("sql_write", Level::Medium, self.words.whole(), en.to_owned(), zh.to_owned()));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        for target in select.into.iter().flat_map(|into| &into.targets) {
            let span = parse::bytes(self.words, target.span()).unwrap_or_else(|| self.words.whole());
            let name = expression_name(target);
            self.found.push(wrote(span, &name));
        }
        ControlFlow::Continue(())
    }
}

impl Walk<'_> {
    /// The bytes from a keyword to the name that matters.
    fn place(&self, keyword: Span, name: Span) -> std::ops::Range<usize> {
        let from = parse::bytes(self.words, keyword);
        let to = parse::bytes(self.words, name);
        match (from, to) {
            (Some(from), Some(to)) if from.start < to.end => from.start..to.end,
            (Some(from), _) => from,
            _ => self.words.whole(),
        }
    }

    fn delete(&mut self, delete: &Delete) {
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        let (name, at) = match delete.tables.first() {
            Some(table) => (object_name(table), table.span()),
            None => from.first().map_or_else(|| (String::new(), Span::empty()), table_name),
        };
        let span = self.place(delete.delete_token.0.span, at);
        self.change(span, &name, delete.selection.as_ref(), Change::Delete);
    }

    fn update(&mut self, update: &Update) {
        let (name, at) = table_name(&update.table);
        let span = self.place(update.update_token.0.span, at);
        self.change(span, &name, update.selection.as_ref(), Change::Update);
    }

    fn change(&mut self, span: std::ops::Range<usize>, name: &str, condition: Option<&Expr>, change: Change) {
        let found = match condition {
            None => change.of_all(span, name),
            Some(condition) if truth::holds(condition, name) == Holds::Always => {
                let condition = parse::bytes(self.words, condition.span()).unwrap_or(span);
                change.of_all_in_fact(condition, name)
            }
            Some(_) => change.of_some(span, name),
        };
        self.found.push(found);
    }

    fn insert(&mut self, insert: &Insert) {
        let (name, at) = match &insert.table {
            TableObject::TableName(name) => (object_name(name), name.span()),
            TableObject::TableFunction(function) => (object_name(&function.name), function.name.span()),
            TableObject::TableQuery(_) => ("a query".to_owned(), Span::empty()),
        };
        let span = self.place(insert.insert_token.0.span, at);
        self.found.push(match (insert.overwrite, insert.replace_into) {
            (true, _) => overwrote(span, &name),
            (false, true) => replaced(span, &name),
            (false, false) => inserted(span, &name),
        });
    }

    fn merge(&mut self, merge: &Merge) {
        let (name, at) = factor_name(&merge.table);
        let span = self.place(merge.merge_token.0.span, at);
        let deletes_the_rest = merge.clauses.iter().any(|clause| {
            clause.clause_kind == MergeClauseKind::NotMatchedBySource
                && matches!(clause.action, MergeAction::Delete { .. })
        });
        let always = truth::holds(&merge.on, &name) == Holds::Always
            && merge.clauses.iter().any(|clause| !matches!(clause.action, MergeAction::Insert(_)));
        self.found.push(match (deletes_the_rest, always) {
            (true, _) => {
                let en = format!("deletes all rows of {name} that the source lacks");
                does("sql_no_where", Level::High, span, en, format!("删除表 {name} 中来源没有的所有行"))
            }
            (false, true) => Change::Update.of_all_in_fact(span, &name),
            (false, false) => merged(span, &name),
        });
    }

    fn other(&mut self) {
        let (en, zh) = ("does more than read or change rows", "不只是读取或修改行");
        self.found.push(does("unknown_command", Level::Medium, self.words.whole(), en.to_owned(), zh.to_owned()));
    }
}

/// What happens to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Delete,
    Update,
}

impl Change {
    const fn verb(self) -> (&'static str, &'static str) {
        match self {
            Self::Delete => ("deletes", "删除"),
            Self::Update => ("changes", "修改"),
        }
    }

    /// There is no condition.
    pub(super) fn of_all(self, span: std::ops::Range<usize>, name: &str) -> Found {
        let (en, zh) = self.verb();
        let (en, zh) = (format!("{en} every row of {name}"), format!("{zh}表 {name} 的所有行"));
        does("sql_no_where", Level::High, span, en, zh)
    }

    /// The condition holds for each row.
    pub(super) fn of_all_in_fact(self, span: std::ops::Range<usize>, name: &str) -> Found {
        let (en, zh) = self.verb();
        let en = format!("{en} every row of {name}, because its condition always holds");
        does("sql_where_always_true", Level::High, span, en, format!("{zh}表 {name} 的所有行,因为条件恒为真"))
    }

    /// A condition picks the rows.
    pub(super) fn of_some(self, span: std::ops::Range<usize>, name: &str) -> Found {
        let (en, zh) = self.verb();
        let (en, zh) = (format!("{en} some rows of {name}"), format!("{zh}表 {name} 的部分行"));
        does("sql_write", Level::Medium, span, en, zh)
    }
}

pub(super) fn inserted(span: std::ops::Range<usize>, name: &str) -> Found {
    does("sql_write", Level::Medium, span, format!("adds rows to {name}"), format!("向表 {name} 添加行"))
}

pub(super) fn replaced(span: std::ops::Range<usize>, name: &str) -> Found {
    does(
        "sql_write",
        Level::Medium,
        span,
        format!("adds or replaces rows of {name}"),
        format!("添加或替换表 {name} 的行"),
    )
}

pub(super) fn overwrote(span: std::ops::Range<usize>, name: &str) -> Found {
    does(
        "sql_truncate",
        Level::High,
        span,
        format!("replaces everything in {name}"),
        format!("替换表 {name} 的全部数据"),
    )
}

pub(super) fn merged(span: std::ops::Range<usize>, name: &str) -> Found {
    does("sql_write", Level::Medium, span, format!("merges rows into {name}"), format!("把行合并到表 {name}"))
}

pub(super) fn wrote(span: std::ops::Range<usize>, name: &str) -> Found {
    let (en, zh) = (format!("writes the result of a query into {name}"), format!("把查询结果写入 {name}"));
    does("sql_write", Level::Medium, span, en, zh)
}

fn table_name(table: &TableWithJoins) -> (String, Span) {
    factor_name(&table.relation)
}

fn factor_name(factor: &TableFactor) -> (String, Span) {
    match factor {
        TableFactor::Table { name, .. } => (object_name(name), name.span()),
        other => ("a query".to_owned(), other.span()),
    }
}

fn object_name(name: &ObjectName) -> String {
    let parts: Vec<String> = name
        .0
        .iter()
        .map(|part| part.as_ident().map_or_else(|| part.to_string(), |ident| ident.value.clone()))
        .collect();
    words::shown(&parts.join("."))
}

fn expression_name(target: &Expr) -> String {
    match target {
        Expr::Identifier(ident) => words::shown(&ident.value),
        other => words::shown(&other.to_string()),
    }
}
