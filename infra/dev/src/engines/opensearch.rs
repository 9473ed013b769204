//! OpenSearch, one node with little memory, from Maven: as it is, and with the security plug-in.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::cache::Cache;
use super::engine::{Engine, Place};
use super::process::Launch;
use super::{java, net, packages, security};

const POM: &str = include_str!("../../engines/opensearch.xml");
const VERSION: &str = "3.4.0";

/// The modules that are added, with their classes and what each extends; their jars say neither.
const MODULES: [(&str, &str, &str); 6] = [
    ("lang-painless", "org.opensearch.painless.PainlessModulePlugin", ""),
    ("reindex", "org.opensearch.index.reindex.ReindexModulePlugin", ""),
    ("ingest-common", "org.opensearch.ingest.common.IngestCommonModulePlugin", "lang-painless"),
    (
        "analysis-common",
        "org.opensearch.analysis.common.CommonAnalysisModulePlugin",
        "lang-painless",
    ),
    ("mapper-extras", "org.opensearch.index.mapper.MapperExtrasModulePlugin", ""),
    (
        "aggs-matrix-stats",
        "org.opensearch.search.aggregations.matrix.MatrixAggregationModulePlugin",
        "",
    ),
];

/// What the modules may do.
const POLICY: &str = r#"grant {
  permission java.net.SocketPermission "*", "connect,accept";
  permission java.lang.RuntimePermission "createClassLoader";
  permission java.lang.RuntimePermission "getClassLoader";
  permission java.lang.RuntimePermission "accessDeclaredMembers";
};
"#;

/// How Java is told to run it: what its own start script says, less what it asks of a big machine.
const OPTIONS: [&str; 17] = [
    "-Xms512m",
    "-Xmx512m",
    "-Xss1m",
    "-XX:+UseSerialGC",
    "-XX:-OmitStackTraceInFastThrow",
    "-Xshare:auto",
    "--enable-native-access=ALL-UNNAMED",
    "-Dfile.encoding=UTF-8",
    "-Djava.awt.headless=true",
    "-Djava.locale.providers=CLDR",
    "-Djna.nosys=true",
    "-Dio.netty.noUnsafe=true",
    "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0",
    "-Dio.netty.allocator.type=unpooled",
    "-Dlog4j.shutdownHookEnabled=false",
    "-Dlog4j2.disable.jmx=true",
];

/// OpenSearch, with or without the security plug-in.
pub(crate) struct OpenSearch {
    pub(crate) secure: bool,
}

impl OpenSearch {
    fn home(&self, cache: &Cache) -> PathBuf {
        self.folder(cache).join(format!("opensearch-{VERSION}"))
    }
}

impl Engine for OpenSearch {
    fn name(&self) -> &'static str {
        if self.secure { "opensearch-secure" } else { "opensearch" }
    }

    fn version(&self) -> &'static str {
        VERSION
    }

    fn folder(&self, cache: &Cache) -> PathBuf {
        let recipe = format!("{POM}{MODULES:?}{POLICY}");
        cache.folder(&format!("{}-{VERSION}", self.name()), &recipe)
    }

    fn install(&self, cache: &Cache) -> Result<()> {
        let java = java::home(cache)?;
        let home = self.home(cache);
        cache.install(&self.folder(cache), |folder| {
            let profile =
                if self.secure { vec!["--activate-profiles=security".to_owned()] } else { vec![] };
            packages::maven(&java, POM, folder, &profile)?;
            for (name, class, extended) in MODULES {
                describe_module(&home.join("modules").join(name), name, class, extended)?;
            }
            if self.secure { security::install(&home) } else { Ok(()) }
        })
    }

    fn launch(&self, cache: &Cache, place: &Place) -> Result<Launch> {
        let home = self.home(cache);
        let config = place.folder.join("config");
        for folder in ["config", "data", "logs", "repository", "tmp"] {
            fs::create_dir_all(place.folder.join(folder))?;
        }
        fs::copy(home.join("config/log4j2.properties"), config.join("log4j2.properties"))?;
        let mut settings = settings(place)?;
        if self.secure {
            settings += &security::configure(&home, &config)?;
        }
        let file = config.join("opensearch.yml");
        fs::write(&file, settings).with_context(|| format!("cannot write {}", file.display()))?;
        let mut arguments = OPTIONS.map(str::to_owned).to_vec();
        arguments.extend([
            format!("-javaagent:{}/agent/opensearch-agent.jar", home.display()),
            format!("-Djava.io.tmpdir={}", place.folder.join("tmp").display()),
            format!("-Dopensearch.path.home={}", home.display()),
            format!("-Dopensearch.path.conf={}", config.display()),
            "-Dopensearch.distribution.type=zip".to_owned(),
            "-Dopensearch.bundled_jdk=false".to_owned(),
            "-cp".to_owned(),
            format!("{}/lib/*", home.display()),
            "org.opensearch.bootstrap.OpenSearch".to_owned(),
        ]);
        Ok(Launch {
            program: java::home(cache)?.join("bin/java"),
            arguments,
            variables: Vec::new(),
            folder: place.folder.clone(),
            refuses_root: true,
        })
    }

    fn is_ready(&self, place: &Place) -> bool {
        const HEALTH: &str = "/_cluster/health?wait_for_status=yellow&timeout=1s";
        if self.secure {
            return security::answers(place, HEALTH);
        }
        net::get(place.port, HEALTH).is_some_and(|(status, _)| status == 200)
    }

    fn is_on_request(&self) -> bool {
        self.secure
    }

    fn variables(&self, place: &Place) -> Vec<(&'static str, String)> {
        if self.secure {
            return security::variables(place);
        }
        vec![("LOGMILL_ENGINE_OPENSEARCH", format!("http://127.0.0.1:{}", place.port))]
    }
}

/// What OpenSearch reads of a module before it loads it.
fn describe_module(module: &Path, name: &str, class: &str, extended: &str) -> Result<()> {
    let descriptor = format!(
        "name={name}\ndescription={name}\nversion={VERSION}\nopensearch.version={VERSION}\n\
         java.version=21\nclassname={class}\nextended.plugins={extended}\n\
         has.native.controller=false\ncustom.foldername=\n"
    );
    let write = |file: &str, text: &str| {
        let file = module.join(file);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
    };
    write("plugin-descriptor.properties", &descriptor)?;
    write("plugin-security.policy", POLICY)
}

/// The configuration. Requests are refused by what they reserve, not by what of the small heap is in use:
/// most of that is garbage.
fn settings(place: &Place) -> Result<String> {
    let folder = place.folder.display();
    Ok(format!(
        "cluster.name: engines\n\
         node.name: engine\n\
         network.host: 127.0.0.1\n\
         http.port: {}\n\
         transport.port: {}\n\
         discovery.type: single-node\n\
         path.data: {folder}/data\n\
         path.logs: {folder}/logs\n\
         path.repo: [{folder}/repository]\n\
         node.store.allow_mmap: false\n\
         cluster.routing.allocation.disk.threshold_enabled: false\n\
         indices.breaker.total.use_real_memory: false\n",
        place.port,
        net::free_port()?,
    ))
}
