//! That the program starts at all. Its behaviour is tested by the crate `logmill-tests`, which finds
//! the program beside its own: cargo builds it for the sake of this test, whenever it runs all.

use std::process::Command;

#[test]
fn the_program_starts_and_tells_its_version() {
    let output = Command::new(env!("CARGO_BIN_EXE_logmill")).arg("--version").output().unwrap();
    let version = concat!("logmill ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(String::from_utf8_lossy(&output.stdout), version);
    assert!(output.status.success());
}
