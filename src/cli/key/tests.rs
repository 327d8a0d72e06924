use hermes_actors::store::sqlite::AuditReader;
use hermes_core::id::Seq;

use super::*;
use crate::cli::tests::{look, printed};
use crate::config::{Config, Sources};

fn settings(variables: &[(&str, &str)]) -> Loaded<Config> {
    let env =
        [("HOME", "/home/lee")].iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(&Sources { env: env.collect(), ..Sources::default() }).unwrap()
}

#[actix::test]
async fn a_folder_without_a_supervisor_keeps_keys_and_says_so_in_the_audit_trail() {
    let home = tempfile::tempdir().unwrap();
    let config = settings(&[("APPROVAL_HOME", home.path().to_str().unwrap())]).config;
    let roles = ["submitter".to_owned(), "worker:it-ops-worker".to_owned()];
    let new = folder::create(&config, "ci", &roles, Some(Millis::from_secs(60))).await.unwrap();
    assert_eq!(new.roles, roles);
    assert_eq!(new.key.len(), "hk_".len() + 8 + 1 + 64);

    let said = new.consequence().unwrap();
    assert!(said.contains("everybody needs one") && said.contains("not an admin's"), "{said}");

    let again = folder::create(&config, "ci", &roles, None).await.unwrap_err();
    assert_eq!(again.to_string(), "a key of this name exists already");
    let unknown = folder::create(&config, "x", &["king".to_owned()], None).await.unwrap_err();
    assert!(unknown.to_string().starts_with("\"king\" is no role"), "{unknown}");

    folder::revoke(&config, "ci").await.unwrap();
    assert_eq!(folder::revoke(&config, "nobody").await.unwrap_err().to_string(), "there is no such key");
    let keys = folder::list(&config).await.unwrap();
    let [key] = keys.as_slice() else { panic!("{keys:?}") };
    assert_eq!((key.name.as_str(), &key.roles), ("ci", &new.roles));
    assert_eq!(key.expires_at.map(|at| (at - key.created_at).round()), Some(60.0));
    assert!(key.revoked_at.is_some());
    assert!(new.key.contains(&key.prefix));

    let lines = AuditReader::open(home.path()).unwrap().lines(Seq(0), 10).unwrap();
    let kinds: Vec<String> = lines
        .iter()
        .map(|line| serde_json::from_str::<serde_json::Value>(&line.text).unwrap()["kind"].to_string())
        .collect();
    assert_eq!(kinds, ["\"key.created\"", "\"key.revoked\""], "what was refused left no line");
    assert!(lines.iter().all(|line| !line.text.contains(&new.key)));
    assert!(lines.iter().all(|line| line.text.contains(r#""via":"cli""#)));
}

#[actix::test]
async fn only_the_first_key_changes_something_for_everybody() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().to_str().unwrap();
    let guarded = settings(&[("APPROVAL_HOME", folder), ("API_SERVER_KEY", "root-key-of-sixteen")]).config;
    let roles = ["admin".to_owned()];
    let mut made = folder::create(&guarded, "a", &roles, None).await.unwrap();
    assert_eq!(made.consequence(), None, "everybody needed one before");
    made.first = true;
    let said = made.consequence().unwrap();
    assert!(said.contains("everybody needs one") && !said.contains("not an admin's"), "{said}");
    let config = settings(&[("APPROVAL_HOME", folder)]).config;
    assert_eq!(folder::create(&config, "b", &roles, None).await.unwrap().consequence(), None);
}

#[test]
fn a_supervisor_beside_says_itself_where_it_is() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().to_str().unwrap();
    let loaded = settings(&[("APPROVAL_HOME", folder), ("API_SERVER_KEY", "root-key")]);
    let unknown = beside(&loaded, None).unwrap_err().to_string();
    assert!(unknown.contains("does not say where"), "{unknown}");
    std::fs::create_dir(home.path().join("data")).unwrap();
    std::fs::write(app::signpost_path(home.path()), "http://127.0.0.1:4711\n").unwrap();
    let found = beside(&loaded, None).unwrap();
    assert_eq!((found.url.as_str(), found.key.as_deref()), ("http://127.0.0.1:4711", Some("root-key")));
    assert_eq!(beside(&loaded, Some("mine".into())).unwrap().key.as_deref(), Some("mine"));
}

#[test]
fn keys_are_listed_with_what_they_are_still_good_for() {
    let now = look().now.unix_seconds();
    let key = |name: &str, expires_at, revoked_at| Listed {
        name: name.to_owned(),
        prefix: "0a1b2c3d".to_owned(),
        roles: vec!["submitter".to_owned(), "worker:it".to_owned()],
        created_at: now - 7200.0,
        expires_at,
        revoked_at,
    };
    let keys = [
        key("ci", None, None),
        key("night", Some(now + 3600.0), None),
        key("old", Some(now - 60.0), None),
        key("lost", Some(now + 3600.0), Some(now - 60.0)),
    ];
    insta::assert_snapshot!(printed(|out| table(&keys, &look(), out)));
}
