use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

mod garbage;
mod precedence;
mod values;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Sources with a home that has no hermes.toml.
fn env(pairs: &[(&str, &str)]) -> Sources {
    let mut env = map(&[("HOME", "/nowhere")]);
    env.extend(map(pairs));
    Sources { env, ..Sources::default() }
}

fn loaded(pairs: &[(&str, &str)]) -> Loaded<Config> {
    Config::load(&env(pairs)).unwrap()
}

fn file(text: &str) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hermes.toml");
    std::fs::write(&path, text).unwrap();
    (folder, Sources { file: Some(path), ..env(&[]) })
}

fn value<'a>(rows: &'a [print::Row], name: &str) -> &'a str {
    &rows.iter().find(|row| row.name == name).unwrap().value
}

const WORKER: [(&str, &str); 2] = [("SUBAGENT_ROLE", "it-ops-worker"), ("SUPERVISOR_URL", "http://10.0.0.100:8080/")];

#[test]
fn defaults_are_those_that_users_of_the_reference_know() {
    let rows = loaded(&[]).rows;
    for (name, default) in [
        ("SUPERVISOR_HOST", "0.0.0.0"),
        ("SUPERVISOR_PORT", "8080"),
        ("DASHBOARD_PORT", "9093"),
        ("APPROVAL_HOME", "/nowhere/.hermes"),
        ("API_SERVER_KEY", "not set"),
        ("TRUSTED_NETWORK", "10.0.0.0/24"),
        ("LOG_LEVEL", "INFO"),
        ("FEISHU_APP_ID", ""),
        ("FEISHU_APP_SECRET", "not set"),
        ("FEISHU_VERIFY_TOKEN", "not set"),
        ("FEISHU_ENCRYPT_KEY", "not set"),
        ("FEISHU_CHAT_ID", ""),
        ("FEISHU_ADMIN_ID", ""),
        ("FEISHU_BASE_URL", "https://open.feishu.cn"),
        ("COMMANDER_OPEN_ID", ""),
        ("EXECUTOR_OPEN_ID", ""),
        ("APPROVAL_WHITELIST", ""),
        ("XIAOMEI_API_URL", ""),
        ("DESKTOP_API_URL", ""),
        ("XIAOQIANG_CALLBACK_URL", ""),
        ("SUPERVISOR_BASE_URL", ""),
        ("EXECUTION_TIMEOUT", "600s"),
        ("KANBAN_FALLBACK_ASSIGNEE", "it-ops-worker"),
        ("HERMES_POLICY", "/nowhere/.hermes/policy.toml"),
    ] {
        assert_eq!(value(&rows, name), default, "{name}");
    }
    let worker = worker::Config::load(&env(&WORKER), "box 1").unwrap();
    for (name, default) in [
        ("API_SERVER_KEY", "not set"),
        ("POLL_INTERVAL", "10s"),
        ("TASK_TIMEOUT", "300s"),
        ("HEALTH_PORT", "9090"),
        ("HERMES_WORKER_NAME", "it-ops-worker-box1"),
        ("HERMES_WORKER_STATE", "/nowhere/.hermes/worker/it-ops-worker"),
        ("HERMES_WORKER_DIR", "/nowhere/.hermes/worker/it-ops-worker/work"),
    ] {
        assert_eq!(value(&worker.rows, name), default, "{name}");
    }
    assert_eq!(worker.config.worker.supervisor_url.as_str(), "http://10.0.0.100:8080");
}

#[test]
fn a_key_that_is_set_but_empty_is_said_to_be_none() {
    for loaded in [loaded(&[("API_SERVER_KEY", "")]), loaded(&[("API_SERVER_KEY", " \t")])] {
        assert_eq!(value(&loaded.rows, "API_SERVER_KEY"), "not set (API_SERVER_KEY is empty)");
        assert_eq!(loaded.warnings, ["API_SERVER_KEY is set, but empty: that counts as not set"]);
    }
    let (_folder, sources) = file("[access]\napi_key = \"\"\n");
    let loaded = Config::load(&sources).unwrap();
    assert_eq!(loaded.warnings, ["access.api_key is set, but empty: that counts as not set"]);
    assert_eq!(value(&loaded.rows, "API_SERVER_KEY"), "not set");
    let (_folder, mut sources) = file("[access]\napi_key = \"a-key-from-the-file\"\n");
    sources.env.insert("API_SERVER_KEY".to_owned(), String::new());
    let loaded = Config::load(&sources).unwrap();
    assert_eq!(
        (value(&loaded.rows, "API_SERVER_KEY"), loaded.warnings.len()),
        ("set (hidden)", 0),
        "the file's counts"
    );
}

#[test]
fn whatever_is_wrong_is_said_in_one_run() {
    let (_folder, mut sources) =
        file("[listen]\nport = \"x\"\nprot = \"y\"\n[limits]\nlong_polls = 0\n[strange]\na = 1\n");
    sources.env.insert("TRUSTED_NETWORK".to_owned(), "10.0.0.".to_owned());
    sources.env.insert("HERMES_LIVE_TASK".to_owned(), "7".to_owned());
    let all = Config::load(&sources).unwrap_err().to_string();
    for said in [
        "listen.port (",
        "\"listen.prot\"; did you mean listen.port? Give it a whole number from 0 to 65535",
        "limits.long_polls (",
        "\"strange.a\"",
        "TRUSTED_NETWORK (environment)",
        "HERMES_LIVE_TASK: there is no such setting; did you mean HERMES_LIVE_TASKS?",
    ] {
        assert!(all.contains(said), "{said} is not in\n{all}");
    }
}

#[test]
fn the_table_is_sound() {
    for table in [Config::settings(), worker::Config::settings()] {
        let names: BTreeSet<_> = table.iter().map(|setting| setting.env).collect();
        let keys: BTreeSet<_> = table.iter().map(|setting| setting.key).collect();
        let flags: Vec<_> = table.iter().filter_map(|setting| setting.flag).collect();
        assert_eq!((names.len(), keys.len()), (table.len(), table.len()));
        assert_eq!(flags.len(), flags.iter().collect::<BTreeSet<_>>().len());
    }
    for setting in [Config::settings(), worker::Config::settings()].concat() {
        assert!(setting.doc.ends_with('.') && !setting.doc.contains('\n'), "{setting:?}");
        assert_ne!(setting.allowed(), "", "{setting:?} takes a NUL byte");
        assert!(
            setting.kind != Kind::Secret || setting.flag.is_none(),
            "{setting:?} would show in the list of processes"
        );
        assert!(setting.key.bytes().all(|c| c.is_ascii_lowercase() || c == b'_' || c == b'.'), "{setting:?}");
    }
}

#[test]
fn listening_beyond_this_machine_needs_a_key() {
    let key = ("API_SERVER_KEY", "0123456789abcdef0123456789abcdef");
    let host = |value| ("SUPERVISOR_HOST", value);
    for (settings, has_keys, expected) in [
        (vec![], HasKeys::No, Some("127.0.0.1")),
        (vec![], HasKeys::Yes, Some("0.0.0.0")),
        (vec![key], HasKeys::No, Some("0.0.0.0")),
        (vec![host("0.0.0.0")], HasKeys::No, None),
        (vec![host("0.0.0.0")], HasKeys::Yes, Some("0.0.0.0")),
        (vec![host("10.0.0.100"), key], HasKeys::No, Some("10.0.0.100")),
        (vec![host("10.0.0.100")], HasKeys::No, None),
        (vec![host("[::]")], HasKeys::No, None),
        (vec![host("supervisor.lan")], HasKeys::No, None),
        (vec![host("127.0.0.2")], HasKeys::No, Some("127.0.0.2")),
        (vec![host("[::1]")], HasKeys::No, Some("::1")),
        (vec![host("::ffff:127.0.0.1")], HasKeys::No, Some("::ffff:127.0.0.1")),
        (vec![host("localhost")], HasKeys::No, Some("localhost")),
        (vec![host("  ")], HasKeys::No, Some("127.0.0.1")),
    ] {
        let address = loaded(&settings).listen_address(has_keys);
        assert_eq!(address.ok().map(|host| host.to_string()).as_deref(), expected, "{settings:?} {has_keys:?}");
    }
    let refused = loaded(&[host("0.0.0.0")]).listen_address(HasKeys::No).unwrap_err();
    insta::assert_snapshot!(refused, @"0.0.0.0 (environment SUPERVISOR_HOST) is reachable from other machines, but there is no key: set API_SERVER_KEY, or make a key with `hermes key create`, or set SUPERVISOR_HOST=127.0.0.1");
}

#[test]
fn secrets_are_never_shown() {
    let secret = "s3cr3t-value";
    let names: Vec<_> = Config::settings().iter().filter(|s| s.kind == Kind::Secret).map(|s| (s.env, secret)).collect();
    assert_eq!(names.len(), 4);
    let url = ("XIAOQIANG_CALLBACK_URL", "https://10.0.0.1/hook?token=s3cr3t-value");
    let loaded = loaded(&[names, vec![url]].concat());
    assert_eq!(loaded.config.access.api_key.as_ref().unwrap().expose(), secret);
    assert_eq!(loaded.config.executors.callback_url.as_ref().unwrap().as_str(), url.1);
    assert_eq!(loaded.config.feishu.app_secret.as_ref().unwrap().to_string(), "(hidden)");
    let shown = format!("{loaded:?} {:#?} {} {}", loaded.config, print::text(&loaded.rows), print::json(&loaded.rows));
    assert!(!shown.contains(secret), "{shown}");
    assert_eq!(value(&loaded.rows, "API_SERVER_KEY"), "set (hidden)");
    assert_eq!(value(&loaded.rows, url.0), "https://10.0.0.1/hook?(hidden)");
}

#[test]
fn the_printed_table_names_value_origin_and_meaning() {
    let (_folder, mut sources) = file("[listen]\nport = 9000\n[access]\napi_key = 'k'\n");
    sources.env.extend(map(&[("DASHBOARD_PORT", "9001")]));
    sources.flags.insert("host", "::1".to_owned());
    let path = sources.file.clone().unwrap().display().to_string();
    let rows: Vec<_> = Config::load(&sources).unwrap().rows.into_iter().take(8).collect();
    let lines = print::text(&rows).replace(&path, "FILE");
    let lines: Vec<_> = lines.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    insta::assert_snapshot!(lines.join("\n"));
    let json: serde_json::Value = serde_json::from_str(&print::json(&rows)).unwrap();
    assert_eq!(json[1]["origin"], path);
    assert_eq!(json[1]["value"], "9000");
    assert_eq!(json[1]["key"], "listen.port");
}

#[test]
fn every_default_of_both_programs_prints() {
    insta::assert_snapshot!("supervisor", print::text(&loaded(&[]).rows));
    insta::assert_snapshot!("worker", print::text(&worker::Config::load(&env(&WORKER), "box").unwrap().rows));
}

#[test]
fn risky_pairs_are_warned_of() {
    assert_eq!(loaded(&[]).warnings, [""; 0]);
    let risky = loaded(&[
        ("API_SERVER_KEY", "hunter2"),
        ("TRUSTED_NETWORK", "10.0.0.0/24,::/0"),
        ("HERMES_TRUSTED_PROXIES", "0.0.0.0/0"),
        ("HERMES_RATE_LIMIT", "off"),
        ("HERMES_LONG_POLLS", "100"),
        ("HERMES_MAX_CONNECTIONS", "100"),
        ("HERMES_LEASE_TTL", "60s"),
        ("EXECUTION_TIMEOUT", "1m"),
        ("FEISHU_APP_ID", "cli_a"),
        ("FEISHU_APP_SECRET", "s"),
        ("HERMES_RATELIMIT", "off"),
        ("HERMES_URL", "http://127.0.0.1"),
        ("HERMES_WORKER_SLOTS", "2"),
        ("HERMES_SOMETHING_ELSE", "2"),
    ]);
    insta::assert_snapshot!(risky.warnings.join("\n"));
    assert_eq!(loaded(&[("FEISHU_APP_ID", "cli_a")]).warnings.len(), 1);
    assert_eq!(worker::Config::load(&env(&WORKER), "").unwrap().warnings.len(), 1);
}

proptest! {
    /// Whatever the environment holds, the answer is settings or a line for each bad value, and no secret is in it.
    #[test]
    fn no_value_is_too_strange(index in 0_usize..64, text in "[^\0]{1,40}") {
        let table = Config::settings();
        let setting = table[index % table.len()];
        match Config::load(&env(&[(setting.env, &text)])) {
            Ok(loaded) => prop_assert!((setting.check)(text.trim()).is_ok() || text.trim().is_empty(), "{loaded:?}"),
            Err(Problems(lines)) => {
                prop_assert_eq!(lines.len(), 1);
                prop_assert!(!lines[0].contains('\n') && lines[0].starts_with(setting.env));
                let hidden = setting.kind == Kind::Secret && text.len() > 5;
                prop_assert!(!hidden || !lines[0].contains(text.trim()));
            }
        }
    }
}
