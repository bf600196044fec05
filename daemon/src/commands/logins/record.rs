//! `logins.record`.

use photoprism_protocol::client_text::{DEFAULT_REALM, check_realm};
use photoprism_protocol::logins::{self, LoginsRecord, RecordResult};

use super::address;
use crate::commands::find::refuse_nul;
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::limiter::ClientIp;
use crate::model::WithEffects;
use crate::store::{Attempt, AttemptStatus, Tx, login_record};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let request = Record::parse(runner.args::<LoginsRecord>()?)?;
    let failed = (!request.args.ok).then(|| (request.client_ip.clone(), request.args.name.clone()));
    let recorded = runner.write_unaudited::<LoginsRecord, _>(request, record).await?;
    if let Some((client_ip, name)) = failed {
        runner.app.gathered.close(client_ip.as_str(), &name);
    }
    Ok(recorded)
}

/// The checked arguments.
struct Record {
    client_ip: ClientIp,
    args: logins::Record,
}

impl Record {
    fn parse(args: logins::Record) -> Result<Self, CommandError> {
        let client_ip = address(&args.client_ip)?;
        refuse_nul("name", Some(&args.name))?;
        if let Some(realm) = &args.realm {
            check_realm(realm).map_err(|rule| CommandError::invalid("realm", &rule))?;
        }
        refuse_nul("error", args.error.as_deref())?;
        if args.ok && args.error.is_some() {
            return Err(CommandError::broken("error", "an attempt that succeeded has no error"));
        }
        refuse_nul("user_agent", args.user_agent.as_deref())?;
        Ok(Self { client_ip, args })
    }
}

/// Records an attempt that another program checked: it neither counts as a failure nor makes its
/// address trusted.
fn record(
    tx: &Tx<'_>,
    request: &Request<Record>,
) -> Result<WithEffects<Reply<RecordResult>>, CommandError> {
    let Record { client_ip, args } = &request.args;
    let error = args.error.as_deref().unwrap_or("");
    let status =
        if args.ok { AttemptStatus::Ok } else { AttemptStatus::Failed { reason: "failed", error } };
    login_record(
        tx,
        &Attempt {
            client_ip: client_ip.as_str(),
            name: &args.name,
            realm: args.realm.as_deref().unwrap_or(DEFAULT_REALM),
            status,
            user_agent: args.user_agent.as_deref().unwrap_or(""),
            banned: false,
            now: request.context.now,
        },
    )?;
    let value = Reply::new(&RecordResult { recorded: true })?;
    Ok(WithEffects { value, effects: Vec::new() })
}
