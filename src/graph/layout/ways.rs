//! Where columns stand, at which height lines leave and reach boxes, and how they run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::heights::{Tops, group_height};
use super::{Item, Join, LABEL, Layout, MOST_PORTS, Order, PADDING, PORT_GAP, Rect, SLOT, Size, Spots, Way, number};

/// Beside a column where no label stands.
const EDGE: f64 = 12.0;
/// Between lines that run down beside a column.
const LANE: f64 = 9.0;
/// Length of an arrowhead.
const ARROW: f64 = 8.0;

/// A column of boxes with the room beside it.
#[derive(Clone, Copy, Default)]
struct Column {
    /// Where the room for labels at its left begins, and where that at its right ends.
    start: f64,
    end: f64,
    /// Borders of its groups.
    left: f64,
    right: f64,
}

/// A side of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Left,
    Right,
}

/// A line at a side of a box: the height it comes from, its join, and whether that begins there.
type Port = (f64, usize, bool);

struct Draft<'a> {
    sizes: &'a [Size],
    joins: &'a [Join],
    spots: &'a Spots,
    tops: &'a Tops,
    columns: Vec<Column>,
    /// Lane beside its column of each join that stays there.
    lanes: BTreeMap<usize, usize>,
    /// Height at which each join leaves its start, and reaches its end.
    ports: Vec<(f64, f64)>,
    /// Boxes with more lines at a side than have labels.
    tight: Vec<bool>,
}

pub(super) fn draw(sizes: &[Size], joins: &[Join], order: &Order, spots: &Spots, tops: &Tops, width: f64) -> Layout {
    let mut draft = Draft {
        sizes,
        joins,
        spots,
        tops,
        columns: Vec::new(),
        lanes: lanes(sizes, joins, spots, tops),
        ports: vec![(0.0, 0.0); joins.len()],
        tight: vec![false; sizes.len()],
    };
    draft.columns = draft.columns(width);
    draft.set_ports();
    let mut groups = vec![Rect::default(); order.members.len()];
    for (column, items) in order.columns.iter().enumerate() {
        for item in items {
            if let Item::Group(group) = item {
                let Column { left, right, .. } = draft.columns[column];
                groups[*group] = Rect {
                    x: left,
                    y: tops.groups[*group],
                    width: right - left,
                    height: group_height(&order.members[*group], sizes),
                };
            }
        }
    }
    let node = |(node, size): (usize, &Size)| Rect {
        x: draft.columns[spots.column[node]].left + PADDING,
        y: tops.spots[node],
        width,
        height: size.height,
    };
    let nodes: Vec<Rect> = sizes.iter().enumerate().map(node).collect();
    let ways = (0..joins.len()).map(|join| draft.way(join)).collect();
    let bottoms = groups.iter().map(|group| group.y + group.height);
    let slots = tops.spots.iter().skip(spots.boxes).map(|top| top + SLOT);
    Layout {
        width: draft.columns.last().map_or(0.0, |column| column.end),
        height: bottoms.chain(slots).max_by(f64::total_cmp).unwrap_or(0.0),
        groups,
        nodes,
        ways,
    }
}

/// Lines between boxes of one column run down beside it: short ones close to it, none over another.
fn lanes(sizes: &[Size], joins: &[Join], spots: &Spots, tops: &Tops) -> BTreeMap<usize, usize> {
    let mut stays: Vec<(usize, f64, f64, usize)> = Vec::new();
    for (position, join) in joins.iter().enumerate() {
        if spots.column[join.from] == spots.column[join.to] {
            let (one, other) = (tops.spots[join.from], tops.spots[join.to]);
            let bottom = (one + sizes[join.from].height).max(other + sizes[join.to].height);
            stays.push((spots.column[join.from], one.min(other), bottom, position));
        }
    }
    stays.sort_by(|one, other| (one.2 - one.1).total_cmp(&(other.2 - other.1)));
    let mut taken: Vec<(usize, usize, f64, f64)> = Vec::new();
    let mut lanes = BTreeMap::new();
    for (column, top, bottom, join) in stays {
        let is_free = |lane: &usize| {
            let mut others = taken.iter().filter(|other| other.0 == column && other.1 == *lane);
            others.all(|(_, _, first, last)| bottom < *first || *last < top)
        };
        let lane = (0..).find(is_free).unwrap_or(0);
        taken.push((column, lane, top, bottom));
        lanes.insert(join, lane);
    }
    lanes
}

impl Draft<'_> {
    fn column_of(&self, node: usize) -> usize {
        self.spots.column[node]
    }

    /// Columns from left to right, with as much room between them as lines and labels need.
    fn columns(&self, width: f64) -> Vec<Column> {
        let mut columns = Vec::new();
        let mut x = 0.0;
        for column in 0..self.spots.columns() {
            let ending = |from_left: bool| {
                let mut joins = self.joins.iter();
                joins.any(|join| {
                    let (start, end) = (self.column_of(join.from), self.column_of(join.to));
                    end == column && if from_left { start < end } else { start >= end }
                })
            };
            let own = self
                .lanes
                .iter()
                .filter(|(join, _)| self.column_of(self.joins[**join].from) == column);
            let lanes = own.map(|(_, lane)| lane + 1).max().unwrap_or(0);
            let left = x + if ending(true) { LABEL } else { EDGE };
            let right = left + width + 2.0 * PADDING;
            let end = right + if ending(false) { LABEL } else { EDGE } + number(lanes) * LANE;
            let (start, lines) = (x, self.spots.gaps[column].len());
            columns.push(Column {
                start,
                end,
                left,
                right,
            });
            x = end + 40.0 + (number(lines) * 4.0).min(150.0);
        }
        columns
    }

    /// Spread the lines at each side of a box, in the order of where they come from.
    fn set_ports(&mut self) {
        let mut sides: BTreeMap<(usize, Side), Vec<Port>> = BTreeMap::new();
        for (position, join) in self.joins.iter().enumerate() {
            let chain = &self.spots.chains[position];
            let (start, end) = (self.column_of(join.from), self.column_of(join.to));
            let leaves = if start > end { Side::Left } else { Side::Right };
            let reaches = if start < end { Side::Left } else { Side::Right };
            let first = self.middle(chain[1]);
            let last = self.middle(chain[chain.len() - 2]);
            let mut add = |key, what| sides.entry(key).or_default().push(what);
            add((join.from, leaves), (first, position, true));
            add((join.to, reaches), (last, position, false));
        }
        for ((node, _), mut lines) in sides {
            lines.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
            let height = self.sizes[node].height;
            let count = number(lines.len());
            let gap = ((height - 12.0) / count).min(PORT_GAP * 1.6);
            let first = self.tops.spots[node] + (height - gap * count) / 2.0;
            self.tight[node] |= lines.len() > MOST_PORTS;
            for (place, (_, join, is_start)) in lines.iter().enumerate() {
                let y = first + gap * (number(place) + 0.5);
                let port = &mut self.ports[*join];
                if *is_start {
                    port.0 = y;
                } else {
                    port.1 = y;
                }
            }
        }
    }

    fn middle(&self, spot: usize) -> f64 {
        self.tops.spots[spot] + self.sizes.get(spot).map_or(SLOT, |size| size.height) / 2.0
    }

    fn way(&self, join: usize) -> Way {
        let Join { from, to } = self.joins[join];
        let (start, end) = (self.column_of(from), self.column_of(to));
        let (leaves, reaches) = self.ports[join];
        let mut pen = Pen::default();
        if start == end {
            let column = self.columns[start];
            let lane = self.lanes.get(&join).copied().unwrap_or(0);
            let out = column.right + LABEL + number(lane) * LANE;
            pen.start(column.right - PADDING, leaves);
            pen.around(out, reaches, column.right - PADDING + ARROW);
        } else {
            self.across(join, &mut pen);
        }
        let column = self.columns[end];
        let from_left = start < end;
        Way {
            path: pen.path,
            label: (
                if from_left {
                    column.left - 3.0
                } else {
                    column.right + 3.0
                },
                reaches - 4.0,
            ),
            ends: from_left,
            is_tight: self.tight[to],
        }
    }

    fn across(&self, join: usize, pen: &mut Pen) {
        let Join { from, to } = self.joins[join];
        let is_forward = self.column_of(from) < self.column_of(to);
        let (leaves, reaches) = self.ports[join];
        let chain = &self.spots.chains[join];
        let near = |column: &Column| if is_forward { column.end } else { column.start };
        let far = |column: &Column| if is_forward { column.start } else { column.end };
        let side = |column: &Column, is_right: bool| {
            if is_right {
                column.right - PADDING
            } else {
                column.left + PADDING
            }
        };
        let first = &self.columns[self.column_of(from)];
        pen.start(side(first, is_forward), leaves);
        pen.to(near(first), leaves);
        for spot in &chain[1..chain.len() - 1] {
            let column = &self.columns[self.column_of(*spot)];
            let y = self.middle(*spot);
            pen.bend(far(column), y);
            pen.to(near(column), y);
        }
        let last = &self.columns[self.column_of(to)];
        pen.bend(far(last), reaches);
        let arrow = if is_forward { -ARROW } else { ARROW };
        pen.to(side(last, !is_forward) + arrow, reaches);
    }
}

/// Writes a path.
#[derive(Default)]
struct Pen {
    path: String,
    at: (f64, f64),
}

impl Pen {
    fn start(&mut self, x: f64, y: f64) {
        let _ = write!(self.path, "M{x:.0} {y:.0}");
        self.at = (x, y);
    }

    fn to(&mut self, x: f64, y: f64) {
        let _ = write!(self.path, "H{x:.0}");
        self.at = (x, y);
    }

    /// From one height to another, level at both ends.
    fn bend(&mut self, x: f64, y: f64) {
        let middle = f64::midpoint(self.at.0, x);
        let _ = write!(
            self.path,
            "C{middle:.0} {:.0} {middle:.0} {y:.0} {x:.0} {y:.0}",
            self.at.1
        );
        self.at = (x, y);
    }

    /// Out, down or up, and back.
    fn around(&mut self, out: f64, y: f64, back: f64) {
        const ROUND: f64 = 6.0;
        let from = self.at.1;
        let turn = if y < from { -ROUND } else { ROUND };
        let _ = write!(
            self.path,
            "H{:.0}Q{out:.0} {from:.0} {out:.0} {:.0}V{:.0}Q{out:.0} {y:.0} {:.0} {y:.0}H{back:.0}",
            out - ROUND,
            from + turn,
            y - turn,
            out - ROUND
        );
        self.at = (back, y);
    }
}
