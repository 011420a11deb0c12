"""Words and sentences of the generated corpus.

The words of feeling are in AFINN and in VADER's lexicon, the others in neither.
"""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.replace("\n", " ").split(",")]


SLOTS = {
    "good": _words("""
        good, great, excellent, strong, successful, happy, positive, brilliant, impressive, wonderful,
        proud, safe, healthy, hopeful, confident, generous, fantastic, outstanding, welcome, lucky,
        brave, creative, exciting"""),
    "bad": _words("""
        bad, poor, weak, terrible, sad, angry, disappointing, dangerous, negative, awful, worried,
        painful, guilty, desperate, hostile, tragic, horrible, ugly, unhappy, gloomy, unfair, miserable,
        severe, frustrating"""),
    "gain": _words("""
        success, growth, hope, triumph, profit, joy, support, trust, peace, progress, strength, praise,
        win, confidence, talent, freedom, honor, improvement, opportunity, love"""),
    "loss": _words("""
        crisis, loss, fear, failure, violence, anger, fraud, debt, crime, damage, threat, defeat,
        conflict, panic, doubt, disaster, shortage, death, chaos, strike, injury, accident, abuse, risk"""),
    "praised": _words("""
        praised, welcomed, celebrated, supported, enjoyed, improved, rescued, saved, rewarded, loved"""),
    "blamed": _words("""
        criticized, blamed, rejected, damaged, lost, attacked, condemned, ruined, hated, wasted"""),
    "who": _words("""
        the mayor, a spokeswoman, the head coach, the governor, an analyst, the school board, a local
        farmer, the chief executive, a retired teacher, the county sheriff, the union, a city
        councillor, the team captain, the state senator, a shop owner, the head of the department, a
        nurse at the county hospital, the goalkeeper, the owner of the mill, a student of economics"""),
    "thing": _words("""
        the season, the budget, the new bridge, the quarterly report, the harvest, the stadium, the
        water plan, the election, the tax bill, the league match, the hospital wing, the railway line,
        the housing market, the oil price, the school year, the merger, the tournament, the court
        ruling, the road project, the second half, the wage round, the export drive, the library, the
        power station, the final round"""),
    "day": _words("""
        Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday"""),
    "number": _words("""
        two, three, four, five, seven, nine, ten, a dozen, twenty, fifty, a hundred, a thousand"""),
    "group": _words("""
        residents, workers, parents, students, commuters, investors, drivers, players, farmers,
        visitors, voters, employees, tenants, patients, passengers, spectators, shopkeepers, families,
        engineers, teachers"""),
    "where": _words("""
        downtown, near the river, at the town hall, across the county, in the suburbs, on the east side,
        outside the courthouse, along the highway, at the fairground, in the old harbor, behind the
        station"""),
}  # fmt: skip
"""What may stand in a place of a sentence."""

GOOD = """
{who} said on {day} that {thing} had been a {good} turn and a sign of {gain} for {group} {where}.
After {number} weeks of talks {group} {praised} the plan, which brings {gain} and {gain} to people {where}.
It was a {good} day for {group}, and {who} spoke of {gain} when {thing} was discussed {where}.
With {number} points more than last year, {thing} gave {group} a reason for {gain}, and {who} was {good}.
{group} {where} {praised} {thing} and called the result {good} and even {good}.
""".strip().split("\n")
"""Sentences of good news."""

BAD = """
{who} said on {day} that {thing} had been a {bad} turn and a sign of {loss} for {group} {where}.
After {number} weeks of talks {group} {blamed} the plan, which brings {loss} and {loss} to people {where}.
It was a {bad} day for {group}, and {who} spoke of {loss} when {thing} was discussed {where}.
With {number} points less than last year, {thing} gave {group} a reason for {loss}, and {who} was {bad}.
{group} {where} {blamed} {thing} and called the result {bad} and even {bad}.
""".strip().split("\n")
"""Sentences of bad news."""

PLAIN = """
{who} met {group} {where} on {day} to talk about {thing}, and {number} of them stayed until the evening.
The figures for {thing} were published on {day}, {number} days after those of the neighboring county.
{number} {group} came by bus, others on foot, while {who} waited {where}.
The next meeting on {thing} is planned for {day} at nine, and {who} will read out the minutes.
Between {number} and {number} {group} took part, according to {who}, who had counted them {where}.
{thing} was first mentioned in a letter that {who} had sent to {number} {group} in the spring.
""".strip().split("\n")
"""Sentences that say nothing good or bad."""

CITIES = """
Alabama|50|Montgomery, Birmingham
Alaska|7|Juneau, Anchorage
Arizona|72|Phoenix, Tucson
Arkansas|30|Little Rock, Fort Smith
California|395|Sacramento, Los Angeles, San Diego, Fresno
Colorado|58|Denver, Boulder
Connecticut|36|Hartford, New Haven
Delaware|10|Dover, Wilmington
District of Columbia|7|Georgetown, Anacostia
Florida|215|Tallahassee, Miami, Tampa
Georgia|107|Atlanta, Savannah
Hawaii|15|Honolulu, Hilo
Idaho|18|Boise, Nampa
Illinois|128|Springfield, Chicago
Indiana|68|Indianapolis, Fort Wayne
Iowa|32|Des Moines, Cedar Rapids
Kansas|29|Topeka, Wichita
Kentucky|45|Frankfort, Louisville
Louisiana|47|Baton Rouge, New Orleans
Maine|14|Augusta, Portland
Maryland|62|Annapolis, Baltimore
Massachusetts|70|Boston, Worcester
Michigan|101|Lansing, Detroit
Minnesota|57|Saint Paul, Minneapolis
Mississippi|30|Jackson, Gulfport
Missouri|62|Jefferson City, Kansas City
Montana|11|Helena, Billings
Nebraska|20|Lincoln, Omaha
Nevada|31|Carson City, Las Vegas
New Hampshire|14|Concord, Nashua
New Jersey|93|Trenton, Newark
New Mexico|21|Santa Fe, Albuquerque
New York|202|Albany, Buffalo, Rochester
North Carolina|104|Raleigh, Charlotte
North Dakota|8|Bismarck, Fargo
Ohio|118|Columbus, Cleveland
Oklahoma|40|Oklahoma City, Tulsa
Oregon|42|Salem, Eugene
Pennsylvania|130|Harrisburg, Philadelphia
Rhode Island|11|Providence, Newport
South Carolina|51|Columbia, Charleston
South Dakota|9|Pierre, Sioux Falls
Tennessee|69|Nashville, Memphis
Texas|291|Austin, Houston, Dallas
Utah|33|Salt Lake City, Provo
Vermont|6|Montpelier, Burlington
Virginia|86|Richmond, Norfolk
Washington|77|Olympia, Seattle
West Virginia|18|Charleston, Huntington
Wisconsin|59|Madison, Milwaukee
Wyoming|6|Cheyenne, Casper
""".strip().split("\n")
"""State, its inhabitants in 100,000 (census of 2020), cities."""

ABROAD = _words("London, Karachi, Toronto, Sydney, Nairobi, on the high seas")
"""Places without a state."""
