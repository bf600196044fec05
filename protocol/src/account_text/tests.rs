use super::*;

fn names(text: &str) -> Vec<(u64, String)> {
    let rows = all(text).unwrap();
    rows.into_iter().map(|found| (found.line, found.row.unwrap().name)).collect()
}

fn fault(text: &str) -> TextError {
    match all(text) {
        Err(error) => error,
        Ok(rows) => rows.into_iter().find_map(|found| found.row.err()).expect(text),
    }
}

fn message(error: &TextError) -> &str {
    match error {
        TextError::Invalid { message, .. } => message,
        TextError::Args(fault) => panic!("{fault:?}"),
    }
}

#[test]
fn the_three_formats_are_distinguished() {
    let two = vec![(1, "bob".into()), (3, "eve".into())];
    assert_eq!(names("{\"name\":\"bob\"}\n\n{\"name\":\"eve\"}\n"), two);
    assert_eq!(
        names("\u{feff}name;role\r\nbob;user\r\neve;\r\n"),
        [(2, "bob".into()), (3, "eve".into())]
    );
    assert_eq!(names("name\nbob\n"), [(2, "bob".into())]);
    let toml = "# who\n[[account]]\nname = \"bob\"\n\n[[account]]\nname = 'eve'\n";
    assert_eq!(names(toml), [(2, "bob".into()), (5, "eve".into())]);
    assert_eq!(names("account = [{ name = \"bob\" }]"), [(1, "bob".into())]);
    assert_eq!(names(" \n"), []);
    assert!(message(&fault("SQLite format 3\0\u{1}")).contains("index.db"));
}

#[test]
fn bad_rows_are_reported_in_their_place_and_the_others_are_read() {
    let rows = all("{\"name\":\"bob\"}\n[1]\n{\"nam\":\"x\"}\n{\"name\":1}\n{\"name\":\"eve\"}");
    let rows = rows.unwrap();
    let good: Vec<bool> = rows.iter().map(|found| found.row.is_ok()).collect();
    assert_eq!(good, [true, false, false, false, true]);
    assert!(matches!(&rows[2].row, Err(TextError::Args(_))));
}

#[test]
fn a_day_means_its_beginning() {
    for (text, expected) in [
        ("2027-01-31", "2027-01-31T00:00:00Z"),
        ("never", "never"),
        ("27-01-31", "27-01-31"),
        ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z"),
        ("2027-1a-31", "2027-1a-31"),
    ] {
        assert_eq!(whole_day(text.into()), expected);
    }
}

#[test]
fn a_row_has_an_end() {
    let room = MOST_ROW_BYTES - 100;
    let row = |length: usize| {
        let name = "x".repeat(length);
        [
            format!("{{\"name\":\"{name}\"}}\n"),
            format!("name\n{name}\n"),
            format!("name\n\"{name}\"\n"),
            format!("[[account]]\nname = '{name}'\n"),
            format!("account = [{{ name = '{name}' }}]\n"),
        ]
    };
    for text in row(room) {
        assert_eq!(names(&text)[0].1.len(), room, "{}", &text[..20]);
    }
    for text in row(MOST_ROW_BYTES + 1) {
        assert!(message(&fault(&text)).contains("64 KiB"), "{}", &text[..20]);
    }
}

#[test]
fn a_row_that_is_too_long_is_reported_with_its_line() {
    let long = "x".repeat(MOST_ROW_BYTES);
    let unclosed = format!("name;attr\nbob;\"a\nb\"\neve;\"{long}\n");
    for (text, expected) in [
        (unclosed, "line 4: an account has at most 64 KiB"),
        (format!("name;{long}x\nbob;\n"), "line 1: an account has"),
        (
            format!("[[account]]\nname = 'bob'\n\n# who\n[[account]]\nname = '{long}'\n"),
            "line 5: an account has at most 64 KiB",
        ),
        (format!("[[account]]\n{}name = 'bob'\n", "# who\n".repeat(11_000)), "with its comments"),
        (
            format!("\naccount = [\n{}]\n", "  { name = 'bob' },\n".repeat(4_000)),
            "line 2: a list of accounts has at most 64 KiB; give each account a table of its own, \
             [[account]]",
        ),
    ] {
        let error = all(&text).unwrap_err();
        assert!(message(&error).contains(expected), "{}", message(&error));
    }
    let short = "account = [\n  { name = 'bob' },\n]\n[[account]]\n";
    assert!(message(&fault(short)).contains("line 4 is not TOML"));
}

#[test]
fn the_buffer_of_a_row_never_grows() {
    // A byte of a cell or of a column's name takes six in JSON at the worst.
    let worst = "\u{1}".repeat(MOST_ROW_BYTES / 64 - 1);
    let line = vec![worst.as_str(); 64].join(";") + "\n";
    let text = line.repeat(2);
    let mut records = separated::Records::new(&text);
    records.next().unwrap();
    let columns: Vec<String> = records.cells().map(str::to_owned).collect();
    let mut object = Object::new();
    let before = object.0.as_ptr();
    records.next().unwrap();
    separated::cells(&mut object, &columns, &records).unwrap();
    assert!(object.0.len() > 11 * MOST_ROW_BYTES, "{}", object.0.len());
    assert!(object.row().is_err());
    assert_eq!(object.0.as_ptr(), before, "what it held before was not zeroed");
}

#[test]
fn reading_ends_where_the_callback_fails() {
    let texts = ["{}\n".repeat(9), format!("name\n{}", "a\n".repeat(9)), "[[account]]\n".repeat(9)];
    for text in texts {
        let mut seen = 0;
        let ended = read(&text, |_| {
            seen += 1;
            if seen < 3 { Ok(()) } else { Err(broken("enough")) }
        });
        assert_eq!((ended, seen), (Err(broken("enough")), 3), "{text}");
    }
}

#[test]
fn a_row_that_is_refused_has_its_name() {
    let long = "x".repeat(300);
    for (text, name) in [
        ("{\"name\":\"tom\",\"colour\":\"red\"}\n", "tom"),
        ("{\"name\":\"tom\",\"role\":1}\n", "tom"),
        ("{\"role\":1,\"name\":\"T om\"}\n", "T om"),
        ("{\"name\":\"tom\",\"name\":\"tim\"}\n", ""),
        ("{\"name\":1}\n", ""),
        ("{\"attr\":\"name\"}\n", ""),
        ("{\"name\":\"tom\"\n", ""),
        ("name;webdav\ntom;perhaps\n", "tom"),
        ("colour;name\nred;\"T\"\"om\"\n", "T\"om"),
        ("[[account]]\nname = 'tom'\nroles = ['user']\n", "tom"),
        ("[[account]]\nname = 'tom'\ncolour = 'red'\n", "tom"),
        ("[[account]]\nname = 1\n", ""),
        (&format!("name;colour\n{long};red\n"), &long[..200]),
    ] {
        let rows = all(text).unwrap();
        assert!(rows.len() == 1 && rows[0].row.is_err(), "{text}: {rows:?}");
        assert_eq!(rows[0].name, name, "{text}");
    }
    let rows = all("name;role\n T om;user\n").unwrap();
    assert!(rows[0].row.is_ok() && rows[0].name == " T om", "{rows:?}");
}
