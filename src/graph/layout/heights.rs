//! Heights: each item of a column as near to its neighbours as the order and its size let it.

use super::order::neighbours;
use super::{BOX_GAP, GROUP_GAP, HEADER, Item, Order, PADDING, SLOT, Size, Spots, number};

/// How often all columns are gone through.
const ROUNDS: usize = 10;
/// How much a line wants to be straight where it goes past, beside one at a box.
const STRAIGHT: f64 = 4.0;
/// How much an item without lines wants to stay.
const STILL: f64 = 0.01;

/// Tops of boxes and of lines that go past, and of groups.
pub(super) struct Tops {
    pub(super) spots: Vec<f64>,
    pub(super) groups: Vec<f64>,
}

/// Height of a group with its boxes.
pub(super) fn group_height(members: &[usize], sizes: &[Size]) -> f64 {
    let boxes: f64 = members.iter().map(|node| sizes[*node].height).sum();
    HEADER + boxes + BOX_GAP * number(members.len().saturating_sub(1)) + PADDING
}

pub(super) fn heights(sizes: &[Size], order: &Order, spots: &Spots) -> Tops {
    let mut room = Room::new(sizes, order, spots);
    let (lefts, rights) = neighbours(spots);
    let both: Vec<Vec<usize>> = lefts
        .iter()
        .zip(&rights)
        .map(|(left, right)| left.iter().chain(right).copied().collect())
        .collect();
    let count = order.columns.len();
    for round in 0..ROUNDS {
        let beside = match round {
            0 => &lefts,
            1 => &rights,
            _ => &both,
        };
        for step in 0..count {
            let column = if round % 2 == 0 { step } else { count - 1 - step };
            room.settle(column, beside);
        }
    }
    room.moved_to_the_top()
}

/// Where everything is so far.
struct Room<'a> {
    sizes: &'a [Size],
    order: &'a Order,
    boxes: usize,
    /// Of each box, from the top of its group.
    offset: Vec<f64>,
    tops: Tops,
}

impl<'a> Room<'a> {
    fn new(sizes: &'a [Size], order: &'a Order, spots: &Spots) -> Self {
        let mut offset = vec![0.0; sizes.len()];
        for members in &order.members {
            let mut down = HEADER;
            for node in members {
                offset[*node] = down;
                down += sizes[*node].height + BOX_GAP;
            }
        }
        let mut room = Self {
            sizes,
            order,
            boxes: spots.boxes,
            offset,
            tops: Tops {
                spots: vec![0.0; spots.column.len()],
                groups: vec![0.0; order.members.len()],
            },
        };
        for column in &order.columns {
            let mut down = 0.0;
            for item in column {
                room.put(*item, down);
                down += room.height(*item);
            }
        }
        room
    }

    fn height(&self, item: Item) -> f64 {
        match item {
            Item::Group(group) => group_height(&self.order.members[group], self.sizes) + GROUP_GAP,
            Item::Pass(_) => SLOT,
        }
    }

    fn put(&mut self, item: Item, top: f64) {
        match item {
            Item::Group(group) => {
                self.tops.groups[group] = top;
                for node in &self.order.members[group] {
                    self.tops.spots[*node] = top + self.offset[*node];
                }
            }
            Item::Pass(spot) => self.tops.spots[spot] = top,
        }
    }

    fn top(&self, item: Item) -> f64 {
        match item {
            Item::Group(group) => self.tops.groups[group],
            Item::Pass(spot) => self.tops.spots[spot],
        }
    }

    fn middle(&self, spot: usize) -> f64 {
        let half = self.sizes.get(spot).map_or(SLOT, |size| size.height) / 2.0;
        self.tops.spots[spot] + half
    }

    /// Where an item wants its top to be, and how much.
    fn wish(&self, item: Item, beside: &[Vec<usize>]) -> (f64, f64) {
        let (mut sum, mut weight) = (self.top(item) * STILL, STILL);
        let own = match item {
            Item::Group(group) => self.order.members[group].as_slice(),
            Item::Pass(ref spot) => std::slice::from_ref(spot),
        };
        for spot in own {
            let below = self.middle(*spot) - self.top(item);
            for other in &beside[*spot] {
                let is_past = *spot >= self.boxes && *other >= self.boxes;
                let much = if is_past { STRAIGHT } else { 1.0 };
                sum += (self.middle(*other) - below) * much;
                weight += much;
            }
        }
        (sum / weight, weight)
    }

    /// Give a column the heights that are nearest to all wishes: items that want to pass each other are moved as one.
    fn settle(&mut self, column: usize, beside: &[Vec<usize>]) {
        let items = &self.order.columns[column];
        let mut above = 0.0;
        // Blocks: what they want without what stands above in them, how much, and how many items they have.
        let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
        let mut starts = Vec::new();
        for item in items {
            let (top, weight) = self.wish(*item, beside);
            starts.push(above);
            blocks.push((top - above, weight, 1));
            above += self.height(*item);
            while let [.., (first, much, count), (second, more, others)] = blocks[..] {
                if first <= second {
                    break;
                }
                blocks.truncate(blocks.len() - 2);
                let both = much + more;
                blocks.push(((first * much + second * more) / both, both, count + others));
            }
        }
        let bases = blocks.iter().flat_map(|(base, _, count)| vec![*base; *count]);
        let tops: Vec<f64> = bases.zip(starts).map(|(base, start)| base + start).collect();
        for (item, top) in items.iter().zip(tops) {
            self.put(*item, top.round());
        }
    }

    /// With the highest item at 0.
    fn moved_to_the_top(mut self) -> Tops {
        let tops = self.tops.spots.iter().chain(&self.tops.groups);
        let first = tops.copied().min_by(f64::total_cmp).unwrap_or(0.0);
        for top in self.tops.spots.iter_mut().chain(&mut self.tops.groups) {
            *top -= first;
        }
        self.tops
    }
}
