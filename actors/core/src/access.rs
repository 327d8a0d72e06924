//! Who asks: roles, principals (a verified identity with its rights) and the way they came in.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What a key may do. A principal may have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Creates, revises and withdraws tasks; sees its own.
    Submitter,
    /// Decides on low and medium risk.
    Approver,
    /// Decides on everything; manages policy, keys and the allow-list.
    Admin,
    /// Pulls and reports work.
    Worker,
    /// Reads, exports and verifies everything.
    Auditor,
}

impl Role {
    /// All roles, in the order they are written.
    pub const ALL: [Self; 5] = [Self::Submitter, Self::Approver, Self::Admin, Self::Worker, Self::Auditor];

    /// The role's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitter => "submitter",
            Self::Approver => "approver",
            Self::Admin => "admin",
            Self::Worker => "worker",
            Self::Auditor => "auditor",
        }
    }

    /// Reads a role's name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// How an identity was proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// An API key (the root key is one, named `root`; `local` is whoever reaches a loopback server without keys).
    Key,
    /// An operator named by a verified Feishu callback.
    Feishu,
    /// A sub-agent, by its key, acting on a lease.
    Worker,
    /// The engine itself: a deadline, a lease that ran out.
    System,
}

/// Who did something, as events and audit lines name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Actor {
    /// How the identity was proven.
    #[serde(rename = "type")]
    pub kind: ActorKind,
    /// Key name, Feishu open_id, or the engine's part.
    pub id: String,
}

impl Actor {
    /// An actor known by its key.
    pub fn key(name: &str) -> Self {
        Self { kind: ActorKind::Key, id: name.to_owned() }
    }

    /// A part of the engine itself.
    pub fn system(part: &str) -> Self {
        Self { kind: ActorKind::System, id: part.to_owned() }
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            ActorKind::Key | ActorKind::Worker => f.write_str(&self.id),
            ActorKind::Feishu => write!(f, "feishu:{}", self.id),
            ActorKind::System => write!(f, "engine:{}", self.id),
        }
    }
}

/// The door a command came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The HTTP API.
    Api,
    /// A button on a Feishu card.
    Card,
    /// The dashboard.
    Dashboard,
    /// The lease protocol of sub-agents.
    Work,
    /// A deadline or another reason inside the engine.
    Engine,
    /// The command line, straight on the data folder.
    Cli,
}

/// Which sub-agent roles a worker key may serve.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkScope {
    /// None: the key is no worker key.
    #[default]
    Nothing,
    /// These sub-agent roles only.
    Only(BTreeSet<String>),
    /// Every sub-agent role.
    Any,
}

impl WorkScope {
    /// Whether work for this sub-agent role may be pulled.
    pub fn covers(&self, role: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Only(roles) => roles.contains(role),
            Self::Any => true,
        }
    }
}

/// A verified identity and its rights. Made only where a key or a signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who it is.
    pub actor: Actor,
    /// What it may do.
    pub roles: BTreeSet<Role>,
    /// Which sub-agent roles it may pull work for.
    pub work: WorkScope,
}

impl Principal {
    /// The holder of the root key: every right, which an admin has.
    pub fn root() -> Self {
        Self { actor: Actor::key("root"), roles: Role::ALL.into_iter().collect(), work: WorkScope::Any }
    }

    /// Whoever reaches a server that has no keys and listens on loopback only.
    pub fn local() -> Self {
        Self { actor: Actor::key("local"), ..Self::root() }
    }

    /// Somebody whom the platform names as who clicked, with the roles that the settings give him.
    pub fn feishu(open_id: &str, roles: BTreeSet<Role>) -> Self {
        let actor = Actor { kind: ActorKind::Feishu, id: open_id.to_owned() };
        Self { actor, roles, work: WorkScope::Nothing }
    }

    /// A part of the engine itself.
    pub fn system(part: &str) -> Self {
        Self { actor: Actor::system(part), roles: BTreeSet::new(), work: WorkScope::Nothing }
    }

    /// Whether the role, or admin where admin includes it, was given.
    pub fn has(&self, role: Role) -> bool {
        let by_admin = matches!(role, Role::Submitter | Role::Approver | Role::Auditor);
        self.roles.contains(&role) || (by_admin && self.roles.contains(&Role::Admin))
    }
}
