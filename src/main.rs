//! `hermes`: the supervisor, the sub-agent, and the commands that talk to them.

fn main() -> std::process::ExitCode {
    hermes_approval::cli::main()
}
