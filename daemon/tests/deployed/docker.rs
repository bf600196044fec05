//! Images that are built here, since none can be pulled, and Compose projects of their own.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, id};
use std::sync::{Arc, Mutex, Weak};

use super::built::{self, TARGET};
use super::checkout::Checkout;
use super::shell::{run, succeed, until, works};
use super::skipped;

/// Takes the place of `rust:…`: a `cargo` that hands over what was built before, if it is asked for
/// just that. Everything else in the Dockerfile is done as it is written.
const BUILDER: &str = "
FROM BASE
COPY rustc cargo /usr/local/bin/
COPY photoprism photoprismd photoprism-gate /built/
";

const CARGO: &str = r#"#!/bin/sh
set -ex
[ "$*" = "build --release --locked --bins --target TARGET" ]
[ "$RUSTFLAGS" = "-C target-feature=+crt-static" ]
[ -f Cargo.lock ] && [ -f daemon/src/main.rs ] && [ ! -e daemon/tests ]
mkdir -p target/TARGET/release
cp /built/* target/TARGET/release/
"#;

/// The images of a Debian and of a builder, and the one that the Dockerfile builds.
pub(crate) struct Images {
    pub(crate) debian: String,
    builder: String,
    pub(crate) daemon: String,
}

impl Images {
    /// Shared by the tests that run at the same time; gone with the last of them.
    fn get() -> Result<Arc<Self>, String> {
        static SHARED: Mutex<Weak<Images>> = Mutex::new(Weak::new());
        // A test that failed here has left nothing half done that another would use.
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(images) = shared.upgrade() {
            return Ok(images);
        }
        let images = Arc::new(Self::build()?);
        *shared = Arc::downgrade(&images);
        Ok(images)
    }

    fn build() -> Result<Self, String> {
        let binaries = built::binaries()?;
        let debian = built::debian()?;
        if !works("docker info") {
            return Err("no Docker engine here".into());
        }
        if !works("docker compose version || docker-compose version") {
            return Err("no Docker Compose here".into());
        }
        let [debian_name, builder, daemon] =
            ["debian", "builder", "image"].map(|name| format!("photoprism-test-{name}:{}", id()));
        let images = Self { debian: debian_name, builder, daemon };
        let import = format!("tar -C \"$0\" -c . | docker import - {}", images.debian);
        succeed(Command::new("bash").args(["-o", "pipefail", "-c", &import]).arg(debian));
        images.build_builder(&binaries);
        let checkout = Checkout::new(&binaries, images.variables("build"));
        checkout.succeed("docker compose build photoprism");
        Ok(images)
    }

    fn build_builder(&self, binaries: &Path) {
        let context = tempfile::tempdir().unwrap();
        for name in ["photoprism", "photoprismd", "photoprism-gate"] {
            fs::copy(binaries.join(name), context.path().join(name)).unwrap();
        }
        for (name, text) in [
            ("Dockerfile", BUILDER.replace("BASE", &self.debian)),
            ("cargo", CARGO.replace("TARGET", TARGET)),
            ("rustc", format!("#!/bin/sh\necho 'host: {TARGET}'\n")),
        ] {
            let path = context.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        let build = ["build", "--quiet", "--tag", &self.builder];
        succeed(Command::new("docker").args(build).arg(context.path()));
    }

    /// The settings with which the compose files use these images, for a project of that name.
    fn variables(&self, project: &str) -> Vec<(&'static str, String)> {
        vec![
            ("BUILDER", self.builder.clone()),
            ("DEBIAN_IMAGE", self.debian.clone()),
            ("PHOTOPRISM_ADMIN_IMAGE", self.daemon.clone()),
            ("COMPOSE_PROJECT_NAME", format!("photoprism-test-{project}-{}", id())),
        ]
    }
}

impl Drop for Images {
    fn drop(&mut self) {
        let Self { debian, builder, daemon } = self;
        // The intermediate stage of the Dockerfile is built on the builder.
        let script = format!(
            "docker rmi -f {daemon}
            builder=$(docker images -q --no-trunc {builder})
            for image in $(docker images -q --no-trunc -f dangling=true); do
              if docker history -q --no-trunc $image | grep -qF $builder; then docker rmi $image; fi
            done
            docker rmi -f {builder} {debian}"
        );
        run(Command::new("bash").args(["-c", &script]));
    }
}

/// A checkout whose compose commands concern a project of its own, taken down at the end.
pub(crate) struct Project {
    pub(crate) checkout: Checkout,
    pub(crate) images: Arc<Images>,
    pub(crate) name: String,
}

impl Project {
    /// `None` where this machine lacks something, which is then said.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let images = Images::get().map_err(|why| skipped(&why)).ok()?;
        let variables = images.variables(name);
        let checkout = Checkout::new(&built::binaries().ok()?, variables.clone());
        let (_, name) = variables.into_iter().next_back()?;
        Some(Self { checkout, images, name })
    }

    pub(crate) fn succeed(&self, script: &str) -> String {
        self.checkout.succeed(script)
    }

    /// Waits until `condition` holds, half a minute at most.
    pub(crate) fn until(&self, condition: &str) {
        let waited = self.checkout.run(&until(condition, 30));
        if waited.code != Some(0) {
            let mut seen = waited.text;
            let logs = self.checkout.run("docker compose ps; docker compose logs");
            write!(seen, "{}", logs.text).unwrap();
            panic!("waited in vain for {condition}\n{seen}");
        }
    }

    /// A value of `docker inspect` of a service's container.
    pub(crate) fn inspect(&self, service: &str, format: &str) -> String {
        let id = format!("$(docker compose ps -q {service})");
        self.succeed(&format!("docker inspect -f '{format}' {id}")).trim().to_owned()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let label = format!("label=com.docker.compose.project={}", self.name);
        let script = format!(
            "docker ps -aq --filter {label} | xargs -r docker rm -f -v
            docker network ls -q --filter {label} | xargs -r docker network rm
            docker volume ls -q --filter {label} | xargs -r docker volume rm -f"
        );
        run(Command::new("bash").args(["-c", &script]));
    }
}
