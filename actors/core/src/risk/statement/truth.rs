//! Tells whether a condition holds for every row.

use sqlparser::ast::{
    BinaryOperator as Op, Expr, ObjectName, Query, SelectItem, SetExpr, TableFactor, UnaryOperator, Value, Visit,
    Visitor,
};
use std::ops::ControlFlow;

/// For which rows a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// For each, or for each or none: it does not look at the row.
    Always,
    Never,
    /// It depends on the row, or cannot be told.
    Sometimes,
}

impl Holds {
    const fn of(truth: bool) -> Self {
        if truth { Self::Always } else { Self::Never }
    }

    const fn not(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            Self::Sometimes => Self::Sometimes,
        }
    }
}

/// Tells for which rows of a table a condition holds.
pub(super) fn holds(condition: &Expr, table: &str) -> Holds {
    match known(condition, table) {
        Holds::Sometimes if !looks_at_rows(condition) => Holds::Always,
        known @ (Holds::Always | Holds::Never | Holds::Sometimes) => known,
    }
}

fn known(condition: &Expr, table: &str) -> Holds {
    match condition {
        Expr::Nested(inner) => known(inner, table),
        Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, expr } => known(expr, table).not(),
        Expr::BinaryOp { op: Op::Or, .. } => any_of(condition, table),
        Expr::BinaryOp { op: Op::And, .. } => all_of(condition, table),
        Expr::BinaryOp { left, op, right } => compared(left, op, right),
        Expr::IsTrue(inner) | Expr::IsNotFalse(inner) => known(inner, table),
        Expr::IsFalse(inner) | Expr::IsNotTrue(inner) => known(inner, table).not(),
        Expr::IsNull(inner) => constant(inner).map_or(Holds::Sometimes, |value| Holds::of(value == Constant::Null)),
        Expr::IsNotNull(inner) => constant(inner).map_or(Holds::Sometimes, |value| Holds::of(value != Constant::Null)),
        Expr::IsNotDistinctFrom(left, right) => compared(left, &Op::Eq, right),
        Expr::IsDistinctFrom(left, right) => compared(left, &Op::NotEq, right),
        Expr::Like { negated, pattern, .. }
        | Expr::ILike { negated, pattern, .. }
        | Expr::SimilarTo { negated, pattern, .. } => {
            negate_if(*negated, like(pattern, |text| !text.is_empty() && text.bytes().all(|byte| byte == b'%')))
        }
        Expr::RLike { negated, pattern, .. } => negate_if(*negated, like(pattern, matches_all)),
        Expr::InList { expr, list, negated } => negate_if(*negated, in_list(expr, list)),
        Expr::Between { expr, negated, low, high } => {
            let both = [compared(low, &Op::LtEq, expr), compared(expr, &Op::LtEq, high)];
            let all = both.iter().all(|one| *one == Holds::Always);
            let none = both.contains(&Holds::Never);
            negate_if(
                *negated,
                if all {
                    Holds::Always
                } else if none {
                    Holds::Never
                } else {
                    Holds::Sometimes
                },
            )
        }
        Expr::InSubquery { expr, subquery, negated: false } if picks_all(expr, subquery, table) => Holds::Always,
        Expr::Case { operand: None, conditions, else_result, .. } => {
            let mut judged = conditions.iter().map(|case| (case, known(&case.condition, table)));
            match (judged.find(|(_, holds)| *holds != Holds::Never), else_result) {
                (Some((case, Holds::Always)), _) => known(&case.result, table),
                (None, Some(otherwise)) => known(otherwise, table),
                _ => Holds::Sometimes,
            }
        }
        other => match constant(other) {
            Some(value) => value.is_true().map_or(Holds::Sometimes, Holds::of),
            None => Holds::Sometimes,
        },
    }
}

const fn negate_if(negated: bool, holds: Holds) -> Holds {
    if negated { holds.not() } else { holds }
}

/// The parts of a chain of one operator. Chains lean to the left, so the left side is followed in a loop.
fn parts<'a>(condition: &'a Expr, operator: &Op) -> Vec<&'a Expr> {
    let mut open = vec![condition];
    let mut parts = Vec::new();
    while let Some(next) = open.pop() {
        match next {
            Expr::Nested(inner) => open.push(inner),
            Expr::BinaryOp { left, op, right } if op == operator => open.extend([right.as_ref(), left.as_ref()]),
            other => parts.push(other),
        }
    }
    parts
}

fn any_of(condition: &Expr, table: &str) -> Holds {
    let parts = parts(condition, &Op::Or);
    // Each part is judged once: twice at each depth would double the work with each bracket.
    let judged: Vec<Holds> = parts.iter().map(|part| holds(part, table)).collect();
    if judged.contains(&Holds::Always) {
        return Holds::Always;
    }
    // A condition or its opposite: one of the two holds. Long chains are not compared pair by pair.
    let pairs = parts.iter().take(16).enumerate();
    let opposite = pairs.flat_map(|(at, one)| parts.iter().take(16).skip(at + 1).map(move |other| (one, other)));
    if opposite.into_iter().any(|(one, other)| are_opposite(one, other) || are_opposite(other, one)) {
        return Holds::Always;
    }
    let never = judged.iter().all(|part| *part == Holds::Never);
    if never { Holds::Never } else { Holds::Sometimes }
}

fn all_of(condition: &Expr, table: &str) -> Holds {
    let parts = parts(condition, &Op::And);
    let judged: Vec<Holds> = parts.iter().map(|part| holds(part, table)).collect();
    if judged.contains(&Holds::Never) {
        return Holds::Never;
    }
    let always = judged.iter().all(|part| *part == Holds::Always);
    if always { Holds::Always } else { Holds::Sometimes }
}

fn are_opposite(one: &Expr, other: &Expr) -> bool {
    match (bare(one), bare(other)) {
        (Expr::IsNull(one), Expr::IsNotNull(other)) | (Expr::IsTrue(one), Expr::IsNotTrue(other)) => same(one, other),
        (one, Expr::UnaryOp { op: UnaryOperator::Not, expr }) => same(one, expr),
        (Expr::BinaryOp { left, op, right }, Expr::BinaryOp { left: left_too, op: op_too, right: right_too }) => {
            let fills = matches!(
                (op, op_too),
                (Op::Eq, Op::NotEq) | (Op::Lt | Op::LtEq, Op::GtEq) | (Op::Gt | Op::GtEq, Op::LtEq) | (Op::Lt, Op::Gt) // All but one value.
            );
            fills && same(left, left_too) && same(right, right_too)
        }
        _ => false,
    }
}

fn bare(expr: &Expr) -> &Expr {
    let mut bare = expr;
    while let Expr::Nested(inner) = bare {
        bare = inner;
    }
    bare
}

/// Tells whether two expressions are the same thing: `id` and `t.id` are.
fn same(one: &Expr, other: &Expr) -> bool {
    match (bare(one), bare(other)) {
        (Expr::Identifier(one), Expr::Identifier(other)) => one.value.eq_ignore_ascii_case(&other.value),
        (Expr::Identifier(name), Expr::CompoundIdentifier(path))
        | (Expr::CompoundIdentifier(path), Expr::Identifier(name)) => {
            path.last().is_some_and(|last| last.value.eq_ignore_ascii_case(&name.value))
        }
        (one, other) => one == other || one.to_string().eq_ignore_ascii_case(&other.to_string()),
    }
}

fn compared(left: &Expr, operator: &Op, right: &Expr) -> Holds {
    let constants = constant(left).zip(constant(right));
    if let Some(result) = constants.and_then(|(left, right)| left.compare(operator, &right)) {
        return Holds::of(result);
    }
    match operator {
        Op::Eq | Op::GtEq | Op::LtEq | Op::Spaceship if same(left, right) => Holds::Always,
        Op::NotEq | Op::Lt | Op::Gt if same(left, right) => Holds::Never,
        Op::Regexp | Op::PGRegexMatch | Op::PGRegexIMatch | Op::Match => like(right, matches_all),
        Op::PGLikeMatch | Op::PGILikeMatch => like(right, |text| !text.is_empty() && text.bytes().all(|b| b == b'%')),
        Op::Glob => like(right, |text| !text.is_empty() && text.bytes().all(|byte| byte == b'*')),
        Op::Xor => {
            let (left, right) = (known(left, ""), known(right, ""));
            let known = left != Holds::Sometimes && right != Holds::Sometimes;
            if known { Holds::of(left != right) } else { Holds::Sometimes }
        }
        _ => Holds::Sometimes,
    }
}

fn like(pattern: &Expr, fits_all: impl Fn(&str) -> bool) -> Holds {
    match constant(pattern) {
        Some(Constant::Text(text)) if fits_all(&text) => Holds::Always,
        _ => Holds::Sometimes,
    }
}

fn matches_all(pattern: &str) -> bool {
    ["", "^", "$", ".*", "^.*", ".*$", "^.*$", ".?", "(.*)", "^(.*)$", ".+", "."].contains(&pattern)
}

fn in_list(expr: &Expr, list: &[Expr]) -> Holds {
    let one = |item: &Expr| compared(expr, &Op::Eq, item);
    if list.iter().any(|item| one(item) == Holds::Always) {
        return Holds::Always;
    }
    if list.iter().all(|item| one(item) == Holds::Never) { Holds::Never } else { Holds::Sometimes }
}

/// `id IN (SELECT id FROM the same table)`.
fn picks_all(expr: &Expr, query: &Query, table: &str) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    let is_bare = select.selection.is_none()
        && select.having.is_none()
        && select.top.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
        && query.with.is_none();
    let from = select.from.first().filter(|from| from.joins.is_empty() && select.from.len() == 1);
    let is_same = from.is_some_and(|from| match &from.relation {
        TableFactor::Table { name, .. } => {
            last_part(name).eq_ignore_ascii_case(table.rsplit('.').next().unwrap_or(table))
        }
        _ => false,
    });
    let column = match select.projection.as_slice() {
        [SelectItem::UnnamedExpr(column)] => same(column, expr),
        _ => false,
    };
    is_bare && is_same && column
}

fn last_part(name: &ObjectName) -> &str {
    name.0.last().and_then(|part| part.as_ident()).map_or("", |ident| ident.value.as_str())
}

/// A value that is written down.
#[derive(Debug, Clone, PartialEq)]
enum Constant {
    Null,
    Number(f64),
    Text(String),
}

impl Constant {
    fn is_true(&self) -> Option<bool> {
        match self {
            Self::Null => Some(false),
            Self::Number(number) => Some(*number != 0.0),
            Self::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "t" | "true" | "y" | "yes" | "on" => Some(true),
                "f" | "false" | "n" | "no" | "off" => Some(false),
                other => leading_number(other).map(|number| number != 0.0),
            },
        }
    }

    fn compare(&self, operator: &Op, other: &Self) -> Option<bool> {
        let order = match (self, other) {
            (Self::Null, Self::Null) if *operator == Op::Spaceship => return Some(true),
            (Self::Null, _) | (_, Self::Null) => return Some(false),
            (Self::Text(one), Self::Text(other)) => one.partial_cmp(other),
            (Self::Number(one), Self::Number(other)) => one.partial_cmp(other),
            (Self::Number(one), Self::Text(other)) => leading_number(other).and_then(|other| one.partial_cmp(&other)),
            (Self::Text(one), Self::Number(other)) => leading_number(one).and_then(|one| one.partial_cmp(other)),
        }?;
        match operator {
            Op::Eq | Op::Spaceship => Some(order.is_eq()),
            Op::NotEq => Some(order.is_ne()),
            Op::Lt => Some(order.is_lt()),
            Op::LtEq => Some(order.is_le()),
            Op::Gt => Some(order.is_gt()),
            Op::GtEq => Some(order.is_ge()),
            _ => None,
        }
    }
}

/// The number that a text begins with, as MySQL takes it.
fn leading_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

fn constant(expr: &Expr) -> Option<Constant> {
    match bare(expr) {
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) => number.parse().ok().map(Constant::Number),
            Value::Boolean(truth) => Some(Constant::Number(f64::from(u8::from(*truth)))),
            Value::Null => Some(Constant::Null),
            Value::Placeholder(_) => None,
            other => other.clone().into_string().map(Constant::Text),
        },
        Expr::Identifier(ident) if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("true") => {
            Some(Constant::Number(1.0))
        }
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match constant(expr)? {
            Constant::Number(number) => Some(Constant::Number(-number)),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Plus, expr } | Expr::Collate { expr, .. } | Expr::Cast { expr, .. } => {
            constant(expr)
        }
        Expr::BinaryOp { left, op, right } => match (constant(left)?, constant(right)?) {
            (Constant::Number(left), Constant::Number(right)) => match op {
                Op::Plus => Some(Constant::Number(left + right)),
                Op::Minus => Some(Constant::Number(left - right)),
                Op::Multiply => Some(Constant::Number(left * right)),
                _ => None,
            },
            (Constant::Text(left), Constant::Text(right)) if *op == Op::StringConcat => {
                Some(Constant::Text(left + &right))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Tells whether a condition names a column, a variable, or a table.
fn looks_at_rows(condition: &Expr) -> bool {
    struct Names;
    impl Visitor for Names {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::CompoundFieldAccess { .. } => {
                    ControlFlow::Break(())
                }
                Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => ControlFlow::Break(()),
                Expr::Value(value) if matches!(value.value, Value::Placeholder(_)) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }

        fn pre_visit_relation(&mut self, _: &ObjectName) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    condition.visit(&mut Names).is_break()
}
