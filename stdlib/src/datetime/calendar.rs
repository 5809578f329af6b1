//! The proleptic Gregorian calendar and the ISO week calendar, in plain integers.
//!
//! Days are counted from 1, which is January 1 of the year 1, a Monday.

use rpy_vm::{PyResult, exc};

/// `datetime.MINYEAR`.
pub const MIN_YEAR: i32 = 1;
/// `datetime.MAXYEAR`.
pub const MAX_YEAR: i32 = 9999;
/// The number of the last day of [`MAX_YEAR`].
pub const MAX_ORDINAL: i32 = 3_652_059;
/// The number of January 1, 1970.
pub const EPOCH_ORDINAL: i32 = 719_163;

const DAYS_IN_4_YEARS: i32 = 4 * 365 + 1;
const DAYS_IN_100_YEARS: i32 = 25 * DAYS_IN_4_YEARS - 1;
const DAYS_IN_400_YEARS: i32 = 4 * DAYS_IN_100_YEARS + 1;

/// Days before each month of a year that is no leap year.
const BEFORE_MONTH: [i32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// A day by its place in the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub year: i32,
    pub month: i32,
    pub day: i32,
}

/// A time of day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    pub hour: i32,
    pub minute: i32,
    pub second: i32,
    pub microsecond: i32,
}

/// What is wrong with a date of the ISO week calendar.
#[derive(Debug, PartialEq, Eq)]
pub enum IsoError {
    Year,
    Week,
    Weekday,
}

/// Is it a leap year?
pub fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The length of a month (1 to 12).
pub fn days_in_month(year: i32, month: i32) -> i32 {
    match month {
        2 => 28 + i32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the year before a month (1 to 12).
pub fn days_before_month(year: i32, month: i32) -> i32 {
    BEFORE_MONTH[(month - 1) as usize % 12] + i32::from(month > 2 && is_leap(year))
}

fn days_before_year(year: i32) -> i32 {
    let y = year - 1;
    y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400)
}

impl Day {
    pub const fn new(year: i32, month: i32, day: i32) -> Day {
        Day { year, month, day }
    }

    /// The number of the day.
    pub fn ordinal(self) -> i32 {
        days_before_year(self.year) + days_before_month(self.year, self.month) + self.day
    }

    /// The day of a positive number.
    pub fn from_ordinal(ordinal: i32) -> Day {
        let (cycles, rest) = ((ordinal - 1) / DAYS_IN_400_YEARS, (ordinal - 1) % DAYS_IN_400_YEARS);
        // The last year of a cycle of 4 or 400 is a day longer than the division assumes.
        let centuries = (rest / DAYS_IN_100_YEARS).min(3);
        let rest = rest - centuries * DAYS_IN_100_YEARS;
        let (fours, rest) = (rest / DAYS_IN_4_YEARS, rest % DAYS_IN_4_YEARS);
        let years = (rest / 365).min(3);
        let rest = rest - years * 365;
        let year = cycles * 400 + centuries * 100 + fours * 4 + years + 1;
        // A guess that is right or one too large.
        let mut month = (rest + 50) >> 5;
        if days_before_month(year, month) > rest {
            month -= 1;
        }
        Day { year, month, day: rest - days_before_month(year, month) + 1 }
    }

    /// Monday is 0.
    pub fn weekday(self) -> i32 {
        (self.ordinal() + 6).rem_euclid(7)
    }

    /// January 1 is 1.
    pub fn day_of_year(self) -> i32 {
        days_before_month(self.year, self.month) + self.day
    }

    /// ISO year, ISO week, and weekday with Monday as 1.
    pub fn iso_calendar(self) -> (i32, i32, i32) {
        let today = self.ordinal();
        let mut year = self.year;
        let mut days = today - iso_first_monday(year);
        if days < 0 {
            year -= 1;
            days = today - iso_first_monday(year);
        } else if days >= 52 * 7 && today >= iso_first_monday(year + 1) {
            year += 1;
            days = today - iso_first_monday(year);
        }
        (year, days.div_euclid(7) + 1, days.rem_euclid(7) + 1)
    }

    /// The inverse of [`Day::iso_calendar`].
    ///
    /// # Errors
    /// The first part that is out of range.
    pub fn from_iso_calendar(year: i32, week: i32, weekday: i32) -> Result<Day, IsoError> {
        if !(MIN_YEAR..=MAX_YEAR).contains(&year) {
            return Err(IsoError::Year);
        }
        let long_year = || {
            let first = Day::new(year, 1, 1).weekday();
            first == 3 || first == 2 && is_leap(year)
        };
        let fits = (1..=52).contains(&week) || week == 53 && long_year();
        if !fits {
            return Err(IsoError::Week);
        }
        if !(1..=7).contains(&weekday) {
            return Err(IsoError::Weekday);
        }
        Ok(Day::from_ordinal(iso_first_monday(year) + (week - 1) * 7 + weekday - 1))
    }

    /// # Errors
    /// `ValueError` that names the part out of range.
    pub fn check(self) -> PyResult<()> {
        let Day { year, month, day } = self;
        if !(MIN_YEAR..=MAX_YEAR).contains(&year) {
            return Err(exc::value_error(format!("year must be in {MIN_YEAR}..{MAX_YEAR}, not {year}")));
        }
        if !(1..=12).contains(&month) {
            return Err(exc::value_error(format!("month must be in 1..12, not {month}")));
        }
        let length = days_in_month(year, month);
        if !(1..=length).contains(&day) {
            return Err(exc::value_error(format!(
                "day {day} must be in range 1..{length} for month {month} in year {year}"
            )));
        }
        Ok(())
    }

    /// The day `days` later.
    ///
    /// # Errors
    /// `OverflowError` outside of the years that dates can have.
    pub fn plus_days(self, days: i32) -> PyResult<Day> {
        let day = self.day + days;
        if (1..=days_in_month(self.year, self.month)).contains(&day) && (MIN_YEAR..=MAX_YEAR).contains(&self.year) {
            return Ok(Day { day, ..self });
        }
        // No overflow: the greatest difference has nine digits, the greatest day number seven.
        match self.ordinal() + days {
            ordinal @ 1..=MAX_ORDINAL => Ok(Day::from_ordinal(ordinal)),
            _ => Err(exc::overflow_error("date value out of range")),
        }
    }
}

impl Clock {
    /// # Errors
    /// `ValueError` that names the part out of range.
    pub fn check(self, fold: i32) -> PyResult<()> {
        let Clock { hour, minute, second, microsecond } = self;
        let parts =
            [("hour", hour, 23), ("minute", minute, 59), ("second", second, 59), ("microsecond", microsecond, 999_999)];
        for (name, value, maximum) in parts {
            if !(0..=maximum).contains(&value) {
                return Err(exc::value_error(format!("{name} must be in 0..{maximum}, not {value}")));
            }
        }
        if fold != 0 && fold != 1 {
            return Err(exc::value_error(format!("fold must be either 0 or 1, not {fold}")));
        }
        Ok(())
    }

    /// Whole seconds since midnight.
    pub fn seconds(self) -> i32 {
        self.hour * 3600 + self.minute * 60 + self.second
    }
}

/// The Monday with which week 1 begins, that is the first week with a Thursday.
fn iso_first_monday(year: i32) -> i32 {
    let first = Day::new(year, 1, 1).ordinal();
    let weekday = (first + 6).rem_euclid(7);
    first - weekday + if weekday > 3 { 7 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_its_number() {
        let (mut year, mut month, mut day) = (1, 1, 1);
        for ordinal in 1..=MAX_ORDINAL {
            let here = Day::new(year, month, day);
            assert_eq!(Day::from_ordinal(ordinal), here);
            assert_eq!(here.ordinal(), ordinal);
            day += 1;
            if day > days_in_month(year, month) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!(year, MAX_YEAR + 1);
    }

    #[test]
    fn weeks() {
        assert_eq!(Day::new(2020, 12, 31).iso_calendar(), (2020, 53, 4));
        assert_eq!(Day::new(2021, 1, 3).iso_calendar(), (2020, 53, 7));
        assert_eq!(Day::new(2024, 12, 30).iso_calendar(), (2025, 1, 1));
        assert_eq!(Day::from_iso_calendar(2020, 53, 5), Ok(Day::new(2021, 1, 1)));
        assert_eq!(Day::from_iso_calendar(2021, 53, 1), Err(IsoError::Week));
    }
}
