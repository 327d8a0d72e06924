//! How long a grade takes: commands as people write them, and texts made to take long, at growing sizes.
//! `cargo bench -p hermes-core --bench risk`; docs/BENCHMARKS.md has the figures.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hermes_core::risk::{Networks, Rules, Source};

/// About a hundred characters each.
const TYPICAL: &[(&str, &str)] = &[
    (
        "read",
        "ls -la /var/log | grep -v gz | awk '{print $9}' | sort | uniq -c | sort -rn | head -20; df -h /; uptime -p",
    ),
    (
        "loop",
        "for f in $(ls /var/log/*.log); do if [ -s \"$f\" ]; then gzip -9 \"$f\" && mv \"$f.gz\" /backup/; fi; done",
    ),
    (
        "pipeline",
        "kubectl -n prod get pods -o json | jq -r '.items[].metadata.name' | grep web | xargs -n1 echo \"pod: $N\"",
    ),
    (
        "wrapped",
        "sudo -u deploy ssh -p 2222 root@db1.example.com 'cd /srv/app && docker compose exec -T web rm -rf /srv/data'",
    ),
    (
        "sql",
        "psql -h db1 -U app -d shop -c \"UPDATE orders SET status = 'void' WHERE created < now() - interval '90 days'\"",
    ),
    ("short", "rm -rf /data"),
];

const HOSTILE: &[(&str, &str)] = &[
    ("words", "a "),
    ("commands", "rm -rf /x; "),
    ("pipes", "a|"),
    ("quotes", "'a'\"b\""),
    ("substitutions", "$(a) "),
    ("open substitutions", "$("),
    ("open backticks", "`"),
    ("open groups", "("),
    ("documents", "cat <<A\n"),
    ("braces", "{a,b}"),
    ("variables", "$a${b:-c}"),
    ("redirections", ">x"),
    ("ifs", "if a; then b; fi; "),
    ("wrappers", "sudo env x=1 "),
    ("inner shells", "sh -c 'a b'; "),
    ("statements", "SELECT a FROM b WHERE c = 1 OR d IN (1,2,3); "),
    ("brackets of SQL", "SELECT (1+"),
    ("invisible", "\u{200b}a "),
];

fn grades(criterion: &mut Criterion) {
    let (rules, networks) = (Rules::builtin(), Networks::default());
    let grade = |text: &str| rules.assess(black_box(text), &Source::default(), &networks);

    criterion.bench_function("load the rules", |bench| bench.iter(Rules::builtin));

    let mut typical = criterion.benchmark_group("typical");
    for (name, text) in TYPICAL {
        typical.throughput(Throughput::Bytes(text.len() as u64));
        typical.bench_function(*name, |bench| bench.iter(|| grade(text)));
    }
    typical.finish();

    let mut hostile = criterion.benchmark_group("hostile");
    hostile.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(600));
    for (name, unit) in HOSTILE {
        for kib in [16, 64] {
            let text = unit.repeat(kib * 1024 / unit.len());
            hostile.bench_with_input(BenchmarkId::new(*name, kib), &text, |bench, text| bench.iter(|| grade(text)));
        }
    }
    hostile.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().without_plots().measurement_time(Duration::from_secs(2));
    targets = grades
}
criterion_main!(benches);
