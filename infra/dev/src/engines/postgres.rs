//! PostgreSQL: a throw-away cluster without fsync, from Maven, so that every machine has the same.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;

use super::cache::Cache;
use super::engine::{Engine, Place};
use super::process::Launch;
use super::{java, net, packages, security};

const POM: &str = include_str!("../../engines/postgres.xml");
const PASSWORD: &str = "logmill";

pub(crate) struct Postgres {
    /// With TLS too, by a certificate of our own authority.
    pub(crate) secure: bool,
}

impl Engine for Postgres {
    fn name(&self) -> &'static str {
        if self.secure { "postgres-secure" } else { "postgres" }
    }

    fn version(&self) -> &'static str {
        "17.6"
    }

    fn folder(&self, cache: &Cache) -> PathBuf {
        cache.folder("postgres-17.6", POM)
    }

    fn install(&self, cache: &Cache) -> Result<()> {
        let platform = platform()?;
        let java = java::home(cache)?;
        cache.install(&self.folder(cache), |folder| {
            packages::maven(&java, POM, folder, &[format!("-Dplatform={platform}")])?;
            for archive in fs::read_dir(folder)? {
                let archive = archive?.path();
                if archive.extension().is_some_and(|extension| extension == "txz") {
                    let mut unpack = Command::new("tar");
                    unpack.arg("-xf").arg(&archive).arg("-C").arg(folder);
                    packages::run(
                        unpack,
                        "tar with xz is needed (Debian: `apt-get install tar xz-utils`)",
                    )?;
                    fs::remove_file(archive)?;
                }
            }
            Ok(())
        })
    }

    fn launch(&self, cache: &Cache, place: &Place) -> Result<Launch> {
        let bin = self.folder(cache).join("bin");
        let data = place.folder.join("data");
        let password = place.folder.join("password");
        fs::write(&password, PASSWORD)?;
        let launch = |program: &str, arguments: Vec<String>| Launch {
            program: bin.join(program),
            arguments,
            variables: Vec::new(),
            folder: place.folder.clone(),
            refuses_root: true,
        };
        let data = data.display().to_string();
        let make = launch(
            "initdb",
            vec![
                format!("--pgdata={data}"),
                "--username=postgres".to_owned(),
                format!("--pwfile={}", password.display()),
                "--auth=scram-sha-256".to_owned(),
                "--encoding=UTF8".to_owned(),
                "--locale=C".to_owned(),
                "--no-sync".to_owned(),
            ],
        );
        packages::run(make.command()?, "initdb could not make a database")?;
        if self.secure {
            security::make_certificates(&certificates(place))?;
        }
        let mut arguments = vec!["-D".to_owned(), data, "-p".to_owned(), place.port.to_string()];
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            // In its own folder, so that nothing is left of one that was killed.
            "dynamic_shared_memory_type=mmap",
            "shared_buffers=32MB",
            "max_connections=100",
        ] {
            arguments.extend(["-c".to_owned(), setting.to_owned()]);
        }
        if self.secure {
            for (setting, file) in [("ssl_cert_file", "node.pem"), ("ssl_key_file", "node.key")] {
                let file = certificates(place).join(file);
                arguments.extend(["-c".to_owned(), format!("{setting}={}", file.display())]);
            }
            arguments.extend(["-c".to_owned(), "ssl=on".to_owned()]);
        }
        Ok(launch("postgres", arguments))
    }

    fn is_ready(&self, place: &Place) -> bool {
        net::postgres_asks_for_a_password(place.port)
    }

    /// The file with the process, which counts as running until its parent has taken note.
    fn clear_up(&self, place: &Place) -> Result<()> {
        let file = place.folder.join("data/postmaster.pid");
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", file.display()))
            }
            _ => Ok(()),
        }
    }

    fn variables(&self, place: &Place) -> Vec<(&'static str, String)> {
        let url = format!("postgres://postgres:{PASSWORD}@127.0.0.1:{}/postgres", place.port);
        if self.secure {
            let authority = certificates(place).join(security::AUTHORITY).display().to_string();
            return vec![
                ("LOGMILL_ENGINE_POSTGRES_SECURE", url),
                ("LOGMILL_ENGINE_POSTGRES_CA", authority),
            ];
        }
        vec![("LOGMILL_ENGINE_POSTGRES", url)]
    }

    fn is_on_request(&self) -> bool {
        self.secure
    }

    /// It ends at once, sessions with it; by the usual signal it would wait for them.
    fn stop_signal(&self) -> Signal {
        Signal::INT
    }
}

fn certificates(place: &Place) -> PathBuf {
    place.folder.join("certificates")
}

/// The name of this platform among the packages.
fn platform() -> Result<String> {
    let system = match std::env::consts::OS {
        system @ "linux" => system,
        "macos" => "darwin",
        other => bail!("there is no package of PostgreSQL for {other}"),
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64v8",
        other => bail!("there is no package of PostgreSQL for {other}"),
    };
    Ok(format!("{system}-{processor}"))
}
