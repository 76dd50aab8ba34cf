"""What is tested: days as numbers, and back, in the Gregorian calendar, without a table of months.

Day 0 is 1 March of the year 0; years begin in March, so that a leap day is the last of its year.
"""
import os

DAYS_OF_400_YEARS = 146_097


def days_from_civil(year, month, day):
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month - 3) % 12) + 2) // 5 + day - 1
    return era * DAYS_OF_400_YEARS + year_of_era * 365 + leap_days(year_of_era) + day_of_year


def leap_days(year_of_era):
    # A fault on demand (`./run --break`): forgets that centuries are no leap years.
    if os.environ.get("BREAK") == "yes":
        return year_of_era // 4
    return year_of_era // 4 - year_of_era // 100


def civil_from_days(days):
    era, day_of_era = divmod(days, DAYS_OF_400_YEARS)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = (shifted + 2) % 12 + 1
    return era * 400 + year_of_era + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def weekday(year, month, day):
    """0 is Monday."""
    return (days_from_civil(year, month, day) + 2) % 7


def iso_week(year, month, day):
    """ISO 8601: the week belongs to the year that has its Thursday."""
    days = days_from_civil(year, month, day)
    thursday = days - (days + 2) % 7 + 3
    of_year = civil_from_days(thursday)[0]
    return of_year, (thursday - days_from_civil(of_year, 1, 1)) // 7 + 1


def easter(year):
    """Easter Sunday of the Gregorian calendar, by Meeus, Jones and Butcher."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    l = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * l) // 433
    month, day = divmod(h + l - 7 * m + 90, 25)
    return year, month, (h + l - 7 * m + 33 * month + 19) % 32
