//! The files of htpasswd: `name:hash` on each line.

use super::{MOST_ROW_BYTES, Object, ParsedRow, TextError, shorten, too_long_at};

pub(super) fn read<E: From<TextError>>(
    text: &str,
    each: &mut impl FnMut(ParsedRow) -> Result<(), E>,
) -> Result<(), E> {
    let mut object = Object::new();
    let lines = text.lines().zip(1..).map(|(line, number)| (line.trim(), number));
    for (line, number) in lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#')) {
        if line.len() > MOST_ROW_BYTES {
            return Err(too_long_at(number).into());
        }
        let (name, hash) = line.split_once(':').unwrap_or((line, ""));
        let row = check(hash).and_then(|()| {
            object.begin();
            object.text("name", name);
            object.text("password_hash", hash);
            object.row()
        });
        each(ParsedRow { line: number, name: shorten(name), row, may_be_cut: false })?;
    }
    Ok(())
}

/// What is wrong with a hash of another form: most files hold such of MD5, which htpasswd writes
/// unless it is asked for something else.
fn check(hash: &str) -> Result<(), TextError> {
    if ["$2a$", "$2b$", "$2y$", "$argon2"].iter().any(|begin| hash.starts_with(begin)) {
        return Ok(());
    }
    let what = match hash {
        "" => "there is no hash behind the name",
        _ if hash.starts_with("$apr1$") || hash.starts_with("$1$") => "the hash is one of MD5",
        _ if hash.starts_with("{SHA}") => "the hash is one of SHA-1",
        _ => "this is not a bcrypt hash",
    };
    Err(TextError::Invalid {
        field: "password_hash".into(),
        message: format!("{what}; give the account a new one with: htpasswd -B FILE NAME").into(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::all;
    use super::*;

    #[test]
    fn names_come_with_their_hashes() {
        let rows = all("# proxy\nbob:$2y$05$abc\n\n  eve:$2b$05$a:b\r\n").unwrap();
        let found: Vec<_> = rows
            .iter()
            .map(|found| (found.line, found.row.as_ref().unwrap()))
            .map(|(line, row)| {
                (line, row.name.as_str(), row.password_hash.as_ref().unwrap().expose())
            })
            .collect();
        assert_eq!(found, [(2, "bob", "$2y$05$abc"), (4, "eve", "$2b$05$a:b")]);
    }

    #[test]
    fn other_hashes_are_refused_by_their_names() {
        let text = "a:$apr1$x$y\nb:{SHA}xyz=\nc:rqXexS6ZhobKA\nd:\ne\n";
        let rows = all(text).unwrap();
        let parts = ["MD5", "SHA-1", "not a bcrypt", "no hash", "no hash"];
        for (row, part) in rows.iter().zip(parts) {
            let TextError::Invalid { message, .. } = row.row.as_ref().unwrap_err() else {
                panic!()
            };
            assert!(message.contains(part) && message.contains("htpasswd -B"), "{message}");
            assert!(!message.contains("xyz") && !message.contains("rqX"), "{message}");
        }
        assert_eq!(rows.len(), 5);
        let names: String = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, "abcde");
    }
}
