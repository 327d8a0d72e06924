//! The policy file: people, thresholds, deadlines and limits. Replaced as a whole, at run time.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::access::{Actor, ActorKind, Role};
use crate::id::Digest;
use crate::risk::Level;
use crate::task::Deadlines;
use crate::time::{Millis, Timestamp};

mod mistakes;

/// A span of time written as `90s`, `15m`, `6h`, `2d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SpanText", into = "String")]
pub struct Span(pub Millis);

#[derive(Deserialize)]
#[serde(untagged)]
enum SpanText {
    Seconds(u64),
    Text(String),
}

impl TryFrom<SpanText> for Span {
    type Error = String;
    fn try_from(text: SpanText) -> Result<Self, String> {
        match text {
            SpanText::Seconds(seconds) => Ok(Self(Millis::from_secs(seconds))),
            SpanText::Text(text) => Millis::parse(&text)
                .map(Self)
                .ok_or_else(|| format!("\"{text}\" is not a span of time; write 90s, 15m, 6h or 2d")),
        }
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.0.to_string()
    }
}

/// One person: all the names he has, so that he counts once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    /// Names of his API keys.
    pub keys: BTreeSet<String>,
    /// His Feishu open_ids.
    pub open_ids: BTreeSet<String>,
    /// What he may do when he comes by Feishu; a key has its own roles.
    pub roles: BTreeSet<Role>,
}

/// What it takes to decide on one level of risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LevelRules {
    /// Distinct people who have to approve.
    pub approvals: u32,
    /// Distinct people who have to refuse.
    pub refusals: u32,
    /// Deciders are told again after this long.
    pub alert: Span,
    /// It is rejected as expired after this long.
    pub reject: Span,
}

impl Default for LevelRules {
    fn default() -> Self {
        let hours = |n: u64| Span(Millis::from_secs(n * 3600));
        Self { approvals: 1, refusals: 1, alert: hours(1), reject: hours(6) }
    }
}

/// The rules of the three levels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Levels {
    /// Low risk.
    pub low: LevelRules,
    /// Medium risk.
    pub medium: LevelRules,
    /// High risk; always an administrator's to approve.
    pub high: LevelRules,
}

/// What stops floods, not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests a second that one key may make on average.
    pub requests_per_second: u32,
    /// Requests that one key may make at once.
    pub burst: u32,
    /// Requests of one key that may be under way at once; those that wait are not counted.
    pub requests_in_flight: u32,
    /// Long polls, event streams and exports of one key that may be open at once, and as many claims; a quarter of the
    /// room (`HERMES_LONG_POLLS`) if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_polls: Option<u32>,
    /// Tasks of one submitter that may wait for a decision.
    pub pending_per_submitter: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: 200,
            burst: 1000,
            requests_in_flight: 256,
            long_polls: None,
            pending_per_submitter: 50,
        }
    }
}

impl Limits {
    fn has_a_zero(&self) -> bool {
        let Self { requests_per_second, burst, requests_in_flight, long_polls, pending_per_submitter } = *self;
        [requests_per_second, burst, requests_in_flight, long_polls.unwrap_or(1), pending_per_submitter].contains(&0)
    }
}

/// The policy in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Whether somebody may decide on what he submitted himself; the event then says so.
    pub allow_self_approval: bool,
    /// Whether an approved task goes on the work list by itself.
    pub auto_dispatch: bool,
    /// An approval that nobody starts lapses after this long.
    pub start_within: Span,
    /// Trusted networks; those of the settings if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_networks: Option<Vec<String>>,
    /// Labels of medium risk that count as low if the request comes from a trusted network.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trusted_lowers: Vec<String>,
    /// Who is who.
    pub people: BTreeMap<String, Person>,
    /// What it takes, by risk.
    pub levels: Levels,
    /// What stops floods.
    pub limits: Limits,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allow_self_approval: false,
            auto_dispatch: true,
            start_within: Span(Millis::from_secs(24 * 3600)),
            trusted_networks: None,
            trusted_lowers: Vec::new(),
            people: BTreeMap::new(),
            levels: Levels::default(),
            limits: Limits::default(),
        }
    }
}

/// A policy text is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl Policy {
    /// Reads and checks a policy file (TOML); unknown keys are refused.
    ///
    /// # Errors
    /// With everything that is wrong, a line or more for each.
    pub fn from_toml(text: &str) -> Result<Self, Invalid> {
        match toml::from_str::<Self>(text) {
            Ok(policy) => policy.check().map(|()| policy),
            Err(first) => Err(Invalid(mistakes::all(text).unwrap_or_else(|| first.to_string().trim_end().to_owned()))),
        }
    }

    /// The policy as a TOML text.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// The digest of the policy, to tell one from another.
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_toml().as_bytes())
    }

    /// Refuses what cannot work.
    ///
    /// # Errors
    /// With everything that is wrong, a line for each.
    pub fn check(&self) -> Result<(), Invalid> {
        let wrong = self.wrong();
        if wrong.is_empty() { Ok(()) } else { Err(Invalid(wrong.join("\n"))) }
    }

    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, rules) in [("low", self.levels.low), ("medium", self.levels.medium), ("high", self.levels.high)] {
            wrong.extend(rules.wrong().into_iter().map(|why| format!("levels.{name}.{why}")));
        }
        if self.start_within.0 < Millis::from_secs(1) {
            wrong.push("start_within: at least 1s".to_owned());
        }
        if self.limits.has_a_zero() {
            wrong.push("limits: each is at least 1".to_owned());
        }
        let networks = self.trusted_networks.as_ref().map(|networks| crate::risk::Networks::parse(networks));
        wrong.extend(networks.and_then(Result::err).map(|error| format!("trusted_networks: {error}")));
        wrong.extend(self.wrong_names());
        wrong
    }

    fn wrong_names(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut owner: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for (name, person) in &self.people {
            let keys = person.keys.iter().map(|key| ("keys", key.as_str()));
            let open_ids = person.open_ids.iter().map(|id| ("open_ids", id.as_str()));
            for (kind, id) in keys.chain(open_ids) {
                if let Some(other) = owner.insert((kind, id), name) {
                    wrong.push(format!("people.{name}.{kind}: \"{id}\" belongs to {other} already"));
                }
            }
        }
        wrong
    }

    /// The rules of a level.
    pub const fn level(&self, level: Level) -> &LevelRules {
        match level {
            Level::Low => &self.levels.low,
            Level::Medium => &self.levels.medium,
            Level::High => &self.levels.high,
        }
    }

    /// What happens by itself to a task that starts to wait now.
    pub fn waiting(&self, level: Level, now: Timestamp) -> Deadlines {
        let rules = self.level(level);
        Deadlines {
            alert_at: Some(now.plus(rules.alert.0)),
            reject_at: Some(now.plus(rules.reject.0)),
            start_by: None,
            finish_by: None,
        }
    }

    /// What the policy lets somebody do who comes by Feishu.
    pub fn roles_of(&self, open_id: &str) -> BTreeSet<Role> {
        let known = self.people.values().find(|person| person.open_ids.contains(open_id));
        known.map(|person| person.roles.clone()).unwrap_or_default()
    }

    /// The person behind a name; a name that nobody claims is a person of its own.
    pub fn person(&self, actor: &Actor) -> String {
        let claims = |person: &Person| match actor.kind {
            ActorKind::Key | ActorKind::Worker => person.keys.contains(&actor.id),
            ActorKind::Feishu => person.open_ids.contains(&actor.id),
            ActorKind::System => false,
        };
        let known = self.people.iter().find(|(_, person)| claims(person)).map(|(name, _)| name.clone());
        known.unwrap_or_else(|| actor.to_string())
    }
}

impl LevelRules {
    fn wrong(&self) -> Vec<String> {
        const MOST: u32 = 20;
        let mut wrong = Vec::new();
        for (name, number) in [("approvals", self.approvals), ("refusals", self.refusals)] {
            if !(1..=MOST).contains(&number) {
                wrong.push(format!("{name}: {number} is not in 1 to {MOST}"));
            }
        }
        if self.reject.0.0 == 0 || self.alert.0 > self.reject.0 {
            wrong.push(format!("alert: {} is later than reject ({})", self.alert.0, self.reject.0));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_back_as_written() {
        let text = "allow_self_approval = true\nstart_within = \"2h\"\n[people.zhang]\nkeys = [\"zhang\"]\n\
                    open_ids = [\"ou_1\"]\nroles = [\"admin\"]\n[levels.high]\napprovals = 2\nreject = \"30m\"\nalert = \"5m\"\n";
        let policy = Policy::from_toml(text).unwrap();
        assert_eq!(policy.levels.high.approvals, 2);
        assert_eq!(policy.levels.high.refusals, 1);
        assert_eq!(Policy::from_toml(&policy.to_toml()).unwrap(), policy);
        assert_eq!(Policy::from_toml("").unwrap(), Policy::default());
    }

    #[test]
    fn a_bad_policy_is_refused_with_its_key() {
        for (text, says) in [
            ("nonsense = 1", "nonsense"),
            ("[levels.low]\napprovals = 0", "levels.low.approvals"),
            ("[levels.low]\nalert = \"7h\"", "levels.low.alert"),
            ("[levels.low]\nalert = \"soon\"", "soon"),
            ("start_within = \"0s\"", "start_within"),
            ("[limits]\nlong_polls = 0", "limits"),
            ("[limits]\nrequests_in_flight = 0", "limits"),
            ("trusted_networks = [\"10.0.0.\"]", "trusted_networks"),
            ("[people.a]\nkeys = [\"k\"]\n[people.b]\nkeys = [\"k\"]", "belongs to a already"),
            ("[people.a]\nroles = [\"king\"]", "king"),
        ] {
            let error = Policy::from_toml(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let text = "nonsense = 1\nstart_within = \"0s\"\n[levels.low]\napprovals = 0\nrefusals = 21\nalert = \"soon\"\n\
                    [people.\"a.b\"]\nkeys = [\"k\"]\nroles = [\"king\"]\n[people.c]\nkeys = [\"k\"]\n[strange]\nx = 1";
        let all = Policy::from_toml(text).unwrap_err().to_string();
        for says in [
            "nonsense: unknown field",
            "start_within: at least 1s",
            "levels.low.approvals: 0 is not",
            "levels.low.refusals: 21 is not",
            "levels.low.alert: \"soon\" is not a span",
            "people.a.b.roles: ",
            "belongs to a.b already",
            "strange.x: unknown field `strange`",
        ] {
            assert!(all.contains(says), "{says} is not in\n{all}");
        }
        assert_eq!(all.lines().count(), 8, "{all}");
        let one = Policy::from_toml("nonsense = 1\n[levels.low]\napprovals = 2").unwrap_err().to_string();
        assert!(one.contains("line 1") && one.contains("nonsense"), "one alone is shown in its place: {one}");
        let no_toml = Policy::from_toml("nonsense = 1\n[levels").unwrap_err().to_string();
        assert!(no_toml.contains("line 2"), "{no_toml}");
    }

    #[test]
    fn one_person_behind_two_names_is_one() {
        let policy = Policy::from_toml("[people.zhang]\nkeys = [\"laptop\"]\nopen_ids = [\"ou_1\"]").unwrap();
        let feishu = Actor { kind: ActorKind::Feishu, id: "ou_1".to_owned() };
        assert_eq!(policy.person(&Actor::key("laptop")), policy.person(&feishu));
        assert_ne!(policy.person(&Actor::key("ou_1")), policy.person(&feishu));
    }
}
