"""Bad input: a clear error before any call, which says what to write instead."""

import pytest
from hydra import compose, initialize_config_dir

from experiments.catalogue import CATALOGUE
from experiments.setup import experiment
from games.errors import CommonwealError, EndpointError
from tests.commands import run

SHARES = [
    f"++population.cells.{name}={{count: null, share: {share}}}"
    for name, share in {"altruistic": 0.3, "prosocial": 0.3, "individualistic": 0.0, "competitive": 0.4}.items()
]

WRONG = [
    (["game.rules.endowment=-3"], "public_goods: endowment=-3 must be a whole number of at least 1"),
    (["game.rules.endowment=many"], "endowment=many must be a whole number"),
    (["game.rules.multiplier=0"], "multiplier=0 must be a number above 0"),
    (["game.rules.step=3"], "step=3 must divide the endowment of 20"),
    (["game.rules.players=1"], "players=1 must be a whole number of at least 2"),
    (["game.rules.rounds=0"], "rounds=0"),
    (["+game.rules.punishment=1"], "punishment"),
    (["measure.instrument.version=C"], "known: A, B"),
    (["population.cells.altruistic.orientation=nice"], "known: altruistic, prosocial, individualistic, competitive"),
    (["population.cells.altruistic.count=9"], "33 participants do not divide into groups of 4; take 32 or 36"),
    (["population.cells.altruistic.count=-1"], "count=-1 must be a whole number"),
    (["population.cells.altruistic.count=1.5"], "count=1.5 must be a whole number"),
    (["+population.cells.altruistic.share=0.5"], "either a count or a share"),
    (["+population.cells.x={orientation: prosocial, share: 2}"], "share=2 must lie on [0, 1]"),
    (["+population.cells.x={orientation: prosocial, share: 0.5}"], "not some of each"),
    (SHARES, "population.size=32"),
    ([*SHARES, "population.size=8", "population.cells.competitive.share=0.5"], "the shares sum to 1.1"),
    (["+population.cells.x={orientation: prosocial}"], "either a count or a share"),
    (["+population.cells.x={count: 4}"], "agent llm needs an orientation"),
    (["+population.cells.x={agent: nobody, count: 4}"], "unknown agent 'nobody'; known: conditional_cooperator"),
    (["+population.cells.x={orientation: prosocial, model: gpt, count: 4}"], "unknown model 'gpt'; known: anthropic"),
    (["+population.cells.x={orientation: prosocial, induction: magic, count: 4}"], "unknown induction 'magic'"),
    (["+population.cells.x={orientation: prosocial, number: 4}"], "unknown key(s) number; known: orientation, count"),
    (["+population.cells.x=4"], "write a mapping"),
    (["population.inductions=[magic]"], "unknown induction 'magic'; known: definition"),
    (["population.cells=null"], "nobody takes part"),
    (["phases=[play,before]"], "in the order before, play, after"),
    (["phases=[sing]"], "name some of before, play, after"),
    (["phases=[]"], "name some of before, play, after"),
    (["repetitions=0"], "repetitions=0 must be a whole number of at least 1"),
    (["repetitions=1.5"], "repetitions=1.5 must be a whole number"),
    (["repetitions=two"], "repetitions=two must be a whole number"),
    (["memory=fasle"], "memory=fasle must be true or false"),
    (["progress=maybe"], "progress=maybe must be true or false"),
    (["phases=play"], "phases=play must be a list"),
    (["presentation=null"], "must hold `order`"),
    (["population=null"], "write a mapping with cells"),
    (["population.inductions=label"], "inductions a list of names"),
    (["population.inductions=[none,none]"], "each at most once"),
    (["population.size=33"], "population.size=33 goes with shares"),
    (["+population.cells.x={agent: tit_for_tat, model: openai, count: 4}"], "a scripted rule has no model"),
    (["+population.cells.x={orientation: prosocial, model: {use: synthetic, temprature: 3}, count: 4}"], "temprature"),
    (
        ["+population.cells.x={orientation: prosocial, model: {use: synthetic, chat: {spread: 1}}, count: 4}"],
        "two models have this label",
    ),
    (["+model.chat.precison=3"], "precison: Extra inputs are not permitted"),
    (["model.chat.precision=inf"], "precision: Input should be a finite number"),
    (["model.chat.unreadable=0.9", "model.chat.refusals=0.9"], "together are above 1"),
    (["model=openai_compatible", "model.name=x", "model.base_url=http://127.0.0.1:abc/v1"], "127.0.0.1:8000/v1"),
    (["statistics.resamples=1e3"], "resamples=1000.0 must be a whole number"),
    (["presentation.order=alphabetical"], "known: original, reversed, shuffled"),
    (["seed=one"], "seed=one must be a whole number"),
    (["seed=-1"], "seed=-1 must be a whole number"),
    (["statistics.resamples=10"], "statistics: resamples=10 must be a whole number of at least 100"),
    (["statistics.confidence=95"], "statistics: confidence=95 must lie between 0 and 1"),
    (["induction.system='Be {{ kind }}.'"], "no value for the variable(s) kind"),
    (["+induction.values.altruistic.colour=red"], "altruistic gives colour, which no wording uses"),
    (["+induction.values.kind={definition: x}"], "unknown orientation 'kind'"),
    (["~induction.values.competitive"], "no values for competitive"),
    (["induction.system='{{ definition'"], "induction definition"),
    (["+induction.tone=warm"], "tone"),
    (["game.words.rules='You get {{ money }}.'"], "'money' is undefined"),
    (["game.words.past.contribute='You gave {{ gift }}.'"], "'gift' is undefined"),
    (["~game.words.questions.contribute"], "add words.questions.contribute"),
    (["~game.words.past.contribute"], "add words.past.contribute"),
    (["framing.same_partners='With {{ whom }}.'"], "'whom' is undefined"),
    (["framing.answer_letter='Say {{ letters }}.'"], "'letters' is undefined"),
    (["~framing.option"], "option"),
    (["model.concurrency=0"], "model: concurrency=0 must be a whole number of at least 1"),
    (["model.chat.spread=-1"], "spread: Input should be greater than or equal to 0"),
    (["model.chat.unreadable=2"], "unreadable: Input should be less than or equal to 1"),
    (["model=openai"], "model=openai needs the name of a model: model.name=…"),
    (["model=openai", "model.name=x"], "export OPENAI_API_KEY=…"),
    (["model=anthropic", "model.name=x"], "make install EXTRA=anthropic"),
    (["model=google", "model.name=x"], "make install EXTRA=google"),
    (["model=ollama", "model.name=x"], "make install EXTRA=ollama"),
    (["model=openai_compatible"], "model.name=…"),
    (["model=openai_compatible", "model.name=x"], "model.base_url=http://127.0.0.1:8000/v1"),
    (["agent=fixed_share", "agent.share=2"], "fixed_share: share=2 must lie on [0, 1]"),
    (["agent=conditional_cooperator", "agent.slope=-1"], "slope=-1 must lie on [0, 1]"),
    (["agent=maximiser", "+population.cells.x={count: 4}"], "agent maximiser needs an angle"),
]


def made(overrides):
    with initialize_config_dir(str(CATALOGUE), version_base="1.3"):
        return experiment(compose("config", overrides))


@pytest.mark.parametrize(("overrides", "said"), WRONG, ids=[" ".join(one) for one, _ in WRONG])
def test_a_wrong_setting_is_named_with_its_remedy(overrides, said, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(CommonwealError) as caught:
        made(overrides)
    assert said in " ".join(str(caught.value).split())


def test_an_address_where_nobody_listens_is_told_before_any_call():
    with pytest.raises(EndpointError, match=r"no answer from http://127\.0\.0\.1:9/v1 .* set model\.base_url"):
        made(["model=openai_compatible", "model.name=x", "model.base_url=http://127.0.0.1:9/v1"])


@pytest.mark.parametrize("overrides", [[], ["experiment=slider"], ["game=dictator"], ["agent=random"]])
def test_what_is_right_is_accepted(overrides):
    assert made(overrides).members


def test_shares_become_counts_by_largest_remainder():
    members = made([*SHARES, "population.size=8"]).members
    counts = {name: sum(one.cell == name for one in members) for name in ("altruistic", "prosocial", "competitive")}
    # 2.4, 2.4 and 3.2: the two remainders of .4 come first, and of them the first in the file.
    assert counts == {"altruistic": 3, "prosocial": 2, "competitive": 3}


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["game=chess"], "dictator public_goods"),
        (["induction=hypnosis"], "definition hvae label maxim none weights"),
        (["model=gpt"], "openai_compatible synthetic"),
        (["experiment=mars"], "slider society"),
        (["seeds=1"], "Could not override 'seeds'"),
        (["game.rules.endowment=-3"], "endowment=-3"),
        (["population.cells.altruistic.orientation=nice"], "known: altruistic"),
    ],
)
def test_the_command_says_it_in_one_line_and_exits_with_two(overrides, said, tmp_path):
    done = run(tmp_path / "run", *overrides)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
