//! Checks of the running PhotoPrism that is notified of ended sessions: what answers there, and
//! whether a session that is ended there is refused.

use std::time::Duration;

use photoprism_protocol::doctor::Check;

use crate::clock::Stopwatch;
use crate::commands::app::{App, PhotoPrismCheck};
use crate::notify::{Notifier, Token};
use crate::photoprism::{Deletion, OwnSession, Presence};

/// The name of the row.
const NAME: &str = "photoprism";

/// How long a result is shown again. Each check has one request refused, which PhotoPrism counts
/// against the daemon's address.
const SHOWN: Duration = Duration::from_mins(2);

/// Rows about PhotoPrism; none where its address is not set.
pub(super) async fn checks(app: &App, pending: u64) -> Vec<Check> {
    let Some(notifier) = &app.notifier else {
        return app.address_unused.then(unused).into_iter().collect();
    };
    let mut checks = vec![check_seldom(notifier, &app.photoprism_check).await];
    let address = notifier.photoprism().address();
    if !address.is_local() {
        let text = format!("the daemon's token travels to {address} in clear text");
        checks.push(Check::ok("photoprism's network", text));
    }
    checks.push(Check::from_advice(
        "sessions to end in photoprism",
        pending.to_string(),
        (pending > 0).then(|| {
            "PhotoPrism may still honour them, and is notified again soon; see in the log why it \
             was not, or restart PhotoPrism"
                .into()
        }),
    ));
    checks
}

/// The daemon's own token would be an app password.
fn unused() -> Check {
    Check::bad(
        NAME,
        "app passwords are disabled, so PhotoPrism is not notified of sessions that end",
        "leave --photoprism-url out, or app-passwords out of PHOTOPRISM_DISABLE_FEATURES here and \
         in PhotoPrism",
    )
}

async fn check_seldom(notifier: &Notifier, last: &PhotoPrismCheck) -> Check {
    let mut last = last.0.lock().await;
    if let Some((since, check)) = &*last
        && since.elapsed() < SHOWN
    {
        return check.clone();
    }
    match presence(notifier).await {
        Ok(()) => {
            let check = round_trip(notifier).await;
            *last = Some((Stopwatch::start(), check.clone()));
            check
        }
        Err(check) => check,
    }
}

/// What answers at the address.
async fn presence(notifier: &Notifier) -> Result<(), Check> {
    let address = notifier.photoprism().address();
    let (found, advice) = match notifier.photoprism().presence().await {
        Ok(Presence::PhotoPrism) => return Ok(()),
        Ok(Presence::Tls) => (
            format!("{address} answers with TLS"),
            "set PHOTOPRISM_DISABLE_TLS=\"true\" and let a proxy do TLS, so that PhotoPrism answers \
             without it on its own port",
        ),
        Ok(Presence::Other(status)) => (
            format!("{address} is not PhotoPrism: it answers {status} at /api/v1/status"),
            "name the address of PhotoPrism itself, with its base path, in --photoprism-url",
        ),
        Err(error) => (
            format!("{address}: {error}"),
            "start PhotoPrism, or correct --photoprism-url; in containers both need one network",
        ),
    };
    Err(Check::bad(NAME, found, advice))
}

/// Ends a session of the daemon's own as it ends those of others.
async fn round_trip(notifier: &Notifier) -> Check {
    let (Ok(Some(by)), Ok(Some(other))) =
        (notifier.create_token().await, notifier.create_token().await)
    else {
        return Check::bad(
            NAME,
            "no super admin may log in, in whose name sessions could be ended there",
            "let one log in: photoprism users mod --superadmin --can-login NAME",
        );
    };
    let found = end_other(notifier, &by, &other).await;
    notifier.remove_token(other.id).await;
    notifier.end_token(by).await;
    let address = notifier.photoprism().address();
    match found {
        Ok(()) => Check::ok(NAME, format!("{address} refuses a session once it is ended here")),
        Err(why) => Check::bad(
            NAME,
            format!("{address}: {why}"),
            "see that it is the PhotoPrism of this database, not in public mode, and of a version \
             that has DELETE /api/v1/sessions",
        ),
    }
}

async fn end_other(notifier: &Notifier, by: &Token, other: &Token) -> Result<(), String> {
    let photoprism = notifier.photoprism();
    let ask = async || photoprism.own_session(&other.secret).await.map_err(|e| e.to_string());
    match ask().await? {
        OwnSession::Accepted => {}
        OwnSession::Refused => return Err("it does not accept a session of this database".into()),
        OwnSession::Other(status) => return Err(format!("it answered {status} to a session")),
    }
    match photoprism.delete_session(&other.ref_id, &other.id, &by.secret).await {
        Deletion::Done => {}
        Deletion::TokenRefused(status) => {
            return Err(format!("it answered {status} to the daemon's token"));
        }
        Deletion::Failed(why) | Deletion::Unanswered(why) => return Err(why),
    }
    match ask().await? {
        OwnSession::Refused => Ok(()),
        OwnSession::Accepted => Err("it still accepts a session that was ended".into()),
        OwnSession::Other(status) => Err(format!("it answered {status} to a session")),
    }
}
