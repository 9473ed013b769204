//! What can be said on the command line, and the help that teaches it.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use logmill_model::mask::{Policy, Rule};

use crate::client::archive::ArchiveCommand;
use crate::client::dead_letters::DeadLetterCommand;
use crate::client::tokens::TokenCommand;
use crate::client::topics::TopicArguments;
use crate::endpoints::Ports;
use crate::input::Input;
use crate::stdout;
use crate::up::UpArguments;

const EXAMPLES: &str = "\
Examples:
  logmill parse build.log                      why did this build fail?
  kubectl logs job/build | logmill parse -     the same for what another program prints
  logmill parse --json run.zip | jq 'select(.kind == \"explanation\")'
  logmill mask build.log > to-share.log        a copy without secrets

`logmill help parse` tells more.";

const PARSE_HELP: &str = "\
Examples:
  logmill parse build.log
      why the build failed, its steps and its tests
  logmill parse --json run-4711.zip | jq -r 'select(.kind == \"test\" and .result == \"fail\").name'
      the failed tests of every job of a run, one a line
  logmill parse --out parsed logs/*.gz
      parsed/NAME.jsonl for each log

What it prints:
  On a terminal, a report for people. In a pipe, with --json or --out, one JSON object a line: its
  `kind` is record, step, error, test, test_summary, explanation or build, `line_number` is the line
  of the log, from 1. With several inputs each line names its `file`, and for a member of a zip its
  `part`. The build comes last; its `cuts` tell what was cut, repaired, masked or assumed.

Exit codes:
  0  every input was read, whether or not its build failed (that is in `result`)
  1  something could not be read whole: an input that is missing or no log, a damaged archive, a
     member that was left out; it is named on standard error, everything else was parsed
  2  the command line is wrong";

const UP_HELP: &str = "\
Examples:
  logmill up build.log other.log.gz    put them in, show why they failed, go on serving
  logmill up --exit logs/*.gz          the same, and end
  logmill up --data /var/lib/logmill   serve what was put in before

Any S3 client may put logs in: bucket `deployment-logs` at http://127.0.0.1:9000, with the access
key `logmill` and the secret `logmill-local`.";

const SEARCH_HELP: &str = "\
Examples:
  logmill search 'connection refused'
  logmill search 'level=ERROR AND \"no space left\"'
  logmill search 'deployment_key=nightly* line>=100 NOT level:INFO'";

const ARCHIVE_HELP: &str = "\
Examples:
  logmill archive list --day 2026-03-04
  logmill archive cat app-logs --day 2026-03-04 | gzip > 2026-03-04.ndjson.gz
  logmill archive cat app-logs --values | jq -r .message
  logmill archive search 'order 4711'
  logmill archive restore app-logs --day 2026-03-04
  logmill archive compact --day 2026-03-04

The archive is not masked: it holds what was sent, secrets included.";

const MASK_HELP: &str = "\
Examples:
  logmill mask build.log > to-share.log
  logmill mask --mask-except email build.log.gz | less

Each secret becomes [masked:RULE]; everything else stays as it is, byte by byte. A secret that has
no known form and stands behind no telling name is not found: read what you share.

Exit codes:
  0  the log was read
  1  it could not be read whole: standard error says why
  2  the command line is wrong";

/// Reads the logs of builds and says why they failed.
///
/// It knows what GitHub Actions and the usual build tools write (Maven, Cargo, pytest, Go, npm, Jest,
/// compilers, CMake, …), finds steps, errors and tests, and picks the few lines that tell why a build
/// failed. Secrets are masked in all that it prints. Nothing leaves this machine.
#[derive(Debug, Parser)]
#[command(name = "logmill", version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// When to use colours: auto, always or never
    ///
    /// `auto` uses them on a terminal, unless NO_COLOR or CLICOLOR=0 is set.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    #[arg(hide_possible_values = true, display_order = 900)]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    pub(crate) const fn to_stream(self) -> anstream::ColorChoice {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say why a build failed: its explanation, steps, errors and tests
    ///
    /// Reads logs, plain or packed as gzip, zstd or zip; which of them is told by the content, not by
    /// the name. Memory stays flat however large a log is.
    #[command(after_help = PARSE_HELP)]
    Parse(ParseArguments),
    /// Print a log with its secrets masked
    ///
    /// Writes a log to standard output with every secret and all personal data that is known masked,
    /// so that it can be shared. A log packed as gzip or zstd is unpacked.
    #[command(after_help = MASK_HELP)]
    Mask(MaskArguments),
    /// Say what logs cost in documents, by which records are indexed (LOGMILL_RECORDS)
    Cost {
        /// Logs: plain, gzip, zstd or zip
        #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
    },
    /// Run all of Logmill on this machine: the bucket, the queues, the stores, the functions, the page
    ///
    /// One process, on loopback, without an account. Logs that are given are put into the bucket;
    /// what became of each is shown. Data is kept in the folder of --data and found again.
    #[command(after_help = UP_HELP)]
    Up(UpArguments),
    /// Put logs into the bucket of a running `logmill up`
    Put {
        /// Logs: plain, gzip, zstd or zip
        #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
        /// The object's key, for one file; else the key is made of its name and age
        #[arg(long)]
        key: Option<String>,
        #[command(flatten)]
        ports: Ports,
    },
    /// Find records in all logs
    #[command(after_help = SEARCH_HELP)]
    Search {
        /// What to look for
        query: String,
        /// The most records to show
        #[arg(long, value_name = "N", default_value_t = 50)]
        most: usize,
        #[command(flatten)]
        ports: Ports,
    },
    /// List builds, the newest first
    Builds {
        /// The most builds to show
        #[arg(long, value_name = "N", default_value_t = 50)]
        most: usize,
        #[command(flatten)]
        ports: Ports,
    },
    /// Show a build: its logs and why each failed
    Show {
        /// Its key, as `builds` prints it
        key: String,
        #[command(flatten)]
        ports: Ports,
    },
    /// Look at what could not be used, and try it again
    Dlq {
        #[command(subcommand)]
        command: DeadLetterCommand,
        #[command(flatten)]
        ports: Ports,
    },
    /// Read the archive of the service logs: every record as it was sent
    #[command(after_help = ARCHIVE_HELP)]
    Archive {
        #[command(subcommand)]
        command: ArchiveCommand,
        #[command(flatten)]
        ports: Ports,
    },
    /// Make, list and revoke the tokens by which services send their events
    Token {
        #[command(subcommand)]
        command: TokenCommand,
        #[command(flatten)]
        ports: Ports,
    },
    /// Print the settings with which a function finds a running `logmill up`, for a shell
    #[command(
        after_help = "Example:\n  eval \"$(logmill env)\" && cargo lambda watch --bin parse -P 9005"
    )]
    Env {
        #[command(flatten)]
        ports: Ports,
    },
    /// Make or upgrade tables, templates and topics: of a running `logmill up`, or where variables say
    ///
    /// Shows first what it will do. What is there already stays; what a newer Logmill has made is
    /// not set back. DATABASE_URL, AWS_ENDPOINT_URL_DYNAMODB and OPENSEARCH_URL name other places;
    /// topics are made where KAFKA_BOOTSTRAP_SERVERS names a Kafka.
    Migrate {
        /// Only show what would be done
        #[arg(long)]
        plan: bool,
        #[command(flatten)]
        topics: TopicArguments,
        #[command(flatten)]
        ports: Ports,
    },
    /// Print a script that completes this program's commands in a shell
    #[command(after_help = "Example:\n  logmill completions bash > \
        ~/.local/share/bash-completion/completions/logmill")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Args, Debug)]
pub(crate) struct ParseArguments {
    /// Logs, or `-` for standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Write one file an input into this folder: NAME.jsonl, without .gz or .zst in NAME
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "human")]
    pub(crate) out: Option<PathBuf>,
    /// Print JSON lines, also on a terminal
    #[arg(long)]
    json: bool,
    /// Print the report for people, also in a pipe
    #[arg(long, conflicts_with = "json")]
    human: bool,
    #[command(flatten)]
    except: MaskExcept,
    /// Show secrets and personal data as they stand in the log
    #[arg(long, conflicts_with = "mask_except")]
    no_mask: bool,
}

impl ParseArguments {
    pub(crate) fn inputs(&self) -> Vec<Input> {
        self.files.iter().cloned().map(Input::new).collect()
    }

    /// Whether the report for people is wanted rather than JSON lines.
    pub(crate) fn for_people(&self) -> bool {
        self.human || !self.json && self.out.is_none() && stdout::is_terminal()
    }

    pub(crate) fn masking(&self) -> Policy {
        if self.no_mask { Policy::none() } else { self.except.policy() }
    }
}

#[derive(Args, Debug)]
pub(crate) struct MaskArguments {
    /// A log, or `-` for standard input
    #[arg(default_value = "-", value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    #[command(flatten)]
    except: MaskExcept,
}

impl MaskArguments {
    pub(crate) fn input(&self) -> Input {
        Input::new(self.file.clone())
    }

    pub(crate) fn masking(&self) -> Policy {
        self.except.policy()
    }
}

#[derive(Args, Debug)]
struct MaskExcept {
    /// Leave what these rules would mask as it is, `email` for example
    #[arg(long, value_name = "RULE,…", value_delimiter = ',', value_parser = rules())]
    #[arg(hide_possible_values = true, long_help = about_rules())]
    mask_except: Vec<Rule>,
}

impl MaskExcept {
    fn policy(&self) -> Policy {
        self.mask_except.iter().copied().fold(Policy::all(), Policy::without)
    }
}

fn about_rules() -> String {
    let names = Rule::ALL.map(Rule::name).join(", ");
    format!("Leave what these rules would mask as it is, `email` for example\n\nThe rules: {names}")
}

/// The rules' names, so that shells complete them and a wrong one is answered by the right ones.
fn rules() -> impl TypedValueParser<Value = Rule> {
    PossibleValuesParser::new(Rule::ALL.map(Rule::name)).try_map(|name| name.parse::<Rule>())
}

/// `logmill completions SHELL`.
pub(crate) fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "logmill", &mut script);
    stdout::write(&script)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn the_command_line_makes_sense() {
        Arguments::command().debug_assert();
    }
}
