"""The sentiment of news articles: its numbers agree with a loop that uses the lexicons directly."""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from collections import Counter, defaultdict
from fractions import Fraction
from types import SimpleNamespace

import pytest

from hpcd4p import WorkflowError
from hpcd4p.plan.hashing import stable_hash
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.model import Role
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime import sequential
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.workflows import sentiment
from hpcd4p.workflows.sentiment import vocabulary
from hpcd4p.workflows.sentiment.corpus import Corpus
from hpcd4p.workflows.sentiment.lexicons import load_afinn, load_vader
from hpcd4p.workflows.sentiment.ranking import Mood, Moods, happiest
from hpcd4p.workflows.sentiment.scores import Located, Sums, average
from hpcd4p.workflows.sentiment.states import STATES, find_state

pytest.importorskip("afinn", reason="extra `sentiment` is not installed")
pytest.importorskip("vaderSentiment", reason="extra `sentiment` is not installed")


def options(*words):
    parser = argparse.ArgumentParser(exit_on_error=False)
    sentiment.add_options(parser)
    return parser.parse_args([str(word) for word in words])


def run(*words, settings=None):
    settings = settings or EngineSettings()
    plan, pes = make_plan(sentiment.build(options(*words)), 1, settings)
    sink = MemorySink()
    summary = sequential.run(RunSpec(plan, pes, resolve_inputs(plan, pes), settings), sink)
    return summary, sink


def output(sink, name):
    return next((values for key, values in sink.results.items() if key.endswith("." + name)), [])


def shown(sink, *words):
    return sentiment.present(SimpleNamespace(), sink.results, options(*words))


# ---- the same by another way


def words_of(text):
    """Words by a scan of characters: another way than the workflow's."""
    words, word = [], ""
    for c in text.lower() + " ":
        if c.isalnum() or (c in "'-" and word and word[-1].isalnum()):
            word += c
        else:
            words += [word.rstrip("'-")] if word else []
            word = ""
    return words


def state_of(location):
    """State of a generated place: what stands after the last comma."""
    last = location.rpartition(", ")[2]
    found = [s.name for s in STATES if last in (s.name, s.postal, s.dateline, ".".join(s.postal) + ".")]
    return found[0] if found else "unknown"


def micro(mean):
    """Nearest millionth, halves up."""
    return int((mean * 1_000_000 + Fraction(1, 2)) // 1)


@pytest.fixture(scope="module")
def lexicons():
    from afinn import Afinn
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return Afinn(), SentimentIntensityAnalyzer().lexicon


@pytest.mark.parametrize("seed", range(20))
def test_the_tree_of_afinns_words_finds_what_the_package_finds(lexicons, seed):
    afinn, _ = lexicons
    chance = random.Random(seed)
    words = [*afinn._dict, "the", "isn't", "can't", "stand", "--", "#", "(", "na\u00efve", "x_1", "3d", "a"]
    joints = [" ", "  ", "", "-", "'", ". ", ", ", "\n", "_", "\u2019"]
    text = "".join(chance.choice(words) + chance.choice(joints) for _ in range(300))
    scores = load_afinn()
    for each in (text, text.upper(), text.title()):
        assert scores(each) == afinn.scores(each)


def direct(rows, afinn, vader):
    """State → (articles, sum of the scores) by both methods."""
    found = {"AFINN": defaultdict(lambda: [0, 0]), "VADER": defaultdict(lambda: [0, 0])}
    for row in rows:
        text, state = f"{row.title}\n{row.text}", state_of(row.location)
        known = afinn.scores(text)
        mean = Fraction(sum(known), len(known)) if known else Fraction(0)
        values = [Fraction(str(vader[word])) for word in words_of(text) if word in vader]
        positive = sum((v for v in values if v > 0), Fraction(0)) / max(1, len(values))
        negative = sum((v for v in values if v < 0), Fraction(0)) / max(1, len(values))
        for method, score in (("AFINN", mean), ("VADER", max(positive, negative, key=abs))):
            found[method][state][0] += 1
            found[method][state][1] += micro(score)
    return found


@pytest.fixture(scope="module")
def expected(lexicons):
    corpus = Corpus(3)
    return direct([corpus.row(n) for n in range(1, 51)], *lexicons)


@pytest.mark.parametrize("settings", [EngineSettings(), EngineSettings(max_task_tuples=1)])
def test_agrees_with_a_loop_over_the_articles(expected, settings):
    summary, sink = run("--articles", 50, "--seed", 3, "--top", 5, settings=settings)
    assert summary.status == 0
    for method, states in expected.items():
        rows = {(state, articles, total, method) for state, (articles, total) in states.items()}
        assert set(output(sink, f"{method.lower()}_states")) == rows
        assert len(output(sink, f"{method.lower()}_states")) == len(rows)
        known = set(states) - {"unknown"}
        (counts,) = output(sink, f"{method.lower()}_counts")
        nowhere = states["unknown"][0] if "unknown" in states else 0
        assert counts == {"articles": 50, "nowhere": nowhere, "states": len(known)}
        best = sorted(known, key=lambda state: (-states[state][1], state))[:5]
        places = output(sink, f"{method.lower()}_top")
        assert [(place.rank, place.state) for place in places] == list(enumerate(best, 1))
        assert [place.total for place in places] == [states[state][1] / 1e6 for state in best]


def test_the_lexicon_of_vader_is_that_of_its_analyzer(lexicons):
    assert {word: value / 10 for word, value in load_vader().items()} == lexicons[1]


def test_the_values_of_afinn_are_those_of_its_package(lexicons):
    text = "Good luck is no bad luck; the well-being of an idiot isn't wonderful"
    assert sum(load_afinn()(text)) == lexicons[0].score(text) != 0


def test_of_both_means_the_larger_one_counts_and_the_negative_one_of_equals():
    assert average(Sums(1, "", 30, 10, 4)).score == 750_000
    assert average(Sums(1, "", 10, 31, 4)).score == -775_000
    assert average(Sums(1, "", 20, 20, 4)).score == -500_000
    assert average(Sums(1, "", 0, 0, 0)).score == 0


def test_sums_are_the_same_in_any_order():
    dice = random.Random(5)
    articles = [Located(n, dice.randrange(-(10**7), 10**7), dice.choice("abc"), "AFINN") for n in range(500)]
    found = []
    for _ in range(3):
        dice.shuffle(articles)
        moods = Moods()
        for article in articles:
            moods.add(article)
        found.append(moods.all())
    assert found[0] == found[1] == found[2]


def test_equal_states_are_ranked_by_name_and_those_without_a_state_not_at_all():
    moods = [Mood(s, n, score, "AFINN") for s, n, score in
             [("Utah", 1, 5), ("Iowa", 2, 5), ("unknown", 1, 9), ("Ohio", 4, 8)]]  # fmt: skip
    assert [p.state for p in happiest(moods, 3, "total")] == ["Ohio", "Iowa", "Utah"]
    assert [p.state for p in happiest(moods, 2, "mean")] == ["Utah", "Iowa"]


# ---- the structure of the paper


def test_plan_has_the_instances_of_the_paper():
    plan, _ = make_plan(sentiment.build(options()), 16, EngineSettings())
    roles = {e.name.rstrip("0123456789"): (e.role, e.partitions) for e in plan.elements}
    assert plan.name == "sentiment"
    assert roles.pop("read") == (Role.ROOT, 0)
    stateful = {name: partitions for name, (role, partitions) in roles.items() if role is Role.STATE}
    assert stateful == {"afinn_happy": 1, "vader_happy": 3, "afinn_top": 1, "vader_top": 1}
    assert sum(stateful.values()) == 6
    pool = {name for name, (role, _) in roles.items() if role is Role.POOL}
    assert pool == {
        "check", "afinn_score", "afinn_state", "tokenise", "vader_score", "vader_average", "vader_state",
    }  # fmt: skip


# ---- the generated corpus


def test_the_corpus_has_the_size_and_the_skew_of_the_paper():
    corpus = Corpus(options().seed)
    rows = [corpus.row(number) for number in range(1, options().articles + 1)]
    assert len(rows) == 2470
    states = [find_state(row.location) for row in rows]
    assert states == [state_of(row.location) for row in rows]
    assert len(set(states)) == len(STATES) + 1
    assert 20 <= states.count("unknown") <= 50  # 35 there
    instances = Counter(stable_hash((state, "VADER")) % 3 for state in states)
    largest, _, smallest = (n for _, n in instances.most_common())
    assert 1000 <= largest <= 1200  # 1085 of 2435 there
    assert 450 <= smallest <= 700  # 652 there
    lengths = [len(row.text.split()) for row in rows]
    assert 250 <= sum(lengths) / len(lengths) <= 400


def test_an_article_is_the_same_whatever_was_made_before_it():
    corpus, other = Corpus(1), Corpus(1)
    assert [corpus.row(n) for n in (5, 2, 9)][::-1] == [other.row(n) for n in (9, 2, 5)]
    assert Corpus(2).row(5).text != corpus.row(5).text


def test_words_of_feeling_are_in_both_lexicons_and_others_in_neither(lexicons):
    afinn, vader = lexicons
    for slot, words in vocabulary.SLOTS.items():
        sign = {"good": 1, "gain": 1, "praised": 1, "bad": -1, "loss": -1, "blamed": -1}.get(slot, 0)
        for word in words:
            values = (afinn.score(word), sum(vader.get(part, 0.0) for part in word.split()))
            assert all(value * sign > 0 if sign else value == 0 for value in values), (slot, word, values)


# ---- places


@pytest.mark.parametrize(
    ("place", "state"),
    [
        ("Austin, TX", "Texas"),
        ("ALBANY, N.Y.", "New York"),
        ("Albany, N. Y.", "New York"),
        ("Sacramento, california", "California"),
        ("TAMPA, Fla.", "Florida"),
        ("Charleston, West Virginia", "West Virginia"),
        ("Charleston, W.Va.", "West Virginia"),
        ("Richmond, Virginia", "Virginia"),
        ("Little Rock, Arkansas", "Arkansas"),
        ("Kansas City, Missouri", "Missouri"),
        ("Washington, D.C.", "District of Columbia"),
        ("Washington, DC", "District of Columbia"),
        ("Delaware, OH 43015", "Ohio"),
        ("north  dakota", "North Dakota"),
        ("Fargo, North\nDakota", "North Dakota"),
        ("US-CA", "California"),
        ("Portland, Ore.", "Oregon"),
        ("Oregonian", "unknown"),
        ("Paris, or anywhere in Europe; oh, hi", "unknown"),
        ("A Mass in the Ark", "unknown"),
        ("MEXICO", "unknown"),
        ("", "unknown"),
    ],
)
def test_finds_the_state_of_a_place(place, state):
    assert find_state(place) == state


def test_finds_every_state_by_each_of_its_names():
    for state in STATES:
        for form in (state.name, state.name.upper(), state.postal, f"{state.postal[0]}.{state.postal[1]}."):
            assert find_state(f"Springfield, {form}") == state.name
        if state.dateline:
            assert find_state(f"Springfield, {state.dateline} (AP)") == state.name


# ---- files


HEAD = "id,Location,TEXT,title\n"
GOOD = '1,"Austin, TX",A wonderful day,Fine\n'


@pytest.fixture
def table(tmp_path):
    def write(content, name="articles.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_reads_a_file_with_its_columns_in_any_order(table):
    summary, sink = run("--input", table("\ufeff" + HEAD + GOOD + "\r\n2,Ohio,a terrible crisis,\r\n"))
    assert summary.status == 0
    assert set(output(sink, "afinn_states")) == {
        ("Texas", 1, 3_000_000, "AFINN"),  # fine 2, wonderful 4
        ("Ohio", 1, -3_000_000, "AFINN"),
    }
    assert output(sink, "vader_counts") == [{"articles": 2, "nowhere": 0, "states": 2}]


def test_reads_tabs_and_needs_no_title(table):
    summary, sink = run("--input", table("text\tlocation\nGood, bad\tUtah\nok\tParis\n", "a.TSV"))
    assert summary.status == 0
    assert output(sink, "afinn_counts") == [{"articles": 2, "nowhere": 1, "states": 1}]
    assert [place.state for place in output(sink, "afinn_top")] == ["Utah"]
    assert "1 name no state" in shown(sink)


def test_a_row_that_is_no_article_is_a_dead_letter_with_its_line(table):
    content = (
        (
            HEAD + GOOD + "2,Ohio\n" + '3,"Iowa",two\nlines,t\n' + '4,Iowa,"two\nlines",t\n' + "5,,text,t\n"
        ).encode()
        + b"6,Utah,caf\xe9,t\n"
        + b'7,Utah,"a" b,t\n'
        + f"8,Utah,{'x' * 140_000},t\n".encode()
    )
    summary, sink = run("--input", table(content + b'9,Utah,"never closed\n10,Utah,good,t\n'))
    assert summary.status == 1
    found = sorted(letter.error for letter in sink.letters)
    expected = [
        "line 3: nothing in column text",
        "line 5: nothing in column text",  # the second half of one that lacks its quotes
        "line 8: nothing in column location",
        "line 9: column text is not in UTF-8: byte 0xe9",
        "line 10: ',' expected after '\"'",
        "line 12: unexpected end of data",
    ]
    assert len(found) == len(expected), found
    for text in expected:
        assert any(text in each for each in found), (text, found)
    assert output(sink, "afinn_counts")[0]["articles"] == 4


def test_a_file_without_articles_gives_empty_rankings(table):
    summary, sink = run("--input", table(HEAD))
    assert summary.status == 0
    assert output(sink, "afinn_counts") == [{"articles": 0, "nowhere": 0, "states": 0}]
    assert "0 articles" in shown(sink)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "has no header: its first line must name the columns 'title', 'text', 'location'"),
        (b"\n1,2\n", "has no header"),
        (b"title,text,state\n", "has no column 'location'; its first line names 'title', 'text', 'state'"),
        (b"a;b\n", "has no column 'text', 'location'"),
        (b"text,location,\xff\n", "no line of a table in UTF-8"),
    ],
)
def test_a_file_that_is_no_table_of_articles_is_refused_before_the_run(table, content, text):
    with pytest.raises(WorkflowError, match=text):
        sentiment.build(options("--input", table(content)))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--input", "/no/such/file"), "expected a file, and '/no/such/file' is not there"),
        (("--articles", "0"), "expected a whole number from 1"),
        (("--top", "all"), "expected a whole number"),
        (("--by", "luck"), "invalid choice: 'luck'"),
        (("--plot", "states.doc"), "expected a file that ends in"),
    ],
)
def test_wrong_options_say_what_is_expected(words, text):
    with pytest.raises(argparse.ArgumentError, match=text):
        options(*words)


@pytest.mark.parametrize("package", ["afinn", "vaderSentiment"])
def test_a_missing_package_names_the_extra(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(WorkflowError, match=rf"it needs {package}, .* pip install 'hpcd4p\[sentiment\]'"):
        sentiment.build(options())


# ---- what is shown


def test_rankings_are_shown_in_tables():
    words = ("--articles", 30, "--top", 2, "--by", "mean")
    _, sink = run(*words)
    lines = shown(sink, *words).splitlines()
    assert lines[0].startswith("30 articles (generated, seed 1) from ")
    assert lines[2] == "Happiest by AFINN (points; an article has -5 to 5)"
    assert lines[3].split() == ["rank", "state", "articles", "total", "mean"]
    assert [line.split()[0] for line in lines[4:6]] == ["1", "2"]
    assert lines[7] == "Happiest by VADER (points; an article has -4 to 4)"
    assert len(lines) == 11
    assert sentiment.present(SimpleNamespace(), {}, options()) == ""


def test_draws_all_states(tmp_path):
    pytest.importorskip("matplotlib", reason="extra `plot` is not installed")
    words = ("--articles", 15, "--plot", tmp_path / "states.png")
    _, sink = run(*words)
    assert shown(sink, *words).endswith(f"Picture: {tmp_path}/states.png")
    assert (tmp_path / "states.png").read_bytes().startswith(b"\x89PNG")


def test_importing_it_imports_nothing_heavy():
    program = (
        "import sys, pickle, hpcd4p.workflows.sentiment.elements as e\n"
        "pickle.dumps([e.AfinnScore(), e.HappyState('VADER', 3), e.WriteCorpus(5, 1)])\n"
        "heavy = {'numpy', 'argparse', 'ssl', 'requests', 'random', 'csv', 'afinn', 'vaderSentiment'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr
