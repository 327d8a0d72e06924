//! The seat of CardActor, which will own the Feishu outbox: token, rate limits, message ids.
//!
//! What has to be sent will be rows that a task's own commit writes; the actor is nudged as AuditActor and WorkActor are,
//! and reads what is due from the store. What a card says is decided in `hermes_core::card`.

use actix::Message;

/// Something was committed: there may be cards to send or to update.
#[derive(Debug)]
pub struct Look;

impl Message for Look {
    type Result = ();
}
