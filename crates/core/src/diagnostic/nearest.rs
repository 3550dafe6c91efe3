//! The name that was most likely meant.

use std::collections::BTreeSet;

/// The name among some that is nearest to another: letters left out, put in, replaced or swapped, and not too many of them.
/// None if there is none, or two are as near.
#[must_use]
pub fn of<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let most = if length <= 2 { return None } else { (length / 3).max(1) };
    let among = among.filter(|other| *other != name).collect::<BTreeSet<_>>();
    let mut near = among.into_iter().filter_map(|other| {
        let distance = if other.to_lowercase() == name.to_lowercase() { 0 } else { distance(name, other) };
        (distance <= most && other.chars().count() > 1).then_some((distance, other))
    });
    let mut best = near.next()?;
    let mut tie = false;
    for one in near {
        tie = if one.0 == best.0 { true } else { tie && one.0 > best.0 };
        if one.0 < best.0 {
            best = one;
        }
    }
    (!tie).then_some(best.1)
}

/// How many letters have to be left out, put in, replaced, or swapped with their neighbour (each at most once).
fn distance(from: &str, to: &str) -> usize {
    let (from, to) = (from.chars().collect::<Vec<_>>(), to.chars().collect::<Vec<_>>());
    let width = to.len() + 1;
    let mut rows = vec![0; (from.len() + 1) * width];
    for (column, cell) in rows.iter_mut().take(width).enumerate() {
        *cell = column;
    }
    for row in 1..=from.len() {
        rows[row * width] = row;
        for column in 1..=to.len() {
            let same = from[row - 1] == to[column - 1];
            let replaced = rows[(row - 1) * width + column - 1] + usize::from(!same);
            let left_out = rows[(row - 1) * width + column] + 1;
            let put_in = rows[row * width + column - 1] + 1;
            let mut least = replaced.min(left_out).min(put_in);
            let swapped = row > 1 && column > 1 && from[row - 1] == to[column - 2] && from[row - 2] == to[column - 1];
            if swapped {
                least = least.min(rows[(row - 2) * width + column - 2] + 1);
            }
            rows[row * width + column] = least;
        }
    }
    rows.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_what_a_hand_does_wrong() {
        for (from, to, expected) in
            [("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("ab", "abc", 1), ("abc", "xbc", 1), ("", "ab", 2)]
        {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn one_near_name_is_suggested() {
        let of = |name, among: &[&'static str]| of(name, among.iter().copied());
        assert_eq!(of("lenght", &["length", "width"]), Some("length"));
        assert_eq!(of("Total", &["total", "tonal"]), Some("total"));
        assert_eq!(of("rate", &["rates", "rats"]), None, "two are as near");
        assert_eq!(of("xy", &["xx"]), None, "too short to tell");
        assert_eq!(of("something", &["else"]), None);
        assert_eq!(of("abc", &["abc"]), None);
    }
}
