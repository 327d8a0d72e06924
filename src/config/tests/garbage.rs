use super::*;

#[test]
fn a_garbage_environment_is_refused_line_by_line() {
    let garbage = [
        ("SUPERVISOR_HOST", "0.0.0"),
        ("SUPERVISOR_PORT", "eighty"),
        ("DASHBOARD_PORT", "70000"),
        ("APPROVAL_HOME", "~someone/hermes"),
        ("API_SERVER_KEY", "top secret"),
        ("TRUSTED_NETWORK", "10.0.0."),
        ("LOG_LEVEL", "loud"),
        ("FEISHU_APP_ID", "cli\na"),
        ("FEISHU_APP_SECRET", "sécret"),
        ("FEISHU_VERIFY_TOKEN", "top secret"),
        ("FEISHU_ENCRYPT_KEY", "top secret"),
        ("FEISHU_CHAT_ID", "oc/1"),
        ("FEISHU_ADMIN_ID", "鹏老板"),
        ("FEISHU_BASE_URL", "open.feishu.cn"),
        ("FEISHU_MODE", "pigeon"),
        ("COMMANDER_OPEN_ID", "ou 1"),
        ("EXECUTOR_OPEN_ID", "ou;1"),
        ("APPROVAL_WHITELIST", "ou_1,o u"),
        ("XIAOMEI_API_URL", "ftp://10.0.0.1/"),
        ("DESKTOP_API_URL", "http://me:top-secret@10.0.0.1/run?token=secret"),
        ("XIAOQIANG_CALLBACK_URL", "http://10.0.0.1:99999/hook"),
        ("SUPERVISOR_BASE_URL", "http://"),
        ("EXECUTION_TIMEOUT", "-1"),
        ("KANBAN_FALLBACK_ASSIGNEE", ".."),
        ("FEISHU_TENANT_KEY", "tenant\u{1b}"),
        ("HERMES_RATE_LIMIT", "maybe"),
        ("HERMES_LOG_FORMAT", "xml"),
        ("HERMES_ALLOWED_HOSTS", "hermes.lan,-x-"),
        ("HERMES_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("HERMES_READERS", "65"),
        ("HERMES_LEASE_TTL", "500ms"),
        ("HERMES_WRITE_PERMITS", "0"),
        ("HERMES_LONG_POLLS", "1.5"),
        ("HERMES_LIVE_TASKS", "many"),
        ("HERMES_HTTP_WORKERS", "-2"),
        ("HERMES_POLICY", "policy\u{1b}.toml"),
        ("HERMES_RULES", "rules\u{1b}.toml"),
        ("HERMES_RETENTION", "3 weeks"),
        ("HERMES_MAX_CONNECTIONS", "99999999999999999999"),
    ];
    let Problems(lines) = Config::load(&env(&garbage)).unwrap_err();
    assert_eq!(garbage.len(), Config::settings().len(), "every setting has its garbage");
    assert_eq!(lines.len(), garbage.len(), "and its line");
    let text = lines.join("\n");
    assert!(!text.contains("secret"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_garbage_worker_environment_is_refused_line_by_line() {
    let garbage = [
        ("SUBAGENT_ROLE", "../finance"),
        ("SUPERVISOR_URL", "10.0.0.100:8080"),
        ("API_SERVER_KEY", "top secret"),
        ("POLL_INTERVAL", "0"),
        ("TASK_TIMEOUT", "soon"),
        ("HEALTH_PORT", "on"),
        ("HERMES_WORKER_STATE", "~"),
        ("HERMES_WORKER_ENV", "PATH,HERMES_KEY"),
        ("HERMES_WORKER_SLOTS", "0"),
        ("HERMES_ON_LEASE_LOSS", "panic"),
        ("HERMES_SUPERVISOR_KEY", "abcd"),
        ("HERMES_OUTPUT_LIMIT", "1MiB"),
    ];
    let problems = worker::Config::load(&env(&garbage), "box").unwrap_err();
    insta::assert_snapshot!(problems);
    let unset = worker::Config::load(&env(&[]), "box").unwrap_err();
    insta::assert_snapshot!(unset, @r"
    SUBAGENT_ROLE: is not set; give 1 to 128 characters of A-Z a-z 0-9 . _ : -
    SUPERVISOR_URL: is not set; give an http:// or https:// address without user name and password
    ");
}

#[test]
fn a_garbage_file_is_refused_line_by_line() {
    let (_folder, sources) = file(
        r#"
        port = 8080
        "so\nme" = 1
        data = "none"
        [listen]
        prot = 8080
        host = { address = "0.0.0.0" }
        dashboard_port = "nine"
        allowed_hosts = ["a b", 3]
        [access]
        api_server_key = "top-secret"
        api_key = ["top-secret 1"]
        [store]
        readers = 1000
        retention = 1.5
        [rules]
        trusted_network = "10.0.0.0/24"
        [feishu]
        whitelist = [["ou_1"]]
        [limits.more]
        rate_limit = "on"
        [worker]
        slot = 2
        "#,
    );
    let text = Config::load(&sources).unwrap_err().to_string();
    assert!(!text.contains("top-secret"), "{text}");
    insta::assert_snapshot!(text.replace(&sources.file.unwrap().display().to_string(), "FILE"));
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_its_line_and_without_its_text() {
    let (_folder, sources) = file("[access]\n\napi_key = \"top-secret\n");
    let Problems(lines) = Config::load(&sources).unwrap_err();
    let path = sources.file.unwrap().display().to_string();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with(&format!("{path} line 3: ")) && !lines[0].contains("top-secret"), "{lines:?}");
}

#[test]
fn a_named_file_must_exist() {
    for sources in [
        Sources { file: Some("/nowhere/x.toml".into()), ..env(&[]) },
        env(&[("HERMES_CONFIG", "/nowhere/x.toml")]),
        env(&[("HERMES_CONFIG", "~/x.toml")]),
    ] {
        let problems = Config::load(&sources).unwrap_err().to_string();
        assert!(problems.starts_with("/nowhere/x.toml: cannot be read: "), "{problems}");
    }
}

#[test]
fn without_a_home_only_the_home_folder_is_missing() {
    let problems = Config::load(&Sources::default()).unwrap_err();
    let line =
        r#"APPROVAL_HOME (default): "~/.hermes" is refused; give a path in UTF-8 (a leading ~/ needs HOME to be set)"#;
    assert_eq!(problems.to_string(), line);
}

#[test]
fn two_listeners_cannot_share_a_port() {
    let problems = Config::load(&env(&[("SUPERVISOR_PORT", "9093")])).unwrap_err();
    assert_eq!(problems.to_string(), "SUPERVISOR_PORT and DASHBOARD_PORT are both 9093");
    loaded(&[("SUPERVISOR_PORT", "0"), ("DASHBOARD_PORT", "0")]);
}

#[test]
fn an_unknown_flag_is_refused() {
    let sources = Sources { flags: BTreeMap::from([("role", "x".to_owned())]), ..env(&[]) };
    assert_eq!(Config::load(&sources).unwrap_err().to_string(), "flag --role: this program has no such flag");
}
