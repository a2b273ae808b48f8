"""Short stories, each about one safeguard: the machine's own steps and checks, in a fixed order.

Each begins where two opportunities have a finding that is to be asked in the next run.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from once_machine import DAY, HOURS, MINUTE, Once
from runs import Process

NOW = timedelta(0)


def sync(one: Once, wait: timedelta = HOURS, writes: tuple[str, ...] = ()) -> None:
    one.sync(wait=wait, host="here", judged=NOW, writes=[*writes], reads=[], first=None)


def killed(one: Once, point: str, wait: timedelta = NOW) -> None:
    one.killed(wait=wait, point=point, nth=1, host="here", writes=[], first=None)


def overtaken(
    one: Once,
    point: str,
    *,
    pause: timedelta = 3 * MINUTE,
    unlock: bool = False,
    meanwhile: str = "",
    writes: tuple[str, ...] = (),
) -> None:
    one.overtaken(
        wait=NOW,
        point=point,
        nth=1,
        pause=pause,
        unlock=unlock,
        meanwhile=meanwhile,
        which=0,
        writes=[*writes],
        theirs=[],
        first=None,
    )


def answers_get_lost(one: Once) -> None:
    sync(one, NOW, ("dropped after", "5xx after", "cut"))
    sync(one, MINUTE)
    sync(one, 20 * MINUTE)


def a_write_never_arrives(one: Once) -> None:
    sync(one, NOW, ("dropped before",) * 12)
    sync(one, 20 * MINUTE)


def killed_when_the_crm_had_it(one: Once) -> None:
    killed(one, "written")
    killed(one, "answered", MINUTE)
    sync(one, MINUTE)


def a_create_comes_late(one: Once) -> None:
    sync(one, NOW, ("late",) * 30)
    sync(one, MINUTE)
    sync(one, MINUTE)
    one.deliver()
    sync(one, 20 * MINUTE)


def the_late_one_is_first(one: Once) -> None:
    """What we gave up on is done just before we send it again: the CRM says "duplicate"."""
    process = Process("here", "sending", 3)  # fields, tasks, and both again
    process.act = one.deliver
    # HubSpot's connector sends fields five times by itself, tasks never.
    one.arm(["late"] * (2 if one.desk.name == "salesforce" else 7), [])
    one.run(process)
    one.disarm()
    sync(one, MINUTE)


def killed_while_deciding(one: Once) -> None:
    sync(one, NOW)
    one.do_move(0, 2)
    killed(one, "deciding", HOURS)
    sync(one, MINUTE)


def planned_and_not_wanted_any_more(one: Once) -> None:
    killed(one, "decided")
    one.do_move(0, 3)
    sync(one)


def the_state_is_lost(one: Once) -> None:
    sync(one, NOW)
    one.do_lose(0)
    sync(one)
    sync(one)


def lost_in_the_second_episode(one: Once) -> None:
    sync(one, NOW)
    there_and_back(one)
    one.do_lose(0)
    sync(one)
    there_and_back(one)


def there_and_back(one: Once) -> None:
    """The finding clears, comes back, and is asked again when the cool-down is over."""
    one.do_move(0, 3)
    sync(one)
    one.do_move(0, 0)
    sync(one, 20 * DAY)
    sync(one)


def lost_when_a_task_lies_in_the_bin(one: Once) -> None:
    one.desk.keys_in_the_bin(block=False)
    sync(one, NOW)
    one.do_rep(0, "delete")
    one.do_lose(0)
    sync(one)
    sync(one)


def an_old_backup_does_not_know_the_bin(one: Once) -> None:
    one.desk.keys_in_the_bin(block=False)
    one.do_backup(0)
    sync(one, NOW)
    one.do_rep(0, "delete")
    one.do_restore(0)
    sync(one)
    sync(one)


def it_clears_after_a_person_was_there(one: Once) -> None:
    sync(one, NOW)
    one.do_rep(0, "edit")
    one.do_move(0, 3)
    sync(one)


def a_person_is_there_before_a_change_is_sent_again(one: Once) -> None:
    sync(one, NOW)
    one.do_move(0, 3)
    one.tick(HOURS)
    times = 1 if one.desk.name == "salesforce" else 5  # so often HubSpot's connector tries itself
    overtaken(one, "reading back", meanwhile="rep", writes=("dropped before",) * times)


def a_person_is_there_before_a_change_is_sent(one: Once) -> None:
    sync(one, NOW)
    one.do_move(0, 3)
    one.tick(HOURS)
    overtaken(one, "sending", meanwhile="rep")


def it_comes_back_within_the_cool_down(one: Once) -> None:
    sync(one, NOW)
    one.do_rep(0, "complete")
    one.do_move(0, 3)
    sync(one)
    one.do_move(0, 0)
    sync(one)
    sync(one)
    sync(one)


def a_rule_in_shadow(one: Once) -> None:
    one.do_mode(0)
    one.do_move(0, 2)
    sync(one)
    sync(one)
    sync(one)


def a_batch_is_taken_in_part(one: Once) -> None:
    sync(one, NOW, ("partly refused",) * 3)
    sync(one)
    sync(one)


def a_second_run_at_the_same_time(one: Once) -> None:
    overtaken(one, "decided")


def unlocked_by_force_at_the_worst_moment(one: Once) -> None:
    overtaken(one, "written", unlock=True)


def unlocked_before_it_sends(one: Once) -> None:
    overtaken(one, "sending", unlock=True, pause=12 * MINUTE)


DRILLS: dict[str, Callable[[Once], None]] = {
    drill.__name__.replace("_", " "): drill
    for drill in (
        there_and_back,
        answers_get_lost,
        a_write_never_arrives,
        killed_when_the_crm_had_it,
        a_create_comes_late,
        the_late_one_is_first,
        killed_while_deciding,
        planned_and_not_wanted_any_more,
        the_state_is_lost,
        lost_in_the_second_episode,
        lost_when_a_task_lies_in_the_bin,
        an_old_backup_does_not_know_the_bin,
        it_clears_after_a_person_was_there,
        a_person_is_there_before_a_change_is_sent_again,
        a_person_is_there_before_a_change_is_sent,
        it_comes_back_within_the_cool_down,
        a_rule_in_shadow,
        a_batch_is_taken_in_part,
        a_second_run_at_the_same_time,
        unlocked_by_force_at_the_worst_moment,
        unlocked_before_it_sends,
    )
}
