//! What Feishu (Lark) and a bot say to each other: signatures, sealed bodies, clicks on cards, frames of the long
//! connection. Both sides are here, since the simulator speaks for the platform.
//!
//! Source: the open platform's documentation of callbacks and the official SDKs. What a card looks like is in
//! [`crate::card`].

pub mod answer;
pub mod api;
pub mod callback;
pub mod connection;
pub mod envelope;
pub mod frame;
pub mod signature;
