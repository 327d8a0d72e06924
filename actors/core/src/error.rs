//! The one table of error codes: what a code is called and which HTTP status goes with it.

macro_rules! codes {
    ($(#[doc = $doc:literal] $name:ident = $text:literal, $status:literal;)*) => {
        /// A stable name for what went wrong; `as_str` is the `code` field of an answer.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $doc] $name,)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code on the wire, snake_case.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// What it means, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $doc.trim_ascii(),)* }
            }
        }
    };
}

codes! {
    /// The body is not JSON, or the request cannot be understood at all.
    BadRequest = "bad_request", 400;
    /// No key, one that is not known, or more than one.
    Unauthorized = "unauthorized", 401;
    /// Known, but not allowed to do this.
    Forbidden = "forbidden", 403;
    /// Nobody decides on what he submitted himself.
    SelfApproval = "self_approval", 403;
    /// Only an administrator may decide this.
    AdminRequired = "admin_required", 403;
    /// The request came from a foreign web page or host name.
    ForeignOrigin = "foreign_origin", 403;
    /// There is no such thing, or it is not for the caller's eyes.
    NotFound = "not_found", 404;
    /// The route exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405;
    /// The request took too long to arrive.
    RequestTimeout = "request_timeout", 408;
    /// The state machine has no such step from here.
    IllegalTransition = "illegal_transition", 409;
    /// The caller looked at an older version of the task.
    StaleVersion = "stale_version", 409;
    /// The digest is not that of the revision in force.
    StaleRevision = "stale_revision", 409;
    /// This person has voted on this revision already.
    AlreadyVoted = "already_voted", 409;
    /// The task id exists with other content.
    TaskExists = "task_exists", 409;
    /// The idempotency key was used with another body.
    IdempotencyMismatch = "idempotency_mismatch", 409;
    /// The approval was dispatched already.
    AlreadyDispatched = "already_dispatched", 409;
    /// Nobody started the approved command in time.
    ApprovalExpired = "approval_expired", 409;
    /// What was approved is not what the database holds: it was edited, and nothing is run.
    DigestMismatch = "digest_mismatch", 409;
    /// The lease is not, or no longer, the one in force.
    LostLease = "lost_lease", 409;
    /// The same lease was finished with another result.
    ResultMismatch = "result_mismatch", 409;
    /// There is something of this name already.
    AlreadyExists = "already_exists", 409;
    /// The body is larger than allowed.
    TooLarge = "too_large", 413;
    /// Writes need `Content-Type: application/json`.
    UnsupportedMediaType = "unsupported_media_type", 415;
    /// A field is wrong; the answer names it.
    InvalidField = "invalid_field", 422;
    /// Too many requests; the answer says when to come back.
    RateLimited = "rate_limited", 429;
    /// This submitter has too many tasks waiting.
    TooManyPending = "too_many_pending", 429;
    /// Something inside failed; the log holds the rest.
    Internal = "internal", 500;
    /// Too much is going on; the answer says when to come back.
    Overloaded = "overloaded", 503;
    /// The audit trail cannot be written, or was edited, so nothing may change.
    AuditUnavailable = "audit_unavailable", 503;
    /// The data cannot be written or read.
    StoreUnavailable = "store_unavailable", 503;
    /// The server is stopping.
    Stopping = "stopping", 503;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_snake_case_words_with_error_statuses() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} twice", code.as_str());
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert!((400..600).contains(&code.status()));
        }
    }
}
