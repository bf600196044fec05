//! Sessions, app passwords and access tokens.

mod back;
mod column;
mod end;
mod ended;
mod expired;
mod find;
mod insert;
mod key;
mod last_use;
mod list;
mod merged;
mod notified;
mod notifying;
mod page;
mod pending;
mod prefix;
mod reload;
mod row;
mod token;
mod walk;
mod watch;

pub(super) use self::end::delete_all_sessions;
pub use self::end::{
    delete_session, end_all_sessions, end_sessions, end_sessions_of_all, sweep_sessions,
    trim_logins,
};
pub use self::ended::session_is_hidden;
pub(super) use self::ended::{hidden_sessions, kept_sessions, release_kept, release_restored};
pub(super) use self::find::app_passwords;
pub use self::find::{session_by_id, session_by_ref, session_with_account, sessions_of_client};
pub use self::insert::session_insert;
pub use self::key::{SessionKey, SessionSearch};
pub use self::last_use::{session_used_since, sessions_seen};
pub use self::notified::{
    ToForget, claim_to_forget, count_to_forget, mark_forgotten, sessions_to_forget,
};
pub use self::page::sessions_page;
pub use self::reload::{LivingOn, copy_to_reload, give_up_reloads, has_reloads, reload_sessions};
pub(super) use self::row::{CHECKED, checked_row};
pub use self::token::{token_insert, token_remove, tokens_left_behind};
pub use self::watch::{
    EndedState, begin_ended_anew, end_what_came_back, ended_ids, ended_state, forget_ended,
    move_ended,
};
#[cfg(test)]
pub(super) use self::{list::Sessions, page::page_within};
