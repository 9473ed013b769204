//! What takes too long for every change.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::sabotage;

/// One entry of the list.
struct Soak {
    name: &'static str,
    about: &'static str,
    /// Set in the environment of the command.
    variables: &'static [(&'static str, &'static str)],
    cargo: &'static [&'static str],
    /// For tests: a part of the names of those to run.
    tests: Option<&'static str>,
}

/// What figures of the function as it is deployed need before.
const FUNCTION: &[&str] = &["build", "--release", "--bin", "parse"];

/// The name of the soak that is no cargo command.
const SABOTAGE: &str = "sabotage";

/// What checks what is deployed to AWS; no cargo command either.
const AWS_CHECK: &str = "infra/aws/check";

/// What runs tests on engines, and starts those first.
const ENGINES_TEST: &[&str] = &["engines", "test"];

/// The list: a new one is one entry.
const SOAKS: &[Soak] = &[
    Soak {
        name: "arm64",
        about: "release builds of the functions for AWS: what C library they ask for, and their sizes",
        variables: &[],
        cargo: &[AWS_CHECK, "arm64"],
        tests: None,
    },
    Soak {
        name: "bench",
        about: "the parser's throughput beside a plain pipeline",
        variables: &[],
        cargo: &["bench", "--package", "logmill-parser"],
        tests: None,
    },
    Soak {
        name: "deploy",
        about: "the SAM template deployed to a cloud on this machine, with release builds, and upgraded",
        variables: &[],
        cargo: &[AWS_CHECK, "deploy"],
        tests: None,
    },
    Soak {
        name: "differential",
        about: "2,000 runs on the local search and OpenSearch (`cargo engines up`): the same answers",
        variables: &[("LOGMILL_DIFFERENTIAL_RUNS", "2000")],
        cargo: &["test", "--workspace", "--test", "engines"],
        tests: Some("differential"),
    },
    Soak {
        name: "engine-faults",
        about: "500 of the runs of `faults` on the engines of `cargo engines`",
        variables: &[("LOGMILL_FAULTS", "500")],
        cargo: ENGINES_TEST,
        tests: Some("faults_before_real_engines"),
    },
    Soak {
        name: "engine-kills",
        about: "5 kills of each engine of `cargo engines` in each phase: each log once, as undisturbed",
        variables: &[("LOGMILL_ENGINE_KILLS", "5")],
        cargo: ENGINES_TEST,
        tests: Some("amid_work"),
    },
    Soak {
        name: "faults",
        about: "500 runs before engines that fail in passing: nothing lost, nothing doubled",
        variables: &[("LOGMILL_FAULTS", "500")],
        cargo: &["test", "--workspace", "--tests"],
        tests: Some("faults_of_engines"),
    },
    Soak {
        name: "gigabyte",
        about: "1 GB into the engines by invocations of 20 s: exact documents, memory",
        variables: &[],
        cargo: &["bench", "--workspace", "--bench", "gigabyte"],
        tests: None,
    },
    Soak {
        name: "huge",
        about: "20 GB of a log into a sink that hashes: throughput, and memory that stays flat",
        variables: &[("LOGMILL_HUGE_GB", "20")],
        cargo: &["run", "--release", "--package", "logmill-parser", "--example", "huge"],
        tests: None,
    },
    Soak {
        name: "kills",
        about: "50 kills while 200 logs are put, and 5 in each phase: each log once, as undisturbed",
        variables: &[
            ("LOGMILL_KILLS", "50"),
            ("LOGMILL_KILLS_LOGS", "200"),
            ("LOGMILL_KILLS_PER_PHASE", "5"),
        ],
        // All test targets, so that the program under test is built too.
        cargo: &["test", "--workspace", "--tests"],
        tests: Some("kills_"),
    },
    Soak {
        name: "leases",
        about: "leases a second of 16 workers on dynoxide, Postgres and DynamoDB Local",
        variables: &[],
        cargo: &["bench", "--workspace", "--bench", "leases"],
        tests: None,
    },
    Soak {
        name: "rate",
        about: "S3 to OpenSearch beside a replay of the same bulk requests, five pairs",
        variables: &[],
        cargo: &["bench", "--workspace", "--bench", "rate"],
        tests: None,
    },
    Soak {
        name: "schedules",
        about: "1,000 schedules of events, doubled, late and swapped: the newest version, once",
        variables: &[("LOGMILL_SCHEDULES", "1000")],
        cargo: &["test", "--workspace", "--tests"],
        tests: Some("schedules_of_events"),
    },
    Soak {
        name: "state",
        about: "10,000 logs cut anywhere, their state saved and restored: the same events",
        variables: &[("PROPTEST_CASES", "10000")],
        cargo: &["test", "--release", "--package", "logmill-parser"],
        tests: Some("checkpoint"),
    },
    Soak {
        name: "unpack",
        about: "100,000 damaged archives: none panics, none goes on for ever",
        variables: &[("PROPTEST_CASES", "100000")],
        cargo: &["test", "--release", "--package", "logmill-unpack", "--test", "unpack"],
        tests: Some("never_panic"),
    },
];

/// `cargo soak [NAME]`.
pub(crate) fn run(name: Option<&str>) -> Result<()> {
    let Some(name) = name else {
        for soak in SOAKS {
            println!("cargo soak {:<14} {}", soak.name, soak.about);
        }
        println!("cargo soak {SABOTAGE:<14} {}", sabotage::ABOUT);
        println!("cargo soak {:<14} all of them, one after the other", "all");
        return Ok(());
    };
    if name == SABOTAGE {
        return sabotage::run();
    }
    let chosen: Vec<&Soak> =
        SOAKS.iter().filter(|soak| name == "all" || soak.name == name).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = SOAKS.iter().map(|soak| soak.name).collect();
        bail!("there is no soak `{name}`: one of {}, {SABOTAGE}, all", names.join(", "));
    }
    for soak in chosen {
        println!("{}: {}", soak.name, soak.about);
        soak.run().with_context(|| format!("soak `{}`", soak.name))?;
    }
    if name == "all" { sabotage::run() } else { Ok(()) }
}

impl Soak {
    fn run(&self) -> Result<()> {
        if self.cargo == ENGINES_TEST {
            // It fails by itself where no test has the name.
            let status = self.command().args(self.tests).status().context("cannot run cargo")?;
            return if status.success() { Ok(()) } else { bail!("failed ({status})") };
        }
        if let Some(tests) = self.tests {
            // A test that was renamed must not pass by not being run.
            let listed = self.command().args(["--quiet", "--", "--list", tests]).output()?;
            if !String::from_utf8_lossy(&listed.stdout).contains(": test\n") {
                let said = String::from_utf8_lossy(&listed.stderr);
                bail!("there is no test whose name contains `{tests}`\n{}", said.trim_end());
            }
        }
        if self.needs_function() {
            let status = self.cargo(FUNCTION).status().context("cannot run cargo")?;
            if !status.success() {
                bail!("the function cannot be built ({status})");
            }
        }
        let mut command = self.command();
        if let Some(tests) = self.tests {
            command.args(["--", tests]);
        }
        let status = command.status().context("cannot run cargo")?;
        if !status.success() {
            bail!("failed ({status})");
        }
        Ok(())
    }

    /// Whether it runs the function's own executable.
    fn needs_function(&self) -> bool {
        matches!(self.name, "gigabyte" | "rate")
    }

    fn command(&self) -> Command {
        self.cargo(self.cargo)
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let (program, arguments) = match arguments {
            [AWS_CHECK, arguments @ ..] => {
                (concat!(env!("CARGO_MANIFEST_DIR"), "/../aws/check").into(), arguments)
            }
            arguments => (std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments),
        };
        let mut command = Command::new(program);
        command.args(arguments).envs(self.variables.iter().copied());
        command
    }
}
