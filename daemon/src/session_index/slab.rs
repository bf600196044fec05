//! Values by number, in blocks that never move: adding a value copies no other.

use std::ops::{Index, IndexMut};

/// Values of a block.
const BLOCK: usize = 1024;

/// The number of no value.
pub(super) const NONE: u32 = u32::MAX;

/// Values by number. The number of one that was removed is given to a later one.
pub(super) struct Slab<T> {
    blocks: Vec<Vec<Option<T>>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), free: Vec::new() }
    }
}

fn place(number: u32) -> (usize, usize) {
    (number as usize / BLOCK, number as usize % BLOCK)
}

impl<T> Slab<T> {
    pub(super) fn insert(&mut self, value: T) -> u32 {
        if let Some(number) = self.free.pop() {
            let (block, at) = place(number);
            self.blocks[block][at] = Some(value);
            return number;
        }
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let last = self.blocks.len() - 1;
        let number = last * BLOCK + self.blocks[last].len();
        self.blocks[last].push(Some(value));
        u32::try_from(number).ok().filter(|number| *number != NONE).expect("four billion sessions")
    }

    pub(super) fn remove(&mut self, number: u32) -> T {
        let (block, at) = place(number);
        self.free.push(number);
        self.blocks[block][at].take().expect("a number is removed once")
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.blocks.iter().map(Vec::len).sum::<usize>() - self.free.len()
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flatten().flatten()
    }

    /// Bytes that it has allocated.
    #[cfg(test)]
    pub(super) fn allocated(&self) -> usize {
        let values = self.blocks.iter().map(Vec::capacity).sum::<usize>() * size_of::<Option<T>>();
        values + self.blocks.capacity() * size_of::<Vec<Option<T>>>() + self.free.capacity() * 4
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, number: u32) -> &T {
        let (block, at) = place(number);
        self.blocks[block][at].as_ref().expect("a number in use")
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, number: u32) -> &mut T {
        let (block, at) = place(number);
        self.blocks[block][at].as_mut().expect("a number in use")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_given_again_once_its_value_is_gone() {
        let mut slab = Slab::default();
        let numbers: Vec<u32> = (0..3000).map(|value| slab.insert(value)).collect();
        assert!(numbers.iter().all(|number| slab[*number] == *number));
        assert_eq!((slab.remove(7), slab.remove(2900), slab.len()), (7, 2900, 2998));
        let again = [slab.insert(5000), slab.insert(5001)];
        assert_eq!(again, [2900, 7]);
        slab[7] += 1;
        assert_eq!((slab[2900], slab[7], slab.len()), (5000, 5002, 3000));
        assert_eq!(slab.insert(1), 3000);
    }
}
