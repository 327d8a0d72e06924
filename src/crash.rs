//! Named points at which a crash test ends the process.

pub use hermes_actors::crash::point;
