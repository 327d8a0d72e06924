//! Copies of cards: what a commit asks of them is in the commit, and stays asked until it is done.

use std::collections::BTreeSet;

use hermes_actors::store::Cards;
use hermes_core::card::Recipient;
use hermes_core::card::delivery::{Came, Copy, Step};

use super::*;

const CHAT: &str = "chat_id:oc_c";
const BOSS: &str = "open_id:ou_boss";

/// The commit, and who has to see it.
pub(super) fn shown(commit: Commit, recipients: &[&str]) -> Commit {
    let at = commit.task.modified_at;
    Commit { cards: Some(Cards { recipients: all(recipients), reminded: BTreeSet::new(), at }), ..commit }
}

fn all(recipients: &[&str]) -> BTreeSet<Recipient> {
    recipients.iter().map(|text| Recipient::try_from((*text).to_owned()).unwrap()).collect()
}

async fn due(store: &Arc<dyn Store>, seconds: i64) -> Vec<(String, Version)> {
    let copies = store.cards_due(at(seconds), 9).await.unwrap();
    copies.into_iter().map(|copy| (copy.recipient.to_string(), copy.wanted)).collect()
}

async fn only(store: &Arc<dyn Store>, task: &TaskId) -> Copy {
    let copies = store.cards_of(task).await.unwrap();
    assert_eq!(copies.len(), 1);
    copies[0].clone()
}

async fn delivered(store: &Arc<dyn Store>, copy: Copy, message: &str, version: Version) {
    let came = Came::Shown { message_id: message.to_owned(), version };
    store.card_delivered(copy.after(came, NOON, 0), NOON).await.unwrap();
}

#[test]
fn what_has_to_be_shown_is_part_of_the_commit() {
    House::new().store(async |store| {
        let task = put(&store, shown(birth(&id("a"), Who::Mei, Level::Low, NOON), &[CHAT])).await;
        assert_eq!(due(&store, 0).await, [(CHAT.to_owned(), Version(1))]);
        assert_eq!(due(&store, -1).await, []);
        // A commit that fails asks for nothing.
        let again = shown(birth(&id("a"), Who::Zhang, Level::High, NOON), &[BOSS]);
        assert_eq!(store.commit(again).await, Err(Error::TaskExists));
        assert_eq!(due(&store, 0).await.len(), 1);
        let copy = only(&store, &task.id).await;
        delivered(&store, copy, "om_1", Version(1)).await;
        assert_eq!(due(&store, 9).await, []);
        // Whoever has a copy gets the new state, whoever has to see it a copy.
        let after = put(&store, shown(approve(&task, at(5)), &[BOSS])).await;
        assert_eq!(due(&store, 4).await, []);
        let both = [(CHAT.to_owned(), after.version), (BOSS.to_owned(), after.version)];
        assert_eq!(due(&store, 5).await.into_iter().collect::<BTreeSet<_>>(), both.into());
        let found = store.card_in("om_1").await.unwrap().unwrap();
        assert_eq!((found.task, found.shown), (task.id.clone(), Version(1)));
        assert_eq!(store.next_card().await.unwrap(), Some(at(5)));
    });
}

#[test]
fn what_is_asked_while_a_card_is_on_its_way_stays_asked() {
    House::new().store(async |store| {
        let task = put(&store, shown(birth(&id("a"), Who::Mei, Level::Low, NOON), &[CHAT])).await;
        let on_its_way = only(&store, &task.id).await;
        assert!(matches!(on_its_way.step(), Some(Step::Send { .. })));
        let after = put(&store, shown(approve(&task, NOON), &[])).await;
        delivered(&store, on_its_way, "om_1", Version(1)).await;
        assert_eq!(due(&store, 0).await, [(CHAT.to_owned(), after.version)]);
        let copy = only(&store, &task.id).await;
        assert_eq!(copy.step(), Some(Step::Update { message_id: "om_1".to_owned() }));
    });
}

#[test]
fn what_nobody_tries_any_longer_can_be_seen_and_is_left_alone() {
    House::new().store(async |store| {
        let task = put(&store, shown(birth(&id("a"), Who::Mei, Level::Low, NOON), &[CHAT])).await;
        let copy = only(&store, &task.id).await;
        let dead = copy.after(Came::Undeliverable("230002: not in the chat".to_owned()), NOON, 0);
        store.card_delivered(dead.clone(), NOON).await.unwrap();
        assert_eq!(store.cards_dead(9).await.unwrap(), [dead]);
        put(&store, shown(approve(&task, NOON), &[CHAT])).await;
        assert_eq!(due(&store, 99).await, []);
        let dead = only(&store, &task.id).await;
        store.card_delivered(dead.revived(at(7)), at(7)).await.unwrap();
        assert_eq!(due(&store, 7).await.len(), 1);
        assert_eq!(store.cards_dead(9).await.unwrap(), []);
    });
}

#[test]
fn copies_go_with_their_task() {
    House::new().store(async |store| {
        let task = put(&store, shown(birth(&id("a"), Who::Mei, Level::Low, NOON), &[CHAT])).await;
        put(&store, shown(withdraw(&task, NOON), &[])).await;
        assert_eq!(store.clean(at(1), at(1), 9).await, Ok(1));
        assert_eq!(store.cards_of(&task.id).await.unwrap(), []);
    });
}

#[test]
fn a_callback_is_new_once() {
    let house = House::new();
    house.store(async |store| {
        assert_eq!(store.callback_is_new("ev-1", NOON, at(600)).await, Ok(true));
        assert_eq!(store.callback_is_new("ev-1", at(599), at(1200)).await, Ok(false));
        assert_eq!(store.callback_is_new("ev-2", NOON, at(600)).await, Ok(true));
    });
    house.store(async |store| {
        assert_eq!(store.callback_is_new("ev-1", at(10), at(600)).await, Ok(false), "after a restart, too");
        assert_eq!(store.callback_is_new("ev-1", at(601), at(1200)).await, Ok(true), "it is forgotten");
    });
}
