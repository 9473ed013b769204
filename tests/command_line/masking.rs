//! Secrets in what people see and share.

use crate::program::{file, folder, run, run_with};

const LOG: &[u8] = b"mail ada@example.org\r\nexport GITHUB_TOKEN=ghp_16C7e42F292c6912E7710c838347Ae178B4a\r\n\xff end";

#[test]
fn no_secret_comes_out_unless_it_is_asked_for() {
    let masked = run_with(&["parse", "-"], LOG).went_well();
    assert!(!masked.stdout.contains("ghp_16C7") && !masked.stdout.contains("ada@"), "{masked:?}");
    assert!(masked.build()["cuts"]["masked"].as_u64().unwrap() >= 2);
    let page = run_with(&["parse", "--human", "-"], LOG).went_well();
    assert!(!page.stdout.contains("ghp_16C7") && page.stdout.contains("masked"), "{page:?}");
    let all = run_with(&["parse", "--no-mask", "-"], LOG).went_well();
    assert!(all.stdout.contains("ghp_16C7") && all.stdout.contains("ada@example.org"));
    let but_mail = run_with(&["parse", "--mask-except", "email", "-"], LOG).went_well();
    assert!(!but_mail.stdout.contains("ghp_16C7") && but_mail.stdout.contains("ada@example.org"));
}

#[test]
fn a_log_to_share_is_the_same_but_for_its_secrets() {
    let folder = folder();
    let text = "one\r\ntwo\x1b[31m three\n\tfour";
    let same = run(&["mask", &file(&folder, "a.log", text.as_bytes())]).went_well();
    assert_eq!(same.stdout, text);
    let packed = zstd::encode_all(text.as_bytes(), 3).unwrap();
    assert_eq!(run_with(&["mask"], &packed).went_well().stdout, text);
    let mail = run_with(&["mask", "-"], b"mail ada@example.org\r\n").went_well();
    assert_eq!(mail.stdout, "mail [masked:email]\r\n");
}

#[test]
fn what_cannot_be_masked_is_not_printed() {
    run(&["mask", "no/such.log"]).told(&["no/such.log", "no such file"]);
    let zip = run_with(&["mask", "-"], b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    zip.told(&["zip archive", "unpack it"]);
    assert_eq!(zip.stdout, "");
    run_with(&["mask"], &[0; 1000]).told(&["binary data, not a log"]);
}
