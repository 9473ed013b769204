//! The clients of the package registries: Maven, pip. They know where the registries are, keep what
//! they loaded, and check it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Runs Maven over a project file, which puts what it names below `folder`; it fails when what comes
/// has not the checksum that the registry says.
pub(crate) fn maven(java_home: &Path, pom: &str, folder: &Path, options: &[String]) -> Result<()> {
    let file = folder.join("pom.xml");
    fs::write(&file, pom).with_context(|| format!("cannot write {}", file.display()))?;
    let mut command = Command::new("mvn");
    // Its own Java, where it has one, for that one knows whom this machine trusts.
    if std::env::var_os("JAVA_HOME").is_none() && !runs("java", "-version") {
        command.env("JAVA_HOME", java_home);
    }
    command
        .args(["--batch-mode", "--quiet", "--strict-checksums", "--file"])
        .arg(&file)
        .arg(format!("-Dout={}", folder.display()))
        .args(options)
        .arg("generate-resources")
        .current_dir(folder);
    run(command, "Maven is needed: install it (Debian: `apt-get install maven`)")
}

/// Makes a virtual environment with what a list of packages names, each by its hash; returns its
/// folder of executables.
pub(crate) fn python(requirements: &str, folder: &Path) -> Result<PathBuf> {
    const NEEDED: &str = "Python 3.10 or newer with venv is needed: install it (Debian: `apt-get \
                          install python3 python3-venv`)";
    let list = folder.join("requirements.txt");
    fs::write(&list, requirements).with_context(|| format!("cannot write {}", list.display()))?;
    let mut environment = Command::new("python3");
    environment.args(["-m", "venv"]).arg(folder);
    run(environment, NEEDED)?;
    let bin = folder.join("bin");
    let mut install = Command::new(bin.join("pip"));
    install.args(["install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r"]);
    install.arg(&list);
    run(install, NEEDED)?;
    Ok(bin)
}

/// Whether a program is there and works.
fn runs(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).output().is_ok_and(|done| done.status.success())
}

/// Runs a command to its end and passes on what it says if it fails; `needed` says what to do if it
/// is not there.
pub(crate) fn run(mut command: Command, needed: &str) -> Result<()> {
    let shown = format!("{command:?}");
    let done = match command.output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!("{needed}"),
        done => done.with_context(|| format!("cannot run {shown}"))?,
    };
    if !done.status.success() {
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        bail!("{shown} failed ({}):\n{}", done.status, last_lines(&said, 20));
    }
    Ok(())
}

/// The end of what a program said.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
