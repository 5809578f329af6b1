//! A stable merge sort for comparisons that may fail.
//!
//! Runs that the input already has are found and extended by binary insertion to a minimum length; they are merged in the order that
//! powersort prescribes, which is within a constant of the best possible for any run lengths; merges switch to exponential search
//! ("galloping") while one side keeps winning. The standard library's sort cannot be used where a comparison raises, or is no total
//! order: it would have to unwind through user code.
//!
//! Invariant: whenever the comparison returns an error, the slice holds a permutation of what it held at the start. Each merge keeps the
//! elements that are moved out in a buffer, and the number of those left in it always equals the width of the gap between the two
//! sides, so putting them back is one copy.

use crate::err::PyResult;
use crate::exc;

/// A merge that gallops has to be this lucky at first.
const MIN_GALLOP: usize = 7;
/// Runs shorter than this are extended by binary insertion (for long inputs).
const MAX_MINRUN: usize = 64;

/// A stretch of the slice that is in order.
struct Run {
    start: usize,
    len: usize,
    /// Depth in powersort's tree of the boundary between this run and the next.
    power: u32,
}

struct Sorter<'a, E: Copy, F: FnMut(E, E) -> PyResult<bool>> {
    items: &'a mut [E],
    less: F,
    min_gallop: usize,
    spare: Vec<E>,
    pending: Vec<Run>,
}

/// Sorts `items` by `less`, stably.
///
/// # Errors
/// What `less` raises, and `MemoryError`; `items` then hold a permutation of what they held.
pub fn sort<E: Copy, F: FnMut(E, E) -> PyResult<bool>>(items: &mut [E], less: F) -> PyResult<()> {
    if items.len() < 2 {
        return Ok(());
    }
    let mut sorter = Sorter { items, less, min_gallop: MIN_GALLOP, spare: Vec::new(), pending: Vec::new() };
    sorter.run()
}

/// The minimum run length: `len` divided by a power of two, rounded up, so that merges of full runs are balanced.
fn min_run(mut len: usize) -> usize {
    let mut odd = 0;
    while len >= MAX_MINRUN {
        odd |= len & 1;
        len >>= 1;
    }
    len + odd
}

/// Powersort: the depth of the boundary between two adjacent runs in a tree over `0..total`: the first binary digit in which
/// the runs' midpoints differ.
fn boundary_power(start: usize, left: usize, right: usize, total: usize) -> u32 {
    let mut a = 2 * start + left;
    let mut b = a + left + right;
    let mut power = 0;
    loop {
        power += 1;
        if a >= total {
            a -= total;
            b -= total;
        } else if b >= total {
            return power;
        }
        a <<= 1;
        b <<= 1;
    }
}

impl<E: Copy, F: FnMut(E, E) -> PyResult<bool>> Sorter<'_, E, F> {
    fn run(&mut self) -> PyResult<()> {
        let total = self.items.len();
        let minrun = min_run(total);
        let mut start = 0;
        while start < total {
            let mut len = self.natural_run(start)?;
            if len < minrun {
                let forced = minrun.min(total - start);
                self.insertion_sort(start, start + forced, start + len)?;
                len = forced;
            }
            if let Some(top) = self.pending.last() {
                let power = boundary_power(top.start, top.len, len, total);
                while self.pending.len() > 1 && self.pending[self.pending.len() - 2].power > power {
                    self.merge_top()?;
                }
                if let Some(top) = self.pending.last_mut() {
                    top.power = power;
                }
            }
            self.pending.push(Run { start, len, power: 0 });
            start += len;
        }
        while self.pending.len() > 1 {
            self.merge_top()?;
        }
        Ok(())
    }

    /// Length of the run that begins at `start`; a strictly descending one is reversed in place.
    fn natural_run(&mut self, start: usize) -> PyResult<usize> {
        let total = self.items.len();
        let mut end = start + 1;
        if end == total {
            return Ok(1);
        }
        if (self.less)(self.items[end], self.items[end - 1])? {
            end += 1;
            while end < total && (self.less)(self.items[end], self.items[end - 1])? {
                end += 1;
            }
            self.items[start..end].reverse();
        } else {
            end += 1;
            while end < total && !(self.less)(self.items[end], self.items[end - 1])? {
                end += 1;
            }
        }
        Ok(end - start)
    }

    /// Sorts `low..high`, of which `low..sorted` is in order already.
    fn insertion_sort(&mut self, low: usize, high: usize, sorted: usize) -> PyResult<()> {
        for at in sorted.max(low + 1)..high {
            let pivot = self.items[at];
            let (mut left, mut right) = (low, at);
            while left < right {
                let middle = left + (right - left) / 2;
                if (self.less)(pivot, self.items[middle])? {
                    right = middle;
                } else {
                    left = middle + 1;
                }
            }
            self.items.copy_within(left..at, left + 1);
            self.items[left] = pivot;
        }
        Ok(())
    }

    /// Merges the two topmost pending runs.
    fn merge_top(&mut self) -> PyResult<()> {
        let right = self.pending.pop();
        let left = self.pending.pop();
        let (Some(left), Some(right)) = (left, right) else { return Ok(()) };
        self.pending.push(Run { start: left.start, len: left.len + right.len, power: right.power });
        // What of the left run is already in place?
        let first = self.items[right.start];
        let skip = gallop_right(&mut self.less, first, &self.items[left.start..right.start], 0)?;
        let a = left.start + skip;
        let na = left.len - skip;
        if na == 0 {
            return Ok(());
        }
        // What of the right run is?
        let last = self.items[right.start - 1];
        let run = &self.items[right.start..right.start + right.len];
        let nb = gallop_left(&mut self.less, last, run, run.len() - 1)?;
        if nb == 0 {
            return Ok(());
        }
        if na <= nb { self.merge_low(a, na, nb) } else { self.merge_high(a, na, nb) }
    }

    fn fill_spare(&mut self, start: usize, len: usize) -> PyResult<()> {
        self.spare.clear();
        self.spare.try_reserve(len).map_err(|_| exc::memory_error())?;
        self.spare.extend_from_slice(&self.items[start..start + len]);
        Ok(())
    }

    /// Merges `a..a+na` with the `nb` elements behind it, from the left; `na <= nb`.
    fn merge_low(&mut self, a: usize, na: usize, nb: usize) -> PyResult<()> {
        self.fill_spare(a, na)?;
        // Next to take from the spare copy of A, next to take from B, next to write. `b - dest == na - i` throughout.
        let mut i = 0;
        let mut b = a + na;
        let mut dest = a;
        let end = b + nb;
        let result = self.merge_low_loop(&mut i, na, &mut b, end, &mut dest);
        if result.is_ok() && na - i == 1 && b < end {
            // The last of A is larger than all that is left of B.
            self.items.copy_within(b..end, dest);
            dest += end - b;
        }
        let left = na - i;
        self.items[dest..dest + left].copy_from_slice(&self.spare[i..na]);
        result
    }

    fn merge_low_loop(
        &mut self,
        i: &mut usize,
        na: usize,
        b: &mut usize,
        end: usize,
        dest: &mut usize,
    ) -> PyResult<()> {
        let mut min_gallop = self.min_gallop;
        // B's first is known to belong first.
        self.items[*dest] = self.items[*b];
        *dest += 1;
        *b += 1;
        while *b < end && na - *i > 1 {
            let (mut a_wins, mut b_wins) = (0usize, 0usize);
            // One at a time until one side wins often.
            loop {
                if (self.less)(self.items[*b], self.spare[*i])? {
                    self.items[*dest] = self.items[*b];
                    *dest += 1;
                    *b += 1;
                    b_wins += 1;
                    a_wins = 0;
                    if *b == end {
                        self.min_gallop = min_gallop;
                        return Ok(());
                    }
                    if b_wins >= min_gallop {
                        break;
                    }
                } else {
                    self.items[*dest] = self.spare[*i];
                    *dest += 1;
                    *i += 1;
                    a_wins += 1;
                    b_wins = 0;
                    if na - *i == 1 {
                        self.min_gallop = min_gallop;
                        return Ok(());
                    }
                    if a_wins >= min_gallop {
                        break;
                    }
                }
            }
            // Gallop until neither side gains by it.
            min_gallop += 1;
            loop {
                min_gallop = if min_gallop > 1 { min_gallop - 1 } else { 1 };
                self.min_gallop = min_gallop;
                let taken = gallop_right(&mut self.less, self.items[*b], &self.spare[*i..na], 0)?;
                if taken > 0 {
                    self.items[*dest..*dest + taken].copy_from_slice(&self.spare[*i..*i + taken]);
                    *dest += taken;
                    *i += taken;
                    if na - *i <= 1 {
                        // With an inconsistent comparison A may run out altogether.
                        return Ok(());
                    }
                }
                let a_count = taken;
                self.items[*dest] = self.items[*b];
                *dest += 1;
                *b += 1;
                if *b == end {
                    return Ok(());
                }
                let taken = gallop_left(&mut self.less, self.spare[*i], &self.items[*b..end], 0)?;
                if taken > 0 {
                    self.items.copy_within(*b..*b + taken, *dest);
                    *dest += taken;
                    *b += taken;
                    if *b == end {
                        return Ok(());
                    }
                }
                let b_count = taken;
                self.items[*dest] = self.spare[*i];
                *dest += 1;
                *i += 1;
                if na - *i == 1 {
                    return Ok(());
                }
                if a_count < MIN_GALLOP && b_count < MIN_GALLOP {
                    break;
                }
            }
            min_gallop += 1;
            self.min_gallop = min_gallop;
        }
        Ok(())
    }

    /// Merges `a..a+na` with the `nb` elements behind it, from the right; `na > nb`.
    fn merge_high(&mut self, a: usize, na: usize, nb: usize) -> PyResult<()> {
        self.fill_spare(a + na, nb)?;
        // Elements left of A, of the spare copy of B, and the end of what is still to be written:
        // `dest - (a + left_a) == left_b` throughout.
        let mut left_a = na;
        let mut left_b = nb;
        let mut dest = a + na + nb;
        let result = self.merge_high_loop(a, &mut left_a, &mut left_b, &mut dest);
        if result.is_ok() && left_b == 1 && left_a > 0 {
            // The first of B is smaller than all that is left of A.
            self.items.copy_within(a..a + left_a, dest - left_a);
            dest -= left_a;
        }
        self.items[dest - left_b..dest].copy_from_slice(&self.spare[..left_b]);
        result
    }

    fn merge_high_loop(&mut self, a: usize, left_a: &mut usize, left_b: &mut usize, dest: &mut usize) -> PyResult<()> {
        let mut min_gallop = self.min_gallop;
        // A's last is known to belong last.
        *dest -= 1;
        *left_a -= 1;
        self.items[*dest] = self.items[a + *left_a];
        while *left_a > 0 && *left_b > 1 {
            let (mut a_wins, mut b_wins) = (0usize, 0usize);
            loop {
                if (self.less)(self.spare[*left_b - 1], self.items[a + *left_a - 1])? {
                    *dest -= 1;
                    *left_a -= 1;
                    self.items[*dest] = self.items[a + *left_a];
                    a_wins += 1;
                    b_wins = 0;
                    if *left_a == 0 {
                        self.min_gallop = min_gallop;
                        return Ok(());
                    }
                    if a_wins >= min_gallop {
                        break;
                    }
                } else {
                    *dest -= 1;
                    *left_b -= 1;
                    self.items[*dest] = self.spare[*left_b];
                    b_wins += 1;
                    a_wins = 0;
                    if *left_b == 1 {
                        self.min_gallop = min_gallop;
                        return Ok(());
                    }
                    if b_wins >= min_gallop {
                        break;
                    }
                }
            }
            min_gallop += 1;
            loop {
                min_gallop = if min_gallop > 1 { min_gallop - 1 } else { 1 };
                self.min_gallop = min_gallop;
                let pivot = self.spare[*left_b - 1];
                let keep = gallop_right(&mut self.less, pivot, &self.items[a..a + *left_a], *left_a - 1)?;
                let a_count = *left_a - keep;
                if a_count > 0 {
                    self.items.copy_within(a + keep..a + *left_a, *dest - a_count);
                    *dest -= a_count;
                    *left_a = keep;
                    if *left_a == 0 {
                        return Ok(());
                    }
                }
                *dest -= 1;
                *left_b -= 1;
                self.items[*dest] = self.spare[*left_b];
                if *left_b == 1 {
                    return Ok(());
                }
                let pivot = self.items[a + *left_a - 1];
                let keep = gallop_left(&mut self.less, pivot, &self.spare[..*left_b], *left_b - 1)?;
                let b_count = *left_b - keep;
                if b_count > 0 {
                    self.items[*dest - b_count..*dest].copy_from_slice(&self.spare[keep..*left_b]);
                    *dest -= b_count;
                    *left_b = keep;
                    if *left_b <= 1 {
                        // With an inconsistent comparison B may run out altogether.
                        return Ok(());
                    }
                }
                *dest -= 1;
                *left_a -= 1;
                self.items[*dest] = self.items[a + *left_a];
                if *left_a == 0 {
                    return Ok(());
                }
                if a_count < MIN_GALLOP && b_count < MIN_GALLOP {
                    break;
                }
            }
            min_gallop += 1;
            self.min_gallop = min_gallop;
        }
        Ok(())
    }
}

/// Where `key` belongs in the ordered `run`, to the left of its equals; the search starts at `hint` and widens exponentially.
fn gallop_left<E: Copy>(
    less: &mut impl FnMut(E, E) -> PyResult<bool>,
    key: E,
    run: &[E],
    hint: usize,
) -> PyResult<usize> {
    let len = run.len();
    let (mut low, mut high);
    if less(run[hint], key)? {
        // key > run[hint]: look to the right.
        let most = len - hint;
        let (mut last, mut offset) = (0, 1);
        while offset < most && less(run[hint + offset], key)? {
            last = offset;
            offset = (offset << 1) + 1;
        }
        low = hint + last + 1;
        high = hint + offset.min(most);
    } else {
        // key <= run[hint]: look to the left.
        let most = hint + 1;
        let (mut last, mut offset) = (0, 1);
        while offset < most && !less(run[hint - offset], key)? {
            last = offset;
            offset = (offset << 1) + 1;
        }
        low = (hint + 1) - offset.min(most);
        high = hint - last;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if less(run[middle], key)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(high)
}

/// As [`gallop_left`], but to the right of the key's equals.
fn gallop_right<E: Copy>(
    less: &mut impl FnMut(E, E) -> PyResult<bool>,
    key: E,
    run: &[E],
    hint: usize,
) -> PyResult<usize> {
    let len = run.len();
    let (mut low, mut high);
    if less(key, run[hint])? {
        // key < run[hint]: look to the left.
        let most = hint + 1;
        let (mut last, mut offset) = (0, 1);
        while offset < most && less(key, run[hint - offset])? {
            last = offset;
            offset = (offset << 1) + 1;
        }
        low = (hint + 1) - offset.min(most);
        high = hint - last;
    } else {
        // key >= run[hint]: look to the right.
        let most = len - hint;
        let (mut last, mut offset) = (0, 1);
        while offset < most && !less(key, run[hint + offset])? {
            last = offset;
            offset = (offset << 1) + 1;
        }
        low = hint + last + 1;
        high = hint + offset.min(most);
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if less(key, run[middle])? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(high)
}

#[cfg(test)]
mod tests {
    use super::sort;

    /// A small deterministic generator, so that the tests need no dependency.
    fn noise(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state >> 33
    }

    fn check(mut items: Vec<(u64, usize)>) {
        let mut expected = items.clone();
        expected.sort_by_key(|item| item.0);
        assert!(sort(&mut items, |a, b| Ok(a.0 < b.0)).is_ok());
        assert_eq!(items, expected, "sorted, and stable");
    }

    #[test]
    fn sorts_stably() {
        let mut state = 42;
        for len in [0, 1, 2, 3, 10, 63, 64, 65, 200, 1000, 5000] {
            for range in [1, 2, 10, 1_000_000] {
                check((0..len).map(|i| (noise(&mut state) % range, i)).collect());
            }
            check((0..len).map(|i| (i as u64, i)).collect());
            check((0..len).map(|i| ((len - i) as u64, i)).collect());
            check((0..len).map(|i| ((i % 17) as u64 * 100 + (i / 17) as u64, i)).collect());
            check((0..len).map(|i| (if i < len / 2 { i * 2 } else { (i - len / 2) * 2 + 1 } as u64, i)).collect());
        }
    }

    #[test]
    fn an_inconsistent_order_keeps_the_items() {
        let mut state = 7;
        for len in [10, 100, 1000, 4000] {
            let mut items: Vec<usize> = (0..len).collect();
            let mut order = 99;
            assert!(sort(&mut items, |_, _| Ok(noise(&mut order) & 1 == 0)).is_ok());
            items.sort_unstable();
            assert_eq!(items, (0..len).collect::<Vec<_>>());
            let _ = noise(&mut state);
        }
    }
}
