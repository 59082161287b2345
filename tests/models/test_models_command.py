"""`lineboil models`: both kinds of models under one verb, as text and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import hub_server
import pytest
from lineboil.addon.engine import cli, diagnosis, errors
from lineboil.addon.engine.messages import SilentReporter
from lineboil.addon.engine.models import hub, hub_cache, offline, registry


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(offline, "_asked", "")
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "LINEBOIL_ONLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    return tmp_path / "hub"


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict]]:
    code = cli.main([*words, "--json"])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_list_has_both_kinds_with_licence_and_size(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = said(["models", "list"], capsys)
    rows = {line["stage"]: line for line in lines if line["kind"] == "status"}
    assert code == 0 and set(rows) == {model.name for model in hub.HUB_MODELS} | {"built-in"}
    assert rows["built-in"]["total"] == len(registry.MODELS)
    facts = rows["sd15"]["facts"]
    assert (facts["kind"], facts["family"], facts["licence"]) == ("checkpoint", "sd15", "CreativeML-OpenRAIL-M")
    assert facts["entry"]["megabytes"] > 2000 and facts["entry"]["is_verified"] is False
    assert lines[-1]["result"]["folder"] == str(cache)


def test_the_list_of_a_family_has_what_goes_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    names = {line["stage"] for line in said(["models", "list", "--family", "sdxl"], capsys)[1] if "stage" in line}
    assert {"sdxl", "sdxl-union", "reference-encoder"} <= names and not names & {"sd15", "zimage", "built-in"}
    assert said(["models", "list", "--family", "sdxl", "--installed"], capsys)[1][0]["kind"] == "done"


def test_got_listed_and_removed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    with hub_server.serving() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        files = {"config.json": b"{}", "diffusion_pytorch_model.safetensors": bytes(5000)}
        server.files = {"madebyollin/sdxl-vae-fp16-fix": files}
        code, lines = said(["models", "get", "sdxl-vae"], capsys)
    path = Path(lines[-1]["result"]["sdxl-vae"])
    assert code == 0 and (path / "config.json").read_bytes() == b"{}"
    told = [line["text"] for line in lines if line["kind"] == "note"]
    assert "335 MB" in told[0] and "MIT" in told[0] and "without a look at the hub" in told[1]
    assert any(line["kind"] == "progress" and line["unit"] == "MB" for line in lines)
    rows = said(["models", "list", "--installed"], capsys)[1]
    assert [row["stage"] for row in rows[:-1] if row["stage"] != "built-in"] == ["sdxl-vae"]
    assert said(["models", "remove", "sdxl-vae"], capsys)[0] == 0 and not (path / "config.json").exists()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["get", "sd15"], "has to be accepted"),
        (["get", "sdxl-vae", "--offline"], "online access is off"),
        (["get", "sdxl-vae", "sd99"], 'no model "sd99"'),
        (["remove", "sdxl-vae"], "is not there"),
        (["remove", "built-in"], "belong to the program"),
    ],
)
def test_what_is_refused(words: list[str], what: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = said(["models", *words], capsys)
    assert code == 1 and lines[-1]["kind"] == "failed" and what in lines[-1]["what"]


def test_folders_are_shown(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = said(["models", "folders"], capsys)[1][-1]["result"]
    assert result["hub"] == str(cache) and result["built-in"] == str(registry.models_folder())


def test_the_built_in_networks_are_not_fetched_where_online_access_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINEBOIL_MODELS", str(tmp_path))
    monkeypatch.setattr(registry, "fetch", lambda **_: pytest.fail("it was fetched"))
    monkeypatch.setenv("LINEBOIL_ONLINE", "0")
    with pytest.raises(errors.MissingError, match="online access is off"):
        diagnosis.fetch_models(SilentReporter())
    monkeypatch.delenv("LINEBOIL_ONLINE")
    with pytest.raises(errors.MissingError, match="online access is off"):
        diagnosis.fetch_models(SilentReporter(), allow_online=False)


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({"HF_HUB_CACHE": "/a/b"}, "/a/b"),
        ({"HF_HUB_CACHE": "", "HF_HOME": "/c"}, "/c/hub"),
        ({"HF_HOME": "", "XDG_CACHE_HOME": "/d"}, "/d/huggingface/hub"),
    ],
)
def test_the_cache_is_where_the_hubs_own_library_has_it(
    variables: dict[str, str], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert hub_cache.cache_folder() == Path(place)
