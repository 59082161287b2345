"""Diffusion models fetched from a hub on loopback: whole, stopped, damaged, refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import hub_server
import pytest
from hub_server import Hub
from lineboil.addon.engine import errors
from lineboil.addon.engine.models import hub, hub_cache, hub_catalogue, hub_fetch, locate, offline
from lineboil.addon.engine.models.hub_catalogue import MIT, OPENRAIL, HubModel

pytest.importorskip("huggingface_hub")

WEIGHTS = bytes(range(256)) * 3000
CONFIG = b'{"_class_name": "ControlNetModel"}'
FREE = HubModel("pebble", "owner/pebble", ("config.json", "a.fp16.safetensors|a.safetensors"), "", 1, MIT, "sd15",
                "controlnet", "A pebble.")
LIMITED = HubModel("stone", "owner/stone", ("stone.safetensors",), "stone.safetensors", 1, OPENRAIL, "sd15", "lora", "")
OTHER = HubModel("grain", "owner/pebble", ("config.json", "grain/*.safetensors"), "grain", 1, MIT, "", "vae", "")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with two models, and an empty cache."""
    models = (FREE, LIMITED, OTHER)
    monkeypatch.setattr(hub, "HUB_MODELS", models)
    monkeypatch.setattr(hub, "BY_NAME", {model.name: model for model in models})
    monkeypatch.setattr(offline, "_asked", "")
    for name in ("HF_TOKEN", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "LINEBOIL_ONLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hugging face"))
    with hub_server.serving() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        server.files = {
            "owner/pebble": {"config.json": CONFIG, "a.safetensors": WEIGHTS, "a.bin": b"x", "grain/b.safetensors":
                             WEIGHTS[::-1], "README.md": b"pebble"},
            "owner/stone": {"stone.safetensors": WEIGHTS[1:]},
        }
        yield server


def quiet(what: str, done: int, total: int) -> bool:
    return False


def blobs(repository: str = "owner/pebble") -> list[str]:
    return sorted(path.name for path in (hub_cache.repository_folder(repository) / "blobs").iterdir())


def test_what_is_fetched_is_whole_and_found_by_the_hubs_own_library(here: Hub) -> None:
    assert hub.states()[0].state == "missing"
    told: list[tuple[str, int, int]] = []
    found = hub.get("pebble", lambda *progress: told.append(progress) or False)
    assert found.state == "installed" and found.is_ours and found.commit == here.commit
    assert (found.path / "a.safetensors").read_bytes() == WEIGHTS
    assert (found.path / "config.json").read_bytes() == CONFIG
    assert not (found.path / "a.bin").exists() and not (found.path / "README.md").exists()
    assert hub.path_of("pebble") == found.path
    assert told[-1][1:] == (len(WEIGHTS) + len(CONFIG),) * 2 and [row[1] for row in told[1:]] == sorted(
        row[1] for row in told[1:])
    from huggingface_hub import try_to_load_from_cache

    for name in ("config.json", "a.safetensors"):
        seen = try_to_load_from_cache("owner/pebble", name, cache_dir=hub_cache.cache_folder())
        assert seen == str(found.path / name)
    asked = len(here.requests)
    assert hub.get("pebble", quiet).state == "installed" and len(here.requests) == asked


def test_what_another_program_fetched_is_used_and_kept(here: Hub) -> None:
    hub.get("pebble", quiet)
    (hub_cache.repository_folder("owner/pebble") / ".lineboil-pebble.json").unlink()
    assert hub.path_of("pebble").is_dir()
    with pytest.raises(errors.SettingError, match="another program"):
        hub.remove("pebble")
    assert hub.remove("pebble", is_sure=True) == len(WEIGHTS) + len(CONFIG)
    assert hub.states()[0].state == "missing" and blobs() == []


def test_removing_keeps_what_another_model_needs(here: Hub) -> None:
    for name in ("pebble", "grain"):
        hub.get(name, quiet)
    assert hub.remove("pebble") == len(WEIGHTS)
    assert hub.path_of("grain").is_dir()
    with pytest.raises(errors.MissingError, match="is not there"):
        hub.remove("stone")


def test_a_broken_connection_is_taken_up_at_once(here: Hub) -> None:
    here.cut_after, here.cuts = 300_000, 1
    assert hub.get("pebble", quiet).state == "installed"
    assert ("a.safetensors", "bytes=262144-") in here.contents_sent()


def test_stopped_it_goes_on_where_it_was(here: Hub) -> None:
    here.pace.clear()
    told: list[int] = []

    def stop(what: str, done: int, total: int) -> bool:
        # A tick after the first bytes are told they are written too.
        told.extend([done] if done > len(CONFIG) else [])
        return len(told) > 2

    with pytest.raises(errors.Cancelled):
        hub.get("pebble", stop)
    here.pace.set()
    parts = [name for name in blobs() if name.endswith(".incomplete")]
    assert len(parts) == 1 and hub.states()[0].state == "partly"
    with pytest.raises(errors.MissingError, match="not whole") as caught:
        hub.path_of("pebble")
    assert "lineboil models get pebble" in caught.value.remedy
    size = (hub_cache.repository_folder("owner/pebble") / "blobs" / parts[0]).stat().st_size
    assert size == 262144
    here.requests.clear()
    hub.get("pebble", quiet)
    assert here.contents_sent() == [("a.safetensors", f"bytes={size}-")]
    assert (hub.path_of("pebble") / "a.safetensors").read_bytes() == WEIGHTS


def test_a_model_is_named_by_its_place_on_the_hub(here: Hub) -> None:
    here.files["some.body/model-1"] = {
        "model_index.json": b"{}", "unet/config.json": b"{ }", "unet/a.fp16.safetensors": WEIGHTS, "unet/a.safetensors":
        WEIGHTS * 2, "tokenizer/merges.txt": b"m", "whole.safetensors": WEIGHTS[2:], "unet/a.bin": b"x",
    }
    with pytest.raises(errors.SettingError, match="the one its page names"):
        hub.get("some.body/model-1", quiet)
    folder = hub.get("some.body/model-1", quiet, accept_licence=True).path
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {"model_index.json", "unet/config.json", "unet/a.fp16.safetensors", "tokenizer/merges.txt"}
    assert locate.locate("some.body/model-1") == folder
    file = hub.get("some.body/model-1/whole.safetensors", quiet, accept_licence=True).path
    assert file == folder / "whole.safetensors" == locate.locate("some.body/model-1/whole.safetensors")
    for name in ("some.body/../model", "a/b/c.ckpt", "plain"):
        with pytest.raises(errors.SettingError, match="to fetch"):
            hub.find(name)


def test_a_content_that_is_not_the_promised_one_gets_no_name(here: Hub) -> None:
    here.wrong = {"a.safetensors"}
    with pytest.raises(errors.MissingError, match=r"a\.safetensors arrived damaged"):
        hub.get("pebble", quiet)
    assert hub.states()[0].state == "partly" and blobs() == [hub_server.stated_hash(CONFIG)]
    here.wrong = set()
    assert hub.get("pebble", quiet).state == "installed"


def test_another_content_than_the_known_one_is_not_fetched(here: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    known = dataclasses.replace(FREE, sha256=(("a.safetensors", "0" * 64),))
    monkeypatch.setattr(hub, "BY_NAME", {"pebble": known})
    with pytest.raises(errors.MissingError, match=r"another a\.safetensors"):
        hub.get("pebble", quiet)
    assert not here.contents_sent()


def lacks_file(here: Hub) -> None:
    del here.files["owner/pebble"]["a.safetensors"]


def lacks_repository(here: Hub) -> None:
    del here.files["owner/pebble"]


def wants_acceptance(here: Hub) -> None:
    here.gated = {"owner/pebble"}


def is_busy(here: Hub) -> None:
    here.status = 503


def leads_out(here: Hub) -> None:
    here.files["owner/pebble"] = {"../a.safetensors": WEIGHTS, "config.json": CONFIG}


@pytest.mark.parametrize(
    ("harm", "words", "remedy"),
    [
        (lacks_file, r"the hub has no a\.fp16\.safetensors in it", "owner/pebble"),
        (leads_out, r"the hub has no a\.fp16\.safetensors in it", "owner/pebble"),
        (lacks_repository, "does not have it", "its path"),
        (wants_acceptance, "accepted its licence", "hf auth login"),
        (is_busy, "status 503", "later"),
    ],
)
def test_what_the_hub_refuses_is_told(here: Hub, harm, words: str, remedy: str) -> None:
    harm(here)
    with pytest.raises(errors.MissingError, match=words) as caught:
        hub.get("pebble", quiet)
    assert remedy in caught.value.remedy
    assert not list(hub_cache.cache_folder().rglob("*.safetensors"))


def test_the_artists_token_is_shown_only_where_it_is_wanted(here: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    wants_acceptance(here)
    monkeypatch.setenv("HF_TOKEN", hub_server.TOKEN)
    assert hub.get("pebble", quiet).state == "installed"


def test_a_licence_with_limits_has_to_be_accepted(here: Hub) -> None:
    with pytest.raises(errors.SettingError, match="CreativeML-OpenRAIL-M") as caught:
        hub.get("stone", quiet)
    assert "--accept-licence" in caught.value.remedy and not here.requests
    found = hub.get("stone", quiet, accept_licence=True)
    assert found.path.read_bytes() == WEIGHTS[1:]


def test_no_room(here: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(hub_fetch.shutil, "disk_usage", lambda path: usage._replace(free=100))
    with pytest.raises(errors.InputError, match="0 MB are free") as caught:
        hub.get("pebble", quiet)
    assert "HF_HOME" in caught.value.remedy and not here.contents_sent()


def test_no_network(here: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(errors.MissingError, match="no connection to the hub"):
        hub.get("pebble", quiet)


def test_online_access_off(here: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEBOIL_ONLINE", "0")
    with pytest.raises(errors.MissingError, match="online access is off") as caught:
        hub.get("pebble", quiet)
    assert "Allow Online Access" in caught.value.remedy and not here.requests
    monkeypatch.delenv("LINEBOIL_ONLINE")
    monkeypatch.setattr(offline, "_asked", "HF_HUB_OFFLINE")
    with pytest.raises(errors.MissingError, match="HF_HUB_OFFLINE is set"):
        hub.get("pebble", quiet)


def test_a_worker_that_stays_offline_can_still_fetch_when_asked(here: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in offline._AT_RUN_TIME:
        monkeypatch.setenv(name, "")
    offline.stay_offline()
    assert hub.get("grain", quiet).path.name == "grain"


def test_a_file_where_the_cache_should_be(here: Hub, tmp_path: Path) -> None:
    (tmp_path / "hugging face").write_text("mine")
    with pytest.raises(errors.EngineError) as caught:
        hub.get("pebble", quiet)
    assert "hugging face" in caught.value.sentence()


def test_the_catalogue_is_in_order() -> None:
    models = hub_catalogue.HUB_MODELS
    assert len({model.name for model in models}) == len(models)
    for model in models:
        assert model.licence.url.startswith("https://") and model.megabytes > 0 and model.doc.endswith(".")
        names = [name for item in model.files for name in item.split("|")]
        assert all(name.endswith((".safetensors", ".onnx", ".json", "/*")) for name in names), model.name
        assert not model.main or any(model.main in item for item in model.files)
