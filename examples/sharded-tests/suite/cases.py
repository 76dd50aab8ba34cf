"""The suite: a class a subject, a test a year. Python's own calendar is the judge, for Easter the rule of the Church."""
import datetime
import unittest

from suite import calendars

FIRST, LAST = 1600, 2399
DAY_0 = datetime.date(2000, 3, 1).toordinal() - 5 * calendars.DAYS_OF_400_YEARS


def days_of(year):
    day = datetime.date(year, 1, 1)
    while day.year == year:
        yield day
        day += datetime.timedelta(days=1)


class ToDays(unittest.TestCase):
    def check(self, year):
        for day in days_of(year):
            self.assertEqual(calendars.days_from_civil(day.year, day.month, day.day), day.toordinal() - DAY_0, day)


class FromDays(unittest.TestCase):
    def check(self, year):
        for day in days_of(year):
            self.assertEqual(calendars.civil_from_days(day.toordinal() - DAY_0), (day.year, day.month, day.day))


class Weekdays(unittest.TestCase):
    def check(self, year):
        for day in days_of(year):
            self.assertEqual(calendars.weekday(day.year, day.month, day.day), day.weekday(), day)


class IsoWeeks(unittest.TestCase):
    def check(self, year):
        for day in days_of(year):
            self.assertEqual(calendars.iso_week(day.year, day.month, day.day), tuple(day.isocalendar())[:2], day)


class Easter(unittest.TestCase):
    def check(self, year):
        """The Sunday after the full moon on or after 21 March, by the tables of Clavius."""
        golden, century = year % 19 + 1, year // 100 + 1
        moved, corrected = 3 * century // 4 - 12, (8 * century + 5) // 25 - 5
        epact = (11 * golden + 20 + corrected - moved) % 30
        epact += (epact == 25 and golden > 11) or epact == 24
        full_moon = 44 - epact + (30 if 44 - epact < 21 else 0)
        moon = datetime.date(year, 3, 1) + datetime.timedelta(days=full_moon - 1)
        sunday = moon + datetime.timedelta(days=7 - (moon.weekday() + 1) % 7)
        self.assertEqual(calendars.easter(year), (sunday.year, sunday.month, sunday.day))


def with_years(subject):
    for year in range(FIRST, LAST + 1):
        setattr(subject, f"test_{year}", lambda self, year=year: self.check(year))


SUBJECTS = [ToDays, FromDays, Weekdays, IsoWeeks, Easter]
for subject in SUBJECTS:
    with_years(subject)
