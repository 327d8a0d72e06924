//! Who sent a callback over HTTP: a hash over what both sides know and the bytes as they came.

use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::time::{Millis, Timestamp};

/// How far a signature's time may be from now; older ones may be replayed.
pub const WINDOW: Millis = Millis(300_000);

/// The headers `X-Lark-Request-Timestamp`, `X-Lark-Request-Nonce` and `X-Lark-Signature`, as they came.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// Seconds since 1970; some senders give more digits.
    pub timestamp: &'a str,
    /// Any text, never twice.
    pub nonce: &'a str,
    /// Lowercase hexadecimal.
    pub signature: &'a str,
}

impl Signed<'_> {
    /// Whether whoever knows the Encrypt Key signed these bytes.
    pub fn is_by(&self, encrypt_key: &str, body: &[u8]) -> bool {
        is_same(&sign(self.timestamp, self.nonce, encrypt_key, body), self.signature)
    }

    /// The same for callbacks of the first version, which are signed with the Verification Token.
    pub fn is_by_legacy(&self, verification_token: &str, body: &[u8]) -> bool {
        is_same(&sign_legacy(self.timestamp, self.nonce, verification_token, body), self.signature)
    }

    /// Whether it was signed within [`WINDOW`] of now.
    pub fn is_recent(&self, now: Timestamp) -> bool {
        seconds(self.timestamp)
            .and_then(|seconds| seconds.checked_mul(1_000_000))
            .is_some_and(|then| now.0.abs_diff(then) <= WINDOW.micros().unsigned_abs())
    }
}

/// `hex(SHA-256(timestamp ‖ nonce ‖ key ‖ body))`: no HMAC, no base64.
pub fn sign(timestamp: &str, nonce: &str, encrypt_key: &str, body: &[u8]) -> String {
    let parts = [timestamp.as_bytes(), nonce.as_bytes(), encrypt_key.as_bytes(), body];
    hex::encode(parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize())
}

/// `hex(SHA-1(timestamp ‖ nonce ‖ token ‖ body))`.
pub fn sign_legacy(timestamp: &str, nonce: &str, verification_token: &str, body: &[u8]) -> String {
    use sha1::Digest as _;
    let parts = [timestamp.as_bytes(), nonce.as_bytes(), verification_token.as_bytes(), body];
    hex::encode(parts.iter().fold(Sha1::new(), |hash, part| hash.chain_update(part)).finalize())
}

/// Compares without telling by the time it takes how much is right.
pub(super) fn is_same(expected: &str, given: &str) -> bool {
    expected.as_bytes().ct_eq(given.as_bytes()).into()
}

/// More than eleven digits are milliseconds or microseconds.
fn seconds(timestamp: &str) -> Option<i64> {
    let is_number = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let mut value: i64 = timestamp.parse().ok().filter(|_| is_number)?;
    while value > 99_999_999_999 {
        value /= 1000;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"encrypt":"x"}"#;

    fn signed<'a>(timestamp: &'a str, signature: &'a str) -> Signed<'a> {
        Signed { timestamp, nonce: "n0nce-42", signature }
    }

    #[test]
    fn one_changed_byte_anywhere_is_another_signature() {
        let good = sign("1790000000", "n0nce-42", "key", BODY);
        assert!(signed("1790000000", &good).is_by("key", BODY));
        assert!(!signed("1790000001", &good).is_by("key", BODY));
        assert!(!signed("1790000000", &good).is_by("kex", BODY));
        assert!(!signed("1790000000", &good).is_by("key", br#"{"encrypt": "x"}"#));
        assert!(!Signed { nonce: "n0nce-43", ..signed("1790000000", &good) }.is_by("key", BODY));
        assert!(!signed("1790000000", &good.to_uppercase()).is_by("key", BODY));
        assert!(!signed("1790000000", good.get(..63).unwrap_or_default()).is_by("key", BODY));
        assert!(!signed("1790000000", "").is_by("key", BODY));
    }

    #[test]
    fn the_legacy_signature_of_the_platforms_sdk_is_accepted() {
        let body = br#"{"open_id":"ou_u1","open_message_id":"om_m1","tenant_key":"tk1","token":"c-tok1","action":{"value":{"rid":"r1","d":"approve"},"tag":"button"}}"#;
        let headers = signed("1790000000", "fd6fc97da61f4810332da2fec4f0fa6c63f9f124");
        assert!(headers.is_by_legacy("vt_4f1c9e2b7a", body));
        assert!(!headers.is_by_legacy("vt_4f1c9e2b7b", body));
    }

    #[test]
    fn a_time_counts_in_seconds_whatever_its_digits() {
        let now = Timestamp(1_790_000_000_000_000);
        for good in ["1790000000", "1790000300", "1789999700", "1790000000000", "1790000000000000"] {
            assert!(signed(good, "").is_recent(now), "{good}");
        }
        for bad in
            ["1790000301", "1789999699", "", "-1790000000", "+1790000000", "x", "99999999999999999999", " 1790000000"]
        {
            assert!(!signed(bad, "").is_recent(now), "{bad}");
        }
    }
}
