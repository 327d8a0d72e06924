use proptest::prelude::*;
use serde_json::json;

use super::*;

mod forms;
pub(super) mod steps;

#[test]
fn secrets_are_masked_and_names_stay() {
    let table = [
        ("sk-abcdefghijklmnopqrstuvwx", "sk-***"),
        ("x ghp_0123456789abcdefghij y", "x ghp_*** y"),
        ("github_pat_11ABCDEFG0123456789_abcdef", "github_pat_***"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIA***"),
        ("xoxb-123456789012-abcdefghij", "xoxb-***"),
        ("hk_abcdefghij0123456789_-ABC", "hk_***"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_123", "eyJ***"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer ***"),
        ("-H 'Authorization: Basic dXNlcjpwdw=='", "-H 'Authorization: Basic ***'"),
        ("basic dXNlcjpwdw==", "basic ***"),
        ("-H \"Authorization: abc123\" https://x", "-H \"Authorization: ***\" https://x"),
        ("password=hunter2", "password=***"),
        ("PASSWD: hunter2", "PASSWD: ***"),
        ("cmd --password hunter2 -v", "cmd --password *** -v"),
        ("cmd --db-password=hunter2 -v", "cmd --db-password=*** -v"),
        ("cmd --api-key 'a b c' -v", "cmd --api-key '***' -v"),
        ("mysql -u root -phunter2 db", "mysql -u root -p*** db"),
        ("mysqldump -h x -p'a b' db", "mysqldump -h x -p'***' db"),
        ("sshpass -p hunter2 ssh x", "sshpass -p *** ssh x"),
        ("FEISHU_APP_SECRET=abc API_SERVER_KEY=def", "FEISHU_APP_SECRET=*** API_SERVER_KEY=***"),
        ("export DB_PASS=\"a b\\\" c\" X=1", "export DB_PASS=\"***\" X=1"),
        ("PASSWORD='a b'c\"d e\" ls", "PASSWORD='***' ls"),
        ("{\"password\": \"a b\", \"x\": 1}", "{\"password\": \"***\", \"x\": 1}"),
        ("{\\\"token\\\":\\\"a b\\\",\\\"x\\\":1}", "{\\\"token\\\":\\\"***\\\",\\\"x\\\":1}"),
        ("client_secret: 'x y'\nname: z", "client_secret: '***'\nname: z"),
        ("secret_key => \"x\"", "secret_key => \"***\""),
        ("token: password: hunter2", "token: password: ***"),
        ("postgres://me:p@ss@db:5432/x", "postgres://me:***@db:5432/x"),
        ("https://x/?access_token=abc&y=1", "https://x/?access_token=***&y=1"),
        ("curl -u me:pw https://x", "curl -u me:*** https://x"),
        ("curl --user 'me:p w' https://x", "curl --user 'me:***' https://x"),
        ("curl -ume:pw -u you:pw2", "curl -ume:*** -u you:***"),
        ("X-Api-Key: abc", "X-Api-Key: ***"),
        ("Cookie: a=b; c=d", "Cookie: ***"),
        ("password=\"open", "password=\"***\""),
        ("PWD=hunter2", "PWD=***"),
        ("pwd=/hunter2", "pwd=***"),
        ("DRIVER=x;UID=sa;PWD=/hunter2;", "DRIVER=x;UID=sa;PWD=***;"),
        (
            "a -----BEGIN RSA PRIVATE KEY-----\nMIIE\nxyz\n-----END RSA PRIVATE KEY----- b",
            "a -----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY----- b",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", "-----BEGIN PRIVATE KEY-----***"),
    ];
    for (text, masked) in table {
        assert_eq!(mask(text), masked, "{text}");
        assert_eq!(mask(masked), masked, "twice: {text}");
    }
}

#[test]
fn what_is_no_secret_is_borrowed() {
    for text in [
        "",
        "ls -la",
        "grep token file",
        "max_tokens=100",
        "task-0123456789abcdefghijkl",
        "ssh://git@github.com/a/b",
        "PWD is here",
        "HOME=/root\nPWD=/root/work\nOLDPWD=/root\n",
        "declare -x PWD=\"/root/work\"",
        "env -i PWD=/srv OLDPWD=secret make",
        "{\"PWD\": \"/srv\"}",
        "PASSWORD_FILE=/run/secrets/x",
        "https://example.com:8080/path",
        "docker run -p 80:80 mysql",
        "tokenizer: fast",
        "select password from users",
        "the password must change",
        "basic auth",
        "bearer of news",
        "-u 1000",
    ] {
        assert!(matches!(mask(text), Cow::Borrowed(same) if same == text), "{text:?} -> {:?}", mask(text));
    }
}

#[test]
fn what_runs_is_not_hidden() {
    for text in [
        "password=$(rm -rf /)",
        "TOKEN=`reboot`",
        "PASSWORD=\"x$(reboot)\"",
        "password=$DB_PASSWORD",
        "--token \"${TOKEN}\"",
    ] {
        assert_eq!(mask(text), text);
    }
}

#[test]
fn the_folder_a_shell_is_in_is_no_secret() {
    let command = "PWD=/srv/app OLDPWD=/srv make install";
    assert!(matches!(mask_command(command), Cow::Borrowed(same) if same == command));
    assert_eq!(mask_command("PWD=hunter2 make"), "PWD=*** make");
    let mut environment = json!({"PWD": "/srv/app", "env": {"PWD": "hunter2", "MYSQL_PWD": "/x"}});
    mask_json(&mut environment);
    assert_eq!(environment, json!({"PWD": "/srv/app", "env": {"PWD": "***", "MYSQL_PWD": "***"}}));
}

#[test]
fn documents_are_masked_in_every_corner() {
    let mut document = json!({
        "command": "mysql -phunter2", "Password": {"a": 1}, "token": 7, "tokens_used": 7, "api_key": null,
        "list": ["password=x", {"client_secret": "y", "ok": true}], "n": 1,
    });
    mask_json(&mut document);
    let expected = json!({
        "command": "mysql -p***", "Password": "***", "token": "***", "tokens_used": 7, "api_key": null,
        "list": ["password=***", {"client_secret": "***", "ok": true}], "n": 1,
    });
    assert_eq!(document, expected);
}

#[test]
fn every_form_of_a_value_is_gone() {
    for name in ["password", "DB_PASSWD", "app_secret", "Access-Key", "apiKey", "private_key"] {
        for (before, after) in
            [("=", ""), (": ", ""), ("=\"", "\""), (" : '", "'"), ("\": \"", "\""), ("\":\"x y ", "\"")]
        {
            let text = format!("{name}{before}Tr0ub4dor{after}");
            assert!(!mask(&text).contains("Tr0ub4dor"), "{text} -> {}", mask(&text));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn twice_is_once(text in any::<String>()) {
        let once = mask(&text).into_owned();
        prop_assert_eq!(mask(&once), once.as_str());
    }

    #[test]
    fn twice_is_once_for_what_looks_like_secrets(
        text in r#"(password|token|secret|api_key|Bearer |Basic |Authorization|Cookie: |--password |-u |mysql |-p|sshpass |://|a:b@|sk-abcdefghijklmnopqrst|hk_|eyJabcde\.abcde\.|-----BEGIN PRIVATE KEY-----|-----END PRIVATE KEY-----|["' =:@\\&;$`*/\n]|[a-zA-Z0-9]{1,9}){0,16}"#
    ) {
        let once = mask(&text).into_owned();
        prop_assert_eq!(mask(&once), once.as_str());
        prop_assert!(once.len() <= text.len() * 5 + 8);
    }

    #[test]
    fn twice_is_once_for_commands(text in commands()) {
        let once = mask(&text).into_owned();
        prop_assert_eq!(mask(&once), once.as_str());
        let once = mask_command(&text).into_owned();
        prop_assert_eq!(mask_command(&once), once.as_str());
    }

    #[test]
    fn a_command_loses_nothing_but_plain_words(command in commands()) {
        let masked = mask_command(&command);
        let parts: Vec<&str> = masked.split(MASK).collect();
        let (first, rest) = parts.split_first().unwrap();
        let left = command.strip_prefix(first);
        prop_assert!(left.is_some_and(|left| are_plain_words_missing(left, rest)), "{} -> {}", command, masked);
    }
}

/// Texts with many programs and forms that take secrets, and what tells a shell to do something.
fn commands() -> impl Strategy<Value = String> {
    r#"(password|TOKEN=|secret: |--password |--token=|-u |mysql |docker login |vault login |vault kv |curl |redis-cli |openssl |zip |7z |smbclient |lftp |ldapsearch |htpasswd -b |wpa_passphrase |sudo -S |chpasswd|passwd |nmcli |npm config set |kubectl create secret |--from-literal=|identified by |user x password |machine h login u password |Cookie: a=|Authorization: |https://|h:5432:d:u:|<<<|echo |-p|-P |-U |-k |-w |%|,|a:b@|["' =:@\\&;|$`<>(){}#?/\n-]|[a-z0-9]{1,9}){0,16}"#
}

/// Whether a command is these parts with a plain word before each.
fn are_plain_words_missing(command: &str, parts: &[&str]) -> bool {
    let Some((part, rest)) = parts.split_first() else { return command.is_empty() };
    let telling = |letter: char| ";&|<>(){}$`\\\"'\n\r".contains(letter);
    let longest = command.find(telling).unwrap_or(command.len());
    (1..=longest).filter(|end| command.is_char_boundary(*end)).any(|end| {
        let (word, left) = command.split_at(end);
        // Only quotes hold blanks together.
        let is_word = !word.contains(char::is_whitespace) || left.starts_with(['"', '\'']);
        is_word && left.strip_prefix(part).is_some_and(|left| are_plain_words_missing(left, rest))
    })
}

#[test]
fn nothing_that_could_run_is_hidden_in_a_command() {
    for command in [
        "date; echo \"password='\"; uniq /dev/null $DB; echo \"'\"",
        "echo cookie: ; ./wipe-prod.sh --all",
        "echo authorization: ;./wipe-prod.sh",
        ": token=\\\" ; ./wipe.sh ; : \\\"",
        "echo -----BEGIN PRIVATE KEY-----; rm -rf /x",
        "echo -----BEGIN PRIVATE KEY-----\nreboot",
        "echo password:\n./wipe.sh",
        "x://a:;cmd${IFS}--all;@",
        "TOKEN=\"rm -rf /x; date\"; eval \"$TOKEN\"",
    ] {
        assert_eq!(mask_command(command), command);
    }
    for (command, shown) in [
        ("deploy --password hunter2 -v", "deploy --password *** -v"),
        ("TOKEN=abc123def deploy", "TOKEN=*** deploy"),
        ("login --password 'two words'", "login --password '***'"),
        ("curl -u lee:hunter2 https://x", "curl -u lee:*** https://x"),
    ] {
        assert_eq!(mask_command(command), shown);
    }
}
