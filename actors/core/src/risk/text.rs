//! A sentence in the languages that approvers read.

use serde::{Deserialize, Serialize};

/// A sentence, or a part of one, in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// In English.
    pub en: String,
    /// In simplified Chinese.
    pub zh: String,
}

impl Text {
    /// A sentence in both languages.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }
}
