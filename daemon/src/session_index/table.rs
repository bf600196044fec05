//! Numbers by key, in many small hash tables: where one of them grows, few entries are hashed
//! again, so that no check waits for it.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

const SHARDS: usize = 256;

/// Numbers of values that hold their keys themselves.
pub(super) struct Table {
    shards: Vec<HashTable<u32>>,
    hasher: RandomState,
}

impl Default for Table {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| HashTable::new()).collect();
        Self { shards, hasher: RandomState::new() }
    }
}

/// By bits that the table itself uses last.
fn shard(hash: u64) -> usize {
    usize::from(hash.to_le_bytes()[4])
}

impl Table {
    /// The number with that key for which `is_it` holds.
    pub(super) fn find(&self, key: &[u8], is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.shards[shard(hash)].find(hash, |number| is_it(*number)).copied()
    }

    /// Adds a number that it does not contain.
    pub(super) fn insert<'a>(&mut self, key: &[u8], number: u32, key_of: impl Fn(u32) -> &'a [u8]) {
        let hash = self.hasher.hash_one(key);
        let again = |number: &u32| self.hasher.hash_one(key_of(*number));
        self.shards[shard(hash)].insert_unique(hash, number, again);
    }

    pub(super) fn remove(&mut self, key: &[u8], number: u32) {
        let hash = self.hasher.hash_one(key);
        if let Ok(entry) = self.shards[shard(hash)].find_entry(hash, |found| *found == number) {
            entry.remove();
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(HashTable::len).sum()
    }

    /// Bytes that it has allocated.
    #[cfg(test)]
    pub(super) fn allocated(&self) -> usize {
        let shards = self.shards.iter().map(HashTable::allocation_size).sum::<usize>();
        shards + self.shards.capacity() * size_of::<HashTable<u32>>()
    }
}
