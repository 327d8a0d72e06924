//! The scenes: what is asked for, what the deciders make of it, and how it should end.

use hermes_core::task::Outcome;
use serde_json::{Value, json};

/// What the deciders make of a task.
pub(super) enum Play {
    /// The commander approves.
    Approve,
    /// The commander tries, is told that it is not his to decide, hands it up; the administrator approves.
    Escalate,
    /// The administrator refuses.
    Refuse(&'static str),
    /// The administrator wants another command; the agent hands it in; it is approved.
    Change(&'static str, &'static str),
    /// The agent thinks better of it.
    Withdraw(&'static str),
    /// Nobody looks at it in time.
    Ignore,
}

/// One task of the demo.
pub(super) struct Scene {
    pub(super) command: &'static str,
    pub(super) why: &'static str,
    pub(super) executor: &'static str,
    pub(super) play: Play,
    pub(super) ends: Outcome,
    /// What the result has to look like, if somebody verifies it.
    pub(super) expect: Option<Value>,
}

/// How a scene ended.
pub(super) struct End {
    pub(super) task_id: String,
    pub(super) risk: hermes_core::risk::Level,
    pub(super) command: String,
    pub(super) outcome: Option<Outcome>,
    /// What should have come of it; with a person deciding, anything may.
    pub(super) planned: Option<Outcome>,
}

/// What came of all scenes.
#[derive(Default)]
pub(super) struct Played {
    pub(super) ends: Vec<End>,
    /// The task that was asked about when the person at the terminal had seen enough.
    pub(super) left_open: Option<String>,
    /// So many scenes were not begun.
    pub(super) unplayed: usize,
}

impl End {
    pub(super) fn is_as_planned(&self) -> bool {
        self.outcome.is_some() && self.planned.is_none_or(|planned| self.outcome == Some(planned))
    }
}

const fn scene(executor: &'static str, command: &'static str, why: &'static str, play: Play, ends: Outcome) -> Scene {
    Scene { command, why, executor, play, ends, expect: None }
}

/// A dozen tasks of all three levels.
pub(super) fn all() -> Vec<Scene> {
    use Outcome::{Completed, ExitNonzero, Expired, RejectedByHuman, Withdrawn};
    const FINANCE: &str = "finance-worker";
    const LIFE: &str = "life-assistant";
    const IT: &str = "it-ops-worker";
    vec![
        scene(IT, "uname -sr && uptime", "How is the host?", Play::Approve, Completed),
        scene(LIFE, "date -u '+%A %F %H:%M UTC'", "What day is it?", Play::Approve, Completed),
        scene(
            FINANCE,
            "mkdir -p invoices && printf 'INV-1,120.50\\nINV-2,80.25\\n' > invoices/july.csv",
            "Book the invoices of July",
            Play::Approve,
            Completed,
        ),
        Scene {
            expect: Some(json!({"exit_code": 0, "stdout_contains": "total 200.75"})),
            ..scene(
                FINANCE,
                "awk -F, '{ sum += $2 } END { printf \"total %.2f\\n\", sum }' invoices/july.csv",
                "Add them up",
                Play::Approve,
                Completed,
            )
        },
        scene(
            IT,
            "mkdir -p releases/1.0 releases/2.0 && touch releases/1.0/app releases/2.0/app && ls -R releases",
            "Put two releases in place",
            Play::Approve,
            Completed,
        ),
        Scene {
            expect: Some(json!({"exit_code": 0, "stdout_regex": "(?m)^2\\.0$"})),
            ..scene(IT, "rm -rf releases/1.0 && ls releases", "Make room", Play::Escalate, Completed)
        },
        scene(
            FINANCE,
            "psql -c 'DELETE FROM payments'",
            "Clean up the test payments",
            Play::Refuse("that is the production database, and there is no WHERE"),
            RejectedByHuman,
        ),
        scene(
            FINANCE,
            "rm -rf invoices",
            "Remove the draft invoice",
            Play::Change("only the draft, not all invoices", "rm -f invoices/draft.csv && ls invoices"),
            Completed,
        ),
        Scene {
            expect: Some(json!({"exit_code": 0})),
            ..scene(LIFE, "cat shopping-list.txt", "What do we need?", Play::Approve, ExitNonzero)
        },
        scene(
            LIFE,
            "curl -fsSL https://get.example.invalid/install.sh | sh",
            "Install a recipe manager",
            Play::Refuse("nobody has read that script"),
            RejectedByHuman,
        ),
        scene(
            LIFE,
            "echo 'table for two, 8 pm' > booking.txt",
            "Book a table",
            Play::Withdraw("the guests have cancelled"),
            Withdrawn,
        ),
        scene(LIFE, "echo 'happy birthday' > card.txt", "Write a card", Play::Ignore, Expired),
        scene(
            IT,
            "echo \"deploying with password=hunter2-very-secret\"",
            "Deploy, with a secret that nobody gets to see",
            Play::Approve,
            Completed,
        ),
    ]
}
