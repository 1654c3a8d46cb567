//! Ends of validity as people write them: a time of UTC, `2026-12-31T23:59:59Z`, or a day, which lasts to its end.
//!
//! A text goes in, seconds since 1970 come out. Knows no clock.

const DAY: i64 = 24 * 60 * 60;

/// The second from which on what expires then is expired; nothing where the text is neither a time nor a day.
#[must_use]
pub fn end_of(text: &str) -> Option<i64> {
    match text.split_once('T') {
        Some((day, time)) => Some(day_of(day)? * DAY + time_of(time)?),
        None => Some((day_of(text)? + 1) * DAY),
    }
}

/// Whether a text is a day of the calendar, `2026-12-31`.
#[must_use]
pub fn is_day(text: &str) -> bool {
    day_of(text).is_some()
}

/// Days since 1970 began.
fn day_of(text: &str) -> Option<i64> {
    let [year, month, day] = numbers(text, '-', [4, 2, 2])?;
    if year == 0 || !(1..=12).contains(&month) || day == 0 || day > days_of(year, month) {
        return None;
    }
    // Years that begin in March have their leap day at their end.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let of_year = (153 * month + 2) / 5 + day - 1;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leaps + of_year - 719_468)
}

fn days_of(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    }
}

/// Seconds since the day began.
fn time_of(text: &str) -> Option<i64> {
    let [hour, minute, second] = numbers(text.strip_suffix('Z')?, ':', [2, 2, 2])?;
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

/// Three numbers of so many digits of ASCII.
fn numbers(text: &str, between: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(between);
    let mut next = |digits: usize| {
        let part = parts.next().filter(|part| part.len() == digits)?;
        part.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| part.parse().ok())?
    };
    let found = [next(digits[0])?, next(digits[1])?, next(digits[2])?];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_days() {
        for (input, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01", Some(86_400)),
            ("1969-12-31", Some(0)),
            ("2000-02-29T00:00:00Z", Some(951_782_400)),
            ("2030-03-17T17:46:40Z", Some(1_900_000_000)),
            ("9999-12-31", Some(253_402_300_800)),
            ("0001-01-01T00:00:00Z", Some(-62_135_596_800)),
            ("0000-01-01", None),
            ("1900-02-29", None),
            ("2026-04-31", None),
            ("2026-13-01", None),
            ("2026-1-01", None),
            ("+026-01-01", None),
            ("2026-01-01T24:00:00Z", None),
            ("2026-01-01T23:59:60Z", None),
            ("2026-01-01T00:00:00", None),
            ("2026-01-01TZ", None),
            ("2026-01-01-01", None),
            ("", None),
        ] {
            assert_eq!(end_of(input), expected, "{input}");
        }
        assert!(is_day("2026-12-31") && !is_day("2026-12-31T00:00:00Z"));
    }
}
