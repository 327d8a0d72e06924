//! Policy, trusted networks and allow-list: where they come from, and how they are replaced at run time.
//!
//! What was put in through the API is in the store, together with the digest of the file (or variable) that was in force
//! then. It stays in force until the file changes: whoever spoke last is heard.

use std::collections::BTreeSet;
use std::sync::Arc;

use hermes_actors::risk::{CheckLowers, ReplaceNetworks, ReplaceRules};
use hermes_actors::runtime::Engine;
use hermes_actors::settings::InForce;
use hermes_actors::store::{self, Change, Setting, Store};
use hermes_core::access::{Actor, Principal, Via};
use hermes_core::audit::Entry;
use hermes_core::id::Digest;
use hermes_core::policy::{Limits, Policy};
use hermes_core::risk::{Networks, Rules, RulesError};
use hermes_core::task::Terms;
use hermes_core::time::{Millis, Timestamp};
use serde_json::{Value, json};

use crate::config::{Config, Loaded, NamedFile};

const POLICY: &str = "policy";
const ALLOW_LIST: &str = "whitelist";

/// An executor may be silent for so many lives of a lease after its time to run.
const GRACE_LEASES: u64 = 2;

/// Why a policy is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file.
    #[error("the policy file {path} is refused: {why}")]
    Policy {
        /// Where it is.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The organisation's rule file cannot be read.
    #[error("the rule file {path} is refused, the rules in force stay: {why}")]
    RuleFile {
        /// Where it is.
        path: String,
        /// Why.
        why: String,
    },
    /// What the organisation's rule file says.
    #[error("the rule file is refused, the rules in force stay: {0}")]
    Rules(#[from] RulesError),
    /// The data.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Where policy, networks and allow-list come from.
#[derive(Debug)]
pub(crate) struct Governance {
    policy_file: NamedFile,
    rule_file: NamedFile,
    trusted_networks: Vec<String>,
    allow_list: BTreeSet<String>,
    terms: Terms,
    limits_are_off: bool,
    retention: Millis,
}

impl Governance {
    pub(crate) fn new(loaded: &Loaded<Config>) -> Self {
        let config = &loaded.config;
        let work = &config.work;
        Self {
            policy_file: loaded.policy_file(),
            rule_file: loaded.rule_file(),
            trusted_networks: config.rules.trusted_networks.clone(),
            allow_list: config.feishu.whitelist.iter().cloned().collect(),
            terms: Terms {
                policy: Policy::default(),
                fallback_assignee: work.fallback_assignee.clone(),
                execution_timeout: work.execution_timeout,
                execution_grace: Millis(work.lease_ttl.0.saturating_mul(GRACE_LEASES)),
            },
            limits_are_off: super::is_off(config.limits.rate_limit),
            retention: config.store.retention,
        }
    }

    /// How long ended tasks are kept.
    pub(crate) const fn retention(&self) -> Millis {
        self.retention
    }

    /// What stops floods; nothing while the setting is off.
    pub(crate) fn limits(&self, policy: &Policy) -> Option<Limits> {
        (!self.limits_are_off).then_some(policy.limits)
    }

    /// How many tasks of this submitter may wait. The root key and the keyless local user stand for many agents.
    pub(crate) fn pending_limit(&self, policy: &Policy, who: &Principal) -> Option<u32> {
        let stands_for_many = ["root", "local"].contains(&who.actor.id.as_str());
        self.limits(policy).filter(|_| !stands_for_many).map(|limits| limits.pending_per_submitter)
    }

    /// What is in force at the start.
    pub(crate) async fn load(&self, store: &dyn Store) -> Result<(Arc<InForce>, Rules, Networks), Error> {
        let file = self.policy_file.text().map_err(|error| self.refused(error.to_string()))?;
        let text = file.clone().unwrap_or_default();
        let kept = store.setting(POLICY).await?.filter(|setting| setting.origin == Digest::of(text.as_bytes()));
        let kept = kept.map(|setting| setting.value).filter(|value| *value != text);
        let policy = self.parse(kept.as_ref().unwrap_or(&text))?;
        let networks = self.networks(&policy)?;
        let (rules, digest) = self.rules(&policy)?;
        tracing::info!(
            policy = match (&kept, &file) {
                (Some(_), _) => "put in through the API".to_owned(),
                (None, Some(_)) => self.policy_file.path().display().to_string(),
                (None, None) => "built-in".to_owned(),
            },
            rules = match digest {
                Some(_) => self.rule_file.path().display().to_string(),
                None => "built-in rules only".to_owned(),
            },
            "in force"
        );
        let kept = store.setting(ALLOW_LIST).await?.filter(|setting| setting.origin == self.allow_list_origin());
        let kept = kept.and_then(|setting| serde_json::from_str(&setting.value).ok());
        let allow_list = kept.unwrap_or_else(|| self.allow_list.clone());
        Ok((InForce::new(self.terms_with(policy), allow_list), rules, networks))
    }

    /// The built-in rules of risk, with the organisation's file on top if there is one, and the digest of that file.
    fn rules(&self, policy: &Policy) -> Result<(Rules, Option<Digest>), Error> {
        let path = self.rule_file.path().display().to_string();
        let (rules, digest) = match self.rule_file.text() {
            Ok(Some(text)) => (Rules::with(&path, &text)?, Some(Digest::of(text.as_bytes()))),
            Ok(None) => (Rules::builtin(), None),
            Err(error) => return Err(Error::RuleFile { path, why: error.to_string() }),
        };
        for warning in rules.warnings() {
            tracing::warn!(file = path, "the organisation's rules take away from the built-in ones: {warning}");
        }
        rules.check_lowers(&policy.trusted_lowers).map_err(|why| self.refused(format!("trusted_lowers: {why}")))?;
        Ok((rules, digest))
    }

    /// Puts a policy in force.
    pub(crate) async fn replace_policy(&self, engine: &Engine, policy: Policy, by: &Actor) -> Result<(), Error> {
        let lowers = CheckLowers(policy.trusted_lowers.clone());
        let checked = engine.risk.send(lowers).await.map_err(|_| store::Error::Unavailable)?;
        checked.map_err(|why| self.refused(format!("trusted_lowers: {why}")))?;
        let origin = self.read_file().map_or(Digest([0; 32]), |(_, origin)| origin);
        let setting = Setting { value: policy.to_toml(), origin };
        let before = engine.in_force.terms().policy.digest();
        let data = json!({"before": before, "after": policy.digest(), "policy": policy});
        let entry = entry(engine.clock.now(), "policy.replaced", by, data);
        engine.store.apply(change(POLICY, setting, entry)).await?;
        self.put_in_force(engine, policy);
        Ok(())
    }

    /// Takes the policy file and the rule file in again, whoever spoke last before. Either both or none.
    /// Answers the digest of the rule file that is in force, if there is one.
    pub(crate) async fn reload(&self, engine: &Engine, by: &Actor) -> Result<Option<Digest>, Error> {
        let (text, origin) = self.read_file()?;
        let policy = self.parse(&text)?;
        self.networks(&policy)?;
        let (rules, digest) = self.rules(&policy)?;
        let before = engine.in_force.terms().policy.digest();
        let data = json!({"before": before, "after": policy.digest(), "rules": digest});
        let entry = entry(engine.clock.now(), "policy.reloaded", by, data);
        engine.store.apply(change(POLICY, Setting { value: text, origin }, entry)).await?;
        engine.risk.do_send(ReplaceRules(Box::new(rules)));
        self.put_in_force(engine, policy);
        Ok(digest)
    }

    /// Puts an allow-list in force.
    pub(crate) async fn replace_allow_list(
        &self,
        engine: &Engine,
        open_ids: BTreeSet<String>,
        by: &Actor,
    ) -> Result<(), store::Error> {
        let setting = Setting { value: json!(open_ids).to_string(), origin: self.allow_list_origin() };
        let data = json!({"before": *engine.in_force.allow_list(), "after": open_ids});
        let entry = entry(engine.clock.now(), "whitelist.replaced", by, data);
        engine.store.apply(change(ALLOW_LIST, setting, entry)).await?;
        engine.in_force.replace_allow_list(open_ids);
        Ok(())
    }

    fn put_in_force(&self, engine: &Engine, policy: Policy) {
        if let Ok(networks) = self.networks(&policy) {
            engine.risk.do_send(ReplaceNetworks(networks));
        }
        engine.in_force.replace_terms(self.terms_with(policy));
    }

    fn terms_with(&self, policy: Policy) -> Terms {
        Terms { policy, ..self.terms.clone() }
    }

    /// The file's text and digest; no file is an empty policy.
    fn read_file(&self) -> Result<(String, Digest), Error> {
        let text = self.policy_file.text().map_err(|error| self.refused(error.to_string()))?.unwrap_or_default();
        let origin = Digest::of(text.as_bytes());
        Ok((text, origin))
    }

    fn parse(&self, text: &str) -> Result<Policy, Error> {
        Policy::from_toml(text).map_err(|error| self.refused(error.to_string()))
    }

    fn networks(&self, policy: &Policy) -> Result<Networks, Error> {
        let texts = policy.trusted_networks.as_ref().unwrap_or(&self.trusted_networks);
        let networks = Networks::parse(texts).map_err(|error| self.refused(error.to_string()))?;
        Ok(networks.lowering(policy.trusted_lowers.iter().cloned()))
    }

    fn refused(&self, why: String) -> Error {
        Error::Policy { path: self.policy_file.path().display().to_string(), why }
    }

    fn allow_list_origin(&self) -> Digest {
        Digest::of(json!(self.allow_list).to_string().as_bytes())
    }
}

fn change(name: &str, setting: Setting, entry: Entry) -> Change {
    Change { add_key: None, revoke_key: None, setting: Some((name.to_owned(), setting)), entry }
}

/// An audit entry about the administration.
pub fn entry(at: Timestamp, kind: &str, by: &Actor, data: Value) -> Entry {
    Entry::new(at, kind, by.clone(), Via::Api, data)
}
