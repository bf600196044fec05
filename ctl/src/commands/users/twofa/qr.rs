//! A QR code (ISO/IEC 18004) in half blocks: two modules a character.

use photoprism_protocol::secret::Secret;
use qrcodegen::{QrCode, QrCodeEcc};
use zeroize::Zeroizing;

use crate::error::CliError;

/// Light modules around the code, as the standard has it.
const QUIET: i32 = 4;

/// Black behind white, whatever the terminal's own colours are: light modules are what is drawn.
const COLOURS: (&str, &str) = ("\u{1b}[40;97m", "\u{1b}[0m");

/// The lines of the code, light modules drawn, as on a dark screen.
///
/// # Errors
/// [`CliError::BadReply`] where the text is too long for a code.
pub(super) fn draw(text: &Secret, colours: bool) -> Result<Zeroizing<String>, CliError> {
    let code = QrCode::encode_text(text.expose(), QrCodeEcc::Low)
        .map_err(|_| CliError::BadReply("the daemon's URL is too long for a QR code".into()))?;
    let range = -QUIET..code.size() + QUIET;
    let (begin, end) = if colours { COLOURS } else { ("", "") };
    // At most 177 and the quiet zone, three bytes a character: it never grows.
    let mut lines = Zeroizing::new(String::with_capacity(64 * 1024));
    for y in range.clone().step_by(2) {
        lines.push_str(begin);
        lines
            .extend(range.clone().map(|x| half_blocks(light(&code, x, y), light(&code, x, y + 1))));
        lines.push_str(end);
        lines.push('\n');
    }
    Ok(lines)
}

/// Also around the code, save below the last line.
fn light(code: &QrCode, x: i32, y: i32) -> bool {
    y < code.size() + QUIET && !code.get_module(x, y)
}

fn half_blocks(upper: bool, lower: bool) -> char {
    match (upper, lower) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "otpauth://totp/PhotoPrism:bob?algorithm=SHA1&digits=6&issuer=PhotoPrism\
                       &period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    /// The modules that a drawing shows, dark ones true.
    fn read(drawing: &str) -> Vec<Vec<bool>> {
        let mut rows = vec![];
        for line in drawing.lines() {
            rows.push(line.chars().map(|c| !matches!(c, '█' | '▀')).collect());
            rows.push(line.chars().map(|c| !matches!(c, '█' | '▄')).collect());
        }
        rows
    }

    #[test]
    fn a_drawing_shows_every_module_and_a_quiet_zone() {
        let secret = Secret::new(URL.into());
        let code = QrCode::encode_text(URL, QrCodeEcc::Low).unwrap();
        let drawing = draw(&secret, false).unwrap();
        let rows = read(&drawing);
        let around = code.size() + 2 * QUIET;
        assert!(rows.iter().all(|row| row.len() == usize::try_from(around).unwrap()));
        for (y, row) in (-QUIET..code.size() + QUIET).zip(&rows) {
            for (x, dark) in (-QUIET..).zip(row) {
                assert_eq!(*dark, code.get_module(x, y), "{x} {y}");
            }
        }
        assert!(rows[..4].iter().flatten().all(|dark| !dark));
    }

    #[test]
    fn colours_are_put_back_on_every_line() {
        let drawing = draw(&Secret::new(URL.into()), true).unwrap();
        assert!(
            drawing.lines().all(|line| line.starts_with(COLOURS.0) && line.ends_with(COLOURS.1))
        );
        assert!(draw(&Secret::new("x".repeat(3000)), true).is_err());
    }
}
