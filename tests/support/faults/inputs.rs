//! The objects of a run: logs of mixed kinds, drawn from its seed.

use std::collections::BTreeMap;
use std::io::Write as _;

use fastrand::Rng;

/// An object that is put, in one version or several.
#[derive(Clone, Debug)]
pub struct Input {
    /// The object's key.
    pub key: String,
    /// The deployment that it is of.
    pub deployment_key: String,
    /// Its part of that.
    pub part: String,
    /// In the order in which they are put.
    pub versions: Vec<Vec<u8>>,
    /// What is said of it when it is put.
    pub metadata: BTreeMap<String, String>,
}

impl Input {
    fn new(name: &str, suffix: &str, versions: Vec<Vec<u8>>) -> Self {
        Self {
            key: format!("{name}{suffix}"),
            deployment_key: name.to_owned(),
            part: String::new(),
            versions,
            metadata: BTreeMap::new(),
        }
    }

    fn of_pair(deployment_key: &str, part: &str, log: Vec<u8>) -> Self {
        let folder = "year=2026/month=03/day=04/hour=10";
        Self {
            key: format!("{folder}/{deployment_key}/{part}.log"),
            deployment_key: deployment_key.to_owned(),
            part: part.to_owned(),
            versions: vec![log],
            metadata: BTreeMap::from([("objects".to_owned(), "2".to_owned())]),
        }
    }
}

/// A log of some lines with tests and errors; no two are the same.
pub fn log(lines: usize, random: &mut Rng) -> Vec<u8> {
    let mut text = String::from("     Running unittests src/lib.rs (target/debug/deps/shop-1)\n");
    for line in 0..lines {
        match line % 12 {
            3 => text.push_str(&format!("test cart::case_{line} ... ok\n")),
            5 => text.push_str(&format!("ERROR: request {} took too long\n", random.u32(..))),
            _ => text.push_str(&format!("line {line}: {:x}\n", random.u64(..))),
        }
    }
    text.push_str("test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n");
    text.into_bytes()
}

fn gzip(log: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(log).unwrap();
    packed.finish().unwrap()
}

fn zip(random: &mut Rng) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["0_build.txt", "1_test.txt", "2_deploy.txt"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&log(random.usize(2..12), random)).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The objects of the run with this name.
pub fn of_run(name: &str, random: &mut Rng) -> Vec<Input> {
    let mut one = |least: usize, most: usize| {
        let lines = random.usize(least..most);
        log(lines, random)
    };
    let small = one(1, 5);
    let bulky = one(40, 90);
    let packed = gzip(&one(10, 25));
    let pair = [one(5, 15), one(5, 15)];
    let versions = vec![one(20, 40), one(3, 30)];
    let [a, b] = pair;
    vec![
        Input::new(&format!("{name}-small"), ".log", vec![small]),
        Input::new(&format!("{name}-bulky"), ".log", vec![bulky]),
        Input::new(&format!("{name}-packed"), ".log.gz", vec![packed]),
        Input::new(&format!("{name}-jobs"), ".log.zip", vec![zip(random)]),
        Input::of_pair(&format!("{name}-pair"), "a", a),
        Input::of_pair(&format!("{name}-pair"), "b", b),
        Input::new(&format!("{name}-replaced"), ".log", versions),
    ]
}
