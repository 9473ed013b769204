//! `cargo soak sabotage`: each patch of `tests/sabotage` breaks a promise of the product, in a copy of
//! it; the tests must notice.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};

pub(crate) const ABOUT: &str =
    "breaks the product on purpose, one promise at a time: the tests notice";

/// Where the patches are.
const PATCHES: &str = "tests/sabotage";
/// What the first line of a patch begins with: the test targets one of which must turn red follow.
const NOTICED_BY: &str = "Noticed by:";

/// Breaks the product by each patch in turn, and prints which test noticed.
pub(crate) fn run() -> Result<()> {
    let root = root()?;
    let patches = patches(&root)?;
    let copy = Copy::make(&root)?;
    println!("as it is");
    let mut all: Vec<&str> =
        patches.iter().flat_map(|it| &it.targets).map(String::as_str).collect();
    all.sort_unstable();
    all.dedup();
    let healthy = copy.test(&all)?;
    ensure!(healthy.status.success(), "the tests fail without any patch:\n{}", said(&healthy));
    let mut holes = Vec::new();
    for patch in &patches {
        let targets: Vec<&str> = patch.targets.iter().map(String::as_str).collect();
        copy.apply(&patch.path, false)?;
        let tested = copy.test(&targets);
        copy.apply(&patch.path, true)?;
        let (tested, name) = (tested?, name(&patch.path));
        let noticed = noticed(&tested);
        if tested.status.success() {
            println!("{name:32} NOT NOTICED");
            holes.push(name);
        } else {
            ensure!(!noticed.is_empty(), "{name} does not build:\n{}", said(&tested));
            println!("{name:32} {}", noticed.join(", "));
        }
    }
    ensure!(holes.is_empty(), "the tests stay green with {}", holes.join(", "));
    Ok(())
}

fn root() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    folder.canonicalize().context("the project's folder is not where it was built")
}

/// A patch, and the test targets that must notice it.
struct Patch {
    path: PathBuf,
    targets: Vec<String>,
}

impl Patch {
    fn read(path: PathBuf) -> Result<Self> {
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let named = text.lines().next().and_then(|line| line.strip_prefix(NOTICED_BY));
        let targets: Vec<String> =
            named.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        ensure!(
            !targets.is_empty(),
            "the first line of {} names no test targets: `{NOTICED_BY} parse faults`",
            path.display()
        );
        Ok(Self { path, targets })
    }
}

fn patches(root: &Path) -> Result<Vec<Patch>> {
    let folder = root.join(PATCHES);
    let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut patches: Vec<PathBuf> = paths.collect::<Result<_, _>>()?;
    patches.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    patches.sort();
    ensure!(!patches.is_empty(), "there is no patch in {}", folder.display());
    patches.into_iter().map(Patch::read).collect()
}

fn name(patch: &Path) -> String {
    patch.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A copy of the project's files, built beside it.
struct Copy {
    folder: PathBuf,
    target: PathBuf,
}

impl Copy {
    /// Copies what git knows, as it stands in the folder.
    fn make(root: &Path) -> Result<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = target.unwrap_or_else(|| root.join("target"));
        let folder = target.join("sabotage");
        // Of its own: cargo cannot tell the crates of two copies apart, and takes one for the other.
        let target = target.join("sabotage-build");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output();
        let listed = listed.context("cannot run git")?;
        ensure!(listed.status.success(), "git ls-files: {}", said(&listed));
        for name in String::from_utf8(listed.stdout)?.split_terminator('\0') {
            let (from, to) = (root.join(name), folder.join(name));
            if let Some(parent) = to.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::copy(&from, &to).with_context(|| format!("cannot copy {name}"))?;
        }
        Ok(Self { folder, target })
    }

    /// Applies a patch, or takes it back.
    fn apply(&self, patch: &Path, back: bool) -> Result<()> {
        let mut command = Command::new("git");
        // The copy lies within the project's own repository, of which git is to know nothing.
        command.current_dir(&self.folder).env("GIT_DIR", self.folder.join(".none"));
        command.arg("apply").args(back.then_some("--reverse")).arg(patch);
        let applied = command.output().context("cannot run git")?;
        if !applied.status.success() {
            bail!("{} does not fit the code any more: {}", patch.display(), said(&applied));
        }
        Ok(())
    }

    /// Runs these test targets, up to the first that fails.
    fn test(&self, targets: &[&str]) -> Result<Output> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["test", "--offline", "--workspace", "--quiet"]);
        command.args(targets.iter().flat_map(|target| ["--test", *target]));
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", &self.target);
        command.env("RUST_BACKTRACE", "0").output().context("cannot run cargo")
    }
}

fn said(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let all: Vec<&str> = out.lines().chain(err.lines()).collect();
    all[all.len().saturating_sub(40)..].join("\n")
}

/// The tests that failed.
fn noticed(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let mut failed: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("---- ")?.strip_suffix(" stdout ----"))
        .map(str::to_owned)
        .collect();
    failed.sort();
    failed
}
