//! Named points at which a crash test ends the process, as `kill -9` would. Without the feature `crash-points` they are
//! nothing.

/// Ends the process here if `HERMES_CRASH_AT` names this point (`name`, or `name:3` for the third pass).
pub fn point(name: &str) {
    point_after(name, || {});
}

/// Ends the process here if `HERMES_CRASH_AT` names this point, after a last act: half of what would have been done.
#[cfg(feature = "crash-points")]
pub fn point_after(name: &str, last_act: impl FnOnce()) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static PLAN: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSES: AtomicU64 = AtomicU64::new(0);
    let plan = PLAN.get_or_init(|| {
        let text = std::env::var("HERMES_CRASH_AT").ok()?;
        Some(match text.rsplit_once(':') {
            Some((name, pass)) if pass.parse::<u64>().is_ok() => (name.to_owned(), pass.parse().unwrap_or(1)),
            Some(_) | None => (text, 1),
        })
    });
    if let Some((at, pass)) = plan
        && at == name
        && PASSES.fetch_add(1, Ordering::SeqCst) + 1 == *pass
    {
        last_act();
        // Not abort: a kill runs no handler and flushes nothing.
        let _ended = nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL);
    }
}

/// Nothing.
#[cfg(not(feature = "crash-points"))]
pub fn point_after(_: &str, _: impl FnOnce()) {}
