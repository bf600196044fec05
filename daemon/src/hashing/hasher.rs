//! The computation itself: one thread's memory, one hash at a time.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{Argon2, Block, Params};
use photoprism_protocol::secret::Secret;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::bcrypt_hash::{self, BcryptHash};
use super::hash_job::PoolError;
use super::phc::{self, Argon2Hash};
use super::scheme::{HashString, Stored, Target};
use crate::sys::HashMemory;

/// Fills bytes with randomness of the operating system: `getrandom::fill`.
pub type Random = fn(&mut [u8]) -> Result<(), getrandom::Error>;

/// What one thread needs to compute hashes.
pub(super) struct Hasher {
    target: Target,
    random: Random,
    /// Reserved once, for hashes of the target's size and smaller ones.
    memory: Option<HashMemory>,
}

impl Hasher {
    pub(super) fn new(target: Target, random: Random) -> Self {
        Self { target, random, memory: None }
    }

    /// Hashes a password with the target's parameters and a new salt.
    pub(super) fn hash(
        &mut self,
        password: &Secret,
        computed: &AtomicU64,
    ) -> Result<HashString, PoolError> {
        match self.target {
            Target::Argon2id(costs) => {
                let blank = Argon2Hash::unhashed(costs, self.salt()?);
                let tag = self.argon2(password, &blank)?;
                computed.fetch_add(1, Ordering::Relaxed);
                Ok(HashString::new(blank.encode(&tag)))
            }
            Target::Bcrypt { cost } => {
                let blank = BcryptHash::unhashed(cost, self.salt()?);
                let key = bcrypt_hash::key(password.expose()).ok_or(PoolError::TooLong)?;
                let tag = bcrypt_tag(&blank, &key);
                computed.fetch_add(1, Ordering::Relaxed);
                Ok(HashString::new(blank.encode(&tag)))
            }
        }
    }

    /// Whether the password matches the stored hash. Exactly one hash is computed whatever the
    /// result: without a stored one, a hash with the target's parameters, and the result is false.
    pub(super) fn verify(
        &mut self,
        password: &Secret,
        stored: Option<&Stored>,
        computed: &AtomicU64,
    ) -> Result<bool, PoolError> {
        let dummy;
        let against = if let Some(stored) = stored {
            stored
        } else {
            dummy = self.dummy();
            &dummy
        };
        let same = match against {
            Stored::Argon2(hash) => self.argon2(password, hash)?.ct_eq(hash.tag()).into(),
            Stored::Bcrypt(hash) => bcrypt_matches(password, hash),
        };
        computed.fetch_add(1, Ordering::Relaxed);
        Ok(same && stored.is_some())
    }

    /// A hash that matches no password, as expensive as those of the accounts.
    fn dummy(&self) -> Stored {
        match self.target {
            Target::Argon2id(costs) => {
                Stored::Argon2(Argon2Hash::unhashed(costs, [0; phc::SALT_BYTES]))
            }
            Target::Bcrypt { cost } => {
                Stored::Bcrypt(BcryptHash::unhashed(cost, [0; bcrypt_hash::SALT_BYTES]))
            }
        }
    }

    fn salt<const N: usize>(&self) -> Result<[u8; N], PoolError> {
        let mut salt = [0; N];
        (self.random)(&mut salt).map_err(|_| PoolError::Failed)?;
        Ok(salt)
    }

    fn argon2(
        &mut self,
        password: &Secret,
        hash: &Argon2Hash,
    ) -> Result<Zeroizing<Vec<u8>>, PoolError> {
        let costs = hash.costs();
        let mut tag = Zeroizing::new(vec![0; hash.tag().len()]);
        let params = Params::new(costs.memory_kib, costs.passes, costs.lanes, Some(tag.len()))
            .map_err(|_| PoolError::Failed)?;
        let context = Argon2::new(hash.algorithm(), hash.version(), params);
        let kib = costs.memory_kib as usize;
        self.with_memory(kib, |blocks| {
            let password = password.expose().as_bytes();
            context
                .hash_password_into_with_memory(password, hash.salt(), &mut tag, blocks)
                .map_err(|_| PoolError::Failed)
        })?;
        Ok(tag)
    }

    /// Lends `kib` blocks, zeroed again afterwards even after a panic.
    ///
    /// More than the thread's own buffer is allocated for the duration, and the own buffer is freed
    /// meanwhile: the queue lets one such hash run at a time.
    fn with_memory<R>(
        &mut self,
        kib: usize,
        compute: impl FnOnce(&mut [Block]) -> Result<R, PoolError>,
    ) -> Result<R, PoolError> {
        if kib > buffer_kib(self.target) as usize {
            self.memory = None;
            let mut memory = reserve(kib)?;
            return compute(Lent(&mut memory).0);
        }
        self.reserve_own();
        let memory = self.memory.as_mut().ok_or(PoolError::Failed)?;
        let lent = Lent(&mut memory[..kib]);
        compute(lent.0)
    }

    /// Reserves the thread's own memory unless it is reserved already.
    pub(super) fn reserve_own(&mut self) {
        let kib = buffer_kib(self.target) as usize;
        if self.memory.is_none() {
            // Without memory now, there may be some when a job comes: each job tries again.
            self.memory = reserve(kib).ok();
        }
    }

    /// The thread is idle: its memory goes back to the system, the address range stays reserved.
    pub(super) fn release_memory(&mut self) {
        if let Some(memory) = &mut self.memory {
            memory.release();
        }
    }
}

/// KiB of memory that each thread keeps: the memory of a new hash.
pub(super) const fn buffer_kib(target: Target) -> u32 {
    match target {
        Target::Argon2id(costs) => costs.memory_kib,
        Target::Bcrypt { .. } => 0,
    }
}

/// Zeroed blocks, or an error where there is no memory: an allocation failure must not end the
/// daemon.
fn reserve(kib: usize) -> Result<HashMemory, PoolError> {
    let blocks = NonZeroUsize::new(kib).ok_or(PoolError::Failed)?;
    HashMemory::reserve(blocks).map_err(|_| PoolError::Failed)
}

/// Blocks that are zeroed when they are returned.
struct Lent<'memory>(&'memory mut [Block]);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        // Plain stores take half as long as volatile ones, an eighth of a hash. `black_box` keeps
        // the compiler from removing them.
        self.0.fill(Block::default());
        std::hint::black_box(&mut *self.0);
    }
}

fn bcrypt_tag(hash: &BcryptHash, key: &[u8]) -> [u8; bcrypt_hash::TAG_BYTES] {
    let bytes = bcrypt::bcrypt(hash.cost(), hash.salt(), key);
    let mut tag = [0; bcrypt_hash::TAG_BYTES];
    tag.copy_from_slice(&bytes[..bcrypt_hash::TAG_BYTES]);
    tag
}

/// A password that bcrypt would truncate matches nothing, and takes as long as any other.
fn bcrypt_matches(password: &Secret, hash: &BcryptHash) -> bool {
    let key = bcrypt_hash::key(password.expose());
    let placeholder: &[u8] = &[0];
    let tag = bcrypt_tag(hash, key.as_ref().map_or(placeholder, |key| key.as_slice()));
    bool::from(tag.ct_eq(hash.tag())) && key.is_some()
}

#[cfg(test)]
mod tests {
    use super::super::costs::Costs;
    use super::*;

    fn is_zero(memory: Option<&HashMemory>) -> bool {
        memory.is_some_and(|blocks| {
            blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0))
        })
    }

    #[test]
    fn memory_is_reused_and_zeroed_even_by_a_panic() {
        let target = Target::Argon2id(Costs { memory_kib: 64, passes: 1, lanes: 1 });
        let mut computer = Hasher::new(target, getrandom::fill);
        let (password, count) = (Secret::new("password".into()), AtomicU64::new(0));
        computer.hash(&password, &count).unwrap();
        let place = computer.memory.as_ref().unwrap().as_ptr();
        assert!(is_zero(computer.memory.as_ref()));
        computer
            .with_memory(32, |blocks| {
                blocks[0].as_mut()[0] = 7;
                Ok(())
            })
            .unwrap();
        let panics = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            computer.with_memory::<()>(64, |blocks| {
                blocks[63].as_mut()[127] = 7;
                panic!("on purpose")
            })
        }));
        assert!(panics.is_err() && is_zero(computer.memory.as_ref()));
        assert_eq!(computer.memory.as_ref().unwrap().as_ptr(), place);
        computer.memory.as_mut().unwrap()[0].as_mut()[0] = 7;
        computer.release_memory();
        assert!(is_zero(computer.memory.as_ref()));
        assert_eq!(computer.memory.as_ref().unwrap().as_ptr(), place);
    }

    #[test]
    fn extra_memory_takes_the_place_of_the_own() {
        let target = Target::Argon2id(Costs { memory_kib: 64, passes: 1, lanes: 1 });
        let mut computer = Hasher::new(target, getrandom::fill);
        computer.reserve_own();
        assert_eq!(computer.with_memory(65, |blocks| Ok(blocks.len())), Ok(65));
        assert!(computer.memory.is_none());
        assert_eq!(computer.with_memory(64, |blocks| Ok(blocks.len())), Ok(64));
        assert_eq!(computer.memory.as_ref().map(|memory| memory.len()), Some(64));
    }
}
