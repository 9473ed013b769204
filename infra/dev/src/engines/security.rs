//! OpenSearch's security plug-in: TLS by certificates of our own authority, which Postgres has too,
//! and users with passwords.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::engine::Place;
use super::packages;

/// The user that the plug-in comes with.
const USER: &str = "admin";
const PASSWORD: &str = "admin";
/// The plug-in's folder below OpenSearch's, and its folder of settings.
const PLUGIN: &str = "plugins/opensearch-security";
const SETTINGS: &str = "opensearch-security";
/// The file of the authority's certificate.
pub(crate) const AUTHORITY: &str = "authority.pem";
const NEEDED: &str = "OpenSSL's command is needed: install it (Debian: `apt-get install openssl`)";

/// Makes the plug-in load without a module that no registry has.
pub(crate) fn install(home: &Path) -> Result<()> {
    let plugin = home.join(PLUGIN);
    let file = plugin.join("plugin-descriptor.properties");
    let descriptor =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    // The module `rule-framework` serves the tagging of workloads only.
    let lines: Vec<&str> = descriptor
        .lines()
        .map(|line| if line.starts_with("extended.plugins=") { "extended.plugins=" } else { line })
        .collect();
    fs::write(&file, lines.join("\n") + "\n")?;
    fs::rename(plugin.join("config"), home.join("config").join(SETTINGS))
        .context("the security plug-in has no settings of its own")
}

/// Writes the plug-in's settings and certificates, and returns what OpenSearch's settings say of
/// them.
pub(crate) fn configure(home: &Path, config: &Path) -> Result<String> {
    let settings = config.join(SETTINGS);
    fs::create_dir_all(&settings)?;
    for file in fs::read_dir(home.join("config").join(SETTINGS))? {
        let file = file?;
        fs::copy(file.path(), settings.join(file.file_name()))?;
    }
    make_certificates(&config.join("certificates"))?;
    let mut text = String::from(
        "plugins.security.ssl.transport.enforce_hostname_verification: false\n\
         plugins.security.ssl.http.enabled: true\n\
         plugins.security.allow_default_init_securityindex: true\n\
         plugins.security.nodes_dn: [\"CN=node\"]\n\
         plugins.security.restapi.roles_enabled: [all_access, security_rest_api_access]\n",
    );
    for layer in ["transport", "http"] {
        for (setting, file) in [
            ("pemcert_filepath", "node.pem"),
            ("pemkey_filepath", "node.key"),
            ("pemtrustedcas_filepath", "authority.pem"),
        ] {
            text += &format!("plugins.security.ssl.{layer}.{setting}: certificates/{file}\n");
        }
    }
    Ok(text)
}

/// Whether it answers a question over TLS with success.
pub(crate) fn answers(place: &Place, path: &str) -> bool {
    Command::new("curl")
        .args(["--silent", "--fail", "--max-time", "5", "--user", &format!("{USER}:{PASSWORD}")])
        .arg("--cacert")
        .arg(authority(place))
        .arg(format!("https://127.0.0.1:{}{path}", place.port))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What tests are told of it.
pub(crate) fn variables(place: &Place) -> Vec<(&'static str, String)> {
    vec![
        ("LOGMILL_ENGINE_OPENSEARCH_SECURE", format!("https://127.0.0.1:{}", place.port)),
        ("LOGMILL_ENGINE_OPENSEARCH_CA", authority(place).display().to_string()),
        ("LOGMILL_ENGINE_OPENSEARCH_USER", USER.to_owned()),
        ("LOGMILL_ENGINE_OPENSEARCH_PASSWORD", PASSWORD.to_owned()),
    ]
}

fn authority(place: &Place) -> PathBuf {
    place.folder.join("config/certificates").join(AUTHORITY)
}

/// An authority, and a certificate of the node by it.
pub(crate) fn make_certificates(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n")?;
    let key = ["-newkey", "rsa:2048", "-nodes"];
    let authority = ["-subj", "/CN=logmill engines", "-keyout", "authority.key"];
    let node = ["-subj", "/CN=node", "-keyout", "node.key", "-out", "node.request"];
    let steps = [
        [&["req", "-x509", "-days", "30"][..], &key, &authority, &["-out", "authority.pem"]]
            .concat(),
        [&["req"][..], &key, &node].concat(),
        [
            &["x509", "-req", "-days", "30", "-in", "node.request", "-extfile", "names"][..],
            &["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial"],
            &["-out", "node.pem"],
        ]
        .concat(),
    ];
    for arguments in steps {
        let mut openssl = Command::new("openssl");
        openssl.args(arguments).current_dir(folder);
        packages::run(openssl, NEEDED)?;
    }
    Ok(())
}
