//! Bodies that are sealed with the Encrypt Key: AES-256-CBC under its SHA-256, the initial vector in front, in base64.

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// Bytes of the initial vector, and of a block.
pub const BLOCK: usize = 16;

/// Why a sealed body cannot be opened. It says nothing about the key, so it can be told to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the sealed body cannot be opened")]
pub struct Unopened;

/// Opens what stands in `{"encrypt":"…"}`.
pub fn open(encrypt_key: &str, sealed: &str) -> Result<String, Unopened> {
    let raw = STANDARD.decode(sealed).map_err(|_| Unopened)?;
    let (iv, text) = raw.split_at_checked(BLOCK).ok_or(Unopened)?;
    let cipher = cbc::Decryptor::<Aes256>::new_from_slices(&key(encrypt_key), iv).map_err(|_| Unopened)?;
    let text = cipher.decrypt_padded_vec::<Pkcs7>(text).map_err(|_| Unopened)?;
    String::from_utf8(text).map_err(|_| Unopened)
}

/// Seals a text as the platform does; the initial vector must never be used twice.
pub fn seal(encrypt_key: &str, iv: [u8; BLOCK], text: &str) -> String {
    let cipher = cbc::Encryptor::<Aes256>::new(&key(encrypt_key).into(), &iv.into());
    let sealed = cipher.encrypt_padded_vec::<Pkcs7>(text.as_bytes());
    STANDARD.encode([iv.as_slice(), &sealed].concat())
}

fn key(encrypt_key: &str) -> [u8; 32] {
    Sha256::digest(encrypt_key.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_documented_sample_opens() {
        assert_eq!(open("test key", "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=").unwrap(), "hello world");
    }

    #[test]
    fn what_is_no_sealed_text_is_refused() {
        for sealed in
            ["", "AAAA", "not base64!", "AAECAwQFBgcICQoLDA0ODw==", "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk"]
        {
            assert_eq!(open("test key", sealed), Err(Unopened), "{sealed}");
        }
        assert_eq!(open("another key", "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="), Err(Unopened));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(key in ".{0,40}", iv in any::<[u8; BLOCK]>(), text in ".{0,200}") {
            prop_assert_eq!(open(&key, &seal(&key, iv, &text)).unwrap(), text);
        }

        #[test]
        fn any_text_is_opened_or_refused(key in ".{0,8}", sealed in "[A-Za-z0-9+/=]{0,120}") {
            let _ = open(&key, &sealed);
        }
    }
}
