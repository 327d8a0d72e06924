//! What goes over HTTP: the shapes that the server, the sub-agent and the client commands share.

pub mod task;
pub mod work;
