//! Where installed engines are kept between runs, and where those that run keep their things.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Stands in the folder of an engine that was installed to the end.
const COMPLETE: &str = "complete";
/// Data is kept in memory where so many bytes are free there.
const ENOUGH_MEMORY: u64 = 2 << 30;

/// The folders that engines are installed into and run from.
pub(crate) struct Cache {
    installed: PathBuf,
    /// What runs for this checkout: others have engines of their own.
    state: PathBuf,
    data: PathBuf,
}

impl Cache {
    /// Opens that of the environment: `LOGMILL_CACHE`, else `~/.cache/logmill`.
    pub(crate) fn open() -> Result<Self> {
        let root = match std::env::var_os("LOGMILL_CACHE") {
            Some(root) => PathBuf::from(root),
            None => std::env::home_dir()
                .context("there is no home folder to keep engines in: set LOGMILL_CACHE")?
                .join(".cache/logmill"),
        };
        fs::create_dir_all(&root).with_context(|| format!("cannot make {}", root.display()))?;
        let root = root.canonicalize()?.join("engines");
        let checkout = format!("{:016x}", hash(env!("CARGO_MANIFEST_DIR"), &root));
        let cache = Self {
            state: root.join("run").join(&checkout),
            data: memory().join(format!("logmill-engines-{checkout}")),
            installed: root,
        };
        fs::create_dir_all(&cache.state)
            .with_context(|| format!("cannot make {}", cache.state.display()))?;
        Ok(cache)
    }

    /// Where something is installed by a recipe: another recipe has another folder.
    pub(crate) fn folder(&self, name: &str, recipe: &str) -> PathBuf {
        self.installed.join(format!("{name}-{:08x}", hash(recipe, OsStr::new("")) as u32))
    }

    /// Whether a folder was installed to the end.
    pub(crate) fn is_complete(folder: &Path) -> bool {
        folder.join(COMPLETE).is_file()
    }

    /// Installs something into its folder, unless it is there; one process at a time.
    pub(crate) fn install(
        &self,
        folder: &Path,
        how: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        let _lock = lock(&self.installed.join("lock"))?;
        if Self::is_complete(folder) {
            return Ok(());
        }
        clear(folder)?;
        how(folder)?;
        File::create(folder.join(COMPLETE))?;
        Ok(())
    }

    /// Keeps other processes from starting and stopping this checkout's engines meanwhile.
    pub(crate) fn lock(&self) -> Result<File> {
        lock(&self.state.join("lock"))
    }

    /// The file that says how an engine runs.
    pub(crate) fn state(&self, engine: &str) -> PathBuf {
        self.state.join(format!("{engine}.json"))
    }

    /// The file with what an engine says.
    pub(crate) fn log(&self, engine: &str) -> PathBuf {
        self.state.join(format!("{engine}.log"))
    }

    /// The folder that an engine keeps its data in.
    pub(crate) fn data(&self, engine: &str) -> PathBuf {
        self.data.join(engine)
    }
}

/// Makes a folder empty.
pub(crate) fn clear(folder: &Path) -> Result<()> {
    remove(folder)?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

/// Removes a folder, if it is there.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn lock(path: &Path) -> Result<File> {
    let what = || format!("cannot lock {}", path.display());
    let file = File::create(path).with_context(what)?;
    file.lock().with_context(what)?;
    Ok(file)
}

fn hash(first: &str, second: impl AsRef<OsStr>) -> u64 {
    let mut hasher = DefaultHasher::new();
    first.hash(&mut hasher);
    second.as_ref().hash(&mut hasher);
    hasher.finish()
}

/// A folder in memory, if there is one with enough room, else that of temporary files.
fn memory() -> PathBuf {
    let shared = Path::new("/dev/shm");
    match rustix::fs::statvfs(shared) {
        Ok(free) if free.f_bavail * free.f_frsize >= ENOUGH_MEMORY => shared.to_owned(),
        _ => std::env::temp_dir(),
    }
}
