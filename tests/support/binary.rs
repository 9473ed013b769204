//! The program under test: where it is, how it is run, and what comes of it.
//!
//! Cargo gives the path of a binary only to tests of its own package. `cargo test --workspace` builds
//! `logmill` all the same, for that package has an integration test, and puts it beside the folder of
//! the tests' own executables. A run of this crate alone may find none, or an old one, and then says
//! which command builds it.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::SystemTime;

const BUILD: &str = "`cargo test --workspace` builds it";

/// The workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}

/// A log in `examples/`, from the workspace.
pub fn example(name: &str) -> String {
    format!("examples/{name}")
}

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let tests = std::env::current_exe().expect("a test knows its own path");
        let folder = tests.ancestors().nth(2).expect("target/PROFILE/deps holds the tests");
        let program = folder.join(format!("logmill{}", std::env::consts::EXE_SUFFIX));
        let built = fs::metadata(&program).and_then(|metadata| metadata.modified());
        let Ok(built) = built else { panic!("{} is not there: {BUILD}", program.display()) };
        let sources = [
            "functions/api/src",
            "functions/parse/src",
            "infra/local/kafka/src",
            "infra/local/queue/src",
            "infra/local/s3/src",
            "infra/local/search/src",
            "infra/local/src",
            "shared/deadletter/src",
            "shared/documents/src",
            "shared/metadata-any/src",
            "shared/metadata-dynamodb/src",
            "shared/metadata-postgres/src",
            "shared/metadata/src",
            "shared/model/src",
            "shared/objects/src",
            "shared/parser/src",
            "shared/query/src",
            "shared/runtime/src",
            "shared/unpack/src",
        ];
        for folder in sources {
            if let Some(source) = newer(&workspace().join(folder), built) {
                panic!("{} is newer than {}: {BUILD}", source.display(), program.display());
            }
        }
        program
    })
}

/// A file below `folder` that was changed after `time`.
fn newer(folder: &Path, time: SystemTime) -> Option<PathBuf> {
    fs::read_dir(folder).expect("the sources are there").find_map(|entry| {
        let path = entry.expect("the sources can be listed").path();
        if path.is_dir() {
            return newer(&path, time);
        }
        let changed = fs::metadata(&path).and_then(|metadata| metadata.modified());
        (changed.expect("the sources can be read") > time).then_some(path)
    })
}

/// What came of one run.
#[derive(Debug)]
pub struct Run {
    /// What it printed.
    pub stdout: String,
    /// What it told.
    pub stderr: String,
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
}

impl Run {
    /// That something was left out and told by a sentence with all of `words`.
    pub fn told(&self, words: &[&str]) {
        assert_eq!(self.code, Some(1), "what is left out shows in the exit code: {self:?}");
        let told = self.stderr.lines().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(told, "no sentence with {words:?} in:\n{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }

    /// That there was nothing to tell.
    pub fn went_well(self) -> Self {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""));
        self
    }
}

/// The program with arguments, in the workspace's folder.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command
        .args(arguments)
        .current_dir(workspace())
        // These would lead it to other engines.
        .env_remove("AWS_ENDPOINT_URL_DYNAMODB")
        .env_remove("AWS_ENDPOINT_URL_S3")
        .env_remove("AWS_ENDPOINT_URL_SQS")
        .env_remove("DATABASE_URL")
        .env_remove("OPENSEARCH_URL")
        .env_remove("CLICOLOR")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("NO_COLOR");
    command
}

/// A run that is not over.
pub fn start(arguments: &[&str]) -> Child {
    command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started")
}

/// Runs the program, which reads nothing from standard input.
pub fn run(arguments: &[&str]) -> Run {
    run_with(arguments, b"")
}

/// Runs the program with `input` as its standard input.
pub fn run_with(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = start(arguments);
    let mut stdin = child.stdin.take().expect("it is a pipe");
    let mut stderr = child.stderr.take().expect("it is a pipe");
    thread::scope(|scope| {
        // It may end before it has read everything.
        scope.spawn(move || stdin.write_all(input).ok());
        let errors = scope.spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("it tells in UTF-8");
            text
        });
        let output = child.wait_with_output().expect("it ends");
        Run {
            stdout: String::from_utf8(output.stdout).expect("it prints UTF-8"),
            stderr: errors.join().expect("it is read"),
            code: output.status.code(),
        }
    })
}

/// Writes a file into `folder` and returns its path.
pub fn file(folder: &tempfile::TempDir, name: &str, content: &[u8]) -> String {
    let path = folder.path().join(name);
    fs::write(&path, content).expect("the folder for the test can be written");
    path.to_str().expect("its path is UTF-8").to_owned()
}

/// A folder for one test.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test can be made")
}
