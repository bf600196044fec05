//! Whose passwords are checked next: one client's never take all connections to the daemon, where each
//! wrong one stays for as long as a refusal takes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::clock::Deadline;

/// Checks of one client at a time: half of the connections that passwords may have.
const MOST_RUNNING: usize = 3;

/// Checks of one client that run or wait: a quarter of the connections that the gate takes.
const MOST: usize = 64;

/// Why there is no turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoTurn {
    /// The client has too many already.
    Crowded,
    TimedOut,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    running: usize,
    /// Those that wait as well.
    all: usize,
}

/// The checks of each client. As long as it has any; so many as there are connections at most.
#[derive(Debug, Default)]
pub(super) struct Turns {
    counts: Mutex<HashMap<IpAddr, Count>>,
    ended: Condvar,
}

/// The right to one check.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    client: IpAddr,
}

impl Turns {
    /// Waits for one of that client, an IPv6 address being one of its /64.
    pub(super) fn take(&self, client: IpAddr, deadline: Deadline) -> Result<Turn<'_>, NoTurn> {
        let client = network(client);
        let mut counts = self.lock();
        let count = counts.entry(client).or_default();
        if count.all >= MOST {
            return Err(NoTurn::Crowded);
        }
        count.all += 1;
        loop {
            let count = counts.entry(client).or_default();
            if count.running < MOST_RUNNING {
                count.running += 1;
                return Ok(Turn { turns: self, client });
            }
            let Some(wait) = deadline.remaining() else {
                leave(&mut counts, client, 0);
                return Err(NoTurn::TimedOut);
            };
            let woken = self.ended.wait_timeout(counts, wait);
            counts = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        leave(&mut self.turns.lock(), self.client, 1);
        self.turns.ended.notify_all();
    }
}

fn leave(counts: &mut HashMap<IpAddr, Count>, client: IpAddr, running: usize) {
    let Some(count) = counts.get_mut(&client) else { return };
    count.running -= running;
    count.all -= 1;
    if count.all == 0 {
        counts.remove(&client);
    }
}

fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
        ip @ IpAddr::V4(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn soon() -> Deadline {
        Deadline::after(Duration::from_millis(30))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_client_has_some_at_a_time_and_leaves_others_as_many() {
        let turns = Turns::default();
        for addresses in [["192.0.2.1", "::ffff:192.0.2.1"], ["2001:db8::1", "2001:db8::2:3"]] {
            let [one, same] = addresses.map(ip);
            let held: Vec<_> = (0..3).map(|_| turns.take(one, soon()).unwrap()).collect();
            assert_eq!(turns.take(same, soon()).unwrap_err(), NoTurn::TimedOut);
            drop(turns.take(ip("192.0.2.9"), soon()).unwrap());
            drop(held);
            drop(turns.take(same, soon()).unwrap());
        }
        assert!(turns.lock().is_empty());
    }

    #[test]
    fn one_that_waits_is_next() {
        let turns = Turns::default();
        let client = ip("192.0.2.1");
        let held: Vec<_> = (0..3).map(|_| turns.take(client, soon()).unwrap()).collect();
        thread::scope(|scope| {
            let waiting = scope
                .spawn(|| turns.take(client, Deadline::after(Duration::from_secs(30))).map(drop));
            while turns.lock()[&client].all < 4 {
                thread::yield_now();
            }
            drop(held);
            assert_eq!(waiting.join().unwrap(), Ok(()));
        });
        assert!(turns.lock().is_empty());
    }

    #[test]
    fn too_many_of_one_client_are_refused_at_once() {
        let turns = Turns::default();
        let client = ip("192.0.2.1");
        let held: Vec<_> = (0..3).map(|_| turns.take(client, soon()).unwrap()).collect();
        thread::scope(|scope| {
            for _ in 3..MOST {
                scope.spawn(|| {
                    turns.take(client, Deadline::after(Duration::from_secs(30))).map(drop)
                });
            }
            while turns.lock()[&client].all < MOST {
                thread::yield_now();
            }
            let late = Deadline::after(Duration::from_secs(30));
            assert_eq!(turns.take(client, late).unwrap_err(), NoTurn::Crowded);
            drop(held);
        });
        assert!(turns.lock().is_empty());
    }
}
