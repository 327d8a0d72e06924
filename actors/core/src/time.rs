//! Points in time and spans of time, always passed in.

use serde::{Deserialize, Serialize};

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Seconds since 1970 as the reference writes them: a float with microseconds.
    pub fn unix_seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// From seconds since 1970; what is out of range is cut to the range.
    pub fn from_unix_seconds(seconds: f64) -> Self {
        Self((seconds * 1e6) as i64)
    }

    /// `2026-01-01T00:00:01.000000Z`, always with six digits.
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_microsecond(self.0).map_or_else(|_| self.0.to_string(), |t| format!("{t:.6}"))
    }

    /// Reads an RFC 3339 time (`2026-01-01T00:00:01Z`).
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_microsecond()))
    }

    /// This moment moved forward.
    #[must_use]
    pub fn plus(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.micros()))
    }

    /// How long ago `earlier` was; zero if it is not in the past.
    pub fn since(self, earlier: Self) -> Millis {
        Millis(u64::try_from(self.0.saturating_sub(earlier.0) / 1000).unwrap_or(0))
    }
}

/// A span of time in milliseconds.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// A span of whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// The span in microseconds.
    pub fn micros(self) -> i64 {
        i64::try_from(self.0.saturating_mul(1000)).unwrap_or(i64::MAX)
    }

    /// Reads `90s`, `15m`, `6h`, `2d`, `250ms`, or a bare number of seconds.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(split)?;
        let number: u64 = number.parse().ok()?;
        let factor = match unit.trim() {
            "ms" => 1,
            "" | "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        number.checked_mul(factor).map(Self)
    }
}

impl From<Millis> for std::time::Duration {
    fn from(span: Millis) -> Self {
        Self::from_millis(span.0)
    }
}

impl std::fmt::Display for Millis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (n, unit) = match self.0 {
            0 => (0, "s"),
            n if n.is_multiple_of(86_400_000) => (n / 86_400_000, "d"),
            n if n.is_multiple_of(3_600_000) => (n / 3_600_000, "h"),
            n if n.is_multiple_of(60_000) => (n / 60_000, "m"),
            n if n.is_multiple_of(1000) => (n / 1000, "s"),
            n => (n, "ms"),
        };
        write!(f, "{n}{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_back_as_written() {
        for (text, ms) in
            [("250ms", 250), ("90s", 90_000), ("5", 5000), ("15m", 900_000), ("6h", 21_600_000), ("2d", 172_800_000)]
        {
            let span = Millis::parse(text).unwrap();
            assert_eq!(span, Millis(ms), "{text}");
            assert_eq!(Millis::parse(&span.to_string()), Some(span));
        }
        for bad in ["", "h", "-1s", "1 week", "99999999999999999999s", "18446744073709551615d"] {
            assert_eq!(Millis::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_have_six_digits_and_a_z() {
        assert_eq!(Timestamp(1_767_225_601_000_000).rfc3339(), "2026-01-01T00:00:01.000000Z");
    }
}
