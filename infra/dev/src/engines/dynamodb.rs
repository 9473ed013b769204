//! DynamoDB Local, from Maven. Its data outlive its process, so that tests may kill it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::cache::Cache;
use super::engine::{Engine, Place};
use super::process::Launch;
use super::{java, net, packages};

const POM: &str = include_str!("../../engines/dynamodb.xml");
const LAUNCHER: &str = include_str!("../../engines/Loopback.java");

pub(crate) struct DynamoDb;

impl Engine for DynamoDb {
    fn name(&self) -> &'static str {
        "dynamodb"
    }

    fn version(&self) -> &'static str {
        "3.1.0"
    }

    fn folder(&self, cache: &Cache) -> PathBuf {
        cache.folder("dynamodb-3.1.0", &format!("{POM}{LAUNCHER}"))
    }

    fn install(&self, cache: &Cache) -> Result<()> {
        let java = java::home(cache)?;
        cache.install(&self.folder(cache), |folder| {
            packages::maven(&java, POM, folder, &[])?;
            let source = folder.join("Loopback.java");
            fs::write(&source, LAUNCHER)?;
            // Not `javac`: a Java that only runs programs has none.
            let mut compile = Command::new(java.join("bin/java"));
            compile.arg("-jar").arg(folder.join("compiler.jar"));
            compile.args(["-source", "17", "-target", "17", "-proc:none", "-classpath"]);
            compile.arg(class_path(folder)?).arg("-d").arg(folder).arg(source);
            packages::run(compile, "the class that starts DynamoDB Local does not compile")
        })
    }

    fn launch(&self, cache: &Cache, place: &Place) -> Result<Launch> {
        let folder = self.folder(cache);
        let libraries = folder.join("lib").display().to_string();
        let mut arguments: Vec<String> =
            ["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-DDDB_LOCAL_TELEMETRY=0"]
                .map(str::to_owned)
                .to_vec();
        arguments.push(format!("-Dsqlite4java.library.path={libraries}"));
        arguments.extend(["-cp".to_owned(), format!("{}:{libraries}/*", folder.display())]);
        for argument in ["Loopback", "-sharedDb", "-disableTelemetry", "-port"] {
            arguments.push(argument.to_owned());
        }
        arguments.push(place.port.to_string());
        arguments.extend(["-dbPath".to_owned(), place.folder.display().to_string()]);
        Ok(Launch {
            program: java::home(cache)?.join("bin/java"),
            arguments,
            variables: Vec::new(),
            folder: place.folder.clone(),
            refuses_root: false,
        })
    }

    fn is_ready(&self, place: &Place) -> bool {
        // That the question has no signature, it says only when it can read questions.
        net::get(place.port, "/").is_some_and(|(status, _)| status == 400)
    }

    fn variables(&self, place: &Place) -> Vec<(&'static str, String)> {
        vec![("LOGMILL_ENGINE_DYNAMODB", format!("http://127.0.0.1:{}", place.port))]
    }
}

fn class_path(folder: &Path) -> Result<String> {
    let libraries = folder.join("lib");
    let entries = fs::read_dir(&libraries)
        .with_context(|| format!("Maven left no {}", libraries.display()))?;
    let jars: Result<Vec<String>, std::io::Error> =
        entries.map(|entry| entry.map(|entry| entry.path().display().to_string())).collect();
    Ok(jars?.join(":"))
}
