//! Layouts of random pictures: no box lies on another, and no line runs over a box.

use proptest::prelude::*;

use super::{Join, Layout, Rect, Size, lay_out};

const WIDTH: f64 = 180.0;

/// Boxes in groups, and lines between them; some groups have no box, some lines end where they began.
fn pictures() -> impl Strategy<Value = (Vec<Size>, usize, Vec<Join>)> {
    (1_usize..7, 1_usize..18).prop_flat_map(|(groups, boxes)| {
        let size = (0..groups, 44_u32..160).prop_map(|(group, height)| Size {
            group,
            height: f64::from(height),
        });
        let join = (0..boxes, 0..boxes).prop_map(|(from, to)| Join { from, to });
        let sizes = prop::collection::vec(size, boxes);
        (sizes, Just(groups), prop::collection::vec(join, 0..45))
    })
}

fn overlap(one: &Rect, other: &Rect) -> bool {
    one.x < other.x + other.width
        && other.x < one.x + one.width
        && one.y < other.y + other.height
        && other.y < one.y + one.height
}

fn holds(outer: &Rect, inner: &Rect) -> bool {
    outer.x < inner.x
        && outer.y < inner.y
        && inner.x + inner.width < outer.x + outer.width
        && inner.y + inner.height < outer.y + outer.height
}

/// Points of a path as SVG draws it.
fn points(path: &str) -> Vec<(f64, f64)> {
    let mut found: Vec<(f64, f64)> = Vec::new();
    let is_command = |next: char| next.is_ascii_uppercase();
    for (start, command) in path.match_indices(is_command) {
        let rest = &path[start + 1..];
        let numbers = &rest[..rest.find(is_command).unwrap_or(rest.len())];
        let given: Vec<f64> = numbers.split(' ').map(|number| number.parse().unwrap()).collect();
        let at = found.last().copied().unwrap_or_default();
        let corners = match command {
            "M" => {
                found.push((given[0], given[1]));
                continue;
            }
            "H" => vec![at, (given[0], at.1)],
            "V" => vec![at, (at.0, given[0])],
            _ => std::iter::once(at)
                .chain(given.chunks(2).map(|pair| (pair[0], pair[1])))
                .collect(),
        };
        for step in 1..=24 {
            let mut left = corners.clone();
            let part = f64::from(step) / 24.0;
            while left.len() > 1 {
                let between = |pair: &[(f64, f64)]| {
                    let mix = |one: f64, other: f64| one + (other - one) * part;
                    (mix(pair[0].0, pair[1].0), mix(pair[0].1, pair[1].1))
                };
                left = left.windows(2).map(between).collect();
            }
            found.extend(left);
        }
    }
    found
}

fn check(layout: &Layout, sizes: &[Size], joins: &[Join]) {
    for (position, one) in layout.nodes.iter().enumerate() {
        assert!(holds(&layout.groups[sizes[position].group], one), "{one:?}");
        assert!(one.height >= sizes[position].height);
        for other in &layout.nodes[position + 1..] {
            assert!(!overlap(one, other), "{one:?} {other:?}");
        }
    }
    for (position, one) in layout.groups.iter().enumerate() {
        assert!(one.x >= 0.0 && one.x + one.width <= layout.width, "{one:?}");
        assert!(one.y >= 0.0 && one.y + one.height <= layout.height, "{one:?}");
        for other in &layout.groups[position + 1..] {
            assert!(!overlap(one, other), "{one:?} {other:?}");
        }
    }
    for (way, join) in layout.ways.iter().zip(joins) {
        let points = points(&way.path);
        let (from, to) = (&layout.nodes[join.from], &layout.nodes[join.to]);
        assert!(touches(from, points[0]), "{} {from:?}", way.path);
        assert!(near(to, *points.last().unwrap()), "{} {to:?}", way.path);
        for (x, y) in points {
            let is_within =
                |own: &Rect| own.x + 1.0 < x && x < own.x + own.width - 1.0 && own.y < y && y < own.y + own.height;
            assert!(!layout.nodes.iter().any(is_within), "{} at {x} {y}", way.path);
        }
    }
}

fn touches(own: &Rect, (x, y): (f64, f64)) -> bool {
    let is_side = (x - own.x).abs() < 1.0 || (x - own.x - own.width).abs() < 1.0;
    is_side && own.y < y && y < own.y + own.height
}

/// The arrowhead takes the rest.
fn near(own: &Rect, (x, y): (f64, f64)) -> bool {
    touches(own, (x + 8.0, y)) || touches(own, (x - 8.0, y))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn boxes_and_lines_keep_apart((sizes, groups, joins) in pictures()) {
        let layout = lay_out(&sizes, groups, &joins, WIDTH);
        check(&layout, &sizes, &joins);
        let again = lay_out(&sizes, groups, &joins, WIDTH);
        prop_assert_eq!(format!("{layout:?}"), format!("{again:?}"));
    }
}

/// Lines from box to box run to the right, one after the other, and a circle has one that runs back.
#[test]
fn columns_follow_the_lines() {
    let sizes: Vec<Size> = (0..4).map(|group| Size { group, height: 50.0 }).collect();
    let join = |(from, to)| Join { from, to };
    let chain: Vec<Join> = [(0, 2), (2, 1), (1, 3), (3, 0)].map(join).into();
    let layout = lay_out(&sizes, 4, &chain, WIDTH);
    let mut order: Vec<usize> = (0..4).collect();
    order.sort_by(|one, other| layout.nodes[*one].x.total_cmp(&layout.nodes[*other].x));
    assert_eq!(order, [0, 2, 1, 3]);
    check(&layout, &sizes, &chain);
}

#[test]
fn nothing_is_laid_out_as_nothing() {
    let layout = lay_out(&[], 0, &[], WIDTH);
    assert!(layout.nodes.is_empty() && layout.height == 0.0);
}
