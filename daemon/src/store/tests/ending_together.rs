//! Ending the sessions of some accounts together is ending those of each.

use std::collections::BTreeMap;

use super::ending::{
    NOW, app, child, entries, id, insert, photoprism_db, rows, session, write_back,
};
use crate::model::Effect;
use crate::store::db::{Db, Tx};
use crate::store::testing::own;
use crate::store::{delete_session, end_all_sessions, end_sessions_of_all};

const UIDS: [&str; 4] = ["u1", "u2", "u3", "nobody"];

/// Sessions that PhotoPrism may hold and others, one that came back, and somebody else's.
fn fill(db: &Db) {
    let back = session(5, "u2", NOW);
    insert(
        db,
        &[
            session(1, "u1", NOW),
            session(2, "u1", 0),
            app(3, "u1", NOW),
            child(4, 3, "u1"),
            back.clone(),
            session(6, "u2", NOW),
            session(7, "u4", NOW),
        ],
    );
    delete_session(&Tx::new(db), &id(5), NOW - 10).unwrap();
    if db.columns.keeps_ended() {
        write_back(db, &back);
    }
}

/// The ids in the effects, and how many sessions came back.
fn meant(effects: &[Effect]) -> (Vec<&String>, usize) {
    let ids = effects.iter().filter_map(|effect| match effect {
        Effect::IdsEnded(ids) => Some(ids),
        _ => None,
    });
    let mut ids: Vec<&String> = ids.flatten().collect();
    ids.sort();
    (ids, effects.iter().filter(|effect| matches!(effect, Effect::CameBack(_))).count())
}

#[test]
fn together_they_end_as_one_by_one() {
    for make in [photoprism_db, own] {
        let [(_one, each), (_other, together)] = [make(), make()];
        fill(&each);
        fill(&together);
        let tx = Tx::new(&each);
        let one_by_one: BTreeMap<String, u64> = UIDS
            .iter()
            .map(|uid| (uid.to_string(), end_all_sessions(&tx, uid, NOW).unwrap()))
            .filter(|(_, ended)| *ended > 0)
            .collect();
        assert_eq!(one_by_one, BTreeMap::from([("u1".into(), 4), ("u2".into(), 1)]));
        let of_all = Tx::new(&together);
        assert_eq!(end_sessions_of_all(&of_all, &UIDS, NOW).unwrap(), one_by_one);
        assert_eq!((rows(&together), rows(&each)), (1, 1));
        if each.columns.keeps_ended() {
            assert_eq!(entries(&together), entries(&each));
            assert_eq!(entries(&each), [1, 3, 4, 5, 6]);
        }
        let [one, other] = [of_all.take_effects(), tx.take_effects()];
        assert_eq!(meant(&one), meant(&other));
        assert_eq!(end_sessions_of_all(&of_all, &[], NOW).unwrap(), BTreeMap::new());
    }
}
