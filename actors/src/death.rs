//! A panic ends an actor in silence; this makes it heard.

use std::sync::Arc;

use crate::health::Health;

/// Held by an actor that there is only one of: when a panic ends it, the process is told to stop, to be started afresh.
#[derive(Debug)]
pub struct DeathWatch {
    name: &'static str,
    health: Arc<Health>,
}

impl DeathWatch {
    /// Watches over the actor of this name.
    pub const fn new(name: &'static str, health: Arc<Health>) -> Self {
        Self { name, health }
    }
}

impl Drop for DeathWatch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(actor = self.name, "an actor died; the server stops");
            self.health.set_fatal(format!("the {} actor died", self.name));
        }
    }
}
