"""``unprovision`` leaves the CRM as it was before ``provision``, what people did aside."""

from __future__ import annotations

import copy
from datetime import timedelta

import pytest
from bare import BARE, REMOVALS
from world import CONCERNS, RECOGNITION

from crmrules.state import Store


@pytest.fixture(params=BARE)
def bare(request, tmp_path):
    """A CRM before anything of ours was made."""
    with BARE[request.param](tmp_path / "world", opportunities=14) as world:
        yield world


def worked(world):
    """Provision, sync until there are tasks and fields, and let people work; return the before."""
    deal = world.one_in(RECOGNITION)
    before = copy.deepcopy(world.everything())
    world.provision()
    world.settle()
    world.synced()
    completed, edited, deleted = (t for t in world.our_tasks()[:3])
    world.advance(timedelta(hours=1))
    world.complete(completed)
    world.edit(edited, subject="In my words")
    world.delete(deleted)
    world.synced()
    assert any(found["status"] for found in world.fields().values())
    assert world.everything() != before
    return deal, before, edited


@pytest.mark.slow
def test_everything_is_as_before_and_what_a_person_did_stays(bare, tmp_path):
    deal, _, edited = worked(bare)
    bare.move(deal, CONCERNS)
    ran = bare.unprovision("--including-edited")
    assert (ran.json["left"], ran.json["stayed"]) == ([], [])
    with type(bare)(tmp_path / "control", opportunities=14) as control:
        control.now = bare.now
        control.move(deal, CONCERNS)
        assert bare.everything() == control.everything()
    assert edited["id"] not in bare.everything()


@pytest.mark.slow
def test_a_task_a_person_edited_stays_unless_it_is_asked_for(bare):
    _, before, edited = worked(bare)
    ran = bare.unprovision()
    assert [one["name"] for one in ran.json["stayed"]] == [edited["id"]]
    after = bare.everything()
    [kept] = [name for name in after if name not in before]
    assert kept.endswith(edited["id"])
    bare.unprovision("--including-edited")
    assert bare.everything() == before


@pytest.mark.slow
def test_a_lost_state_hinders_nothing(bare):
    _, before, _ = worked(bare)
    bare.forget()
    bare.unprovision("--including-edited")
    assert bare.everything() == before
    assert not bare.state.exists()


@pytest.mark.slow
def test_a_second_time_there_is_nothing_to_remove(bare):
    worked(bare)
    bare.unprovision("--including-edited")
    calls = len(bare.server.calls)
    assert bare.unprovision("--including-edited").json["things"] == []
    later = [call for call in bare.server.calls[calls:] if "deployRequest" not in call.path]
    assert later == bare.server.calls[calls:]
    assert {call.method for call in later} <= {"GET", "POST"}


@pytest.mark.slow
def test_a_dry_run_shows_the_same_list_and_removes_nothing(bare):
    worked(bare)
    before = copy.deepcopy(bare.everything())
    shown = bare.look().json
    assert bare.everything() == before
    assert bare.unprovision().json["things"] == shown["things"]


@pytest.mark.parametrize(
    "answered",
    [
        pytest.param(False, marks=pytest.mark.torture, id="before"),
        pytest.param(True, marks=pytest.mark.slow, id="after"),
    ],
)
def test_killed_anywhere_it_is_finished_by_the_next(bare, answered):
    _, before, _ = worked(bare)
    kept, calls = bare.whole(), REMOVALS[bare.name]
    for call in range(1, calls + 1):
        bare.bring_back(kept)
        with bare.killed_at(call, answered=answered):
            assert bare.try_as_admin("unprovision", "--yes", "--including-edited").code == 130
        assert bare.everything() != before or (call == calls and answered)
        bare.unprovision("--including-edited")
        assert bare.everything() == before


def test_killed_in_the_middle_with_the_state_lost_it_is_finished_by_the_next(bare):
    _, before, _ = worked(bare)
    bare.forget()
    with bare.killed_at(REMOVALS[bare.name] // 2, answered=True):
        assert bare.try_as_admin("unprovision", "--yes", "--including-edited").code == 130
    assert bare.everything() != before
    bare.unprovision("--including-edited")
    assert bare.everything() == before


@pytest.mark.slow
def test_a_field_in_use_stays_with_a_remedy_and_the_rest_goes(bare):
    worked(bare)
    bare.protect()
    ran = bare.try_as_admin("unprovision", "--yes", "--including-edited")
    assert ran.code == 4
    refused = [step for step in ran.json["steps"] if step["action"] == "refused"]
    assert all("run unprovision again" in step["remedy"] for step in refused)
    left = [(one["kind"], one["name"]) for one in ran.json["left"]]
    names = [step["name"] for step in refused]
    assert left == list(zip(bare.refused, names, strict=True))
    bare.protect(on=False)
    bare.unprovision("--including-edited")


@pytest.mark.slow
def test_while_a_sync_runs_nothing_is_removed(bare):
    worked(bare)
    before = copy.deepcopy(bare.everything())
    with Store(f"sqlite:///{bare.state}") as store:
        [org] = store.organizations()
        with store.for_org(org).lease("sync"):
            ran = bare.try_as_admin("unprovision", "--yes")
    assert ran.code == 75
    assert bare.everything() == before


@pytest.mark.slow
def test_afterwards_doctor_says_it_is_not_provisioned(bare):
    worked(bare)
    bare.unprovision()
    ran = bare.cli("doctor", "--quick")
    assert ran.code == 3
    assert any(bare.unprovisioned in one["what"] for one in ran.json["problems"])
