//! `photoprism-gate serve`: answers what a proxy asks before it lets a request through. The modules
//! in the order in which a request meets them.

mod settings;

mod accept;
mod listener;
mod stop;
mod unix_socket;

mod connection;
mod head;
mod stream;

mod authorization;
mod forwarded;
mod query;
mod route;

mod decide;
mod introspect;
mod response;

use std::io::{self, Write};
use std::process::ExitCode;

use sd_notify::NotifyState;

use self::decide::Style;
use self::introspect::Introspection;
use self::listener::Listener;
use self::route::Gate;
use self::settings::ServeSettings;
use self::stop::Stop;
use self::unix_socket::Rights;
use super::cli::ServeFlags;
use super::daemon::Daemon;
use super::error::GateError;
use super::log::Log;

pub(super) fn run(flags: ServeFlags) -> Result<ExitCode, GateError> {
    let check = flags.check;
    let (settings, report) = settings::read(flags)?;
    let group = settings.group.as_deref().map(unix_socket::group).transpose()?;
    if check {
        return match io::stdout().write_all(report.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(GateError::Failed(format!("cannot write: {error}")))
            }
            _ => Ok(ExitCode::SUCCESS),
        };
    }
    let failed = |error: io::Error| GateError::Failed(error.to_string());
    let stop = Stop::install().map_err(failed)?;
    let log = Log::start().map_err(failed)?;
    let rights = Rights { mode: settings.mode, group };
    let listeners = Listener::open_all(&settings.places, &rights)?;
    let most = settings.max_connections;
    log.plain(&ready(&listeners, &settings));
    // Where systemd does not wait for it there is nobody to notify.
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    accept::run(gate(settings, log.clone()), stop, listeners, most).map_err(failed)?;
    log.info("stopped");
    log.finish();
    Ok(ExitCode::SUCCESS)
}

/// Other programs wait for this line.
fn ready(listeners: &[Listener], settings: &ServeSettings) -> String {
    let listen: Vec<_> = listeners.iter().map(ToString::to_string).collect();
    let socket = settings.common.auth_socket.display();
    format!("ready: listen={} auth-socket={socket}", listen.join(","))
}

fn gate(settings: ServeSettings, log: Log) -> Gate {
    Gate {
        daemon: Daemon::new(settings.common.auth_socket),
        log,
        trust: settings.trust,
        scope: settings.common.scope,
        style: Style {
            realm: settings.common.realm,
            ok: settings.ok,
            limited_status: settings.limited_status,
        },
        introspection: settings.introspect_secret.map(Introspection::new),
    }
}
