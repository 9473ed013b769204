//! The logs of a corpus: which there are, and work on all of them at once.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result};

/// One log of a corpus.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// The folder of the corpus that holds it.
    pub(crate) set: String,
    /// Its file name without `.gz`.
    pub(crate) base: String,
    /// The file.
    pub(crate) path: PathBuf,
}

/// Every log of every set under `root`, by name.
pub(crate) fn of_root(root: &Path) -> Result<Vec<Input>> {
    let mut sets = Vec::new();
    for path in entries(root)? {
        if path.is_dir() {
            sets.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    let mut inputs = Vec::new();
    for set in sets {
        inputs.extend(of_set(root, &set)?);
    }
    Ok(inputs)
}

/// Every log of one set: what stands below its folders `logs` and `files`.
pub(crate) fn of_set(root: &Path, set: &str) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for folder in ["logs", "files"] {
        let folder = root.join(set).join(folder);
        if folder.is_dir() {
            collect(&folder, set, &mut inputs)?;
        }
    }
    Ok(inputs)
}

/// Inputs whose output would overwrite that of another: names must be unique within a set.
pub(crate) fn clashes(inputs: &[Input]) -> Vec<String> {
    let mut seen = HashSet::new();
    let again = inputs.iter().filter(|input| !seen.insert((&input.set, &input.base)));
    again.map(|input| format!("{}: another file of this name", input.path.display())).collect()
}

fn collect(folder: &Path, set: &str, inputs: &mut Vec<Input>) -> Result<()> {
    for path in entries(folder)? {
        // Follows links.
        if path.is_dir() {
            collect(&path, set, inputs)?;
        } else if let Some(name) = path.file_name() {
            let name = name.to_string_lossy();
            let base = name.strip_suffix(".gz").unwrap_or(&name).to_owned();
            inputs.push(Input { set: set.to_owned(), base, path });
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    };
    let mut paths = read().with_context(|| format!("{}: cannot list it", folder.display()))?;
    paths.sort();
    Ok(paths)
}

/// Calls `work` with every item, on every core; the results in the order of the items.
pub(crate) fn in_parallel<I: Sync, T: Send>(items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(2, usize::from).min(items.len());
    let next = AtomicUsize::new(0);
    let mut results: Vec<(usize, T)> = thread::scope(|scope| {
        let worker = || {
            let mut done = Vec::new();
            while let Some((at, item)) = take(items, &next) {
                done.push((at, work(item)));
            }
            done
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        handles
            .into_iter()
            .flat_map(|handle| {
                handle.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault))
            })
            .collect()
    });
    results.sort_by_key(|&(at, _)| at);
    results.into_iter().map(|(_, result)| result).collect()
}

fn take<'a, I>(items: &'a [I], next: &AtomicUsize) -> Option<(usize, &'a I)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    items.get(at).map(|item| (at, item))
}

#[cfg(test)]
mod tests {
    use super::in_parallel;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u32> = (0..1000).collect();
        assert_eq!(
            in_parallel(&items, |item| item * 2),
            items.iter().map(|i| i * 2).collect::<Vec<_>>()
        );
        assert!(in_parallel(&[] as &[u32], |item| *item).is_empty());
    }
}
