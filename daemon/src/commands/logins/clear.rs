//! `logins.clear`.

use photoprism_protocol::logins::{self, ClearResult, LoginsClear};
use photoprism_protocol::name::UserName;

use super::address;
use crate::commands::find::refuse_nul;
use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Prepared, Runner};
use crate::error::CommandError;
use crate::limiter::{ClientIp, NameHash, Subject};
use crate::store::{
    Db, Tx, account_by_name, limits_delete, limits_delete_all, logins_clear, recorded_name,
};

/// The places are given back once the records are gone.
pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let app = runner.app;
    let mut lifted = None;
    let prepare = async |args| {
        let request = Clear::parse(&args)?;
        let asked = request.clone();
        lifted = Some(app.store.read(runner.time_left(), move |db| asked.lifted(db)).await?);
        // What is not yet written is among what is cleared.
        app.flush_logins(runner.time_left()).await?;
        app.flush_refusals(runner.time_left()).await?;
        let ip = request.client_ip.as_ref().map(ClientIp::as_str);
        app.gathered.forget(ip, request.name.as_deref());
        Ok(Prepared::new(request))
    };
    let args = runner.args::<LoginsClear>()?;
    let cleared = runner.write_after::<LoginsClear, _>(args, prepare, clear).await?;
    match lifted {
        // A replay.
        None => {}
        Some(Lifted::All) => app.limiter.clear_all(),
        Some(Lifted::Some(subjects)) => app.limiter.clear(&subjects),
    }
    Ok(cleared)
}

/// The checked arguments.
#[derive(Clone)]
struct Clear {
    name: Option<String>,
    client_ip: Option<ClientIp>,
}

/// Whose places `logins.clear` gives back, once it is committed.
enum Lifted {
    /// Everybody's.
    All,
    /// Those of these subjects.
    Some(Vec<Subject>),
}

impl Clear {
    fn parse(args: &logins::Clear) -> Result<Self, CommandError> {
        refuse_nul("name", args.name.as_deref())?;
        let client_ip = args.client_ip.as_deref().map(address).transpose()?;
        Ok(Self { name: args.name.clone(), client_ip })
    }

    /// Whose places go with it.
    fn lifted(&self, db: &Db) -> Result<Lifted, CommandError> {
        if self.name.is_none() && self.client_ip.is_none() {
            return Ok(Lifted::All);
        }
        let mut subjects = Vec::new();
        if let Some(name) = &self.name {
            match account_by_name(db, &UserName::lookup_form(name))? {
                Some(row) => subjects.extend(Subject::of_account(&row.uid)),
                None => subjects.push(Subject::Name(NameHash::of(name))),
            }
        }
        subjects.extend(self.client_ip.as_ref().map(|ip| Subject::Address(ip.network())));
        Ok(Lifted::Some(subjects))
    }
}

/// Clears records, with the places of the account and the address.
fn clear(tx: &Tx<'_>, request: &Request<Clear>) -> Result<Written<ClearResult>, CommandError> {
    let (name, ip) = (&request.args.name, request.args.client_ip.as_ref().map(ClientIp::as_str));
    let removed = logins_clear(tx, name.as_deref(), ip)?;
    match request.args.lifted(tx)? {
        Lifted::All => limits_delete_all(tx)?,
        Lifted::Some(subjects) => {
            let rows: Vec<_> =
                subjects.iter().map(|subject| (subject.kind(), subject.text())).collect();
            limits_delete(tx, &rows)?
        }
    };
    let target = name.as_deref().map(recorded_name).or_else(|| ip.map(Into::into));
    Written::new(target.unwrap_or_default(), &ClearResult { removed })
}
