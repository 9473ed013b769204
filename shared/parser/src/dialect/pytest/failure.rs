//! The sections that show the failures, and which tests they tell.

use logmill_model::{Reason, Severity, TestOutcome};
use serde::{Deserialize, Serialize};

use super::{MAX_MESSAGE, names};
use crate::report::{Line, Report};
use crate::text::cut;

/// How many failures are kept until they are named; of more, the first are told as they are.
const MAX_KEPT: usize = 100;
/// How many names are remembered as told.
const MAX_TOLD: usize = 2000;
const MAX_NODE: usize = 200;

/// The failures of a run. Each is told once, though it is printed up to three times: while the tests
/// run, in its section, in the short summary.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Failures {
    kept: Vec<Failure>,
    /// The failure whose block is being read.
    open: Option<Failure>,
    /// Hashes of the nodes that were told.
    told: Vec<u32>,
    /// Hashes of what their headers will show.
    headers: Vec<u32>,
    /// The folder below which the nodes are.
    root: String,
    /// Tests that found no room among those that were told.
    pub(super) forgotten: u64,
}

/// A failure as its section shows it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Failure {
    /// What stands in the header; in the end the node.
    pub(super) node: String,
    pub(super) result: TestOutcome,
    pub(super) message: Option<String>,
    pub(super) line: u64,
    /// The file of the first place, which is the test's own.
    file: Option<String>,
    doctest: bool,
}

impl Failures {
    /// Notes where the run takes place.
    pub(super) fn root(&mut self, root: &str) {
        cut(root, MAX_NODE).clone_into(&mut self.root);
    }

    /// Reads a line of a section of failures. A failure that cannot be kept any longer is returned.
    pub(super) fn line(&mut self, line: Line<'_>) -> Option<Failure> {
        let text = line.text;
        if let Some(title) = header(text) {
            let oldest = self.close();
            self.open = Some(begin(title, line.number));
            return oldest;
        }
        let open = self.open.as_mut()?;
        if let Some(what) = text.strip_prefix("E  ") {
            if open.message.is_none() {
                open.message = Some(cut(what.trim(), MAX_MESSAGE).to_owned());
            }
        } else if open.file.is_none() {
            let file = place(text).or_else(|| frame(text)?.strip_prefix(self.root.as_str())?.strip_prefix('/'));
            open.file = file.map(|file| cut(file, MAX_NODE).to_owned());
        }
        None
    }

    /// Ends the block that is being read.
    pub(super) fn close(&mut self) -> Option<Failure> {
        let open = self.open.take()?;
        let header = hash(&open.node, open.result);
        if let Some(at) = self.headers.iter().position(|known| *known == header) {
            self.headers.swap_remove(at);
            return None;
        }
        self.kept.push(open);
        if self.kept.len() <= MAX_KEPT {
            return None;
        }
        let oldest = self.kept.remove(0).with_node();
        if self.told.len() < MAX_TOLD {
            self.told.push(hash(&oldest.node, oldest.result));
        } else {
            self.forgotten += 1;
        }
        Some(oldest)
    }

    /// Notes that a test was told.
    pub(super) fn told(&mut self, node: &str, result: TestOutcome) {
        if self.told.len() < MAX_TOLD {
            self.told.push(hash(node, result));
            self.headers.push(hash(cut(&names::domain(node), MAX_NODE), result));
        } else {
            self.forgotten += 1;
        }
    }

    /// Whether a test was told while the tests ran.
    pub(super) fn was_told(&self, node: &str, result: TestOutcome) -> bool {
        self.told.contains(&hash(node, result))
    }

    /// Takes the failure of `node` out of those that were shown: its message.
    pub(super) fn take_message(&mut self, node: &str, result: TestOutcome) -> Option<String> {
        let domain = names::domain(node);
        let its = |kept: &Failure| {
            kept.result == result
                && (kept.node == domain || domain.strip_suffix(kept.node.as_str()).is_some_and(|before| kept.doctest && before.ends_with('.')))
        };
        let at = self.kept.iter().position(its)?;
        self.kept.remove(at).message
    }

    /// The failures that nothing else told, by their nodes as far as they are known.
    pub(super) fn untold(&mut self) -> Vec<Failure> {
        let oldest = self.close();
        // A section behind the short summary, as pytest once had it, repeats that.
        let mut headers = std::mem::take(&mut self.headers);
        let mut kept = std::mem::take(&mut self.kept);
        kept.retain(|failure| {
            let its = hash(&failure.node, failure.result);
            let at = headers.iter().position(|known| *known == its);
            at.is_none_or(|at| {
                headers.swap_remove(at);
                false
            })
        });
        oldest.into_iter().chain(kept.into_iter().map(Failure::with_node)).collect()
    }
}

impl Failure {
    /// With its node in place of what the header shows, as far as it is known.
    fn with_node(mut self) -> Self {
        if !self.node.ends_with(".py") {
            self.node = if self.doctest {
                doctest(&self)
            } else {
                names::node(&self.node, self.file.as_deref())
            };
        }
        self
    }
}

/// `sklearn.cluster.bicluster.Spectral`, with the file if it is known.
fn doctest(failure: &Failure) -> String {
    match &failure.file {
        Some(file) => format!("{file}::{}", failure.node),
        None => match failure.node.rsplit_once('.') {
            Some((module, name)) => format!("{}.py::{name}", module.replace('.', "/")),
            None => failure.node.clone(),
        },
    }
}

/// The title in `____ TestA.test_b ____`.
fn header(text: &str) -> Option<&str> {
    if !text.starts_with('_') {
        return None;
    }
    // A name may begin or end with underscores: those of the frame end at a space.
    let title = text.trim_start_matches('_').strip_prefix(' ')?.trim_end_matches('_').strip_suffix(' ')?;
    // `_ _ _ _` parts the frames of a traceback.
    (!title.is_empty() && !title.starts_with("_ ")).then_some(title)
}

fn begin(title: &str, line: u64) -> Failure {
    let error = ["ERROR at setup of ", "ERROR at teardown of ", "ERROR collecting "].iter().find_map(|prefix| title.strip_prefix(prefix));
    let name = error.unwrap_or(title);
    let doctest = name.strip_prefix("[doctest] ");
    Failure {
        node: cut(doctest.unwrap_or(name), MAX_NODE).to_owned(),
        result: if error.is_some() { TestOutcome::Error } else { TestOutcome::Fail },
        message: None,
        line,
        file: None,
        doctest: doctest.is_some(),
    }
}

/// `tests/test_cart.py:12: AssertionError`
fn place(text: &str) -> Option<&str> {
    let (path, rest) = text.split_once(".py:")?;
    let line = rest.split(':').next().unwrap_or("");
    let is_line = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    let path = &text[..path.len() + 3];
    // Absolute paths are of the machine; those of pytest's own folder and below are short.
    (is_line && !path.starts_with([' ', '/']) && !path.contains("site-packages")).then_some(path)
}

/// The path in `  File "/home/ci/shop/tests/test_cart.py", line 12, in test_total`
fn frame(text: &str) -> Option<&str> {
    let (path, rest) = text.trim_start().strip_prefix("File \"")?.split_once('"')?;
    rest.starts_with(", line ").then_some(path)
}

fn hash(node: &str, result: TestOutcome) -> u32 {
    // FNV-1a: the same in every process.
    let add = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    node.bytes().fold(add(0x811c_9dc5, u8::from(result == TestOutcome::Error)), add)
}

/// A line of the section that shows the failures.
pub(super) fn in_failure(text: &str, report: &mut Report<'_>) {
    if text.starts_with('>') {
        // The source line that failed; a later one, in a function that it called, tells more.
        report.suspect(text);
    } else if let Some(what) = text.strip_prefix("E  ") {
        report.join();
        report.confirm(Severity::Error, reason(what), what);
    } else if text.starts_with("____") {
        // The next failure.
        report.suspect(text);
    } else if place(text).is_some() {
        report.extend();
        report.claim();
    } else if text.trim().is_empty() {
        report.hold();
        report.claim();
    } else {
        // Source, captured output: other dialects may read it, but it ends the block.
        if text.starts_with("    ") {
            report.hold();
        }
        report.claim();
    }
}

fn reason(what: &str) -> Reason {
    let what = what.trim_start();
    if what.starts_with("ModuleNotFoundError") || what.starts_with("ImportError") {
        Reason::Dependency
    } else if what.starts_with("SyntaxError") || what.starts_with("IndentationError") {
        Reason::Compiler
    } else {
        Reason::Assertion
    }
}
