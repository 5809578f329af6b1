//! Numbers for exits: ranges that are given out and given back.

use core::ops::Range;
use std::collections::BTreeMap;

/// Which numbers are free.
#[derive(Default)]
pub struct Numbers {
    /// Free ranges below `end`, none of which touches another: where they start, and how long they are.
    free: BTreeMap<usize, usize>,
    /// All numbers from here on are free.
    end: usize,
}

impl Numbers {
    /// The next range of so many numbers.
    pub fn take(&mut self, count: usize) -> Range<usize> {
        let found = self.free.iter().find(|(_, length)| **length >= count).map(|(&start, &length)| (start, length));
        let start = match found {
            Some((start, length)) => {
                self.free.remove(&start);
                if length > count {
                    self.free.insert(start + count, length - count);
                }
                start
            }
            None => {
                self.end += count;
                self.end - count
            }
        };
        start..start + count
    }

    /// Gives a range back, which [`Numbers::take`] has given out, or a part of it.
    pub fn give(&mut self, range: Range<usize>) {
        let Range { mut start, mut end } = range;
        if range.is_empty() {
            return;
        }
        if let Some((&before, &length)) = self.free.range(..start).next_back()
            && before + length == start
        {
            self.free.remove(&before);
            start = before;
        }
        if let Some(length) = self.free.remove(&end) {
            end += length;
        }
        self.free.insert(start, end - start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_given_out_again() {
        let mut numbers = Numbers::default();
        let (a, b, c) = (numbers.take(5), numbers.take(3), numbers.take(4));
        assert_eq!((a.clone(), b.clone(), c.clone()), (0..5, 5..8, 8..12));
        numbers.give(a);
        numbers.give(c);
        assert_eq!(numbers.take(6), 12..18);
        // Ranges that touch become one.
        numbers.give(b);
        assert_eq!(numbers.take(12), 0..12);
        assert_eq!(numbers.take(1), 18..19);
        numbers.give(18..19);
        numbers.give(3..3);
        assert_eq!(numbers.take(2), 19..21);
        assert_eq!(numbers.take(1), 18..19);
    }
}
