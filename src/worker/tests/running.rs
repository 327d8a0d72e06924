//! What a command sees, how it ends, what is said about it.

use hermes_core::id::Digest;
use hermes_core::time::Millis;
use serde_json::json;

use super::fake::{Call, Reply, grant, nth, number, signed};
use super::*;

async fn run_command(command: &str) -> Ended {
    Work::start(Fake::start(vec![grant("TASK-1", command)], |_| None)).finished().await
}

/// Whether a process is there and not only its exit status.
fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

/// Looks until it is so: what was signalled goes a moment later.
async fn until(is_so: impl Fn() -> bool) {
    let look = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(LIMIT, look).await.is_ok(), "never so");
}

#[actix_web::test]
async fn a_command_runs_and_its_end_is_reported() {
    let ended = run_command("echo one; echo two >&2; printf 'gr\\303\\274n\\377'; exit 7").await;
    let finish = ended.finish();
    assert_eq!((finish.exit_code, finish.signal, finish.timed_out), (Some(7), None, false));
    assert_eq!((finish.error, finish.not_run), (None, None));
    assert_eq!((finish.stdout_bytes, finish.stderr_bytes, finish.truncated), (10, 4, false));
    assert_eq!(ended.fake.output("stdout"), "one\ngrün\u{fffd}");
    assert_eq!(ended.fake.output("stderr"), "two\n");
    assert_eq!(ended.journal(), ["claimed", "started", "ended", "done"]);

    let outputs = ended.fake.of("output");
    let sequence: Vec<_> = outputs.iter().map(|call| call.body["seq"].as_u64().unwrap()).collect();
    assert_eq!(sequence, (1..=outputs.len() as u64).collect::<Vec<_>>());
    let all: String = outputs.iter().map(|call| call.body["data"].as_str().unwrap()).collect();
    assert_eq!(finish.output_sha256, Some(Digest::of(all.as_bytes())));

    let lease = format!("/api/work/TASK-1~4~{}", "01".repeat(16));
    let start = &ended.fake.of("start")[0];
    assert_eq!(start.path, format!("{lease}/start"));
    assert_eq!(start.authorization.as_deref(), Some("Bearer worker-key"));
    let digest =
        Digest::of(grant("TASK-1", "echo one; echo two >&2; printf 'gr\\303\\274n\\377'; exit 7").command.as_bytes());
    assert_eq!(start.body, json!({"worker": WORKER, "fence": 4, "revision": 1, "command_sha256": digest.hex()}));
    let claim = &ended.fake.of("claim")[0];
    assert_eq!(claim.body, json!({"worker": WORKER, "roles": ["it-worker"], "wait": 5, "max": 1, "slot": 1}));
    let order: Vec<_> = ended.fake.calls().into_iter().map(|call| call.route).filter(|r| r != "claim").collect();
    assert_eq!((order.first().unwrap().as_str(), order.last().unwrap().as_str()), ("start", "finish"));
}

#[actix_web::test]
async fn a_signal_is_reported_as_a_signal() {
    let finish = run_command("kill -9 $$").await.finish();
    assert_eq!((finish.exit_code, finish.signal, finish.timed_out), (None, Some(9), false));
}

#[actix_web::test]
async fn a_command_sees_only_the_allowed_environment() {
    let may_be_seen = |name: &str| matches!(name, "PATH" | "PWD" | "OLDPWD" | "SHLVL" | "_");
    let here = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    assert!(here.filter(|name| !may_be_seen(name)).count() > 0, "there is something to hide");
    let ended = run_command("env; umask; ulimit -c; pwd").await;
    let output = ended.fake.output("stdout");
    for line in output.lines().filter(|line| line.contains('=')) {
        let name = line.split('=').next().unwrap();
        assert!(may_be_seen(name), "{line}");
    }
    let work = ended.folder.path().join("work").canonicalize().unwrap();
    assert!(output.ends_with(&format!("0077\n0\n{}\n", work.display())), "{output}");
}

#[actix_web::test]
async fn a_command_that_reads_input_finds_none() {
    let ended = run_command("cat; echo over").await;
    assert_eq!(ended.fake.output("stdout"), "over\n");
}

#[actix_web::test]
async fn a_timeout_ends_the_whole_group_even_if_it_does_not_want_to() {
    let command = "trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000";
    let fake = Fake::start(vec![grant("TASK-1", command)], |_| None);
    let hasty = |config: &mut Config| {
        config.task_timeout = Duration::from_millis(500);
        config.grace = Duration::from_millis(100);
    };
    let ended = Work::start_with(fake, hasty).finished().await;
    let finish = ended.finish();
    assert_eq!((finish.exit_code, finish.signal, finish.timed_out), (None, Some(9), true));
    let child = ended.fake.output("stdout");
    assert!(child.trim().parse::<u32>().is_ok(), "{child}");
    until(|| !lives(&child)).await;
}

#[actix_web::test]
async fn what_a_shell_leaves_behind_gets_its_time_to_clean_up() {
    // The shell has no handler and goes at once; what it called notices the signal and has something to do.
    let command = "sh -c 'trap \"touch cleaned; exit 0\" TERM; echo up; while :; do sleep 0.05; done'; true";
    let mut short = grant("TASK-1", command);
    short.ttl_ms = Millis(300);
    let script = |calls: &[Call]| {
        (nth(calls, "heartbeat") > 0 && number(calls, "output") > 0).then(|| Reply::heartbeat(true, false)).flatten()
    };
    let ended = Work::start(Fake::start(vec![signed(short)], script)).finished().await;
    assert_eq!((ended.finish().signal, ended.finish().timed_out), (Some(15), false));
    assert!(ended.folder.path().join("work/cleaned").exists());
}

#[actix_web::test]
async fn output_held_open_in_the_background_does_not_hold_the_report_up() {
    let ended = run_command("sleep 1000 & echo $!").await;
    let child = ended.fake.output("stdout");
    assert_eq!(ended.finish().exit_code, Some(0));
    assert!(lives(&child), "it was left alone");
    let pid = nix::unistd::Pid::from_raw(child.trim().parse().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
}

#[actix_web::test]
async fn long_output_keeps_both_ends_and_its_true_size() {
    let command = "i=0; while [ $i -lt 20000 ]; do echo line-$i; i=$((i+1)); done; echo short >&2";
    let whole: String = (0..20_000).map(|i| format!("line-{i}\n")).collect();
    let fake = Fake::start(vec![grant("TASK-1", command)], |_| None);
    let ended = Work::start_with(fake, |config| config.output_limit = 10_000).finished().await;
    let finish = ended.finish();
    assert_eq!((finish.stdout_bytes, finish.stderr_bytes, finish.truncated), (whole.len() as u64, 6, true));
    let (head, tail) = (&whole[..5000], &whole[whole.len() - 5000..]);
    let gap = format!("\n[… {} bytes left out …]\n", whole.len() - 10_000);
    assert!(ended.fake.output("stdout") == format!("{head}{gap}{tail}"));
    assert_eq!(ended.fake.output("stderr"), "short\n");
}

#[actix_web::test]
async fn a_secret_does_not_leave_the_machine_in_two_pieces() {
    // Written in two goes, and long enough to fall on every border of reading and sending.
    let command = "printf 'secret=hun'; sleep 0.6; echo ter2; i=0; while [ $i -lt 3000 ]; do \
        printf 'some text secret=hunter2 '; i=$((i+1)); done; echo";
    let ended = run_command(command).await;
    let output = ended.fake.output("stdout");
    assert!(ended.fake.of("output").len() > 1, "one piece proves nothing");
    assert_eq!(output, format!("secret=***\n{}\n", "some text secret=*** ".repeat(3000)));
}

#[actix_web::test]
async fn refused_output_does_not_hold_the_report_up() {
    let script = |calls: &[Call]| if nth(calls, "output") > 0 { Reply::refused(409) } else { None };
    let fake = Fake::start(vec![grant("TASK-1", "echo a; echo b >&2; exit 4")], script);
    let ended = Work::start(fake).finished().await;
    assert_eq!(ended.finish().exit_code, Some(4));
    assert_eq!(ended.fake.of("output").len(), 1);
}

#[actix_web::test]
async fn lost_output_is_sent_again_under_its_number() {
    let script = |calls: &[Call]| if nth(calls, "output") == 1 { Some(Reply::Lost) } else { None };
    let ended = Work::start(Fake::start(vec![grant("TASK-1", "echo a")], script)).finished().await;
    let outputs = ended.fake.of("output");
    assert_eq!(outputs.len(), 2);
    assert_eq!(outputs[0].body, outputs[1].body);
}

/// A command that ends when the test says so.
const UNTIL_TOLD: &str = "echo up; until [ -e go ]; do sleep 0.02; done; touch ran";

fn beating(command: &str) -> hermes_core::wire::work::Grant {
    let mut grant = grant("TASK-1", command);
    grant.ttl_ms = Millis(300);
    signed(grant)
}

/// A supervisor that refuses heartbeats once the command is up.
fn lease_is_lost() -> Fake {
    let script = |calls: &[Call]| {
        (nth(calls, "heartbeat") > 0 && number(calls, "output") > 0).then(|| Reply::refused(409)).flatten()
    };
    Fake::start(vec![beating(UNTIL_TOLD)], script)
}

#[actix_web::test]
async fn a_lost_lease_lets_the_command_run_on() {
    let work = Work::start(lease_is_lost());
    work.fake.until_calls("output", 1).await;
    let seen = number(&work.fake.calls(), "heartbeat");
    work.fake.until_calls("heartbeat", seen + 3).await;
    std::fs::write(work.file("go"), "").unwrap();
    let ended = work.finished().await;
    assert_eq!(ended.finish().exit_code, Some(0));
    assert!(ended.has_run());
}

#[actix_web::test]
async fn a_lost_lease_kills_where_that_is_wanted() {
    let work = Work::start_with(lease_is_lost(), |config| config.on_lease_loss = OnLeaseLoss::Kill);
    let ended = work.finished().await;
    assert_eq!((ended.finish().signal, ended.finish().timed_out), (Some(15), false));
    assert!(!ended.has_run());
}
