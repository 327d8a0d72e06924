//! RiskActor: grades commands, on a thread of its own so that a long text holds up nobody else.
//!
//! - Owns the compiled rules and the trusted networks in force.
//! - Takes `Classify`, `CheckLowers`, `ReplaceRules` and `ReplaceNetworks`; awaits nothing.
//! - When it dies, the guard stops the process: without grades nothing may be submitted.
//! - Its queue is bounded by the permits of the requests that ask.

use std::net::IpAddr;
use std::sync::Arc;

use actix::{Actor, Context, Handler, Message, MessageResult};
use hermes_core::risk::{Assessment, Level, Networks, Rules, Source};

use crate::death::DeathWatch;
use crate::health::Health;

/// Grades commands.
pub struct RiskActor {
    rules: Rules,
    networks: Networks,
    _guard: DeathWatch,
}

impl RiskActor {
    /// An actor with these rules and networks.
    pub fn new(rules: Rules, networks: Networks, health: Arc<Health>) -> Self {
        Self { rules, networks, _guard: DeathWatch::new("risk", health) }
    }
}

impl Actor for RiskActor {
    type Context = Context<Self>;
}

/// Asks for the grade of a command.
#[derive(Debug)]
pub struct Classify {
    /// The command.
    pub command: String,
    /// Where the request came from, as the connection shows.
    pub peer: Option<IpAddr>,
    /// The source claimed.
    pub claimed: Option<String>,
    /// What the submitter says of the level himself; it can only raise it.
    pub declared_level: Option<Level>,
    /// What the submitter adds to the labels.
    pub declared_labels: Vec<String>,
}

impl Message for Classify {
    type Result = Assessment;
}

impl Handler<Classify> for RiskActor {
    type Result = MessageResult<Classify>;
    fn handle(&mut self, ask: Classify, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.classify(&ask))
    }
}

/// Asks whether these labels may be lowered for a trusted source; answers why not.
#[derive(Debug)]
pub struct CheckLowers(pub Vec<String>);

impl Message for CheckLowers {
    type Result = Result<(), String>;
}

impl Handler<CheckLowers> for RiskActor {
    type Result = Result<(), String>;
    fn handle(&mut self, CheckLowers(labels): CheckLowers, _: &mut Self::Context) -> Self::Result {
        self.rules.check_lowers(&labels)
    }
}

/// Puts other rules in force.
#[derive(Debug)]
pub struct ReplaceRules(pub Box<Rules>);

impl Message for ReplaceRules {
    type Result = ();
}

impl Handler<ReplaceRules> for RiskActor {
    type Result = ();
    fn handle(&mut self, ReplaceRules(rules): ReplaceRules, _: &mut Self::Context) {
        self.rules = *rules;
    }
}

/// Puts other trusted networks in force.
#[derive(Debug)]
pub struct ReplaceNetworks(pub Networks);

impl Message for ReplaceNetworks {
    type Result = ();
}

impl Handler<ReplaceNetworks> for RiskActor {
    type Result = ();
    fn handle(&mut self, ReplaceNetworks(networks): ReplaceNetworks, _: &mut Self::Context) {
        self.networks = networks;
    }
}

impl RiskActor {
    fn classify(&self, ask: &Classify) -> Assessment {
        let source = Source { peer: ask.peer, claimed: ask.claimed.as_deref() };
        let mut assessment = self.rules.assess(&ask.command, &source, &self.networks);
        assessment.raise(ask.declared_level, &ask.declared_labels);
        assessment
    }
}
