//! Named points at which a test can end the process as abruptly as `kill -9` does.
//!
//! `HERMES_CRASH_AT=worker.after_journal` aborts at the first pass of that point, `worker.after_journal:3` at the third.
//! Without the cargo feature `crash-points` a point is nothing.

/// Aborts the process if the environment asks for it at this point.
#[cfg(feature = "crash-points")]
pub fn point(name: &str) {
    use std::sync::OnceLock;

    static WANTED: OnceLock<Option<Countdown>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| std::env::var("HERMES_CRASH_AT").ok().map(|text| Countdown::parse(&text)));
    if wanted.as_ref().is_some_and(|countdown| countdown.reached(name)) {
        tracing::error!(point = name, "ending the process here, as the test asked");
        std::process::abort();
    }
}

/// Aborts the process if the environment asks for it at this point.
#[cfg(not(feature = "crash-points"))]
#[inline]
pub const fn point(_name: &str) {}

/// Which point, and how many passes of it are left.
#[cfg(any(test, feature = "crash-points"))]
struct Countdown {
    name: String,
    left: std::sync::atomic::AtomicU64,
}

#[cfg(any(test, feature = "crash-points"))]
impl Countdown {
    fn parse(text: &str) -> Self {
        let counted = text.rsplit_once(':').and_then(|(name, pass)| Some((name, pass.parse().ok()?)));
        let (name, pass) = counted.unwrap_or((text, 1));
        Self { name: name.to_owned(), left: pass.into() }
    }

    /// Counts a pass; true for exactly one of them.
    fn reached(&self, name: &str) -> bool {
        use std::sync::atomic::Ordering::Relaxed;
        self.name == name && self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) == Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pass_of_one_point_is_the_end() {
        for (wanted, passes) in [
            ("worker.after_start", [true, false, false]),
            ("worker.after_start:1", [true, false, false]),
            ("worker.after_start:3", [false, false, true]),
            ("worker.after_start:0", [false, false, false]),
            ("worker.after_end", [false, false, false]),
        ] {
            let countdown = Countdown::parse(wanted);
            assert_eq!([(); 3].map(|()| countdown.reached("worker.after_start")), passes, "{wanted}");
        }
    }
}
