//! The archive of a release as `.ci/release` puts it together, from the static binaries that are there.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::built;
use super::shell::succeed;

/// The directory in it, which is also the name of the file.
const NAME: &str = "photoprism-admin-0-linux-amd64";

/// What is not in the repository, and the file.
const SCRIPT: &str = r#"
cp --parents -a FILES "$0/NAME"
cd "$0/NAME"
mkdir bin man completions
cp BINARIES/{photoprism,photoprismd,photoprism-gate} bin
bin/photoprism admin man man
bin/photoprismd --man > man/photoprismd.8
echo '.TH photoprism-gate 1' > man/photoprism-gate.1
for shell in bash zsh fish; do bin/photoprism admin completions $shell > completions/$shell; done
cd ..
tar -czf NAME.tar.gz NAME
rm -r NAME
"#;

/// Creates it in that directory; says why it cannot.
pub(crate) fn create(directory: &Path) -> Result<(), String> {
    let binaries = built::binaries()?;
    let release = fs::read_to_string(built::root().join(".ci/release")).unwrap();
    let (_, from) = release.split_once("git archive --prefix \"$name/\" HEAD ").unwrap();
    let (files, _) = from.split_once("|\n").unwrap();
    let files = files.replace("\\\n", " ").replace('\'', "");
    fs::create_dir(directory.join(NAME)).unwrap();
    let script = SCRIPT.replace("FILES", &files).replace("NAME", NAME);
    let script = script.replace("BINARIES", binaries.to_str().unwrap());
    succeed(Command::new("bash").args(["-ec", &script]).arg(directory).current_dir(built::root()));
    Ok(())
}
