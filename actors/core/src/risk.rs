//! How risky a command is: a level, stable labels, and findings that say where and why.

use serde::{Deserialize, Serialize};

/// How much harm a command can do.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Only reads, or changes nothing that matters.
    #[default]
    Low,
    /// Changes state in a bounded, recoverable way, or cannot be judged.
    Medium,
    /// Destroys, opens access, leaks, or runs what nobody can see.
    High,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The level's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// Reads a level's name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing found in a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Finding {
    /// Stable id of what was found, snake_case.
    pub label: String,
    /// How much harm it can do by itself.
    pub level: Level,
    /// From and to, in bytes of the command as given; `[0, 0]` if it is not about a place in the text.
    pub span: [usize; 2],
    /// One sentence that a person understands.
    pub why: String,
}

/// The grade of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Assessment {
    /// The highest level found.
    pub level: Level,
    /// The labels found, each once, heaviest first.
    pub labels: Vec<String>,
    /// What was found, heaviest first.
    pub findings: Vec<Finding>,
}
