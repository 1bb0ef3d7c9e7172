"""A member of the catalogue that is written as a difference from another one."""

import shutil

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from experiments import catalogue
from experiments.catalogue import CATALOGUE, member, named
from games.errors import SettingError

TALE = """# A story.
defaults:
  - neutral
  - _self_
name: tale
words:
  slider:
    rules: "Coins lie on the table."
    questions: {primary: "Which?", secondary: "Which?"}
"""


@pytest.fixture
def extended(tmp_path, monkeypatch):
    """A copy of the catalogue with a framing that holds its name and its words only."""
    shutil.copytree(CATALOGUE, tmp_path / "conf")
    (tmp_path / "conf" / "framing" / "tale.yaml").write_text(TALE)
    monkeypatch.setattr(catalogue, "CATALOGUE", tmp_path / "conf")
    return tmp_path / "conf"


def test_what_a_member_does_not_say_comes_from_its_base(extended):
    tale, neutral = member("framing", "tale"), member("framing", "neutral")
    assert (tale["name"], tale["words"]["slider"]["rules"]) == ("tale", "Coins lie on the table.")
    assert {key: text for key, text in tale.items() if key not in ("name", "words")} == {
        key: text for key, text in neutral.items() if key not in ("name", "words")
    }


def test_the_catalogue_and_a_composed_run_agree(extended):
    with initialize_config_dir(str(extended), version_base="1.3"):
        composed = OmegaConf.to_container(compose("config", ["framing=tale"]).framing)
    assert composed == member("framing", "tale") == named("framing", "tale")


def test_a_setting_of_the_base_may_be_replaced(extended):
    changed = named("framing", {"use": "tale", "past_header": "Before:"})
    assert (changed["name"], changed["past_header"]) == ("tale", "Before:")
    with pytest.raises(SettingError, match="colour"):
        named("framing", {"use": "tale", "colour": "red"})


def test_a_base_that_does_not_exist_is_told_with_those_that_do(extended):
    (extended / "framing" / "lost.yaml").write_text("defaults: [plain]\nname: lost\n")
    with pytest.raises(SettingError, match=r"unknown framing 'plain'; known: .*lost, neutral"):
        member("framing", "lost")


def test_the_file_stands_last_where_its_list_does_not_say_so(extended):
    (extended / "framing" / "short.yaml").write_text("defaults: [neutral]\nname: short\n")
    assert member("framing", "short")["name"] == "short"
