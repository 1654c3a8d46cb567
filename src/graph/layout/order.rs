//! The order within columns: each item near the middle of its neighbours, as long as that lets fewer lines cross.

use super::{Item, Order, Size, Spots, number};

/// How often all columns are gone through, to the right and back.
const SWEEPS: usize = 12;

pub(super) fn order(sizes: &[Size], groups: usize, column_of: &[usize], spots: &Spots) -> Order {
    let mut members = vec![Vec::new(); groups];
    for (node, size) in sizes.iter().enumerate() {
        members[size.group].push(node);
    }
    let mut columns = vec![Vec::new(); spots.columns()];
    for (group, column) in column_of.iter().enumerate() {
        columns[*column].push(Item::Group(group));
    }
    for (spot, column) in spots.column.iter().enumerate().skip(spots.boxes) {
        columns[*column].push(Item::Pass(spot));
    }
    let mut order = Order { columns, members };
    let mut best = (crossings(&order, spots), order.columns.clone(), order.members.clone());
    let (lefts, rights) = neighbours(spots);
    for sweep in 0..SWEEPS {
        let mut places = places(&order, spots);
        let forward = sweep % 2 == 0;
        let count = spots.columns();
        for step in 0..count {
            let column = if forward { step } else { count - 1 - step };
            let beside = if forward { &lefts } else { &rights };
            sort(&mut order, column, beside, &mut places);
        }
        let crossed = crossings(&order, spots);
        if crossed < best.0 {
            best = (crossed, order.columns.clone(), order.members.clone());
        }
    }
    Order {
        columns: best.1,
        members: best.2,
    }
}

/// Neighbours of each spot to the left, and to the right.
pub(super) fn neighbours(spots: &Spots) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
    let mut lefts = vec![Vec::new(); spots.column.len()];
    let mut rights = lefts.clone();
    for (left, right) in spots.gaps.iter().flatten() {
        rights[*left].push(*right);
        lefts[*right].push(*left);
    }
    (lefts, rights)
}

/// Spots of a column, from the top.
fn spots_of<'a>(order: &'a Order, column: usize) -> impl Iterator<Item = usize> + 'a {
    order.columns[column].iter().flat_map(move |item| match item {
        Item::Group(group) => order.members[*group].clone(),
        Item::Pass(spot) => vec![*spot],
    })
}

/// Where in its column each spot is: 0 at the top, 1 at the bottom.
fn places(order: &Order, spots: &Spots) -> Vec<f64> {
    let mut places = vec![0.5; spots.column.len()];
    for column in 0..order.columns.len() {
        place(order, column, &mut places);
    }
    places
}

fn place(order: &Order, column: usize, places: &mut [f64]) {
    let own: Vec<usize> = spots_of(order, column).collect();
    for (position, spot) in own.iter().enumerate() {
        places[*spot] = (number(position) + 0.5) / number(own.len());
    }
}

fn sort(order: &mut Order, column: usize, beside: &[Vec<usize>], places: &mut [f64]) {
    let sum = |spot: usize| beside[spot].iter().map(|other| places[*other]).sum::<f64>();
    let middle = |spots: &[usize]| {
        let lines: usize = spots.iter().map(|spot| beside[*spot].len()).sum();
        let own = spots.iter().map(|spot| places[*spot]).sum::<f64>() / number(spots.len().max(1));
        match lines {
            0 => own,
            lines => spots.iter().map(|spot| sum(*spot)).sum::<f64>() / number(lines),
        }
    };
    let keyed = |items: Vec<usize>| {
        let mut keyed: Vec<(f64, usize)> = items.into_iter().map(|spot| (middle(&[spot]), spot)).collect();
        keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
        keyed.into_iter().map(|(_, spot)| spot).collect::<Vec<usize>>()
    };
    let mut items: Vec<(f64, Item)> = Vec::new();
    for item in &order.columns[column] {
        match item {
            Item::Group(group) => {
                let sorted = keyed(order.members[*group].clone());
                items.push((middle(&sorted), Item::Group(*group)));
                order.members[*group] = sorted;
            }
            Item::Pass(spot) => items.push((middle(&[*spot]), Item::Pass(*spot))),
        }
    }
    items.sort_by(|one, other| one.0.total_cmp(&other.0));
    order.columns[column] = items.into_iter().map(|(_, item)| item).collect();
    place(order, column, places);
}

/// How often lines cross between columns.
fn crossings(order: &Order, spots: &Spots) -> usize {
    let mut rank = vec![0; spots.column.len()];
    for column in 0..order.columns.len() {
        for (position, spot) in spots_of(order, column).enumerate() {
            rank[spot] = position;
        }
    }
    spots.gaps.iter().map(|gap| inversions(gap, &rank)).sum()
}

/// Pairs of lines that begin in one order and end in the other: counted in a tree of sums, for thousands of lines.
fn inversions(gap: &[(usize, usize)], rank: &[usize]) -> usize {
    let mut lines: Vec<(usize, usize)> = gap.iter().map(|(left, right)| (rank[*left], rank[*right])).collect();
    lines.sort_unstable();
    let size = lines.iter().map(|(_, right)| right + 2).max().unwrap_or(1);
    let mut tree = vec![0_usize; size];
    let mut crossed = 0;
    for (seen, (_, right)) in lines.iter().enumerate() {
        let (mut place, mut not_below) = (right + 1, 0);
        while place > 0 {
            not_below += tree[place];
            place &= place - 1;
        }
        crossed += seen - not_below;
        place = right + 1;
        while place < size {
            tree[place] += 1;
            place += place & place.wrapping_neg();
        }
    }
    crossed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings_of_two_columns() {
        let rank = [0, 1, 2, 0, 1, 2];
        for (gap, expected) in [
            (&[(0, 3), (1, 4), (2, 5)][..], 0),
            (&[(0, 5), (1, 4), (2, 3)], 3),
            (&[(0, 4), (1, 3), (1, 5)], 1),
            (&[(0, 3), (0, 4), (1, 3)], 1),
            (&[], 0),
        ] {
            assert_eq!(inversions(gap, &rank), expected, "{gap:?}");
        }
    }
}
