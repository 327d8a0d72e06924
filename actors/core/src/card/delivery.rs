//! What becomes of one copy of a card: sent once, then changed in place until it shows how the task ended.
//!
//! A copy is a row in the store that says which version of the task it has to show. Whoever delivers looks at what is due,
//! draws the task as it is by then, and notes what came of it: a copy that is behind is brought up to date in one step.

use serde::{Deserialize, Serialize};

use super::Recipient;
use crate::id::{TaskId, Version};
use crate::time::{Millis, Timestamp};

/// The first pause after a failure; each one after it is twice as long.
const FIRST_PAUSE: Millis = Millis::from_secs(2);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Millis = Millis::from_secs(300);
/// Attempts after which nobody waits any longer: about a day.
const MOST_ATTEMPTS: u32 = 300;

/// How much of a card the platform takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The card.
    #[default]
    Card,
    /// A card without the submitter's texts.
    Fallback,
    /// A line of text.
    Text,
}

/// One copy of a task's card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copy {
    /// The task.
    pub task: TaskId,
    /// Who has it.
    pub recipient: Recipient,
    /// The version of the task that it has to show.
    pub wanted: Version,
    /// The version that it shows; 0 if it was never sent.
    pub shown: Version,
    /// The message that it is in.
    pub message_id: Option<String>,
    /// Counts the messages that were sent for it; the number is part of the id by which a repeat is known.
    pub sends: u32,
    /// What the platform took of it.
    pub form: Form,
    /// Its reader has to be told again.
    pub is_urgent: bool,
    /// Failures since the last success.
    pub attempts: u32,
    /// When it is looked at next; never, if there is nothing to do.
    pub next_attempt: Option<Timestamp>,
    /// Why nobody tries any longer.
    pub dead: Option<String>,
}

/// What has to be done for a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send a message.
    Send {
        /// By this the platform knows a repeat within an hour.
        uuid: String,
    },
    /// Change the message.
    Update {
        /// Which.
        message_id: String,
    },
    /// Tell the reader again.
    Remind {
        /// Of which message.
        message_id: String,
        /// Whom.
        open_id: String,
    },
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// The message was sent, or changed, and shows this version of the task.
    Shown {
        /// The message.
        message_id: String,
        /// What it shows.
        version: Version,
    },
    /// The reader was told again, or cannot be.
    Reminded,
    /// Too many requests: again after a while.
    Throttled(Millis),
    /// It may work later.
    Failed(String),
    /// The platform does not take what is in the card.
    CardRefused(String),
    /// The message is gone, or can no longer be changed.
    MessageGone(String),
    /// It will never work for this recipient.
    Undeliverable(String),
}

impl Copy {
    /// A copy that was never sent.
    pub const fn new(task: TaskId, recipient: Recipient, wanted: Version, now: Timestamp) -> Self {
        Self {
            task,
            recipient,
            wanted,
            shown: Version(0),
            message_id: None,
            sends: 0,
            form: Form::Card,
            is_urgent: false,
            attempts: 0,
            next_attempt: Some(now),
            dead: None,
        }
    }

    /// What has to be done next; nothing, if it shows what it has to.
    pub fn step(&self) -> Option<Step> {
        if self.dead.is_some() {
            return None;
        }
        match (&self.message_id, &self.recipient) {
            (None, _) => Some(Step::Send { uuid: self.uuid() }),
            (Some(id), _) if self.wanted > self.shown => Some(Step::Update { message_id: id.clone() }),
            (Some(id), Recipient::Person(open_id)) if self.is_urgent => {
                Some(Step::Remind { message_id: id.clone(), open_id: open_id.clone() })
            }
            (Some(_), _) => None,
        }
    }

    /// The same for every attempt at one message, of at most 50 characters.
    fn uuid(&self) -> String {
        let name = format!("{}\n{}\n{}\n{:?}", self.task, self.recipient, self.sends, self.form);
        crate::id::Digest::of(name.as_bytes()).hex().chars().take(40).collect()
    }

    /// The copy after what came of its step. `chance` is any number; it spreads what failed together.
    #[must_use]
    pub fn after(mut self, came: Came, now: Timestamp, chance: u32) -> Self {
        match came {
            Came::Shown { message_id, version } => {
                self.message_id = Some(message_id);
                self.shown = self.shown.max(version);
                self.attempts = 0;
                self.next_attempt = self.step().map(|_| now);
            }
            Came::Reminded => {
                self.is_urgent = false;
                self.next_attempt = self.step().map(|_| now);
            }
            Came::Throttled(pause) => self.next_attempt = Some(now.plus(spread(pause, chance))),
            Came::Failed(why) if self.attempts >= MOST_ATTEMPTS => self.give_up(why),
            Came::Failed(_) => {
                let pause = FIRST_PAUSE.0.saturating_mul(1 << self.attempts.min(16)).min(LONGEST_PAUSE.0);
                self.attempts += 1;
                self.next_attempt = Some(now.plus(spread(Millis(pause), chance)));
            }
            Came::CardRefused(why) => match self.form {
                Form::Card => self.send_as(Form::Fallback, now),
                Form::Fallback => self.send_as(Form::Text, now),
                Form::Text => self.give_up(why),
            },
            Came::MessageGone(why) if self.sends > 3 => self.give_up(why),
            Came::MessageGone(_) => {
                self.message_id = None;
                self.sends += 1;
                self.next_attempt = Some(now);
            }
            Came::Undeliverable(why) => self.give_up(why),
        }
        self
    }

    /// A card that is there may take the plainer form in place; text cannot stand in a card's message.
    fn send_as(&mut self, form: Form, now: Timestamp) {
        self.form = form;
        if form == Form::Text {
            self.message_id = None;
            self.sends += 1;
        }
        self.next_attempt = Some(now);
    }

    fn give_up(&mut self, why: String) {
        self.dead = Some(why);
        self.next_attempt = None;
    }

    /// The copy, to be tried anew by somebody who asks for it.
    #[must_use]
    pub fn revived(mut self, now: Timestamp) -> Self {
        self.dead = None;
        self.attempts = 0;
        self.next_attempt = Some(now);
        self
    }
}

/// Up to a quarter longer.
fn spread(pause: Millis, chance: u32) -> Millis {
    let more = u64::from(chance % 1000).saturating_mul(pause.0) / 4000;
    Millis(pause.0.saturating_add(more))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

    fn copy() -> Copy {
        let person = Recipient::Person("ou_a".to_owned());
        Copy::new(TaskId::parse("T").unwrap(), person, Version(1), NOW)
    }

    fn shown(version: u64) -> Came {
        Came::Shown { message_id: "om_1".to_owned(), version: Version(version) }
    }

    #[test]
    fn a_copy_is_sent_once_and_changed_in_place_after_that() {
        let sent = copy().after(shown(1), NOW, 0);
        assert_eq!((sent.step(), sent.next_attempt), (None, None));
        let behind = Copy { wanted: Version(3), ..sent };
        assert_eq!(behind.step(), Some(Step::Update { message_id: "om_1".to_owned() }));
        let still_behind = behind.after(shown(2), NOW, 0);
        assert_eq!(still_behind.next_attempt, Some(NOW), "the task went on meanwhile");
        let done = still_behind.after(shown(3), NOW, 0);
        assert_eq!(done.next_attempt, None);
        assert_eq!(done.clone().after(shown(2), NOW, 0).shown, Version(3), "never back");
    }

    #[test]
    fn every_attempt_at_one_message_has_the_same_id() {
        let Some(Step::Send { uuid }) = copy().step() else { panic!("to be sent") };
        assert!(uuid.len() <= 50);
        let failed = copy().after(Came::Failed("lost".to_owned()), NOW, 7);
        assert_eq!(failed.step(), Some(Step::Send { uuid: uuid.clone() }));
        let gone = copy().after(shown(1), NOW, 0).after(Came::MessageGone("recalled".to_owned()), NOW, 0);
        let Some(Step::Send { uuid: another }) = gone.step() else { panic!("to be sent again") };
        assert_ne!(uuid, another);
    }

    #[test]
    fn pauses_grow_to_five_minutes_and_end_after_a_day() {
        let mut failing = copy();
        let (mut pauses, mut now) = (Vec::new(), NOW);
        while let Some(next) = failing.next_attempt {
            pauses.push(next.since(now).0);
            now = next;
            failing = failing.after(Came::Failed("down".to_owned()), now, 0);
        }
        assert_eq!(&pauses[..8], [0, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000]);
        assert_eq!(pauses.last(), Some(&300_000));
        assert!(now.since(NOW).0 > 86_000_000, "{}", now.since(NOW).0);
        assert_eq!(failing.dead.as_deref(), Some("down"));
        assert_eq!(failing.step(), None);
        assert!(failing.revived(now).step().is_some());
    }

    #[test]
    fn what_is_in_a_card_can_be_refused_but_not_that_there_is_something_to_decide() {
        let refused = || Came::CardRefused("ErrCode: 200621".to_owned());
        let plainer = copy().after(refused(), NOW, 0);
        assert_eq!((plainer.form, plainer.next_attempt), (Form::Fallback, Some(NOW)));
        let text = plainer.after(refused(), NOW, 0);
        assert_eq!(text.form, Form::Text);
        assert_eq!(text.after(refused(), NOW, 0).dead.as_deref(), Some("ErrCode: 200621"));
    }

    #[test]
    fn a_reader_is_told_again_once_the_card_is_there() {
        let urgent = Copy { is_urgent: true, ..copy() };
        assert!(matches!(urgent.step(), Some(Step::Send { .. })));
        let sent = urgent.after(shown(1), NOW, 0);
        assert_eq!(sent.step(), Some(Step::Remind { message_id: "om_1".to_owned(), open_id: "ou_a".to_owned() }));
        assert_eq!(sent.after(Came::Reminded, NOW, 0).next_attempt, None);
        let chat = Copy { recipient: Recipient::Chat("oc_a".to_owned()), is_urgent: true, ..copy() };
        assert_eq!(chat.after(shown(1), NOW, 0).step(), None, "a chat has no single reader");
    }

    proptest! {
        /// Whatever comes, a copy either has nothing to do, or is looked at again, or says why nobody tries any longer.
        #[test]
        fn nothing_is_forgotten(steps in proptest::collection::vec((0_u8..7, any::<u32>(), 1_u64..9), 0..60)) {
            let mut copy = copy();
            for (kind, chance, version) in steps {
                copy.wanted = copy.wanted.max(Version(version));
                if copy.step().is_none() {
                    continue;
                }
                let came = match kind {
                    0 => shown(version.min(copy.wanted.0)),
                    1 => Came::Reminded,
                    2 => Came::Throttled(Millis(version)),
                    3 => Came::Failed("x".to_owned()),
                    4 => Came::CardRefused("x".to_owned()),
                    5 => Came::MessageGone("x".to_owned()),
                    _ => Came::Undeliverable("x".to_owned()),
                };
                copy = copy.after(came, NOW, chance);
                prop_assert_eq!(copy.step().is_some(), copy.next_attempt.is_some());
            }
        }
    }
}
