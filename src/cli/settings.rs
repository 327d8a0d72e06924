//! Settings as flags: their names, defaults and meanings come from the table of settings.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::path::PathBuf;

use clap::error::Error as Refusal;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::error::Error;
use super::session::Session;
use crate::config::{self, Config, Data, Kind, Loaded, Setting, Sources};

/// Something that has settings.
pub(super) trait Program {
    fn settings() -> Vec<&'static Setting>;
}

/// The supervisor.
pub(super) struct Supervisor;

/// A sub-agent.
pub(super) struct SubAgent;

/// Whoever only needs the data folder.
pub(super) struct Folder;

impl Program for Supervisor {
    fn settings() -> Vec<&'static Setting> {
        Config::settings()
    }
}

impl Program for SubAgent {
    fn settings() -> Vec<&'static Setting> {
        config::worker::Config::settings()
    }
}

impl Program for Folder {
    fn settings() -> Vec<&'static Setting> {
        Data::SETTINGS.iter().collect()
    }
}

/// The settings file, and those of a program's settings that have a flag.
#[derive(Args)]
pub(super) struct Settings<P: Program> {
    /// Settings file [env: HERMES_CONFIG] [default: hermes.toml in the data folder, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags<P>,
}

impl<P: Program> Settings<P> {
    /// Everything that settings are read from.
    pub(super) fn sources(self) -> Sources {
        Sources::from_process(self.config, self.flags.given)
    }

    /// The supervisor's settings.
    pub(super) fn load(self) -> Result<Loaded<Config>, Error> {
        Ok(Config::load(&self.sources())?)
    }

    /// The sub-agent's settings.
    pub(super) fn load_worker(self) -> Result<Loaded<config::worker::Config>, Error> {
        let host = nix::unistd::gethostname().unwrap_or_default();
        Ok(config::worker::Config::load(&self.sources(), &host.to_string_lossy())?)
    }
}

/// Says what is allowed, but risky.
pub(super) fn warn<C>(loaded: &Loaded<C>, session: &mut Session<'_>) {
    loaded.warnings.iter().for_each(|warning| session.remark(&format!("warning: {warning}")))
}

struct Flags<P> {
    given: BTreeMap<&'static str, String>,
    program: PhantomData<P>,
}

impl<P: Program> Flags<P> {
    fn table() -> impl Iterator<Item = (&'static Setting, &'static str)> {
        P::settings().into_iter().filter_map(|setting| Some((setting, setting.flag?)))
    }

    fn read(matches: &ArgMatches) -> BTreeMap<&'static str, String> {
        Self::table().filter_map(|(_, flag)| Some((flag, matches.get_one::<String>(flag)?.clone()))).collect()
    }
}

impl<P: Program> Args for Flags<P> {
    fn augment_args(command: Command) -> Command {
        Self::table().fold(command, |command, (setting, flag)| command.arg(argument(setting, flag)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<P: Program> FromArgMatches for Flags<P> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Refusal> {
        Ok(Self { given: Self::read(matches), program: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Refusal> {
        self.given.extend(Self::read(matches));
        Ok(())
    }
}

fn argument(setting: &'static Setting, flag: &'static str) -> Arg {
    let default = setting.default.replace('{', "$").replace('}', "");
    let default = if default.is_empty() { default } else { format!(" [default: {default}]") };
    let help = format!("{} [env: {}]{default}", setting.doc.trim_end_matches('.'), setting.env);
    let value = match setting.kind {
        Kind::Path => "PATH",
        Kind::Url => "URL",
        Kind::Plain | Kind::Secret => "VALUE",
    };
    Arg::new(flag).long(flag).value_name(value).help(help)
}
