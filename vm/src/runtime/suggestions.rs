//! "Did you mean …?": the candidate closest to a misspelled name, by an edit distance in which a change of case costs half.

const MAX_CANDIDATES: usize = 750;
const MAX_SIZE: usize = 40;
const MOVE_COST: usize = 2;
const CASE_COST: usize = 1;

/// The candidate most like `name`, if one is like it at all.
pub fn closest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut best: Option<(&str, usize)> = None;
    for (count, candidate) in candidates.enumerate() {
        if count >= MAX_CANDIDATES {
            return None;
        }
        if candidate == name {
            continue;
        }
        // No more than a third of the characters may need a change.
        let mut limit = (name.len() + candidate.len() + 3) * MOVE_COST / 6;
        if let Some((_, distance)) = best {
            limit = limit.min(distance.saturating_sub(1));
        }
        let distance = distance(name.as_bytes(), candidate.as_bytes(), limit);
        if distance <= limit && best.is_none_or(|(_, d)| distance < d) {
            best = Some((candidate, distance));
        }
    }
    best.map(|(candidate, _)| candidate.to_owned())
}

fn substitution_cost(a: u8, b: u8) -> usize {
    if a == b {
        0
    } else if a.eq_ignore_ascii_case(&b) {
        CASE_COST
    } else {
        MOVE_COST
    }
}

/// The edit distance, or anything above `limit` when it is larger than that.
pub fn distance(a: &[u8], b: &[u8], limit: usize) -> usize {
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[prefix..], &b[prefix..]);
    let suffix = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - suffix], &b[..b.len() - suffix]);
    if a.is_empty() || b.is_empty() {
        return (a.len() + b.len()) * MOVE_COST;
    }
    if a.len() > MAX_SIZE || b.len() > MAX_SIZE {
        return limit + 1;
    }
    let (a, b) = if b.len() < a.len() { (b, a) } else { (a, b) };
    if (b.len() - a.len()) * MOVE_COST > limit {
        return limit + 1;
    }
    // One row of the usual matrix, updated in place.
    let mut row = [0usize; MAX_SIZE];
    for (i, cell) in row.iter_mut().enumerate() {
        *cell = (i + 1) * MOVE_COST;
    }
    let mut result = 0;
    for (j, &y) in b.iter().enumerate() {
        let mut diagonal = j * MOVE_COST;
        result = diagonal;
        let mut minimum = usize::MAX;
        for (cell, &x) in row.iter_mut().zip(a) {
            let substitute = diagonal + substitution_cost(y, x);
            diagonal = *cell;
            let insert_or_delete = result.min(diagonal) + MOVE_COST;
            result = insert_or_delete.min(substitute);
            *cell = result;
            minimum = minimum.min(result);
        }
        if minimum > limit {
            return limit + 1;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn finds_the_closest() {
        assert_eq!(closest("pritn", ["print", "input"].into_iter()).as_deref(), Some("print"));
        assert_eq!(closest("Foo", ["foo", "fox"].into_iter()).as_deref(), Some("foo"));
        assert_eq!(closest("abc", ["xyz"].into_iter()), None);
    }
}
