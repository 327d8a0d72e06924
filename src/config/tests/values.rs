use hermes_core::time::Millis;

use crate::config::parse;

fn table<T: std::fmt::Display>(parse: impl Fn(&str) -> parse::Parsed<T>, good: &[(&str, &str)], bad: &[&str]) {
    for (text, expected) in good {
        assert_eq!(parse(text).map(|value| value.to_string()).as_deref(), Ok(*expected), "{text}");
    }
    for text in bad {
        assert!(parse(text).is_err(), "{text} was taken");
    }
}

#[test]
fn networks_are_normalised() {
    let good = [
        ("10.0.0.0/24", "10.0.0.0/24"),
        ("10.0.0.5/24", "10.0.0.0/24"),
        ("192.168.1.7", "192.168.1.7/32"),
        ("::1", "::1/128"),
        ("FD00:0::/8", "fd00::/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ];
    table(parse::network_text, &good, &["", "10.0.0.", "10.0.0.0/33", "10.0.0.0/", "010.0.0.1", "lan", "10.0.0.0/24 "]);
}

#[test]
fn hosts_are_addresses_or_names() {
    let good = [("0.0.0.0", "0.0.0.0"), ("[::1]", "::1"), ("::", "::"), ("Hermes.LAN", "hermes.lan"), ("a-1", "a-1")];
    let long = "a".repeat(64);
    table(parse::host, &good, &["", "1.2.3", "300.1.1.1", "a b", "a..b", "-a", "a-", "a:80", "http://a", "[a]", &long]);
}

#[test]
fn addresses_are_http_and_carry_no_password() {
    let good = [
        ("http://10.0.0.1", "http://10.0.0.1"),
        ("https://a.b:8443/", "https://a.b:8443"),
        ("http://[::1]:80/hook/", "http://[::1]:80/hook/"),
        ("http://a/x?key=1", "http://a/x?(hidden)"),
    ];
    let bad = [
        "",
        "a",
        "/a",
        "http://",
        "http:///x",
        "ftp://a",
        "http://u@a",
        "http://u:p@a:1/",
        "http://a:b/",
        "http://a:/",
    ];
    table(parse::url, &good, &bad);
    table(parse::url, &[], &["http://a:65536", "http://a b", "http://ä", "http://a/ä"]);
}

#[test]
fn levels_are_those_of_rust_and_python() {
    let good = [("INFO", "INFO"), ("trace", "TRACE"), ("Warning", "WARN"), ("warn", "WARN"), ("CRITICAL", "ERROR")];
    table(parse::level, &good, &["", "verbose", "20"]);
}

#[test]
fn spans_and_numbers_keep_to_their_range() {
    let (span, number) = (parse::span(Millis::from_secs(1), Millis::from_secs(60)), parse::number(1_u16..=64));
    table(span, &[("1", "1s"), ("1000ms", "1s"), ("1m", "1m")], &["", "0", "999ms", "61", "1.5", "1 week", "-1"]);
    table(number, &[("1", "1"), ("64", "64")], &["", "0", "65", "1.5", "0x1", "-1", "99999"]);
}

#[test]
fn names_are_safe_as_folders() {
    let good = [("ou_1", "ou_1"), ("it-ops-worker", "it-ops-worker"), ("a.b:c", "a.b:c"), ("..a", "..a")];
    let long = "a".repeat(129);
    table(parse::name, &good, &["", ".", "..", "a/b", "a b", "é", "a\n", &long]);
}

#[test]
fn commands_never_see_the_variables_with_secrets() {
    let good = [("PATH", "PATH"), ("_x9", "_x9")];
    let bad = ["", "9X", "A=B", "A-B", "API_SERVER_KEY", "FEISHU_APP_SECRET", "FEISHU_X", "HERMES_KEY"];
    table(parse::passed_variable, &good, &bad);
}

#[test]
fn a_public_key_is_a_point_of_the_curve() {
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key();
    let hex = hex::encode(key.as_bytes());
    assert_eq!(parse::public_key(&hex), Ok(key));
    assert!(parse::public_key(&hex[..62]).is_err());
    let no_point = (0..=255_u8).map(|last| format!("{last:02x}{}", "0".repeat(62)));
    assert!(no_point.into_iter().any(|text| parse::public_key(&text).is_err()));
}

#[test]
fn a_health_port_may_be_off() {
    assert_eq!(parse::port_or_off("off"), Ok(None));
    assert_eq!(parse::port_or_off("0"), Ok(Some(0)));
    assert!(parse::port_or_off("").is_err());
}
