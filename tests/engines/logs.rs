//! The logs that go through the chain: the examples, and an archive of some of them.

use std::io::Write as _;

use logmill_tests::binary::workspace;

/// An object that is put.
pub(crate) struct Log {
    pub(crate) key: String,
    pub(crate) content: Vec<u8>,
}

impl Log {
    /// The deployment that it is of: its key says nothing else.
    pub(crate) fn deployment_key(&self) -> String {
        let key = &self.key;
        let plain = [".log", ".log.gz", ".log.zip"].iter().find_map(|it| key.strip_suffix(it));
        plain.unwrap_or(key).to_owned()
    }
}

/// Every example, and three of them in a zip, below a folder of the test's own.
pub(crate) fn examples(folder: &str) -> Vec<Log> {
    let entries = std::fs::read_dir(workspace().join("examples")).unwrap();
    let mut logs: Vec<Log> = entries
        .map(|entry| entry.unwrap())
        .filter_map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            let is_log = name.ends_with(".log") || name.ends_with(".log.gz");
            is_log.then(|| Log {
                key: format!("{folder}-{name}"),
                content: std::fs::read(entry.path()).unwrap(),
            })
        })
        .collect();
    logs.sort_by(|a, b| a.key.cmp(&b.key));
    assert!(logs.len() >= 20, "only {} examples", logs.len());
    logs.push(Log { key: format!("{folder}-jobs.log.zip"), content: archive() });
    logs
}

/// One example.
pub(crate) fn example(name: &str) -> Vec<u8> {
    std::fs::read(workspace().join("examples").join(name)).unwrap()
}

fn archive() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, log) in [
        ("0_build.txt", "cargo-build-failed.log"),
        ("1_test.txt", "github-maven-test-failed.log"),
        ("2_deploy.txt", "github-deploy-failed.log"),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&example(log)).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
