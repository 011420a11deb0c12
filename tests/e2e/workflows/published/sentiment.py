"""Articles with two scores, by state, and the happiest states."""

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph

AFINN = {"good": 3, "great": 4, "bad": -3, "sad": -2, "happy": 5}
WORDS = ["good", "news", "bad", "day", "great", "sad", "happy", "town"]
STATES = ["Ohio", "Iowa", "Utah", "Maine"]


class ReadArticles(ProducerPE):
    def __init__(self):
        ProducerPE.__init__(self)

    def _process(self, inputs):
        for i in range(24):
            text = " ".join(WORDS[(i * k + k) % len(WORDS)] for k in range(1, 6))
            self.write("output", {"state": STATES[i * i % 7 % 4], "text": text})


class AfinnScore(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("article")
        self._add_output("score")

    def process(self, inputs):
        article = inputs["article"]
        return {"score": (article["state"], sum(AFINN.get(w, 0) for w in article["text"].split()))}


class LengthScore(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, article):
        return article["state"], len(article["text"]) % 5


class HappyState(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input", grouping=[0])
        self._add_output("output")
        self.happy = {}

    def process(self, inputs):
        state, score = inputs["input"]
        self.happy[state] = self.happy.get(state, 0) + score

    def _postprocess(self):
        for item in self.happy.items():
            self.write("output", item)


class FindTop(GenericPE):
    def __init__(self, many=3):
        GenericPE.__init__(self)
        self._add_input("input", grouping="global")
        self._add_output("top")
        self.many = many
        self.all = []

    def process(self, inputs):
        self.all.append(inputs["input"])

    def _postprocess(self):
        ranked = sorted(self.all, key=lambda item: (-item[1], item[0]))
        for place, item in enumerate(ranked[: self.many]):
            self.write("top", [place, *item])


read, afinn, length = ReadArticles(), AfinnScore(), LengthScore()
graph = WorkflowGraph()
graph.connect(read, "output", afinn, "article")
graph.connect(read, "output", length, "input")
for scored, port in ((afinn, "score"), (length, "output")):
    happy = HappyState()
    happy.numprocesses = 2
    graph.connect(scored, port, happy, "input")
    graph.connect(happy, "output", FindTop(), "input")
