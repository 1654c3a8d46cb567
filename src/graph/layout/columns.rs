//! Groups into columns, so that most lines run from left to right, and no further than they have to.

use super::{Join, Size};

/// The column of each group.
pub(super) fn columns(sizes: &[Size], groups: usize, joins: &[Join]) -> Vec<usize> {
    let mut weight = vec![vec![0_i64; groups]; groups];
    for join in joins {
        let (from, to) = (sizes[join.from].group, sizes[join.to].group);
        if from != to {
            weight[from][to] += 1;
        }
    }
    let order = forward(&weight);
    let mut place = vec![0; groups];
    for (position, group) in order.iter().enumerate() {
        place[*group] = position;
    }
    // What runs against the order is drawn backwards, and counts as if it ran along.
    let mut along = vec![vec![0_i64; groups]; groups];
    for (from, row) in weight.iter().enumerate() {
        for (to, lines) in row.iter().enumerate() {
            let (first, second) = if place[from] < place[to] {
                (from, to)
            } else {
                (to, from)
            };
            along[first][second] += lines;
        }
    }
    let mut column = vec![0; groups];
    for group in &order {
        let before = (0..groups).filter(|other| along[*other][*group] > 0);
        column[*group] = before.map(|other| column[other] + 1).max().unwrap_or(0);
    }
    tighten(&order, &along, &mut column);
    spread_the_lonely(sizes, &along, &mut column);
    closed_up(column)
}

/// An order against which few lines run: what only reads comes first, what is only read comes last, and of a circle the one
/// that reads more than it is read (Eades, Lin and Smyth).
fn forward(weight: &[Vec<i64>]) -> Vec<usize> {
    let groups = weight.len();
    let mut left: Vec<usize> = (0..groups).collect();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let lines = |from: &[usize], to: &[usize]| -> i64 {
        let pairs = from.iter().flat_map(|from| to.iter().map(|to| weight[*from][*to]));
        pairs.sum()
    };
    while !left.is_empty() {
        let sink = left.iter().position(|group| lines(&[*group], &left) == 0);
        let source = left.iter().position(|group| lines(&left, &[*group]) == 0);
        if let Some(source) = source {
            first.push(left.remove(source));
        } else if let Some(sink) = sink {
            last.push(left.remove(sink));
        } else {
            let surplus = |group: &usize| lines(&[*group], &left) - lines(&left, &[*group]);
            // The first of those with the most, so that names decide.
            let best = (0..left.len()).max_by_key(|position| (surplus(&left[*position]), groups - position));
            let best = best.unwrap_or(0);
            first.push(left.remove(best));
        }
    }
    last.reverse();
    first.extend(last);
    first
}

/// Move each group within its bounds to where its lines are shortest.
fn tighten(order: &[usize], along: &[Vec<i64>], column: &mut [usize]) {
    let groups = column.len();
    for group in order.iter().rev().chain(order).chain(order.iter().rev()) {
        let after = (0..groups).filter(|other| along[*group][*other] > 0);
        let before = (0..groups).filter(|other| along[*other][*group] > 0);
        let low = before.clone().map(|other| column[other] + 1).max();
        let high = after.clone().map(|other| column[other].saturating_sub(1)).min();
        let out: i64 = after.map(|other| along[*group][other]).sum();
        let inward: i64 = before.map(|other| along[other][*group]).sum();
        column[*group] = match (low, high) {
            (Some(low), Some(high)) if out > inward => high.max(low),
            (Some(low), _) => low,
            (None, Some(high)) => high,
            (None, None) => column[*group],
        };
    }
}

/// Columns of groups without lines are filled up to this height before another one is opened.
const LONELY: f64 = 640.0;

/// Groups that no line leaves or enters stand where there is most room; where there is none, in columns of their own.
fn spread_the_lonely(sizes: &[Size], along: &[Vec<i64>], column: &mut [usize]) {
    let groups = column.len();
    let height = |group: usize| -> f64 {
        let own = sizes.iter().filter(|size| size.group == group);
        own.map(|size| size.height + 20.0).sum::<f64>() + 40.0
    };
    let is_lonely = |group: usize| (0..groups).all(|other| along[group][other] == 0 && along[other][group] == 0);
    let count = column.iter().max().map_or(1, |last| last + 1);
    let mut filled = vec![0.0; count];
    for group in (0..groups).filter(|group| !is_lonely(*group)) {
        filled[column[group]] += height(group);
    }
    let most = filled.iter().copied().fold(LONELY, f64::max);
    for group in (0..groups).filter(|group| is_lonely(*group)) {
        let count = filled.len();
        let shortest = (0..count).min_by(|one, other| filled[*one].total_cmp(&filled[*other]));
        column[group] = shortest
            .filter(|own| filled[*own] + height(group) <= most || filled[*own] == 0.0)
            .unwrap_or(count);
        filled.resize(count.max(column[group] + 1), 0.0);
        filled[column[group]] += height(group);
    }
}

/// Without columns in which nothing stands.
fn closed_up(column: Vec<usize>) -> Vec<usize> {
    let mut used = column.clone();
    used.sort_unstable();
    used.dedup();
    let position = |wanted: usize| used.iter().position(|known| *known == wanted).unwrap_or(0);
    column.into_iter().map(position).collect()
}
