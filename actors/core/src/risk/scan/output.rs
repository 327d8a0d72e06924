//! What flows out of a command and into the next.

/// Bytes of a text that is known; a longer one is as good as any.
const MOST_TEXT: usize = 64 * 1024;
/// Names that are handed on.
const MOST_NAMES: usize = 32;

/// What a command prints, or reads, as far as that can be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::risk) struct Output {
    /// There is something at all.
    pub(super) any: bool,
    /// It came over the network.
    pub(super) downloaded: bool,
    /// It was decoded, or made in another way that hides what it is.
    pub(super) decoded: bool,
    /// It is the content of a file, as it is.
    pub(super) file: bool,
    /// It tells a secret, or the environment, where secrets are.
    pub(super) secret: bool,
    /// The files whose names it may hold.
    pub(super) names: Vec<String>,
    /// The text itself, if it is known.
    pub(super) text: Option<String>,
}

impl Output {
    pub(super) fn of_text(text: String) -> Self {
        Self { any: true, text: Some(text), ..Self::default() }
    }

    pub(super) fn of_file() -> Self {
        Self { any: true, file: true, ..Self::default() }
    }

    pub(super) fn unknown() -> Self {
        Self { any: true, ..Self::default() }
    }

    /// What comes out of a pipe is there, even if nobody knows what it is.
    pub(super) fn piped(self) -> Self {
        Self { any: true, ..self }
    }

    /// Both, one after the other.
    pub(super) fn and(self, other: Self) -> Self {
        if !self.any {
            return other;
        }
        if !other.any {
            return self;
        }
        let texts = self.text.zip(other.text).filter(|(first, second)| first.len() + second.len() < MOST_TEXT);
        let text = texts.map(|(first, second)| format!("{first}\n{second}"));
        Self {
            any: true,
            downloaded: self.downloaded || other.downloaded,
            decoded: self.decoded || other.decoded,
            file: self.file && other.file,
            secret: self.secret || other.secret,
            names: self.names.into_iter().chain(other.names).take(MOST_NAMES).collect(),
            text,
        }
    }

    /// What is read from a file that this was written to.
    pub(super) fn stored(self) -> Self {
        Self { any: true, file: self.text.is_none(), ..self }
    }

    /// What a program makes of it that is not known to hand it on as it is.
    pub(super) fn changed(&self) -> Self {
        Self { any: true, file: false, text: None, ..self.clone() }
    }
}
