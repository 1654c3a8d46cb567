//! Where boxes stand and lines run: groups in columns, components one below the other in their group, lines between the columns.
//!
//! In: sizes, groups and ends. Out: places in whole pixels. It must not know what any of it means.
//!
//! The steps are those of a layered layout, with groups in place of single boxes: columns (circles are broken, long ways are
//! short), order (crossings, by barycentre), heights (each box as near to its neighbours as the order lets it), ways. A line
//! that goes past a column has a slot of its own in it, so that it runs behind no box.

mod columns;
mod heights;
mod order;
#[cfg(test)]
mod tests;
mod ways;

/// A component's box.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) group: usize,
    pub(super) height: f64,
}

/// A line, by positions of its ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Join {
    pub(super) from: usize,
    pub(super) to: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// How a line runs, and where its label stands.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// The `d` of a path.
    pub(super) path: String,
    pub(super) label: (f64, f64),
    /// Whether the label ends there, rather than begins.
    pub(super) ends: bool,
    /// Whether lines lie so close that there is no room for labels.
    pub(super) is_tight: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) groups: Vec<Rect>,
    pub(super) nodes: Vec<Rect>,
    pub(super) ways: Vec<Way>,
}

/// Between the border of a group and its boxes; above them its name stands.
const PADDING: f64 = 14.0;
const HEADER: f64 = 28.0;
/// Between boxes of a group, between groups of a column, and beside a line that goes past.
const BOX_GAP: f64 = 14.0;
const GROUP_GAP: f64 = 26.0;
/// Room of a line that goes past a column.
const SLOT: f64 = 12.0;
/// From one end of a line to the next on a side of a box.
const PORT_GAP: f64 = 15.0;
/// More lines than these share the side of a box more closely.
const MOST_PORTS: usize = 48;
/// Where labels stand.
pub(super) const LABEL: f64 = 124.0;

/// Lay out boxes of one width in `groups` groups.
pub(super) fn lay_out(sizes: &[Size], groups: usize, joins: &[Join], width: f64) -> Layout {
    let column_of = columns::columns(sizes, groups, joins);
    let spots = Spots::new(sizes, joins, &column_of);
    let order = order::order(sizes, groups, &column_of, &spots);
    let sizes = with_room(sizes, joins, &column_of);
    let tops = heights::heights(&sizes, &order, &spots);
    ways::draw(&sizes, joins, &order, &spots, &tops, width)
}

/// Boxes, and what goes past columns: what lies in a column and has neighbours in the columns beside it.
struct Spots {
    /// How many boxes there are; their numbers come first.
    boxes: usize,
    /// Column of each spot.
    column: Vec<usize>,
    /// By column: pairs of a spot in it and one in the next column.
    gaps: Vec<Vec<(usize, usize)>>,
    /// By join: spots from its start to its end.
    chains: Vec<Vec<usize>>,
}

impl Spots {
    fn new(sizes: &[Size], joins: &[Join], column_of: &[usize]) -> Self {
        let mut column: Vec<usize> = sizes.iter().map(|size| column_of[size.group]).collect();
        let count = column_of.iter().max().map_or(1, |last| last + 1);
        let mut gaps = vec![Vec::new(); count];
        let mut chains = Vec::new();
        for join in joins {
            let (start, end) = (column[join.from], column[join.to]);
            let mut chain = vec![join.from];
            for between in start.min(end) + 1..start.max(end) {
                chain.push(column.len());
                column.push(between);
            }
            if start > end {
                chain[1..].reverse();
            }
            chain.push(join.to);
            for pair in chain.windows(2) {
                let (left, right) = if start < end {
                    (pair[0], pair[1])
                } else {
                    (pair[1], pair[0])
                };
                if start != end {
                    gaps[column[left]].push((left, right));
                }
            }
            chains.push(chain);
        }
        Self {
            boxes: sizes.len(),
            column,
            gaps,
            chains,
        }
    }

    fn columns(&self) -> usize {
        self.gaps.len()
    }
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Group(usize),
    /// A line that goes past.
    Pass(usize),
}

/// The order of everything.
struct Order {
    columns: Vec<Vec<Item>>,
    /// Boxes of each group.
    members: Vec<Vec<usize>>,
}

/// Boxes that are high enough for the lines at their sides.
fn with_room(sizes: &[Size], joins: &[Join], column_of: &[usize]) -> Vec<Size> {
    let mut left = vec![0_usize; sizes.len()];
    let mut right = vec![0_usize; sizes.len()];
    for join in joins {
        let (start, end) = (column_of[sizes[join.from].group], column_of[sizes[join.to].group]);
        match start.cmp(&end) {
            std::cmp::Ordering::Less => (right[join.from], left[join.to]) = (right[join.from] + 1, left[join.to] + 1),
            std::cmp::Ordering::Greater => {
                (left[join.from], right[join.to]) = (left[join.from] + 1, right[join.to] + 1);
            }
            std::cmp::Ordering::Equal => {
                right[join.from] += 1;
                right[join.to] += 1;
            }
        }
    }
    let high = |size: &Size, ports: usize| size.height.max(number(ports.min(MOST_PORTS)) * PORT_GAP + 12.0);
    let sides = left.iter().zip(&right).map(|(left, right)| *left.max(right));
    sizes
        .iter()
        .zip(sides)
        .map(|(size, ports)| Size {
            height: high(size, ports),
            ..*size
        })
        .collect()
}

/// A count as a length.
fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
