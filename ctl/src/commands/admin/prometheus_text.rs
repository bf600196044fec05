//! Prometheus' text format 0.0.4.
//!
//! The daemon writes OpenMetrics, whose text differs little: the metadata of a counter or an info
//! has the name of the family and not that of its samples, there are infos and units, and an end.
//! A parser of the older format refuses the whole text for one of these.

/// The same figures in the older format.
pub(super) fn from_openmetrics(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let Some(metadata) = line.strip_prefix("# ") else {
            push(&mut out, &[line]);
            continue;
        };
        // `HELP name text`, or a `TYPE`, a `UNIT`, and the end.
        let (what, rest) = metadata.split_once(' ').unwrap_or_default();
        let (family, value) = rest.split_once(' ').unwrap_or_default();
        let (suffix, kind) = in_samples(text, family);
        match what {
            // Quotes are escaped in the newer format alone.
            "HELP" => {
                push(&mut out, &["# HELP ", family, suffix, " ", &value.replace("\\\"", "\"")]);
            }
            "TYPE" => push(&mut out, &["# TYPE ", family, suffix, " ", kind]),
            _ => {}
        }
    }
    out
}

fn push(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
    out.push('\n');
}

/// What the samples of a family have behind its name, and the older word for its type.
fn in_samples<'a>(text: &'a str, family: &str) -> (&'static str, &'a str) {
    let head = ["# TYPE ", family, " "].concat();
    match text.lines().find_map(|line| line.strip_prefix(head.as_str())) {
        Some("counter") => ("_total", "counter"),
        Some("info") => ("_info", "gauge"),
        None | Some("unknown") => ("", "untyped"),
        Some(kind) => ("", kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_have_the_names_of_samples() {
        let text = "# HELP a_build The \\\"daemon\\\" \\\\ x.\n# TYPE a_build info\n\
                    a_build_info{version=\"0.1.0\"} 1\n\
                    # HELP a_commits Commits.\n# TYPE a_commits counter\na_commits_total 4\n\
                    # HELP a_size_bytes Size.\n# TYPE a_size_bytes gauge\n# UNIT a_size_bytes bytes\n\
                    a_size_bytes{file=\"main\"} 4096\na_size_bytes{file=\"wal\"} 0\n\
                    # TYPE a unknown\na 1\n# EOF\n";
        let expected = "# HELP a_build_info The \"daemon\" \\\\ x.\n# TYPE a_build_info gauge\n\
                        a_build_info{version=\"0.1.0\"} 1\n\
                        # HELP a_commits_total Commits.\n# TYPE a_commits_total counter\n\
                        a_commits_total 4\n\
                        # HELP a_size_bytes Size.\n# TYPE a_size_bytes gauge\n\
                        a_size_bytes{file=\"main\"} 4096\na_size_bytes{file=\"wal\"} 0\n\
                        # TYPE a untyped\na 1\n";
        assert_eq!(from_openmetrics(text), expected);
    }
}
