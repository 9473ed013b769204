//! Entries.

use std::sync::Arc;

use serde_json::json;

use crate::{Commit, Entries, Entry, EntryKind, ErrorKind, MAX_ENTRIES, MAX_NAME};

const KIND: EntryKind = EntryKind::Archived;

fn entry(name: &str, revision: u64, number: u64) -> Entry {
    let value =
        json!({ "number": number, "text": "ä", "float": 1.5, "none": null, "list": [1, {}] });
    Entry { kind: KIND, name: name.to_owned(), revision, value }
}

/// Two archivers that begin where the same entry says archive everything twice, if both may go on.
pub async fn an_entry_is_written_over_the_revision_that_was_read<S: Entries>(store: Arc<S>) {
    assert_eq!(store.entry(KIND, "a").await.unwrap(), None);
    assert_eq!(store.put_entry(&entry("a", 1, 1)).await.unwrap(), Commit::Written);
    assert_eq!(store.put_entry(&entry("a", 1, 2)).await.unwrap(), Commit::Conflict);
    assert_eq!(store.put_entry(&entry("a", 3, 3)).await.unwrap(), Commit::Conflict);
    assert_eq!(store.put_entry(&entry("b", 2, 4)).await.unwrap(), Commit::Conflict);
    assert_eq!(store.entry(KIND, "a").await.unwrap(), Some(entry("a", 1, 1)));
    assert_eq!(store.put_entry(&entry("a", 2, 5)).await.unwrap(), Commit::Written);
    assert_eq!(store.entry(KIND, "a").await.unwrap(), Some(entry("a", 2, 5)));
    assert_eq!(store.entry(KIND, "b").await.unwrap(), None);
}

/// The same at the same time.
pub async fn of_twenty_who_write_one_entry_one_wins<S: Entries>(store: Arc<S>) {
    for revision in 1..=3 {
        let mut writing = tokio::task::JoinSet::new();
        for number in 0..20 {
            let store = Arc::clone(&store);
            writing.spawn(async move {
                let written = store.put_entry(&entry("raced", revision, number)).await;
                (number, written.unwrap())
            });
        }
        let all = writing.join_all().await;
        let winners: Vec<_> = all.iter().filter(|(_, commit)| *commit == Commit::Written).collect();
        assert_eq!(winners.len(), 1, "revision {revision}: {all:?}");
        let kept = store.entry(KIND, "raced").await.unwrap();
        assert_eq!(kept, Some(entry("raced", revision, winners[0].0)));
    }
}

/// Who lists them sees each once, and names that look alike are not each other's.
pub async fn entries_are_listed_by_name_page_by_page<S: Entries>(store: Arc<S>) {
    let longest = "ö".repeat(MAX_NAME / 2);
    let mut names = ["b", "a", "a#1", "A", "a\0b", "a\u{2400}b", "ä", "object#", &longest];
    for name in names {
        assert_eq!(store.put_entry(&entry(name, 1, 0)).await.unwrap(), Commit::Written);
    }
    names.sort_unstable();
    let mut found = Vec::new();
    while let page = store.entries(KIND, found.last().map(String::as_str), 4).await.unwrap()
        && !page.is_empty()
    {
        assert!(page.len() <= 4);
        found.extend(page.into_iter().map(|entry| entry.name));
    }
    found.sort_unstable();
    assert_eq!(found, names);
    store.delete_entry(KIND, "a").await.unwrap();
    store.delete_entry(KIND, "a").await.unwrap();
    assert_eq!(store.entry(KIND, "a").await.unwrap(), None);
    assert_eq!(store.entries(KIND, None, MAX_ENTRIES).await.unwrap().len(), names.len() - 1);
    assert_eq!(store.put_entry(&entry("a", 1, 7)).await.unwrap(), Commit::Written);
}

/// A name that an engine would cut becomes another one's.
pub async fn names_and_pages_that_cannot_be_are_refused<S: Entries>(store: Arc<S>) {
    for name in ["", &"n".repeat(MAX_NAME + 1)] {
        for error in [
            store.entry(KIND, name).await.unwrap_err(),
            store.put_entry(&entry(name, 1, 0)).await.unwrap_err(),
            store.delete_entry(KIND, name).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        }
    }
    for limit in [0, MAX_ENTRIES + 1] {
        let error = store.entries(KIND, None, limit).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
}

/// A deployment that is called as a kind of entries is deleted, and they stay.
pub async fn a_deployment_named_as_entries_are_does_not_touch_them<S>(store: Arc<S>)
where
    S: Entries + crate::Metadata,
{
    let key = KIND.as_str();
    assert_eq!(store.put_entry(&entry("kept", 1, 0)).await.unwrap(), Commit::Written);
    super::taken(store.as_ref(), &super::object(key, ""), 1, "worker", 0).await;
    assert_eq!(store.objects(key).await.unwrap().len(), 1);
    store.delete(key).await.unwrap();
    assert_eq!(store.deployment(key).await.unwrap(), None);
    assert_eq!(store.entry(KIND, "kept").await.unwrap(), Some(entry("kept", 1, 0)));
}
