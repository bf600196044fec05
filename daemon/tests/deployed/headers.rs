//! The program headers of every release binary: nothing that is written can be executed, what the
//! loader relocates is read-only afterwards, and the binary can be loaded anywhere.

use std::path::Path;
use std::process::Command;

use super::built::{ARM64, TARGET, binaries_for, release_binaries, target_directory};
use super::shell::{run, works};
use super::skipped;

/// What is wrong with a binary, by what `readelf` prints of its headers.
fn faults(headers: &str) -> Vec<String> {
    let segments: Vec<Vec<&str>> =
        headers.lines().map(|line| line.split_whitespace().collect()).collect();
    let flags = |segment: &[&str]| segment[6..segment.len() - 1].concat();
    let of = |kind: &str| segments.iter().find(|words| words.first() == Some(&kind));
    let mut faults = Vec::new();
    for segment in segments.iter().filter(|words| words.first() == Some(&"LOAD")) {
        let flags = flags(segment);
        if flags.contains('W') && flags.contains('E') {
            faults.push(format!("a segment is {flags}"));
        }
    }
    if of("GNU_RELRO").is_none() {
        faults.push("no RELRO".into());
    }
    if of("GNU_STACK").is_none_or(|segment| flags(segment).contains('E')) {
        faults.push("an executable stack".into());
    }
    if !headers.contains("Elf file type is DYN") {
        faults.push("not position-independent".into());
    }
    faults
}

fn headers(binary: &Path) -> String {
    let done = run(Command::new("readelf").arg("-lW").arg(binary));
    assert_eq!(done.code, Some(0), "{}", done.text);
    done.text
}

#[test]
fn no_release_binary_can_be_written_and_executed() {
    if !works("readelf --version") {
        return skipped("no readelf here");
    }
    let dynamic = release_binaries(target_directory().join("release"));
    for directory in [dynamic, binaries_for(TARGET), binaries_for(ARM64)] {
        match directory {
            Err(why) => skipped(&why),
            Ok(directory) => {
                for name in ["photoprism", "photoprismd", "photoprism-gate"] {
                    let binary = directory.join(name);
                    let found = faults(&headers(&binary));
                    assert!(found.is_empty(), "{}: {found:?}", binary.display());
                }
            }
        }
    }
}

#[test]
fn each_fault_of_a_binary_is_found() {
    let good = "Elf file type is DYN (Position-Independent Executable file)
  LOAD           0x02e580 0x000000000002f580 0x000000000002f580 0x0da950 0x0da950 R E 0x1000
  LOAD           0x108ed0 0x000000000010aed0 0x000000000010aed0 0x005968 0x006130 RW  0x1000
  GNU_RELRO      0x108ed0 0x000000000010aed0 0x000000000010aed0 0x005968 0x006130 R   0x1
  GNU_STACK      0x000000 0x0000000000000000 0x0000000000000000 0x000000 0x000000 RW  0\n";
    assert!(faults(good).is_empty(), "{:?}", faults(good));
    for (from, to, fault) in [
        ("R E 0x1000", "RWE 0x1000", "a segment is RWE"),
        ("GNU_RELRO", "NOTE", "no RELRO"),
        ("RW  0\n", "RWE 0\n", "an executable stack"),
        ("GNU_STACK", "NOTE", "an executable stack"),
        ("is DYN", "is EXEC", "not position-independent"),
    ] {
        assert_eq!(faults(&good.replace(from, to)), [fault]);
    }
}
