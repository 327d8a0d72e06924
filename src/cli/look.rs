//! How output looks: colours, clock times, spans of time.

use clap::builder::styling::{AnsiColor, Style};
use hermes_core::risk::Level;
use hermes_core::task::State;
use hermes_core::time::{Millis, Timestamp};
use jiff::tz::TimeZone;

/// Whether colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colors {
    On,
    Off,
}

/// What output is fitted to.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) colors: Colors,
    /// Columns of the terminal; without a terminal nothing is cut.
    pub(super) width: Option<usize>,
    pub(super) zone: TimeZone,
    pub(super) now: Timestamp,
}

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Strong,
    Faint,
    Good,
    Busy,
    Warning,
    Bad,
}

impl Tone {
    const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Busy => AnsiColor::Cyan.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
        }
    }

    pub(super) const fn of_level(level: Level) -> Self {
        match level {
            Level::Low => Self::Good,
            Level::Medium => Self::Warning,
            Level::High => Self::Bad,
        }
    }

    pub(super) const fn of_state(state: State) -> Self {
        match state {
            State::Pending | State::Modify | State::Admin => Self::Warning,
            State::Approved | State::Executing => Self::Busy,
            State::Done => Self::Good,
            State::Rejected | State::Failed => Self::Bad,
        }
    }
}

impl Look {
    pub(super) fn paint(&self, tone: Tone, text: &str) -> String {
        let style = tone.style();
        match self.colors {
            Colors::Off => text.to_owned(),
            Colors::On => format!("{}{text}{}", style.render(), style.render_reset()),
        }
    }

    /// The time of day; with the day, too, if it is not today.
    pub(super) fn clock(&self, at: f64) -> String {
        let zoned = |at: Timestamp| Some(jiff::Timestamp::from_microsecond(at.0).ok()?.to_zoned(self.zone.clone()));
        let (at, now) = (zoned(Timestamp::from_unix_seconds(at)), zoned(self.now));
        let Some((at, now)) = at.zip(now) else { return "never".to_owned() };
        let format = match (at.date() == now.date(), at.year() == now.year()) {
            (true, _) => "%H:%M:%S",
            (false, true) => "%b %d %H:%M:%S",
            (false, false) => "%Y-%m-%d %H:%M:%S",
        };
        at.strftime(format).to_string()
    }

    /// How long ago it was, in one unit.
    pub(super) fn age(&self, at: f64) -> String {
        let text = span(self.now.since(Timestamp::from_unix_seconds(at)));
        text.split(' ').next().unwrap_or_default().to_owned()
    }

    /// The clock time, and how far it is from now.
    pub(super) fn moment(&self, at: f64) -> String {
        let then = Timestamp::from_unix_seconds(at);
        let (past, ahead) = (self.now.since(then), then.since(self.now));
        let distance = match () {
            () if ahead > Millis(0) => format!("in {}", span(ahead)),
            () if past < Millis(1000) => "now".to_owned(),
            () => format!("{} ago", self.age(at)),
        };
        format!("{} ({distance})", self.clock(at))
    }
}

/// A span in its two largest units.
pub(super) fn span(span: Millis) -> String {
    let seconds = span.0 / 1000;
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large}{large_unit}"),
        small => format!("{large}{large_unit} {small}{small_unit}"),
    };
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => two(seconds / 60, "m", seconds % 60, "s"),
        3600..86_400 => two(seconds / 3600, "h", seconds / 60 % 60, "m"),
        _ => two(seconds / 86_400, "d", seconds / 3600 % 24, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::look;

    #[test]
    fn spans_have_at_most_two_units() {
        let table = [
            (0, "0s"),
            (999, "0s"),
            (42_000, "42s"),
            (60_000, "1m"),
            (200_000, "3m 20s"),
            (21_420_000, "5h 57m"),
            (21_600_000, "6h"),
            (183_600_000, "2d 3h"),
        ];
        for (millis, text) in table {
            assert_eq!(span(Millis(millis)), text);
        }
    }

    #[test]
    fn moments_are_local_and_name_the_day_only_if_it_is_another() {
        let look = look();
        let now = look.now.unix_seconds();
        assert_eq!(look.moment(now), "12:00:00 (now)");
        assert_eq!(look.moment(now - 200.0), "11:56:40 (3m ago)");
        assert_eq!(look.moment(now + 21_420.0), "17:57:00 (in 5h 57m)");
        assert_eq!(look.moment(now - 86_400.0), "Jan 31 12:00:00 (1d ago)");
        assert_eq!(look.moment(now - 86_400.0 * 40.0), "2025-12-23 12:00:00 (40d ago)");
        assert_eq!(look.clock(f64::MAX), "never");
    }

    #[test]
    fn colours_are_codes_only_where_they_are_wanted() {
        let plain = look();
        assert_eq!(plain.paint(Tone::Bad, "x"), "x");
        let colored = Look { colors: Colors::On, ..plain };
        assert_eq!(colored.paint(Tone::Bad, "x"), "\u{1b}[1m\u{1b}[31mx\u{1b}[0m");
        assert_eq!(colored.paint(Tone::Plain, "x"), "x");
    }
}
