//! Moments as entries of keys have them, to the second and in UTC, and how long from one to another.

const DAY: i64 = 86_400;
/// The last moment that has four digits of a year.
const LAST: i64 = 253_402_300_799;

/// Seconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    #[must_use]
    pub fn of_seconds(seconds: i64) -> Self {
        Self(seconds.clamp(0, LAST))
    }

    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self::of_seconds(self.0.saturating_add(days.saturating_mul(DAY)))
    }

    /// Whole days until another moment; negative where it is over.
    #[must_use]
    pub fn days_until(self, other: Self) -> i64 {
        (other.0 - self.0).div_euclid(DAY)
    }

    /// `YYYY-MM-DDTHH:MM:SSZ`, or a date, which is its last second.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T').unwrap_or((text, "23:59:59Z"));
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = numbers(time.strip_suffix('Z')?, ':', [2, 2, 2])?;
        let is_legal = (1..=12).contains(&month) && hour < 24 && minute < 60 && second < 60;
        let days = days_of(year, month, day);
        let moment = Self(days * DAY + hour * 3600 + minute * 60 + second);
        // A day that the month does not have comes out as another one.
        (is_legal && moment.0 >= 0 && moment.date() == (year, month, day)).then_some(moment)
    }

    fn date(self) -> (i64, i64, i64) {
        // Howard Hinnant, `civil_from_days`: eras of 400 years that begin in March.
        let days = self.0.div_euclid(DAY) + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + i64::from(month <= 2), month, day)
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ((year, month, day), rest) = (self.date(), self.0.rem_euclid(DAY));
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        write!(
            formatter,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// Howard Hinnant, `days_from_civil`.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn numbers(text: &str, between: char, lengths: [usize; 3]) -> Option<[i64; 3]> {
    let parts: Vec<&str> = text.split(between).collect();
    let is_number =
        |(part, length): (&&str, usize)| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.len() != 3 || !parts.iter().zip(lengths).all(is_number) {
        return None;
    }
    Some([parts[0].parse().ok()?, parts[1].parse().ok()?, parts[2].parse().ok()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_moments_are_the_same_both_ways() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-11-30T10:41:00Z", 1_796_035_260),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("9999-12-31T23:59:59Z", LAST),
        ] {
            assert_eq!(Moment::parse(text), Some(Moment(seconds)), "{text}");
            assert_eq!(Moment(seconds).to_string(), text);
        }
        assert_eq!(Moment::parse("2027-01-31"), Moment::parse("2027-01-31T23:59:59Z"));
        let wrong = [
            "",
            "2026",
            "2026-2-1",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "2026-01-01T24:00:00Z",
            "1969-12-31",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00+01:00",
            "+026-01-01",
            "2026-01-01T",
            "20260-1-01",
        ];
        for text in wrong {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
        let day = |text| Moment::parse(text).unwrap();
        assert_eq!(day("2026-12-31").plus_days(60), day("2027-03-01"));
        assert_eq!(day("2026-12-31").days_until(day("2026-12-30T23:59:58Z")), -2);
        assert_eq!(
            day("2026-12-31").plus_days(i64::MAX).to_string(),
            "9999-12-31T23:59:59Z"
        );
    }
}
