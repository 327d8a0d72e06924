//! How many lines the verifier reads in a second: `cargo run --release -p hermes-core --example verify_speed [lines]`.
#![expect(clippy::print_stdout, reason = "the figure is what it is run for")]
#![expect(clippy::disallowed_methods, reason = "the library reads no clock, but to measure it takes one")]

use std::{borrow::Cow, error::Error, time::Instant};

use hermes_core::{
    access::{Actor, Via},
    audit::{Chain, Entry, Expect, Head, Subject, Verdict, verify},
    id::{Digest, Revision, TaskId},
    time::Timestamp,
};

fn entry(n: u32) -> Result<Entry, Box<dyn Error>> {
    let subject = Subject {
        status: "approved".into(),
        command: format!("systemctl restart worker-{n} && journalctl -u worker-{n} -n 50"),
        description: "restart after the configuration change".into(),
        source_ip: "10.0.0.7".into(),
        risk_level: "medium".into(),
        risk_labels: vec!["service_control".into()],
        operator_open_id: "ou_0123456789abcdef".into(),
        operator_name: "Operator".into(),
    };
    Ok(Entry {
        at: Timestamp(1_767_225_601_000_000 + i64::from(n)),
        kind: "task.approved".into(),
        task_id: Some(TaskId::parse(&format!("TASK-{n:07}"))?),
        revision: Some(Revision(1)),
        actor: Actor::key("approver"),
        via: Via::Api,
        from: Some("pending".into()),
        to: Some("approved".into()),
        cmd_sha: Some(Digest::of(&n.to_be_bytes())),
        subject: Some(subject),
        data: [("n".to_owned(), n.into())].into_iter().collect(),
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let lines: u32 = std::env::args().nth(1).map_or(Ok(500_000), |text| text.parse())?;
    let (mut chain, mut log) = (Chain::default(), String::new());
    for n in 0..lines {
        log.push_str(&chain.append(&entry(n)?, |text| Cow::Borrowed(text)).text);
        log.push('\n');
    }
    let start = Instant::now();
    let head = Head::Is(chain.last(), chain.head);
    let report = verify(log.as_bytes(), Expect { head, ..Expect::default() })?;
    let seconds = start.elapsed().as_secs_f64();
    if report.verdict != Verdict::Intact {
        return Err(format!("{:?}", report.verdict).into());
    }
    let (rate, width) = (f64::from(lines) / seconds, log.len() as f64 / f64::from(lines));
    println!("{lines} lines of {width:.0} bytes: {rate:.0} lines/s, {:.0} MB/s", rate * width / 1e6);
    Ok(())
}
