"""Bad input: a clear error before any call, which says what to write instead."""

import json

import pytest
from hydra import compose, initialize_config_dir

from agents.budget import Spent
from agents.limits import Limits
from agents.request import Mode
from experiments.catalogue import CATALOGUE, plain
from experiments.setup import digest, experiment
from games.errors import CommonwealError, EndpointError, StoreError
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
    (["+population.cells.x={agent: nobody, count: 4}"], "unknown agent 'nobody'; known: alternator"),
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
    (["population.inductions=label"], "population.inductions=label: write a list of names"),
    (["population.inductions=[none,none]"], "each at most once"),
    (["population.models=synthetic"], "population.models=synthetic: write a list of names"),
    (["population.models=[synthetic,{use: synthetic}]"], "two have the same label"),
    (["population.models=[synthetic,{use: synthetic, chat: {spread: 1}}]"], "two have the same label"),
    (["population.models=[sinthetic]"], "unknown model 'sinthetic'"),
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
    (["presentation.order=[original,alphabetical]"], "unknown presentation.order 'alphabetical'; known: original"),
    (["presentation.labels=[]"], "presentation.labels=[] must name at least one word"),
    (["presentation.first=[own,own]"], "must name at least one word, none twice"),
    (["presentation.currency=play money"], "presentation.currency='play money' must be one word"),
    (["~presentation.first"], "must hold `order`, `labels`, `first`, `currency` and nothing else"),
    (["presentation.first=other", "framing.option_other_first='{{ unknown }}'"], "'unknown' is undefined"),
    (["presentation.labels=[letters,numbers]", "framing.answer_number='{{ unknown }}'"], "'unknown' is undefined"),
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

LOCAL = ["model=openai_compatible", "model.name=x", "model.base_url=http://127.0.0.1:9/v1"]
STORE = "must hold `store`, a file, and `mode`, and nothing else"
BUDGET = "must hold `calls`, `tokens` and `cost` and nothing else"
PRICE = "must hold tokens_in and tokens_out and nothing else"

WRONG += [
    (["replies=null"], f"replies=None {STORE}"),
    (["replies=live"], f"replies=live {STORE}"),
    (["replies.store=null"], STORE),
    (["replies.store=''"], STORE),
    (["+replies.folder=x"], STORE),
    (["~replies.mode"], STORE),
    (["replies.mode=rewind"], "unknown replies.mode 'rewind'; known: live, replay, refresh"),
    (["replies.mode=peek"], "unknown replies.mode 'peek'; known: live, replay, refresh"),
    (["replies.mode=null"], "unknown replies.mode 'None'"),
    (["replies.mode=[live]"], "unknown replies.mode"),
    (["replies.store=/"], "name another store: replies.store=…"),
    (["replies.store=/dev/null"], "is no reply store"),
    (["budget=null"], f"budget=None {BUDGET}"),
    (["budget=100"], f"budget=100 {BUDGET}"),
    (["+budget.seconds=3"], BUDGET),
    (["budget.calls=-1"], "budget: calls=-1 must be a whole number of at least 0"),
    (["budget.calls=1.5"], "budget: calls=1.5 must be a whole number"),
    (["budget.calls=many"], "budget: calls=many must be a whole number"),
    (["budget.tokens=1e6"], "budget: tokens=1000000.0 must be a whole number"),
    (["budget.tokens=true"], "budget: tokens=True must be a whole number"),
    (["budget.cost=-0.5"], "budget: cost=-0.5 must be a number"),
    (["budget.cost=inf"], "budget: cost=inf must be a number"),
    (["budget.cost=much"], "budget: cost=much must be a number"),
    (["budget.cost=false"], "budget: cost=False must be a number"),
    ([*LOCAL, "budget.cost=3"], "budget.cost=3 needs the prices of model openai_compatible/x: model.price.tokens_in=…"),
    ([*LOCAL, "budget.cost=3", "model.price.tokens_in=1"], "model.price.tokens_out=… per million tokens"),
    (["on_unreadable=drop"], "unknown on_unreadable 'drop'; known: keep, reask"),
    (["on_unreadable=null"], "unknown on_unreadable 'None'; known: keep, reask"),
    (["on_unreadable=[keep]"], "unknown on_unreadable"),
    (["on_failure=ignore"], "unknown on_failure 'ignore'; known: void, drop, bound"),
    *[
        ([f"on_unreadable={policy}", f"reasks={value}"], f"run: reasks={value} must be a whole number of at least 1")
        for policy in ("keep", "reask")
        for value in ("0", "-1", "1.5", "many")
    ],
    (["reasks=null"], "reasks=None must be a whole number"),
    (["forecast=maybe"], "run: forecast=maybe must be true or false"),
    (["forecast=null"], "run: forecast=None must be true or false"),
    (["model.price=5"], f"model synthetic: price=5 {PRICE}"),
    (["+model.price.tokens=5"], PRICE),
    (["model.price.tokens_in=-1"], "model: price.tokens_in=-1 must be a number"),
    (["model.price.tokens_out=cheap"], "model: price.tokens_out=cheap must be a number"),
    (["model.concurrency=1.5"], "model: concurrency=1.5 must be a whole number of at least 1"),
    (["model.concurrency=null"], "model: concurrency=None must be a whole number"),
    (["+model.retries=-1"], "model: retries=-1 must be a whole number of at least 0"),
    (["+model.retries=many"], "model: retries=many must be a whole number"),
    *[
        ([f"+model.{name}={value}"], f"model: {name}={value} must be a number above 0")
        for name in ("requests_per_minute", "tokens_per_minute", "timeout", "backoff", "patience")
        for value in ("0", "-3", "fast")
    ],
    ([*LOCAL, "model.timeout=0"], "timeout"),
    ([*LOCAL, "model.timeout=soon"], "timeout"),
    ([*LOCAL, "model.retries=-1"], "model: retries=-1"),
    (["model.answer=voice"], "unknown model synthetic: answer 'voice'; known: text, schema, probabilities"),
    (["model.answer=null"], "answer 'None'; known: text, schema, probabilities"),
    (["model.dialect=latin"], "unknown model synthetic: dialect 'latin'; known: openai, "),
    (
        ["model.answer=probabilities", "model.dialect=ollama"],
        "model synthetic cannot be asked with answer=probabilities; it can with: text, schema",
    ),
    (
        ["model.answer=schema", "model.dialect=null"],
        "model synthetic cannot be asked with answer=schema; it can with: text",
    ),
    (["model.synthetic=false"], "model synthetic: synthetic must be true, for that is what it is"),
    ([*LOCAL, "model.synthetic=true"], "synthetic must be false, for that is what it is"),
]


@pytest.fixture
def made(tmp_path):
    """Makes experiments with a reply store of their own."""

    def make(overrides, sweep=None):
        with initialize_config_dir(str(CATALOGUE), version_base="1.3"):
            return experiment(compose("config", [f"replies.store={tmp_path / 'store.sqlite'}", *overrides]), sweep)

    return make


@pytest.mark.parametrize(("overrides", "said"), WRONG, ids=[" ".join(one) for one, _ in WRONG])
def test_a_wrong_setting_is_named_with_its_remedy(overrides, said, monkeypatch, made):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(CommonwealError) as caught:
        made(overrides)
    assert said in " ".join(str(caught.value).split())


def test_an_address_where_nobody_listens_is_told_before_any_call(made):
    with pytest.raises(EndpointError, match=r"no answer from http://127\.0\.0\.1:9/v1 .* set model\.base_url"):
        made(["model=openai_compatible", "model.name=x", "model.base_url=http://127.0.0.1:9/v1"])


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["experiment=slider"],
        ["game=dictator"],
        ["agent=random"],
        ["on_unreadable=reask"],
        ["on_failure=drop"],
        ["on_failure=bound"],
        ["budget.calls=0", "budget.tokens=0", "budget.cost=0"],
        ["model.price=null"],
        ["model.answer=schema"],
        ["model.answer=probabilities"],
        ["model.answer=schema", "model.dialect=ollama"],
        ["replies.mode=replay"],
        ["replies.mode=refresh"],
        ["forecast=true"],
    ],
    ids=" ".join,
)
def test_what_is_right_is_accepted(overrides, made):
    assert made(overrides).members


def test_shares_become_counts_by_largest_remainder(made):
    members = made([*SHARES, "population.size=8"]).members
    counts = {name: sum(one.cell == name for one in members) for name in ("altruistic", "prosocial", "competitive")}
    # 2.4, 2.4 and 3.2: the two remainders of .4 come first, and of them the first in the file.
    assert counts == {"altruistic": 3, "prosocial": 2, "competitive": 3}


# --- what the objects are made with ----------------------------------------------------------------------------------

TINY = ["experiment=slider", "repetitions=1", "measure.instrument.secondary=false"]


def only(experiment):
    (gateway,) = experiment.gateways
    return gateway


def test_the_settings_arrive_where_they_are_used(made, tmp_path):
    one = made(
        [
            *["budget.calls=7", "budget.tokens=8", "budget.cost=9.5", "on_unreadable=reask", "reasks=4"],
            *["model.price={tokens_in: 1, tokens_out: 2}", "model.concurrency=5", "+model.requests_per_minute=6"],
            *["+model.tokens_per_minute=7", "+model.timeout=8", "+model.retries=9", "+model.backoff=10"],
            *["+model.patience=11", "model.answer=probabilities"],
        ]
    )
    gateway = only(one)
    assert gateway.limits == Limits(5, 6, 7, 8, 9, 10, 11)
    assert (gateway.prices.tokens_in, gateway.prices.tokens_out) == (1, 2)
    assert gateway.answering.form == "probabilities"
    assert (one.terms.mode, one.terms.store.path) == (Mode.LIVE, tmp_path / "store.sqlite")
    assert (one.terms.budget.calls, one.terms.budget.tokens, one.terms.budget.cost) == (7, 8, 9.5)
    assert one.terms.budget.shared is None
    assert gateway.terms is one.terms
    assert {member.agent._setting.reasks for member in one.members} == {4}
    assert {member.agent._setting.cell for member in one.members} == {member.cell for member in one.members}


def test_without_reask_no_reply_is_asked_again(made):
    assert {member.agent._setting.reasks for member in made(["reasks=4"]).members} == {0}


def test_the_jobs_of_a_sweep_share_their_budget_through_its_folder(made, tmp_path):
    assert made(["budget.calls=3"], tmp_path).terms.budget.shared == tmp_path / "budget.json"


@pytest.mark.parametrize("overrides", [["replies.mode=replay"], ["forecast=true"]])
def test_where_no_call_is_made_neither_a_key_nor_an_address_is_needed(overrides, made, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for model in (LOCAL, ["model=openai", "model.name=x"]):
        one = made([*model, *overrides])
        assert only(one).chat is None
        assert one.terms.mode is (Mode.PEEK if "forecast=true" in overrides else Mode.REPLAY)


def test_a_refreshed_run_needs_its_endpoint(made):
    with pytest.raises(EndpointError, match="no answer from"):
        made([*LOCAL, "replies.mode=refresh"])


def test_a_store_that_cannot_be_used_is_told_before_any_call(made, tmp_path):
    (tmp_path / "diary").write_text("Dear diary")
    with pytest.raises(StoreError, match=r"name another file with replies\.store=…"):
        made([f"replies.store={tmp_path / 'diary'}"])


# --- what a run has paid before --------------------------------------------------------------------------------------


def ran(one):
    one.run(lambda records: None)
    return one


def test_what_a_run_took_before_it_was_started_again_counts_towards_its_budget(made):
    prices = ["model.price={tokens_in: 1e6, tokens_out: 2e6}"]
    first = ran(made([*TINY, *prices]))
    (account,) = first.terms.store.paid_by(first.terms.payer).values()
    again = made([*TINY, *prices, "budget.calls=24", "progress=false", "name=x"])
    spent = Spent(24, account.tokens_in + account.tokens_out, account.tokens_in + 2 * account.tokens_out)
    assert again.terms.budget.spent == spent
    ran(again)
    assert again.terms.budget.spent == spent
    assert made([*TINY, *prices, "budget.calls=24", "seed=2"]).terms.budget.spent == Spent()
    assert made([*TINY, *prices, "budget.calls=24", "replies.mode=refresh"]).terms.budget.spent == Spent()


def account(sweep):
    return sum(calls for calls, _, _ in json.loads((sweep / "budget.json").read_text()).values())


def test_a_sweep_that_goes_on_in_its_folder_counts_each_call_once(made, tmp_path):
    for _ in range(3):
        ran(made([*TINY, "budget.calls=100"], tmp_path))
        assert account(tmp_path) == 24
    ran(made([*TINY, "budget.calls=100", "seed=2"], tmp_path))
    assert account(tmp_path) == 48


def test_two_jobs_that_ask_the_same_count_it_once(made, tmp_path):
    ran(made([*TINY, "budget.calls=100"], tmp_path))
    ran(made([*TINY, "budget.calls=100", "statistics.confidence=0.9"], tmp_path))
    assert account(tmp_path) == 24


def test_a_sweep_that_is_begun_again_elsewhere_counts_what_its_jobs_took_before(made, tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        ran(made([*TINY, "budget.calls=100"], tmp_path / name))
        assert account(tmp_path / name) == 24


# --- the digest of a run's settings ----------------------------------------------------------------------------------


def digested(*overrides):
    with initialize_config_dir(str(CATALOGUE), version_base="1.3"):
        return digest(plain(compose("config", list(overrides)), "configuration"))


SAME = [
    ["name=x"],
    ["progress=false"],
    ["forecast=true"],
    ["replies.store=x"],
    ["replies.mode=replay"],
    ["budget.calls=3"],
    ["budget.cost=3"],
    ["statistics.resamples=500"],
    ["statistics.confidence=0.9"],
    ["model.concurrency=1"],
    ["+model.requests_per_minute=3"],
    ["+model.tokens_per_minute=3"],
    ["+model.timeout=3"],
    ["+model.retries=3"],
    ["+model.backoff=3"],
    ["+model.patience=3"],
    ["model.price.tokens_in=3"],
    ["model.price=null"],
    ["game=public_goods"],
]
OTHER = [
    ["seed=2"],
    ["phases=[before]"],
    ["repetitions=2"],
    ["memory=false"],
    ["presentation.order=reversed"],
    ["presentation.order=[original,reversed]"],
    ["presentation.labels=numbers"],
    ["presentation.first=other"],
    ["presentation.currency=coins"],
    ["population.cells.altruistic.count=4"],
    ["population.cells.altruistic.orientation=prosocial"],
    ["+population.cells.x={agent: random, count: 4}"],
    ["population.inductions=[label]"],
    ["population.models=[{use: synthetic, label: x}]"],
    ["on_unreadable=reask"],
    ["reasks=2"],
    ["on_failure=drop"],
    ["game=dictator"],
    ["game.rules.endowment=10"],
    ["game.words.rules=Play."],
    ["measure.instrument.secondary=false"],
    ["matching=random_strangers"],
    ["agent=random"],
    ["induction=label"],
    ["induction.system=x"],
    ["framing.answer_letter=x"],
    ["model.chat.spread=1"],
    ["model.chat.unreadable=0"],
    ["model.answer=schema"],
    ["model.answer=schema", "model.dialect=ollama"],
    ["model.label=x"],
    LOCAL,
    [*LOCAL, "model.temperature=0"],
    [*LOCAL, "model.seed=0"],
    [*LOCAL, "model.max_tokens=5"],
]


@pytest.mark.parametrize("overrides", SAME, ids=" ".join)
def test_what_changes_no_reply_leaves_the_digest_as_it_is(overrides):
    assert digested(*overrides) == digested()


def test_how_fast_an_endpoint_is_asked_is_not_in_the_digest_of_its_chat_either():
    rate = ["model.concurrency=1", "model.timeout=3", "model.retries=0", "model.backoff=9"]
    assert digested(*LOCAL, *rate) == digested(*LOCAL)
    assert digested("model=openai", "model.name=x", *rate) == digested("model=openai", "model.name=x")


def test_nor_is_it_in_that_of_a_cells_own_model():
    cell = "+population.cells.x={orientation: prosocial, count: 4, model: {use: synthetic, label: x%s}}"
    assert digested(cell % ", concurrency: 3, price: {tokens_in: 1}") == digested(cell % "")
    assert digested(cell % ", chat: {spread: 3}") != digested(cell % "")


def test_everything_else_changes_the_digest_each_to_another():
    digests = [digested(*overrides) for overrides in [[], *OTHER]]
    assert len(set(digests)) == len(digests)


# --- as the command says it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["game=chess"], "public_goods_threshold stag_hunt"),
        (["induction=hypnosis"], "maxim maxim_de"),
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
