"""The replies of a run in one file: written the same each time, and taken in whole or not at all."""

import gzip
import json
import shlex
import shutil
import sqlite3
from dataclasses import replace

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from agents.reply_store import ReplyStore
from experiments.catalogue import CATALOGUE
from experiments.replies import FORMAT, VERSION, export, main, take_in
from experiments.setup import experiment
from experiments.store import Writer, read_json, read_table, write_json
from games.errors import MissingReply, SettingError

SMALL = ["experiment=slider", "repetitions=1", "measure.instrument.secondary=false", "statistics.resamples=100"]
ODD = [1, "\ud83d half", [["\ud83d", -0.5]]]


def run(folder, store, *overrides):
    """A run as the command does it, without Hydra's own files but the one that says how it was called."""
    given = [*SMALL, *overrides]
    with initialize_config_dir(str(CATALOGUE), version_base="1.3"):
        made = experiment(compose("config", [*given, f"replies.store={store}"]))
    (folder / ".hydra").mkdir(parents=True)
    OmegaConf.save(OmegaConf.create([*given, f"replies.store={store}"]), folder / ".hydra" / "overrides.yaml")
    writer = Writer(folder, made.terms.payer)
    writer.manifest(made, "running")
    made.run(writer.keep)
    writer.close()
    writer.manifest(made, "finished")
    made.terms.store.close()
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run and its store; nothing may change them."""
    folder = tmp_path_factory.mktemp("replies")
    return run(folder / "run", folder / "store.sqlite"), folder / "store.sqlite"


@pytest.fixture
def exported(finished, tmp_path):
    """The replies of the run in a file."""
    folder, path = finished
    store = ReplyStore(path)
    assert export(folder, store, tmp_path / "replies.jsonl.gz") == 24
    store.close()
    return tmp_path / "replies.jsonl.gz"


def rows(path):
    """What stands in a store's file, but for the order in which it came."""
    columns = "key, generation, model, payer, draw, characters, text, finish_reason, tokens_in, tokens_out, latency"
    file = sqlite3.connect(path)
    try:
        return sorted(file.execute(f"SELECT {columns}, identity, top FROM replies").fetchall())
    finally:
        file.close()


def lines(path):
    with gzip.open(path, "rb") as file:
        return [json.loads(line) for line in file]


def written(path, told):
    with gzip.open(path, "wb") as file:
        file.writelines(json.dumps(one).encode() + b"\n" for one in told)
    return path


# --- there and back --------------------------------------------------------------------------------------------------


def test_what_was_exported_and_taken_in_is_the_same_entry_by_entry(finished, exported, tmp_path):
    store = ReplyStore(tmp_path / "new.sqlite")
    head, new, other = take_in(exported, store)
    store.close()
    assert (new, other) == (head["replies"], 0) == (24, 0)
    assert rows(tmp_path / "new.sqlite") == rows(finished[1])


def test_two_exports_are_the_same_to_the_byte_from_either_store(finished, exported, tmp_path):
    folder, path = finished
    new = ReplyStore(tmp_path / "new.sqlite")
    take_in(exported, new)
    for number, store in enumerate((ReplyStore(path), new)):
        again = tmp_path / f"again-{number}.gz"
        export(folder, store, again)
        assert again.read_bytes() == exported.read_bytes()
    assert not list(tmp_path.glob("*.unfinished"))


def test_the_head_says_what_run_it_is(finished, exported):
    head, *replies = lines(exported)
    assert (head["format"], head["version"], head["replies"]) == (FORMAT, VERSION, len(replies))
    assert (head["experiment"], head["status"]) == ("slider", "finished")
    assert (head["synthetic"], head["models"]) == (True, ["synthetic"])
    assert head["overrides"] == SMALL


def test_a_replay_from_what_was_taken_in_is_the_run_again(finished, exported, tmp_path):
    store = ReplyStore(tmp_path / "new.sqlite")
    take_in(exported, store)
    store.close()
    again = run(tmp_path / "again", tmp_path / "new.sqlite", "replies.mode=replay")
    for table in ("decisions", "measures"):
        first, second = (read_table(folder, table).drop(columns="run") for folder in (finished[0], again))
        assert first.to_csv() == second.to_csv()
    with pytest.raises(MissingReply):
        run(tmp_path / "other", tmp_path / "new.sqlite", "replies.mode=replay", "seed=2")


def test_any_reply_survives_the_file(exported, tmp_path):
    head, first, *_ = lines(exported)
    number, text, top = ODD
    odd = [*first[:4], number, text, None, None, None, 0.1 + 0.2, None, top]
    plain = [*first[:5], "\0", "stop", 0, 0, 0.0, "m", None]
    plain[0] = "ab" * 16
    path = written(tmp_path / "odd.gz", [head | {"replies": 2}, odd, plain])
    store = ReplyStore()
    assert take_in(path, store)[1] == 2
    one, other = store.entries([bytes.fromhex(first[0]), b"\xab" * 16])
    assert (one.reply.text, one.reply.top, one.reply.latency) == (text, (("\ud83d", -0.5),), 0.1 + 0.2)
    assert (one.reply.tokens_in, one.reply.finish_reason, one.characters) == (None, None, 1)
    assert (other.reply.text, other.reply.tokens_in, other.reply.top) == ("\0", 0, None)


def test_a_reply_that_is_there_already_stays(exported):
    store = ReplyStore()
    _, first, second, *_ = lines(exported)
    take_in(exported, store)
    (entry,) = store.entries([bytes.fromhex(first[0])])
    other = ReplyStore()
    other.add([(replace(entry, reply=replace(entry.reply, text="mine")), False)])
    assert take_in(exported, other)[1:] == (23, 1)
    assert other.get(entry.key).text == "mine"
    assert other.get(bytes.fromhex(second[0])).text == second[5]
    assert take_in(exported, other)[1] == 0


def test_only_the_replies_that_the_run_used_are_exported(finished, tmp_path):
    folder, path = finished
    larger = tmp_path / "larger.sqlite"
    shutil.copy(path, larger)
    run(tmp_path / "another", larger, "seed=5")
    assert len(rows(larger)) == 48
    assert export(folder, ReplyStore(larger), tmp_path / "out.gz") == 24


def test_more_replies_than_are_taken_in_at_once_all_arrive(exported, tmp_path):
    head, first, *_ = lines(exported)
    many = [[f"{number:032x}", *first[1:]] for number in range(2345)]
    store = ReplyStore(tmp_path / "new.sqlite")
    assert take_in(written(tmp_path / "many.gz", [head | {"replies": 2345}, *many]), store)[1] == 2345
    store.close()
    assert len(rows(tmp_path / "new.sqlite")) == 2345


# --- files that are none ---------------------------------------------------------------------------------------------


def refused(path, said):
    store = ReplyStore()
    with pytest.raises(SettingError, match=said) as raised:
        take_in(path, store)
    assert str(path) in str(raised.value)
    assert store.usual("synthetic") is None
    return str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    refused(tmp_path / "nothing.gz", "there is no file")


@pytest.mark.parametrize(
    "content",
    [b"", b"Dear diary", gzip.compress(b""), gzip.compress(b"Dear diary\n"), gzip.compress(b"\xff\xfe\n")],
    ids=["empty", "text", "nothing packed", "text packed", "bytes packed"],
)
def test_a_file_of_something_else_is_refused(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    refused(tmp_path / "file", "no file of replies")


@pytest.mark.parametrize("head", [[], 5, None, {}, {"format": "another"}, {"version": VERSION}])
def test_json_lines_of_something_else_are_refused(tmp_path, head):
    refused(written(tmp_path / "file", [head]), "is no file of replies; name one that `python -m experiments.replies")


@pytest.mark.parametrize("version", [VERSION + 1, 0, None, "1"])
def test_a_file_of_another_version_is_refused_with_the_remedy(exported, tmp_path, version):
    head, *rest = lines(exported)
    path = written(tmp_path / "newer.gz", [head | {"version": version}, *rest])
    refused(path, f"has version {version}, and this Commonweal reads {VERSION}; export it again with it")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_refused(exported, part):
    whole = exported.read_bytes()
    exported.write_bytes(whole[: int(len(whole) * part)])
    refused(exported, "is damaged or no file of replies .*; nothing was taken in")


@pytest.mark.parametrize("at", [0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95])
def test_a_file_with_a_damaged_place_is_refused(exported, at):
    whole = bytearray(exported.read_bytes())
    for place in range(int(len(whole) * at), int(len(whole) * at) + 4):
        whole[place] ^= 0xFF
    exported.write_bytes(whole)
    refused(exported, "nothing was taken in|no file of replies")


def test_a_reply_too_many_or_too_few_is_refused(exported, tmp_path):
    head, *rest = lines(exported)
    refused(written(tmp_path / "few.gz", [head, *rest[:-1]]), "23 replies where 24 are announced; nothing was taken in")
    refused(written(tmp_path / "many.gz", [head, *rest, rest[0]]), "25 replies where 24 are announced")


@pytest.mark.parametrize("name", ["replies", "overrides", "synthetic"])
def test_a_head_without_one_of_its_parts_is_refused(exported, tmp_path, name):
    head, *rest = lines(exported)
    del head[name]
    refused(written(tmp_path / "head.gz", [head, *rest]), f"{name}.*; nothing was taken in")


WRONG = [(0, "no hex"), (0, 5), (0, None), (0, "ab"), (1, None), (2, 5), (3, []), (4, "8"), (4, None), (5, None)]
WRONG += [(5, ["B"]), (6, 5), (6, "half \ud83d"), (7, "12"), (7, 1.5), (8, -1), (8, [3]), (9, None), (9, "fast")]
WRONG += [(10, {}), (11, "top"), (11, [["B"]]), (11, [["B", "high"]]), (11, {"B": -1})]
NAMES = ["key", "model", "payer", "draw", "characters", "text", "reason", "in", "out", "latency", "identity", "top"]


@pytest.mark.parametrize(("field", "value"), WRONG, ids=[f"{NAMES[field]}={value!r}" for field, value in WRONG])
def test_one_field_that_is_none_of_its_kind_is_told_by_its_line_and_nothing_is_taken_in(
    exported, tmp_path, field, value
):
    head, *rest = lines(exported)
    rest[7][field] = value
    refused(written(tmp_path / "wrong.gz", [head, *rest]), r"line 9: no reply \(.*\); nothing was taken in")


@pytest.mark.parametrize("line", [5, None, "reply", {}, [], ["ab"]])
def test_a_line_that_is_no_reply_is_told(exported, tmp_path, line):
    head, *rest = lines(exported)
    rest[3] = line
    refused(written(tmp_path / "wrong.gz", [head, *rest]), "line 5: no reply")


def test_nothing_is_taken_in_of_a_long_file_that_is_wrong_at_its_end(exported, tmp_path):
    head, first, *_ = lines(exported)
    many = [[f"{number:032x}", *first[1:]] for number in range(2500)]
    many[-1][5] = None
    refused(written(tmp_path / "many.gz", [head | {"replies": 2500}, *many]), "line 2501: no reply")


# --- runs that cannot be exported ------------------------------------------------------------------------------------


def test_a_store_that_lacks_replies_is_told_with_how_many_and_the_remedy(finished, exported, tmp_path):
    folder, _ = finished
    head, *rest = lines(exported)
    store = ReplyStore()
    take_in(written(tmp_path / "some.gz", [head | {"replies": 20}, *rest[:20]]), store)
    with pytest.raises(SettingError, match=r"4 of 24 replies are not in .*; name the store with --store"):
        export(folder, store, tmp_path / "out.gz")
    assert not list(tmp_path.glob("out*"))


def test_a_run_that_was_cut_off_is_to_be_finished_first(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    write_json(folder, "manifest", read_json(folder, "manifest") | {"status": "running"})
    with pytest.raises(SettingError, match="this run was cut off; start its command again"):
        export(folder, ReplyStore(), tmp_path / "out.gz")


def test_a_run_that_asked_no_model_has_nothing_to_export(tmp_path):
    folder = run(tmp_path / "run", tmp_path / "store.sqlite", "agent=random")
    with pytest.raises(SettingError, match="no model was asked in this run"):
        export(folder, ReplyStore(), tmp_path / "out.gz")


def test_a_folder_without_a_run_is_told(tmp_path):
    with pytest.raises(SettingError, match=r"holds no manifest\.json"):
        export(tmp_path, ReplyStore(), tmp_path / "out.gz")


# --- the command -----------------------------------------------------------------------------------------------------


def said(capsys, *words):
    code = main([str(word) for word in words])
    out = capsys.readouterr()
    return code, out.out.splitlines(), out.err.splitlines()


def test_the_command_exports_beside_the_run_and_takes_in_and_says_how_to_replay(finished, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    code, out, err = said(capsys, "export", folder)
    assert (code, err) == (0, [])
    file = folder / "replies.jsonl.gz"
    assert out == [f"24 replies of {folder} are in {file} ({file.stat().st_size:,} bytes)"]
    store = tmp_path / "a store.sqlite"
    code, out, err = said(capsys, "import", file, "--store", store)
    assert (code, err) == (0, [])
    assert out[0] == (f"24 replies taken in from {file} (SYNTHETIC: no language model), 0 were there already")
    command = shlex.split(out[1].removeprefix("replay: "))
    assert command == ["python", "-m", "experiments.run", *SMALL, f"replies.store={store}", "replies.mode=replay"]
    assert said(capsys, "import", file, "--store", store)[1][0].startswith("0 replies taken in")


def test_the_replay_repeats_what_was_asked_and_leaves_out_where_and_how_it_ran(finished, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    asked = [*SMALL, "+population.cells.x={orientation: prosocial, count: 4}", "induction.system='Be {{ adjective }}.'"]
    own = ["replies.store=x", "replies.mode=refresh", "hydra.run.dir=y", "budget.calls=3", "progress=false"]
    own += ["++replies.mode=live", "~budget.cost", "forecast=false"]
    OmegaConf.save(OmegaConf.create([*own[:3], *asked, *own[3:]]), folder / ".hydra" / "overrides.yaml")
    file = tmp_path / "out.gz"
    assert said(capsys, "export", folder, file)[0] == 0
    monkeypatch.chdir(tmp_path)
    _, out, _ = said(capsys, "import", file)
    # The store of the defaults need not be named.
    command = shlex.split(out[1].removeprefix("replay: "))
    assert command == ["python", "-m", "experiments.run", *asked, "replies.mode=replay"]
    assert (tmp_path / "results" / "replies.sqlite").exists()


def test_what_goes_wrong_is_one_line_and_exit_code_two(finished, exported, tmp_path, capsys):
    folder, _ = finished
    exported.write_bytes(exported.read_bytes()[:100])
    wrong = [
        (("export", tmp_path), "holds no manifest.json"),
        (("export", folder, tmp_path / "out.gz", "--store", tmp_path / "none.sqlite"), "there is no reply store"),
        (("export", folder, tmp_path / "no" / "folder" / "out.gz"), "No such file"),
        (("import", tmp_path / "none.gz", "--store", tmp_path / "s.sqlite"), "there is no file"),
        (("import", exported, "--store", tmp_path / "s.sqlite"), "damaged"),
        (("import", exported, "--store", exported), "is no reply store"),
    ]
    for words, told in wrong:
        code, out, err = said(capsys, *words)
        assert (code, out, len(err)) == (2, [], 1)
        assert err[0].startswith("error: ")
        assert told in err[0]
    assert not (tmp_path / "none.sqlite").exists()


def test_a_store_that_is_damaged_is_told_in_one_line_as_well(finished, tmp_path, capsys):
    broken = tmp_path / "broken.sqlite"
    shutil.copy(finished[1], broken)
    whole = broken.read_bytes()
    page = whole.index(b"by_key")  # the schema's page stays whole, the replies' pages do not
    assert page < 4096
    file = sqlite3.connect(broken)
    (root,) = file.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'by_key'").fetchone()
    file.close()
    broken.write_bytes(whole[: 4096 * (root - 1)] + b"\xff" * 4096 + whole[4096 * root :])
    code, _, err = said(capsys, "export", finished[0], tmp_path / "out.gz", "--store", broken)
    assert (code, len(err)) == (2, 1)
    assert "restore it from a copy" in err[0]
