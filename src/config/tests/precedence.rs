use super::*;

fn port_and_origin(sources: &Sources) -> (u16, String) {
    let loaded = Config::load(sources).unwrap();
    let origin = loaded.rows.iter().find(|row| row.name == "SUPERVISOR_PORT").unwrap().origin.to_string();
    (loaded.config.listen.port, origin)
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let (_folder, mut sources) = file("listen.port = 1\n");
    let path = sources.file.clone().unwrap();
    assert_eq!(port_and_origin(&env(&[])), (8080, "default".to_owned()));
    assert_eq!(port_and_origin(&sources), (1, path.display().to_string()));
    sources.env.insert("SUPERVISOR_PORT".to_owned(), "2".to_owned());
    assert_eq!(port_and_origin(&sources), (2, "environment SUPERVISOR_PORT".to_owned()));
    sources.flags.insert("port", "3".to_owned());
    assert_eq!(port_and_origin(&sources), (3, "flag --port".to_owned()));
}

#[test]
fn an_empty_variable_says_nothing_and_blanks_around_a_value_do_not_count() {
    let (_folder, mut sources) = file("listen.port = 1\n");
    sources.env.insert("SUPERVISOR_PORT".to_owned(), " ".to_owned());
    assert_eq!(port_and_origin(&sources).0, 1);
    sources.env.insert("SUPERVISOR_PORT".to_owned(), " 2\n".to_owned());
    assert_eq!(port_and_origin(&sources).0, 2);
}

#[test]
fn the_file_is_the_named_one_or_that_of_the_home_folder() {
    let (home, named) = file("listen.port = 1\n");
    let in_home = env(&[("APPROVAL_HOME", &home.path().display().to_string())]);
    assert_eq!(port_and_origin(&in_home).0, 1);

    let flag = BTreeMap::from([("home", home.path().display().to_string())]);
    assert_eq!(port_and_origin(&Sources { flags: flag, ..env(&[]) }).0, 1);

    let (_folder, other) = file("listen.port = 2\n");
    let other = other.file.unwrap().display().to_string();
    let by_variable = env(&[("APPROVAL_HOME", &home.path().display().to_string()), ("HERMES_CONFIG", &other)]);
    assert_eq!(port_and_origin(&by_variable).0, 2);
    assert_eq!(port_and_origin(&Sources { file: named.file, ..by_variable }).0, 1);
}

#[test]
fn an_empty_list_can_be_said() {
    assert_eq!(loaded(&[("TRUSTED_NETWORK", "")]).config.rules.trusted_networks, ["10.0.0.0/24"]);
    assert_eq!(loaded(&[("TRUSTED_NETWORK", "none")]).config.rules.trusted_networks, [""; 0]);
    let (_folder, sources) = file("rules.trusted_networks = []\n");
    assert_eq!(Config::load(&sources).unwrap().config.rules.trusted_networks, [""; 0]);
}

#[test]
fn a_file_may_use_the_types_of_toml_and_serve_both_programs() {
    let (_folder, sources) = file(
        r#"
        listen.port = 9000
        limits.rate_limit = false
        rules.trusted_networks = ["10.0.0.5/8", "fd00::1"]
        work.execution_timeout = 90
        data.home = "~/data"
        [worker]
        role = "finance-worker"
        supervisor_url = "https://hermes.lan"
        health_port = false
        "#,
    );
    let config = Config::load(&sources).unwrap().config;
    assert_eq!((config.listen.port, config.limits.rate_limit), (9000, Switch::Off));
    assert_eq!(config.rules.trusted_networks, ["10.0.0.0/8", "fd00::1/128"]);
    assert_eq!(config.work.execution_timeout.to_string(), "90s");
    assert_eq!(config.rules.policy.to_str(), Some("/nowhere/data/policy.toml"));

    let worker = worker::Config::load(&sources, "box").unwrap().config.worker;
    assert_eq!((worker.health_port, worker.name.as_str()), (None, "finance-worker-box"));
    assert_eq!(worker.dir.to_str(), Some("/nowhere/data/worker/finance-worker/work"));
}
