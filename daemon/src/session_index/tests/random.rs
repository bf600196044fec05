//! Commits in any order while an index is filled: it answers as the database does at any time, and
//! ends up as one that is filled from the same database at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use super::*;
use crate::model::{Edition, Owner, Token, introspect};

/// Random numbers that are the same in each run (xorshift64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).unwrap()
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.below(of.len())].clone())
    }
}

/// The rows, the index that is filled from them, and every id that there ever was.
struct World {
    numbers: Numbers,
    sessions: BTreeMap<i64, Session>,
    accounts: BTreeMap<i64, Account>,
    ids: BTreeSet<String>,
    index: SessionIndex,
    now: i64,
}

fn is_child(session: &Session) -> bool {
    (&*session.provider, &*session.method) == ("application", "session")
}

fn is_app_password(session: &Session) -> bool {
    (&*session.provider, &*session.method) == ("application", "default")
}

fn page<T: Clone>(rows: &BTreeMap<i64, T>, after: i64, most: usize) -> (Vec<T>, Option<i64>) {
    let later = rows.range((Bound::Excluded(after), Bound::Unbounded)).take(most);
    let (numbers, rows): (Vec<i64>, Vec<T>) = later.map(|(at, row)| (*at, row.clone())).unzip();
    (rows, numbers.last().copied().filter(|_| numbers.len() == most))
}

impl World {
    fn new(seed: u64) -> Self {
        let (sessions, accounts, ids) = Default::default();
        let numbers = Numbers(seed * 0x9e37_79b9 + 1);
        let mut world =
            Self { numbers, sessions, accounts, ids, index: SessionIndex::to_fill(), now: NOW };
        for _ in 0..world.numbers.below(4) {
            world.change_account();
        }
        for _ in 0..world.numbers.below(40) {
            let session = world.new_session();
            world.insert(session);
        }
        world
    }

    fn uid(&mut self) -> String {
        format!("uid{}", self.numbers.below(5))
    }

    fn new_session(&mut self) -> Session {
        let bytes: Vec<u8> = (0..4).flat_map(|_| self.numbers.next().to_le_bytes()).collect();
        let id = data_encoding::HEXLOWER.encode(&bytes);
        let kinds = [
            ("local", "default"),
            ("application", "default"),
            ("application", "session"),
            ("access_token", "oauth2"),
        ];
        let (provider, method) = kinds[self.numbers.below(4)];
        let known: Vec<String> = self.ids.iter().cloned().collect();
        let session = Session {
            ref_id: format!("sess{}", self.ids.len()),
            user_uid: if provider == "access_token" { String::new() } else { self.uid() },
            provider: provider.into(),
            method: method.into(),
            client_name: self.numbers.one(&["", "Phone", "TV"]).unwrap().into(),
            scope: self.numbers.one(&["", "*", "dav", &"s".repeat(300)]).unwrap().into(),
            // Created from one that there is, that there was, or from itself.
            auth_id: self.numbers.one(&known).unwrap_or_else(|| id.clone()),
            expires: self.numbers.one(&[0, NOW + 50, NOW + 5000]).unwrap(),
            timeout: self.numbers.one(&[0, 40]).unwrap(),
            created_at: jiff::Timestamp::from_second(self.now).ok(),
            id: id.clone(),
            ..Session::default()
        };
        self.ids.insert(id);
        session
    }

    fn change_account(&mut self) -> Account {
        let number = self.numbers.below(5);
        let provider = self.numbers.one(&["local", "local", "none"]).unwrap();
        let account = Account {
            can_login: self.numbers.below(3) > 0,
            webdav: self.numbers.below(2) > 0,
            name: format!("name{}", self.numbers.below(3)),
            role: Role::from_stored(self.numbers.one(&["user", "guest", "x"]).unwrap().into()),
            provider: Provider::from_stored(provider.into()),
            uid: format!("uid{number}"),
            ..Account::default()
        };
        self.accounts.insert(i64::try_from(number).unwrap(), account.clone());
        account
    }

    /// The row id of the next session: that of a row that is gone may come again.
    fn insert(&mut self, session: Session) {
        let number = self.sessions.last_key_value().map_or(1, |(last, _)| last + 1);
        self.sessions.insert(number, session);
    }

    fn session(&self, id: &str) -> Option<&Session> {
        self.sessions.values().find(|row| row.id == id)
    }

    fn account(&self, uid: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.uid == uid)
    }

    /// A step as the daemon makes it: reads and adds with no commit in between.
    fn step(&self, index: &SessionIndex, most: usize) {
        match index.place() {
            None => {}
            Some(Place::Sessions { after }) => {
                let (rows, next) = page(&self.sessions, after, most);
                index.add_sessions(&rows, next);
            }
            Some(Place::Accounts { after }) => {
                let (rows, next) = page(&self.accounts, after, most);
                index.add_accounts(&rows, next);
            }
        }
    }

    /// One commit, or something else that may come between two steps.
    fn act(&mut self) {
        match self.numbers.below(20) {
            0..=5 => {
                let row = self.new_session();
                let account = self.account(&row.user_uid).cloned().map(Box::new);
                self.insert(row.clone());
                self.index.apply(Effect::SessionCreated(Box::new(row), account));
            }
            6..=8 => self.end_one(),
            9 => {
                let uid = self.uid();
                let all = self.numbers.below(2) == 0;
                self.sessions
                    .retain(|_, row| row.user_uid != uid || (!all && is_app_password(row)));
                self.index.apply(Effect::SessionsEnded { uid, all });
            }
            10..=12 => {
                let account = self.change_account();
                self.index.apply(Effect::AccountChanged(Box::new(account)));
            }
            13 if self.numbers.below(5) == 0 => self.end_everything(),
            14..=16 => self.use_some(),
            17 => self.flush(),
            18 => self.now += 7,
            _ => {}
        }
    }

    fn end_one(&mut self) {
        let known: Vec<String> = self.sessions.values().map(|row| row.id.clone()).collect();
        let Some(ended) = self.numbers.one(&known) else { return };
        self.sessions.retain(|_, row| row.id != ended && !(is_child(row) && row.auth_id == ended));
        self.index.apply(Effect::SessionEnded { id: ended });
    }

    fn end_everything(&mut self) {
        self.sessions.clear();
        if self.numbers.below(2) == 0 {
            self.index.apply(Effect::EverySessionEnded);
            return;
        }
        for _ in 0..self.numbers.below(30) {
            let session = self.new_session();
            self.insert(session);
        }
        self.change_account();
        self.index.apply(Effect::EverySessionReplaced);
    }

    /// What a check by the rows answers.
    fn check(&self, id: &str, question: &Question) -> Introspection {
        let inactive = Introspection::Inactive { active: false };
        let Some(row) = self.session(id) else { return inactive };
        let used = self.index.uses().last_use(&parse_id(id).unwrap()).unwrap_or(0);
        let row = Session { last_active: row.last_active.max(used), ..row.clone() };
        let owner = self.account(&row.user_uid).map(|account| Owner::new(account, Edition::Full));
        introspect(&Token::from(&row), owner.as_ref(), question, self.now)
            .map_or(inactive, |active| Introspection::Active(Box::new(active)))
    }

    /// Checks some tokens as `auth.verify` does; each answer must be that of the rows.
    fn use_some(&mut self) {
        let known: Vec<String> = self.ids.iter().cloned().collect();
        for _ in 0..3 {
            let Some(id) = self.numbers.one(&known) else { return };
            let question = Question::default();
            let expected = self.check(&id, &question);
            let number = parse_id(&id).unwrap();
            match self.index.verify(&number, &question, self.now) {
                Some(known) => assert_eq!(known, expected),
                None if matches!(expected, Introspection::Active(_)) => {
                    self.index.note(&number, question.client_ip.as_deref(), self.now);
                }
                None => {}
            }
        }
    }

    fn flush(&mut self) {
        let uses = self.index.uses().oldest(usize::MAX);
        for used in &uses {
            if let Some(row) = self.sessions.values_mut().find(|row| row.id == used.id) {
                row.last_active = row.last_active.max(used.last_active);
            }
        }
        self.index.uses().mark_flushed(&uses);
    }

    /// The index, full now, and another one that is filled at once answer alike.
    fn compare(&mut self) {
        while self.index.place().is_some() {
            self.step(&self.index, 5);
        }
        self.flush();
        let fresh = SessionIndex::to_fill();
        while fresh.place().is_some() {
            self.step(&fresh, usize::MAX);
        }
        assert_eq!(self.index.inner().sessions().counts(), fresh.inner().sessions().counts());
        let name = |name: &str| Question { name: Some(name.into()), ..Question::default() };
        let webdav = Question { scope: vec!["webdav".into()], ..Question::default() };
        for question in [Question::default(), name("name1"), webdav] {
            let answers: HashMap<&String, _> = self
                .ids
                .iter()
                .map(|id| (id, self.index.verify(&parse_id(id).unwrap(), &question, self.now)))
                .collect();
            for (id, answer) in answers {
                let expected = fresh.verify(&parse_id(id).unwrap(), &question, self.now);
                assert_eq!(answer, expected, "{id}");
                assert!(answer.is_none_or(|answer| answer == self.check(id, &question)), "{id}");
            }
        }
    }
}

#[test]
fn an_index_that_is_filled_while_commits_go_on_ends_up_as_one_that_is_filled_at_once() {
    for seed in 1..=400 {
        let mut world = World::new(seed);
        let steps = world.numbers.below(12);
        for _ in 0..steps {
            for _ in 0..world.numbers.below(12) {
                world.act();
            }
            let most = 1 + world.numbers.below(6);
            world.step(&world.index, most);
        }
        world.compare();
        // What it is linked by is right as well: later ends find whom they concern.
        for _ in 0..30 {
            world.act();
        }
        world.compare();
    }
}
