"""Keys of one's own: what a file may say, what it is told, and that the screen obeys it."""

from __future__ import annotations

import string
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.keys import _character_to_key

from crawler_core.commands import SetFetchWorkers
from crawler_core.errors import ConfigError
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp, Taste
from tui.cli import main
from tui.keymap import (
    FIXED,
    VARIABLE,
    Keymap,
    as_toml,
    keymap_file,
    parse_keymap,
    read_keymap,
    spoken,
    textual_name,
)
from tui.keys import hints, relabelled, respelled
from tui.keytable import KEYS

OWN = """
fetch-more = "i"      # one key may stand alone
save = ["F5", "ctrl+s"]
cancel = ["y"]
copy = ["x"]          # two that change places
quit = ["ctrl+x"]
"""


def test_the_table_as_toml_is_the_table() -> None:
    """What `crawltui keys` prints can be read back, and names every key."""
    text = as_toml(Keymap())
    assert parse_keymap(text, "keys.toml") == Keymap()
    found = tomllib.loads(text)
    assert set(found) == {key.name for key in KEYS} - {"interrupt"}
    own = parse_keymap(OWN, "keys.toml")
    assert parse_keymap(as_toml(own), "keys.toml") == own


def test_the_table_itself_has_no_key_twice() -> None:
    """No key of the table has two meanings, and none is one that is fixed."""
    users = [name for key in KEYS for name in Keymap().keys(key)]
    assert len(users) == len(set(users))
    assert set(FIXED) & set(users) == {"ctrl+c"}


def test_characters_have_textual_s_names() -> None:
    """A character is called what Textual calls it when it is pressed."""
    for character in string.ascii_letters + string.digits + string.punctuation:
        assert textual_name(character) == _character_to_key(character)
        assert spoken(textual_name(character)) == character


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("F5", "f5"),
        ("Ctrl+X", "ctrl+x"),
        ("alt+ctrl+x", "alt+ctrl+x"),
        ("ctrl++", "ctrl+plus"),
        ("space", "space"),
        (" ", "space"),
        ("shift+tab", "shift+tab"),
        ("ctrl+i", "tab"),
        ("plus", "plus"),
        ("é", "é"),
        ("shift+a", ""),
        ("hyper+x", ""),
        ("ctrl+ctrl+x", ""),
        ("f99", ""),
        ("xx", ""),
        ("", ""),
    ],
)
def test_keys_are_read_as_people_write_them(written: str, name: str) -> None:
    """Characters, names and modifiers are understood; anything else is no key."""
    assert textual_name(written) == name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('\nfetch-mor = "x"', "line 2: nothing is called fetch-mor: did you mean fetch-more?"),
        ('save = "x"', "line 1: x would be the key of both cancel and save"),
        ('\n\nsave = ["u"]\nopen = ["u"]', "line 4: u would be the key of both save and open"),
        ('sort = ["j"]', "line 1: j moves in every list: choose another key"),
        ('sort = ["left"]', "line 1: left opens and closes the folders of the site"),
        ('sort = ["l"]', "line 1: l opens and closes the folders"),
        ('save = ["shift+a"]', 'line 1: "shift+a" is no key'),
        ("save = [5]", 'line 1: "5" is no key'),
        ("save = []", "line 1: save needs a list of keys"),
        ('[save]\nkey = "x"', "line 1: save needs a list of keys"),
        ('interrupt = "x"', "line 1: interrupt cannot be changed"),
        ("\nsave = [", "this is not TOML"),
        ("save == 5", "line 1: this is not TOML"),
    ],
)
def test_wrong_files_get_one_sentence(text: str, says: str) -> None:
    """A wrong name, a wrong key, a clash: the sentence names the file and the line."""
    with pytest.raises(ConfigError) as told:
        parse_keymap(text, "my/keys.toml")
    assert str(told.value).startswith("my/keys.toml, ")
    assert says in str(told.value)
    assert "\n" not in str(told.value)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text is more than refused."""
    try:
        parse_keymap(text, "keys.toml")
    except ConfigError:
        return


def test_the_file_is_found(tmp_path: Path) -> None:
    """The variable names a file, which must exist; without one the table holds."""
    file = tmp_path / "own.toml"
    environ = {VARIABLE: str(file)}
    assert keymap_file(environ) == file
    with pytest.raises(ConfigError, match="does not exist: crawltui keys --write makes it"):
        read_keymap(environ)
    file.write_text(OWN, encoding="utf-8")
    assert read_keymap(environ).changed["save"] == ("f5", "ctrl+s")
    file.write_text(OWN, encoding="utf-8-sig")
    assert read_keymap(environ).changed["save"] == ("f5", "ctrl+s"), "as Windows writes it"
    with pytest.raises(ConfigError, match="that user has no home here"):
        read_keymap({VARIABLE: "~nosuch-user/keys.toml"})
    file.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="it is not UTF-8"):
        read_keymap(environ)


def test_words_name_the_keys_of_one_s_own() -> None:
    """Footer, labels and sentences name the key that does it now, and only keys."""
    own = parse_keymap(OWN, "keys.toml")
    offered = hints("overview", changing=True, keymap=own)
    shown = {action.partition("|")[0]: keys for keys, _, action in offered}
    assert shown["fetch(1)"] == "i -"
    assert shown["save"] == "F5"
    assert relabelled("+ −", own) == "i −"
    assert relabelled("x", own) == "y"
    says = "3 wait: press +, 3 shows them, s saves a CSV, q quits"
    assert respelled(says, own) == "3 wait: press i, 3 shows them, F5 saves a CSV, ctrl+x quits"
    says = "autopilot is on: + - < > take the wheel back"
    assert respelled(says, own) == "autopilot is on: i - < > take the wheel back"
    assert respelled(says, Keymap()) == says
    assert respelled("press > or P for lexbor", own) == "press > or P for lexbor"
    says = "Select a host first: tab leads to the hosts."
    assert respelled(says, Keymap({"focus": ("f6",)})) == says.replace("tab", "F6")


def test_messages_name_the_keys_of_one_s_own(session: FakeSession, client: FakeClient) -> None:
    """What is said in the corner names the keys that do it now, as the footer does."""
    own = 'filter = "F7"\nfaster = "F8"\nsave = "F9"\nquit = "F10"\nhost = "U"'

    async def scenario(it: Drive) -> None:
        await it.press("4", "home", "U", "p")
        assert it.shows("is paused: F8 takes it up again")
        await it.press("2", "n")
        assert it.shows("Filter first: F7 asks for a word.")
        client.show(state="finished")
        await it.press("plus")
        assert it.shows("F9 saves a CSV, F10 quits")

    app = CrawlApp(session, client, taste=Taste(parse_keymap(own, "own")))
    drive(app, scenario, (160, 40))


def test_the_screen_obeys(session: FakeSession, client: FakeClient) -> None:
    """The new key acts, the old one no longer does, and footer, help and palette say so."""
    own = parse_keymap(OWN + 'help = ["f2"]\npalette = ["ctrl+o"]\nfocus = ["z"]', "keys.toml")

    async def scenario(it: Drive) -> None:
        assert any("i -" in line and "F5 save CSV" in line for line in it.screen()[-1:])
        assert it.shows(" i − ")
        assert it.shows("y cancels")
        await it.press("i")
        assert [type(sent) for sent in client.sent] == [SetFetchWorkers]
        await it.press("plus")
        assert len(client.sent) == 1
        await it.press("f5")
        assert it.shows("Save")
        await it.press("escape")
        before = it.app.focused
        await it.press("tab")
        assert it.app.focused is before
        await it.press("z")
        assert it.app.focused is not before
        await it.press("f2", *["down"] * 40)
        assert it.shows("F5 ctrl+s")
        await it.press("escape", "ctrl+o")
        await it.type("save a")
        await it.soon("key F5 ctrl+s")

    app = CrawlApp(session, client, taste=Taste(own))
    drive(app, scenario)


def test_a_wrong_file_ends_it_before_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line says what is wrong, with exit code 2."""
    file = tmp_path / "keys.toml"
    file.write_text('save = "x"\n', encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(file))
    monkeypatch.setattr("tui.commands.has_screen", lambda: True)
    assert main(["start"]) == 2
    assert f"{file}, line 1: x would be the key of both" in capsys.readouterr().err


def test_keys_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`crawltui keys` prints what holds now."""
    file = tmp_path / "keys.toml"
    file.write_text(OWN, encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(file))
    assert main(["keys"]) == 0
    printed = capsys.readouterr().out
    assert parse_keymap(printed, "printed").changed == parse_keymap(OWN, "own").changed


def test_keys_are_written_where_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`crawltui keys --write` makes the folder too, and never writes over a file."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "new"))
    assert main(["keys", "--write"]) == 0
    file = keymap_file()
    assert tmp_path in file.parents
    assert f"Wrote {file}:" in capsys.readouterr().out
    assert read_keymap() == Keymap()
    file.write_text(OWN, encoding="utf-8")
    assert main(["keys", "--write"]) == 2
    assert f"{file} is there already" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == OWN
    monkeypatch.setenv(VARIABLE, str(file / "below"))
    assert main(["keys", "--write"]) == 2
    assert "cannot be written" in capsys.readouterr().err
