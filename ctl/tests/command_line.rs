//! Help, usage errors, own commands, and PhotoPrism's own program.

mod common;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use common::{binary, output};

#[test]
fn help_is_data() {
    for line in ["", "-h", "--help", "help", "help users", "users ls --help", "users add -h"] {
        let output = output(&mut binary(line.split_whitespace()));
        assert_eq!((output.code, output.err.as_str()), (Some(0), ""), "{line}");
        assert!(output.out.contains("Usage: photoprism"), "{line}: {}", output.out);
    }
}

#[test]
fn long_help_has_examples_and_short_help_has_not() {
    for line in [
        "users",
        "users ls",
        "users legacy",
        "users add",
        "users show",
        "users mod",
        "users rm",
        "users restore",
        "users reset",
        "users why",
        "users 2fa",
        "users 2fa show",
        "users 2fa enroll",
        "users 2fa confirm",
        "users 2fa disable",
        "users 2fa recovery",
        "passwd",
        "logins",
        "logins ls",
        "logins clear",
        "auth",
        "auth ls",
        "auth add",
        "auth show",
        "auth rm",
        "auth reset",
        "admin",
        "admin status",
        "admin audit",
        "admin audit ls",
        "admin audit verify",
        "admin clock",
    ] {
        let long = output(&mut binary(format!("{line} --help").split(' ')));
        let short = output(&mut binary(format!("{line} -h").split(' ')));
        assert!(long.out.contains("Examples:"), "{line}");
        assert!(!short.out.contains("Examples:"), "{line}");
    }
}

#[test]
fn the_version_is_printed() {
    for flag in ["--version", "-V"] {
        let output = output(&mut binary([flag]));
        assert_eq!(output.code, Some(0));
        assert_eq!(output.out, format!("photoprism {}\n", photoprism_protocol::build::TEXT));
    }
}

#[test]
fn a_bad_command_line_is_a_usage_error() {
    for line in [
        "users",
        "users lst",
        "users ls --nope",
        "users ls -m -c",
        "users ls --json --tsv",
        "users ls -n x",
        "users ls -n -1",
        "users ls a b",
        "users add --webdav --no-webdav -p mysecret bob",
        "users add --webdav=perhaps -p mysecret bob",
        "users mod --disable-2fa=1 bob",
        "users add --disable-2fa -p mysecret bob",
        "--nope users ls",
        "admin",
        "index",
    ] {
        let plain = output(&mut binary(line.split(' ')));
        assert_eq!((plain.code, plain.out.as_str()), (Some(2), ""), "{line}");
        let json = output(&mut binary(format!("{line} --json").split(' ')));
        assert_eq!((json.code, json.error()["code"].as_str()), (Some(2), Some("usage")), "{line}");
        assert!(!json.error()["message"].as_str().unwrap().is_empty());
    }
}

#[test]
fn other_words_for_commands_work_and_are_not_listed() {
    for (noun, words) in [
        ("users", "list create edit info delete remove"),
        ("auth", "list create info delete remove revoke"),
        ("logins", "list"),
        ("admin backup", "list add delete remove"),
        ("admin audit", "list"),
        ("users 2fa", "info"),
    ] {
        let listed = output(&mut binary(format!("{noun} -h").split(' '))).out;
        for word in words.split(' ') {
            let help = output(&mut binary(format!("{noun} {word} -h").split(' ')));
            assert_eq!(help.code, Some(0), "{noun} {word}: {}", help.err);
            assert!(!listed.contains(&format!("\n  {word} ")), "{noun}: {listed}");
        }
    }
}

#[test]
fn what_was_meant_is_said_and_in_json_too() {
    for (line, meant) in [
        ("status", "; did you mean: photoprism admin status"),
        ("users ls --format json", "; use --json"),
        ("users mod bob --webdav false", "; use --webdav=false"),
    ] {
        let plain = output(&mut binary(line.split(' ')));
        assert_eq!(plain.code, Some(2), "{line}");
        assert!(plain.err.lines().next().unwrap().ends_with(meant), "{}", plain.err);
        let json = output(&mut binary(format!("{line} --json").split(' ')));
        assert!(json.error()["message"].as_str().unwrap().ends_with(meant), "{}", json.err);
    }
    let program = Program::new();
    let handed = output(&mut falling_back(&program.path(), ["status"]));
    assert_eq!((handed.code, handed.err.as_str()), (Some(9), ""));
}

#[test]
fn exit_codes_are_listed() {
    let help = output(&mut binary(["--help"])).out;
    for code in [0, 1, 2, 3, 4, 5, 6, 10, 69, 70, 75, 77, 130] {
        assert!(help.lines().any(|line| line.starts_with(&format!("{code:>5}  "))), "{code}");
    }
}

#[test]
fn arguments_cannot_draw_on_the_screen() {
    let output = output(&mut binary(["users", "ls", "--\u{1b}[31m"]));
    assert!(output.err.contains("\\u{1b}[31m") && !output.err.contains('\u{1b}'), "{}", output.err);
}

/// A program that prints its arguments and its environment, one a line.
struct Program(tempfile::TempDir);

impl Program {
    fn new() -> Self {
        let program = Self(tempfile::tempdir().unwrap());
        let script = "#!/bin/sh\nprintf '%s\\n' \"$@\"\necho MARK=$MARK\nexit 9\n";
        std::fs::write(program.path(), script).unwrap();
        program.mode(0o755);
        program
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("photoprism")
    }

    fn mode(&self, mode: u32) {
        std::fs::set_permissions(self.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn falling_back<S: AsRef<OsStr>>(
    program: &Path,
    arguments: impl IntoIterator<Item = S>,
) -> std::process::Command {
    let mut command = binary(arguments);
    command.env("PHOTOPRISM_FALLBACK", program).env("MARK", "m");
    command
}

#[test]
fn other_commands_are_handed_over_untouched() {
    let program = Program::new();
    for words in [
        vec!["index", "--force", "a b", "", "users"],
        vec!["--config-path", "users"],
        vec!["-v"],
        vec!["--json", "users"],
        vec!["Users", "ls"],
        vec!["auth", "jwt", "issue", "--scope", "-j", "a b"],
        vec!["users", "index"],
        vec!["sess", "jwt"],
    ] {
        let output = output(&mut falling_back(&program.path(), &words));
        let expected = format!("{}\nMARK=m\n", words.join("\n"));
        assert_eq!((output.code, output.out, output.err.as_str()), (Some(9), expected, ""));
    }
    let odd = [OsStr::from_bytes(b"inde\xff")];
    assert_eq!(output_bytes(&mut falling_back(&program.path(), odd)), b"inde\xff\nMARK=m\n");
}

#[test]
fn a_program_that_is_started_does_not_ignore_a_closed_pipe() {
    let program = Program::new();
    std::fs::write(program.path(), "#!/bin/sh\nkill -s PIPE $$\nexit 9\n").unwrap();
    let output = falling_back(&program.path(), ["index"]).output().unwrap();
    assert_eq!(output.status.signal(), Some(13), "{output:?}");
}

fn output_bytes(command: &mut std::process::Command) -> Vec<u8> {
    command.output().unwrap().stdout
}

#[test]
fn own_commands_stay_here() {
    let program = Program::new();
    for line in
        ["", "help", "--help", "-h", "-V", "--version", "users --help", "--no-input users -h"]
    {
        let output = output(&mut falling_back(&program.path(), line.split_whitespace()));
        assert_eq!(output.code, Some(0), "{line}");
        assert!(!output.out.contains("MARK"), "{line}");
    }
    // Nor does a bad flag, a bad value or a word that is not a verb's place.
    for line in [
        "users --jwt",
        "users ls --jwt",
        "users ls -n jwt",
        "auth ls a jwt",
        "help jwt",
        "users 2fa jwt",
        "passwd a jwt",
        "--no-input auth jwt",
    ] {
        let output = output(&mut falling_back(&program.path(), line.split(' ')));
        assert_eq!((output.code, output.out.as_str()), (Some(2), ""), "{line}");
    }
}

#[test]
fn without_that_program_an_unknown_verb_is_a_usage_error() {
    for program in ["/nowhere/photoprism", env!("CARGO_BIN_EXE_photoprism")] {
        let output = output(&mut falling_back(Path::new(program), ["auth", "jwt"]));
        assert_eq!((output.code, output.out.as_str()), (Some(2), ""));
        assert!(output.err.contains("jwt"), "{}", output.err);
    }
}

#[test]
fn a_reader_that_has_seen_enough_gets_no_error() {
    let lines = ["--help", "users --help", "--version", "admin completions bash", "help users"];
    for line in lines {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = binary(line.split(' ')).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{line}");
    }
}

#[test]
fn itself_by_another_path_is_not_started() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("link");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_photoprism"), &link).unwrap();
    let second = directory.path().join("second");
    std::os::unix::fs::symlink(&link, &second).unwrap();
    for path in [Path::new(env!("CARGO_BIN_EXE_photoprism")), &link, &second, directory.path()] {
        let output = output(&mut falling_back(path, ["index"]));
        assert_eq!(output.code, Some(2), "{}", path.display());
        assert!(output.err.contains("index"), "{}", output.err);
    }
}

#[test]
fn a_program_that_cannot_be_started_is_said() {
    let program = Program::new();
    program.mode(0o644);
    let output = output(&mut falling_back(&program.path(), ["index"]));
    assert_eq!(output.code, Some(1));
    assert!(output.err.contains("PHOTOPRISM_FALLBACK"), "{}", output.err);
}
