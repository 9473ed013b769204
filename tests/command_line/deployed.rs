//! What people lose if functions run in AWS without a setting that they read.

use std::collections::BTreeSet;

use logmill_runtime::config::SETTINGS;
use toml::{Table, Value};

/// The other half is infra/aws/tests/template.py, which compares this table with the template.
#[test]
fn a_function_in_aws_is_given_every_setting_that_it_reads() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/aws/functions.toml");
    let table: Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let deployed = table.iter().filter(|(_, entry)| entry["deployed"].as_bool() == Some(true));
    let mut functions = 0;
    for (function, entry) in deployed {
        functions += 1;
        let given = entry["settings"].as_array().unwrap().iter().filter_map(Value::as_str);
        let left = entry["unset"].as_table().unwrap().keys().map(String::as_str);
        let told: BTreeSet<&str> = given.chain(left).collect();
        let reads = SETTINGS.iter().filter(|setting| setting.functions.contains(&&**function));
        let read: BTreeSet<&str> = reads.map(|setting| setting.name).collect();
        assert_eq!(
            told, read,
            "infra/aws/functions.toml on the left, the code's table on the right"
        );
    }
    assert!(functions > 0);
}
