//! A cloud whose S3 and SQS are not ours: ministack, from PyPI.

use std::path::PathBuf;

use anyhow::Result;

use super::cache::Cache;
use super::engine::{Engine, Place};
use super::process::Launch;
use super::{net, packages};

const PACKAGES: &str = include_str!("../../engines/cloud.txt");

pub(crate) struct Cloud;

impl Engine for Cloud {
    fn name(&self) -> &'static str {
        "cloud"
    }

    fn version(&self) -> &'static str {
        "ministack 1.5.33"
    }

    fn folder(&self, cache: &Cache) -> PathBuf {
        cache.folder("ministack-1.5.33", PACKAGES)
    }

    fn install(&self, cache: &Cache) -> Result<()> {
        let folder = self.folder(cache);
        cache.install(&folder, |folder| packages::python(PACKAGES, folder).map(drop))
    }

    fn launch(&self, cache: &Cache, place: &Place) -> Result<Launch> {
        let data = place.folder.display().to_string();
        let variables = [
            ("BIND_HOST", "127.0.0.1".to_owned()),
            ("MINISTACK_HOST", "127.0.0.1".to_owned()),
            ("GATEWAY_PORT", place.port.to_string()),
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", place.port)),
            ("TMPDIR", data.clone()),
            ("STATE_DIR", format!("{data}/state")),
            ("IOT_MTLS_ENABLED", "0".to_owned()),
        ];
        Ok(Launch {
            program: self.folder(cache).join("bin/python"),
            arguments: vec!["-m".to_owned(), "ministack".to_owned()],
            variables: variables.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            folder: place.folder.clone(),
            refuses_root: false,
        })
    }

    fn is_ready(&self, place: &Place) -> bool {
        net::get(place.port, "/_ministack/health").is_some_and(|(status, _)| status == 200)
    }

    fn variables(&self, place: &Place) -> Vec<(&'static str, String)> {
        vec![("LOGMILL_ENGINE_CLOUD", format!("http://127.0.0.1:{}", place.port))]
    }
}
