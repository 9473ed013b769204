//! One log is one set of documents, however often it comes.

use crate::binary::{example, folder, workspace};
use crate::cloud::Cloud;

const INDICES: [&str; 3] = ["logmill-logs", "logmill-builds", "logmill-tests"];

#[test]
fn a_log_that_is_put_again_is_counted_once() {
    let folder = folder();
    let cloud = Cloud::start(&folder.path().join("data"));
    let key = "github-maven-test-failed";
    let log = example(&format!("{key}.log"));
    cloud.put(&[&log]).went_well();
    let counts = INDICES.map(|index| cloud.count(index, key));
    assert!(counts[0] > 100 && counts[1] == 1 && counts[2] > 0, "{counts:?}");
    cloud.put(&[&log]).went_well();
    assert_eq!(INDICES.map(|index| cloud.count(index, key)), counts);
}

#[test]
fn a_shorter_version_leaves_nothing_of_the_longer_one() {
    let folder = folder();
    let cloud = Cloud::start(&folder.path().join("data"));
    let key = "github-maven-test-failed";
    let whole = std::fs::read_to_string(workspace().join(example(&format!("{key}.log")))).unwrap();
    let path = folder.path().join(format!("{key}.log"));
    let write = |content: &str| {
        // The same modification time, so that it stays the same object.
        let file = std::fs::File::create(&path).unwrap();
        std::io::Write::write_all(&mut &file, content.as_bytes()).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_772_600_000))
            .unwrap();
    };
    write(&whole);
    cloud.put(&[path.to_str().unwrap()]).went_well();
    assert!(cloud.count("logmill-tests", key) > 0);
    write("first line\nsecond line\nthird line\n");
    cloud.put(&[path.to_str().unwrap()]).went_well();
    assert_eq!(INDICES.map(|index| cloud.count(index, key)), [3, 1, 0]);
}
