//! The lease protocol's requests and answers (`/api/work/…`).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{Digest, Fence, LeaseId, Revision, TaskId};
use crate::time::Millis;

/// `POST /api/work/claim`: a sub-agent asks for work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Claim {
    /// The sub-agent's own name, `[A-Za-z0-9._:-]{1,128}`.
    pub worker: String,
    /// The sub-agent roles it serves; empty means all that its key covers.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Seconds to wait for work, 0 to 30.
    #[serde(default = "default_wait")]
    pub wait: u64,
    /// At most so many grants, 1 to 16; 0 takes nothing and only ends the claim that still waits for the same slot.
    #[serde(default = "default_max")]
    pub max: u32,
    /// Which of the sub-agent's places for a command it is for. A new claim for a slot takes the place of the one that
    /// still waits for it: whoever made that one has gone. Without a slot, claims stand side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u32>,
}

const fn default_wait() -> u64 {
    30
}

const fn default_max() -> u32 {
    1
}

/// One approved command, leased to one sub-agent. Nothing may run before `start` was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// The task.
    #[schema(value_type = String)]
    pub task_id: TaskId,
    /// The revision that was approved.
    pub revision: Revision,
    /// Counts the leases of this approval, from 1.
    pub attempt: u64,
    /// The lease's id, part of the paths that follow.
    #[schema(value_type = String)]
    pub lease: LeaseId,
    /// The fencing token, part of the bodies that follow.
    pub fence: Fence,
    /// The exact command.
    pub command: String,
    /// SHA-256 of the command's bytes, hex.
    #[schema(value_type = String)]
    pub command_sha256: Digest,
    /// Seconds the command may run.
    pub timeout: u64,
    /// Milliseconds the lease lives without a heartbeat.
    pub ttl_ms: Millis,
    /// Ed25519 signature over all of the above and the worker's name, hex.
    pub signature: String,
}

/// The answer to a claim; with nothing to do it is 204 without a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Claimed {
    /// Always true.
    pub ok: bool,
    /// The work, at least one grant.
    pub grants: Vec<Grant>,
    /// The supervisor's Ed25519 public key, hex; a sub-agent pins it.
    pub public_key: String,
}

/// Which lease is meant: the body of `start` and `heartbeat`, part of the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holder {
    /// The name given in the claim.
    pub worker: String,
    /// The fencing token of the grant.
    pub fence: Fence,
}

/// `POST /api/work/:lease/start`: the sub-agent is about to run exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Start {
    /// The name given in the claim.
    pub worker: String,
    /// The fencing token of the grant.
    pub fence: Fence,
    /// The revision it holds.
    pub revision: Revision,
    /// The digest that the sub-agent computed itself, hex.
    #[schema(value_type = String)]
    pub command_sha256: Digest,
}

/// The answer to a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Heartbeat {
    /// Always true.
    pub ok: bool,
    /// Somebody asked for the command to be ended.
    pub cancel: bool,
    /// The supervisor wants the sub-agent to finish and claim no more.
    pub drain: bool,
}

/// Where output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// `POST /api/work/:lease/output`: a piece of what the command wrote, secrets masked, invalid UTF-8 replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Output {
    /// The name given in the claim.
    pub worker: String,
    /// The fencing token of the grant.
    pub fence: Fence,
    /// The chunk's number, from 1 without gaps; a number that is known already is accepted and changes nothing.
    pub seq: u64,
    /// Which stream.
    pub stream: Stream,
    /// The text, at most 64 KiB.
    pub data: String,
}

/// `POST /api/work/:lease/finish`: how it ended. Exactly one of `exit_code`, `signal`, `error`, `not_run` says why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finish {
    /// The name given in the claim.
    pub worker: String,
    /// The fencing token of the grant.
    pub fence: Fence,
    /// The command's exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Why the sub-agent cannot say how it ended; it may have run, as with `"outcome_unknown: …"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why it was not run at all (`digest_mismatch`, `late_start`, `draining` …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_run: Option<String>,
    /// The command was ended because its time was up.
    #[serde(default)]
    pub timed_out: bool,
    /// Milliseconds it ran.
    #[serde(default)]
    pub duration_ms: Millis,
    /// Bytes the command wrote to standard output, before any cut.
    #[serde(default)]
    pub stdout_bytes: u64,
    /// Bytes the command wrote to standard error, before any cut.
    #[serde(default)]
    pub stderr_bytes: u64,
    /// Whether some of the output was left out.
    #[serde(default)]
    pub truncated: bool,
    /// SHA-256 of all output that was sent (chunks' data in order of their numbers), hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub output_sha256: Option<Digest>,
}
