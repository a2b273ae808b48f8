"""The state machine: what may happen, and what must hold after every step of it.

The oracle reads the CRM's own records and its own small model of decisions.md 1 and 3: which
findings are asked, in which episode. It knows no code of the product but the names of the tables.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize
from hypothesis.stateful import rule as hypothesis_rule
from line import READ_FAULTS, WRITE_FAULTS
from rule_files import LATER, PHASES, STAGES
from runs import POINTS, START, Plant, Process

from crmrules.errors import CrmRulesError, LockedError

SETTLE = timedelta(
    minutes=15
)  # after that, query mode takes a create that is not there as not made
LATEST = timedelta(minutes=10)  # later than that no CRM does what it was asked (reliability.md, N4)
MINUTE, HOURS, DAY = timedelta(minutes=1), timedelta(hours=13), timedelta(days=1)


@dataclass
class Life:
    """The current episode of one (rule, opportunity), as decisions.md tells it."""

    n: int
    status: str  # pending, open, ended
    since: datetime
    seen: datetime


def key_of(organization: str, opportunity: str, rule: str, n: int) -> str:
    """Return the key that decisions.md 3 gives, computed here and nowhere else."""
    text = f"{organization}\0{opportunity}\0{rule}\0o"
    return f"cr1:{n}:o:{hashlib.sha256(text.encode()).hexdigest()[:28]}"


def advanced(life: Life | None, *, fires: bool, now: datetime) -> Life | None:
    """Return the episode after one more look (decisions.md 1 and 2)."""
    if life is None or life.status == "ended":
        if not fires or (life is not None and now <= life.seen):
            return life
        return Life(1 if life is None else life.n + 1, "pending", now, now)
    if now < life.seen:
        return life
    if not fires:
        return ended(life, now)
    settled = life.status == "pending" and now - life.since >= timedelta(hours=12)
    return Life(life.n, "open" if settled else life.status, life.since, now)


def ended(life: Life, now: datetime) -> Life | None:
    """Return the episode after it ended; one that never settled gives its number back."""
    if life.status == "open":
        return Life(life.n, "ended", life.since, now)
    return None if life.n == 1 else Life(life.n - 1, "ended", life.since, now)


def some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def rule(**values: Any) -> Any:
    """Return hypothesis' ``rule``, that also tells whether a step came to its end."""

    def decorate(step: Any) -> Any:
        @wraps(step)
        def counted(self: Any, *args: Any, **kwargs: Any) -> None:
            self.broken = True
            step(self, *args, **kwargs)
            self.broken = False
            self.events["steps"] += 1

        return hypothesis_rule(**values)(counted)

    return decorate


# A fault in about every second run: a run that nothing happens to must stay the usual one.
write_faults = st.one_of(st.just([]), st.lists(some(*WRITE_FAULTS), min_size=1, max_size=3))
read_faults = st.one_of(
    st.just([]),
    st.just([]),
    st.tuples(st.integers(0, 12), some(*READ_FAULTS), some(1, 2, 5)).map(lambda one: [one]),
)
WORST = ("deciding", "sending", "written", "settling")  # drawn twice as often
pauses = some(MINUTE, 6 * MINUTE, 16 * MINUTE, HOURS, HOURS, HOURS, HOURS, 16 * DAY)


moves = st.one_of(st.none(), *[st.tuples(some(0, 1), some(0, 1, 2, 2, 3))] * 2)


class Once(RuleBasedStateMachine):
    """Everything that may happen to one organization."""

    plant: ClassVar[Plant]
    events: ClassVar[Counter[str]]
    protects_changes: ClassVar[bool]  # a change looks first whether somebody was there

    def __init__(self) -> None:
        super().__init__()
        plant, desk = self.plant, self.plant.desk
        plant.reset()
        plant.observe = self.observed
        self.desk, self.line = desk, desk.line
        self.line.ledger = self.left_behind
        self.opportunities = list(desk.opportunities)
        self.stages = {one: [(START - 400 * DAY, "Prospecting")] for one in self.opportunities}
        self.life: dict[tuple[str, str], Life | None] = {}
        self.periods: Counter[tuple[str, str]] = Counter()
        for one in self.opportunities:
            self._entered(one, "", "recognition")
        self.mode = "live"
        self.ever: dict[str, set[str]] = defaultdict(set)
        self.purged: dict[str, tuple[str, str]] = {}
        self.exempt: dict[str, tuple[str, str]] = {}
        self.touched: dict[str, dict[str, Any]] = {}
        self.known_since: set[str] = set()  # keys made since the state was whole
        self.backups: list[Any] = []
        self.ended_at: dict[str, datetime] = {}
        self.judged = desk.now
        self.broken = False
        self.events["sequences"] += 1
        self.tick(MINUTE)

    # -- time -------------------------------------------------------------------------------------
    def tick(self, step: timedelta) -> None:
        """Let time pass; in query mode no request stays under way longer than a CRM lets it."""
        until = self.desk.now + step
        if not self.desk.unique:
            for one in sorted(self.line.late, key=lambda late: late.at):
                if one.at + LATEST <= until:
                    self.desk.now = max(self.desk.now, one.at + LATEST - MINUTE)
                    self.deliver(lambda late, one=one: late is one)
        self.desk.now = until

    def deliver(self, older: Callable[[Any], bool] | None = None) -> None:
        self.events["came late"] += self.line.deliver(older=older)
        self.look()

    # -- the model --------------------------------------------------------------------------------
    def stage(self, opportunity: str, at: datetime | None = None) -> str:
        told = [s for moment, s in self.stages[opportunity] if at is None or moment <= at]
        return told[-1]

    def fires(self, rule: str, opportunity: str, at: datetime | None = None) -> bool:
        return STAGES[self.stage(opportunity, at)] in PHASES[rule]

    def _entered(self, opportunity: str, before: str, after: str) -> None:
        for rule_, phases in PHASES.items():
            self.periods[rule_, opportunity] += after in phases and before not in phases

    def observed(self, process: Process, now: datetime) -> None:
        """A run has made its decision durable: the model looks at the same moment."""
        self.judged = now
        past = now < self.desk.now - MINUTE
        visible = [
            t
            for t in self.desk.tasks()
            if not t["deleted"] or self.desk.bin_is_seen or process.full
        ]
        for rule_ in PHASES:
            for one in self.opportunities:
                life = self.life.get((rule_, one))
                if past:
                    if life is None or life.status == "ended" or now >= life.seen:
                        # What was true then only the CRM's history knows: taken as the run saw it.
                        self.life[rule_, one] = self.remembered(rule_, one)
                    continue
                if not self.desk.exists(one):
                    active = life is not None and life.status != "ended" and life.seen <= now
                    self.life[rule_, one] = ended(life, now) if active else life
                    continue
                mine = [n_of(t["key"]) for t in visible if self.pair(t) == (rule_, one)]
                highest = max(mine, default=0)
                unread = self.stage(one) == "Closed Lost"  # its tasks are not read any more
                if unread and highest > (life.n if life else 0):
                    self.life[rule_, one] = self.remembered(rule_, one)
                    continue
                opened = life is not None and (life.n, life.status) != (highest, "pending")
                if life is None or highest > life.n or not opened:  # its task says it opened
                    life = Life(highest, "open", now, now - DAY) if highest else life
                self.life[rule_, one] = advanced(life, fires=self.fires(rule_, one, now), now=now)

        self.agrees(process)

    def remembered(self, rule_: str, one: str) -> Life | None:
        query = (
            "SELECT n, status, since, seen_at FROM episode "
            "WHERE rule = ? AND opportunity = ? ORDER BY n"
        )
        found = self.plant.raw().execute(query, (rule_, one)).fetchall()
        if not found:
            return None
        n, status, since, seen = found[-1]
        return Life(n, status, datetime.fromisoformat(since), datetime.fromisoformat(seen))

    def agrees(self, process: Process) -> None:
        """What the state says of episodes is what the model says: it has missed nothing."""
        query = "SELECT rule, opportunity, n, status FROM episode ORDER BY n"
        newest = {(r, o): (n, status) for r, o, n, status in self.plant.raw().execute(query)}
        mine = {pair: (life.n, life.status) for pair, life in self.life.items() if life is not None}
        assert newest == mine, f"episodes in the state {newest}, in truth {mine} ({process.host})"

    def pair(self, task: dict[str, Any]) -> tuple[str, str]:
        return task["rule"], task["opportunity"]

    # -- what must hold ---------------------------------------------------------------------------
    def left_behind(self, records: list[dict[str, Any]]) -> None:
        """A write leaves: its intent must be durable and marked as being sent, before."""
        fresh = len(self.plant.running) == 1 and not self.zombie
        for record in records:
            what = record["what"]
            if what == "create Task":
                where, value = "create_key = ?", record["key"]
            elif what == "change Task":
                where, value = "instr(payload, ?) AND action <> 'create_task'", record["id"]
            else:
                where, value = "opportunity = ? AND action = 'set_flags'", record["id"]
            query = f"SELECT state, attempt FROM outbox WHERE {where}"
            found = self.plant.raw().execute(query, (value,)).fetchall()
            sending = [s for s, attempt in found if attempt and (s == "sending" or not fresh)]
            assert sending, f"no intent was durable before {record}: {found}"
            if what == "create Task" and fresh:
                self.may_ask(record["key"])
        self.events["writes"] += len(records)

    def may_ask(self, key: str) -> None:
        """A task is made only for a finding that is open and live, and not too soon again."""
        rule_, one = self.pairs[key]
        life = self.life.get((rule_, one))
        assert life is not None, f"a task for what is not true: {key}"
        assert life.status == "open", f"a task for a finding that is {life.status}: {key}"
        assert self.fires(rule_, one, self.judged), f"a task for what is over: {key}"
        assert not (self.mode == "shadow" and rule_ == LATER), f"a rule in shadow writes: {key}"
        for task in self.desk.tasks():
            if self.pair(task) == (rule_, one) and n_of(task["key"]) < life.n:
                ended_at = self.ended_at.get(task["id"], START - 99 * DAY)
                # Two days of slack, for runs that judged by another moment.
                assert self.judged - ended_at >= 12 * DAY, f"asked again too soon: {key}"

    def look(self) -> None:
        """Hold the CRM's own records to the promises."""
        tasks = self.desk.tasks()
        for task in tasks:
            if task["id"] not in self.ever[task["key"]]:
                self.ever[task["key"]].add(task["id"])
                self.known_since.add(task["key"])
            if task["closed"] or task["deleted"]:
                self.ended_at.setdefault(task["id"], self.desk.now)
            else:
                self.ended_at.pop(task["id"], None)
            if task["key"] not in self.exempt:
                assert len(self.ever[task["key"]]) == 1, f"two tasks of one key: {task}"
        for task in tasks:
            if task["id"] in self.touched:
                assert task == self.touched[task["id"]], (
                    f"what a person did was overwritten: {self.touched[task['id']]} -> {task}"
                )
        made: Counter[tuple[str, str]] = Counter()
        for key, ids in self.ever.items():
            made[self.pairs[key]] += len(ids)
        spare = Counter(self.exempt.values())
        for pair, count in made.items():
            assert count <= self.periods[pair] + spare[pair], (
                f"{count} tasks for {pair}, which was true {self.periods[pair]} times"
            )

    @property
    def pairs(self) -> dict[str, tuple[str, str]]:
        known = getattr(self, "_pairs", None)
        if known is None:
            organization = self.desk.organization
            known = self._pairs = _Pairs(organization, self.opportunities)
        return known

    zombie = False

    # -- runs -------------------------------------------------------------------------------------
    def run(self, process: Process, judged: timedelta = timedelta(0)) -> Any:
        told = self.plant.run(process, self.desk.now + judged, self.mode)
        assert told is None or isinstance(told, CrmRulesError) or told.failed is not None
        return told

    def arm(self, writes: list[str], reads: list[Any]) -> None:
        self.line.writes, self.line.reads = list(writes), list(reads)

    def disarm(self) -> None:
        self.events.update(self.line.struck)
        self.line.struck.clear()
        self.line.writes, self.line.reads = [], []
        self.desk.calm()

    @initialize(step=some(0, 1, 2, 2), seen=st.booleans())
    def begin(self, step: int, *, seen: bool) -> None:
        """Start where nothing was ever asked, where findings wait, or where tasks stand."""
        self.desk.keys_in_the_bin(block=seen)
        for _ in range(step):
            self.tick(HOURS)
            self.run(Process("here"))
        self.look()

    @rule(
        wait=pauses,
        host=some("here", "here", "elsewhere"),
        judged=some(*[timedelta(0)] * 5, timedelta(hours=-30), timedelta(hours=40)),
        writes=write_faults,
        reads=read_faults,
        first=moves,
    )
    def sync(
        self,
        wait: timedelta,
        host: str,
        judged: timedelta,
        writes: list[str],
        reads: list[Any],
        first: tuple[int, int] | None,
    ) -> None:
        """Run, maybe on another machine, maybe judging by another moment, maybe on a bad day."""
        if first is not None:
            self.do_move(*first)
        self.tick(wait)
        self.arm(writes, reads)
        told = self.run(Process(host), judged)
        self.disarm()
        self.events["syncs"] += 1
        self.events["judged by the past"] += judged < timedelta(0)
        self.events["judged by the future"] += judged > timedelta(0)
        self.events["refused by the lease"] += isinstance(told, LockedError)
        self.look()

    @rule(
        wait=pauses,
        point=some(*POINTS, *WORST),
        nth=some(1, 1, 1, 2, 3),
        host=some("here", "here", "elsewhere"),
        writes=write_faults,
        first=moves,
    )
    def killed(
        self,
        wait: timedelta,
        point: str,
        nth: int,
        host: str,
        writes: list[str],
        first: tuple[int, int] | None,
    ) -> None:
        """Run, and die at one of the points."""
        if first is not None:
            self.do_move(*first)
        self.tick(wait)
        process = Process(host, point, nth)
        process.act = process.die
        self.arm(writes, [])
        self.run(process)
        self.disarm()
        self.events["syncs"] += 1
        self.events["crashes"] += process.hit
        self.events[f"killed: {point}"] += process.hit
        self.look()

    @rule(
        wait=pauses,
        point=some(*POINTS, *WORST),
        nth=some(1, 1, 2),
        pause=some(3 * MINUTE, 12 * MINUTE, 20 * MINUTE, DAY),
        unlock=st.booleans(),
        meanwhile=some("", "", "move", "rep"),
        which=st.integers(0, 9),
        writes=write_faults,
        theirs=write_faults,
        first=moves,
    )
    def overtaken(
        self,
        wait: timedelta,
        point: str,
        nth: int,
        pause: timedelta,
        *,
        unlock: bool,
        meanwhile: str,
        which: int,
        writes: list[str],
        theirs: list[str],
        first: tuple[int, int] | None,
    ) -> None:
        """Run, stall at a point; another run does everything, then the first wakes up."""
        if first is not None:
            self.do_move(*first)
        self.tick(wait)
        process = Process("here", point, nth)
        if not self.desk.unique and pause > SETTLE:
            pause = 12 * MINUTE  # query mode promises nothing beyond (decisions.md 4)
        other = Process("elsewhere")
        seen: list[Any] = []

        def stall() -> None:
            kept = (self.line.writes, self.line.reads)
            self.arm(theirs, [])
            self.tick(pause)
            if meanwhile == "move":
                self.do_move(which % len(self.opportunities), which % len(STAGES))
            looked = self.protects_changes and point != "answered"
            if meanwhile == "rep" and (looked or point == "reading back"):
                self.do_rep(which, "edit")
            if unlock:
                self.unlock()
            told = self.run(other)
            refused = isinstance(told, LockedError)
            self.events["refused by the lease"] += refused
            held = pause < SETTLE and not unlock and not self.plant.skew
            assert refused or not held or other.dead or point == "drained", (
                f"two runs at once: the second was not refused ({told!r})"
            )
            self.line.writes, self.line.reads = kept
            self.zombie = True
            if other.decided:
                seen.append(self.plant.tables())

        process.act = stall
        self.arm(writes, [])
        told = self.run(process)
        self.zombie = False
        if not self.desk.unique:
            self.deliver()  # a stall and a late commit together would be more than the window
        self.disarm()
        self.events["syncs"] += 1 + process.hit
        self.events["stalls"] += process.hit
        if seen:
            self.events["overtaken"] += 1
            self.events[f"overtaken: {point}"] += 1
            assert isinstance(told, CrmRulesError), f"a run that was overtaken ended well: {told}"
            assert self.plant.tables() == seen[0], "a run that was overtaken wrote into the state"
        self.look()

    def unlock(self) -> None:
        """End the stalled run's lease by force, as an admin would."""
        with_store = self.plant.store("elsewhere").for_org(self.desk.organization)
        self.plant.running.append(Process("elsewhere"))
        try:
            held = with_store.held()
            if held is not None:
                with_store.unlock(held.nonce)
                self.events["unlocked by force"] += 1
        except LockedError:
            pass  # it stalls inside a transaction: SQLite lets nobody write
        finally:
            self.plant.running.pop()

    # -- what people do ---------------------------------------------------------------------------
    def do_move(self, which: int, stage: int) -> None:
        one = self.opportunities[which]
        to = list(STAGES)[stage]
        if not self.desk.exists(one) or self.stage(one) == to:
            return
        before = STAGES[self.stage(one)]
        self.desk.calm()  # a lock that refused us is over before a person gets to the record
        self.desk.move(one, to)
        self.stages[one].append((self.desk.now, to))
        self._entered(one, before, STAGES[to])
        self.events["closed" if to == "Closed Lost" else "moved"] += 1
        self.tick(MINUTE)

    def do_rep(self, which: int, what: str) -> None:
        there = [t for t in self.desk.tasks() if not t["deleted"]]
        if not there:
            return
        task = there[which % len(there)]
        # A change under way when the rep acts cannot be told from one made after: not promised.
        self.deliver(lambda late: task["id"].encode() in late.exchange.body)
        match what:
            case "edit":
                self.desk.edit(task, subject=f"In my words {which}")
            case "answer":
                self.desk.edit(task, body="Seen. #not-true")
            case "complete":
                self.desk.edit(task, status="completed")
            case "snooze":
                self.desk.edit(task, status="snoozed")
            case "reassign":
                others = [one for one in self.desk.people if one != task["owner"]]
                self.desk.edit(task, owner=others[which % 2])
            case "put off":
                self.desk.edit(task, due="2027-03-01")
            case "delete":
                # The bin may free the key, and then nothing refuses a create that comes after.
                self.deliver(lambda late: task["key"].encode() in late.exchange.body)
                self.desk.delete(task)
        self.events[f"rep: {what}"] += 1
        self.touched[task["id"]] = next(t for t in self.desk.tasks() if t["id"] == task["id"])
        self.tick(MINUTE)

    @rule(which=st.integers(0, 1), stage=some(0, 1, 1, 2, 2, 3), again=st.booleans())
    def move(self, which: int, stage: int, *, again: bool) -> None:
        """Findings begin, clear, and come back."""
        back = list(STAGES).index(self.stage(self.opportunities[which]))
        self.do_move(which, stage)
        if again:
            self.do_move(which, back)
        self.look()

    @rule(
        which=st.integers(0, 9),
        what=some("edit", "answer", "complete", "snooze", "reassign", "put off", "delete"),
    )
    def rep(self, which: int, what: str) -> None:
        """A rep does something with a task."""
        self.do_rep(which, what)
        self.look()

    @rule(which=st.integers(0, 1), owner=st.integers(0, 2))
    def owner(self, which: int, owner: int) -> None:
        """An opportunity goes to somebody else."""
        one = self.opportunities[which]
        if self.desk.exists(one):
            self.desk.give(one, self.desk.people[owner])
            self.events["owner changed"] += 1
        self.tick(MINUTE)
        self.look()

    @rule(
        what=some("late", "purge", "drop", "mode", "backup", "restore", "lose", "skew", "settle"),
        which=st.integers(0, 9),
    )
    def disturb(self, what: str, which: int) -> None:
        """What happens less often."""
        getattr(self, f"do_{what}")(which)
        self.look()

    def do_late(self, _: int) -> None:
        self.deliver()

    def do_purge(self, which: int) -> None:
        gone = [t for t in self.desk.tasks() if t["deleted"]]
        if gone:
            task = gone[which % len(gone)]
            self.desk.purge(task)
            self.purged[task["key"]] = self.pair(task)
            self.touched.pop(task["id"], None)
            self._excuse()
            self.events["purged"] += 1

    def _excuse(self) -> None:
        """Not promised (decisions.md 3): a task that the state does not know, and no bin holds."""
        query = "SELECT key FROM task WHERE status <> 'wanted'"
        known = {key for (key,) in self.plant.raw().execute(query)}
        self.exempt |= {key: pair for key, pair in self.purged.items() if key not in known}

    def do_drop(self, which: int) -> None:
        one = self.opportunities[which % len(self.opportunities)]
        if which < 3 and self.desk.exists(one):
            self.deliver()  # what is under way for a record that is gone fails: nothing to see
            self.desk.drop(one)
            now = {t["id"]: t for t in self.desk.tasks()}
            self.touched = {key: now[key] for key in self.touched}
            self.events["opportunity deleted"] += 1
        self.tick(MINUTE)

    def do_mode(self, _: int) -> None:
        self.mode = "shadow" if self.mode == "live" else "live"
        self.events["rule to shadow" if self.mode == "shadow" else "rule to live"] += 1

    def do_skew(self, which: int) -> None:
        if not self.desk.unique:
            self.deliver()  # the settle window goes by this clock
        self.plant.skew = [timedelta(0), -DAY, DAY, timedelta(hours=-1), timedelta(hours=1)][
            which % 5
        ]
        self.events["clock jumped"] += 1

    def do_backup(self, _: int) -> None:
        self.backups.append((self.plant.take_backup(), deepcopy(self.life)))
        self.events["backup"] += 1

    def do_restore(self, which: int) -> None:
        if self.backups:
            self._before_a_loss()
            content, life = self.backups[which % len(self.backups)]
            self.plant.put_state(content)
            self.life = deepcopy(life)
            self._excuse()
            self.events["backup restored"] += 1

    def do_lose(self, which: int) -> None:
        if which < 5:
            self._before_a_loss()
            self.plant.lose()
            self.life = {}
            self._excuse()
            self.events["state lost"] += 1

    def _before_a_loss(self) -> None:
        self.known_since.clear()
        if not self.desk.unique:
            self.deliver()  # an admin waits until nothing is under way (query mode)

    # -- in the end -------------------------------------------------------------------------------
    def do_settle(self, which: int) -> None:
        """Let all be quiet in the middle, too."""
        if which < 5:
            self.calm_and_check()

    def calm_and_check(self) -> None:
        self.plant.skew = timedelta(0)
        self.deliver()
        self.tick(MINUTE * 60)  # past leases and settle windows
        # What people did, and a task still to be closed, count from when a run has seen them.
        # A holder that died while its clock was ahead keeps the lease for as long.
        while isinstance(self.run(Process("here")), LockedError):
            self.tick(DAY)
        self.look()
        self.tick(100 * DAY)  # past cool-downs
        for turn in range(6):
            before = self.events["writes"]
            told = self.run(Process("here"))
            assert not isinstance(told, CrmRulesError), f"a run on a good day failed: {told!r}"
            assert told is not None
            assert not told.failed, f"a run on a good day left something: {told.failed}"
            self.events["syncs"] += 1
            self.look()
            self.tick(HOURS)
            if turn > 0 and self.events["writes"] == before:
                break
        else:
            raise AssertionError("the runs do not come to rest")
        self.check_all()
        self.events["settled and checked"] += 1

    def check_all(self) -> None:
        tasks = self.desk.tasks()
        for (rule_, one), life in self.life.items():
            mine = [t for t in tasks if self.pair(t) == (rule_, one)]
            asks = self.desk.exists(one) and self.fires(rule_, one)
            untouched = [
                t
                for t in mine
                if t["id"] not in self.touched and not t["closed"] and not t["deleted"]
            ]
            if not asks and self.desk.exists(one) and life is not None:
                assert not untouched, f"nobody needs these any more: {untouched}"
            if not asks:
                continue
            assert len(untouched) <= 1, f"a person is asked twice for one thing: {untouched}"
            for task in untouched:
                assert task["owner"] == self.desk.owner(one), f"not its owner's: {task}"
            excused = (rule_, one) in self.exempt.values() or (rule_, one) in self.purged.values()
            if self.mode == "shadow" and rule_ == LATER:
                continue
            assert life is not None, f"{rule_} is true of {one} and has no episode"
            assert life.status == "open", life
            key = key_of(self.desk.organization, one, rule_, life.n)
            if not excused:
                assert len(self.ever[key]) == 1, (
                    f"{self.ever[key]} tasks for {key} of {rule_}, {one}"
                )
        raw = self.plant.raw()
        audited = {k for (k,) in raw.execute("SELECT key FROM audit WHERE action = 'create_task'")}
        missing = self.known_since - audited
        assert not missing, f"made without a row in the audit: {missing}"
        query = "SELECT key, error FROM audit WHERE action = 'create_task' AND result = 'rejected'"
        refused = [row for row in raw.execute(query) if self.ever.get(row[0])]
        assert not refused, f"said to be refused, and it is there: {refused}"
        query = "SELECT key, state FROM outbox WHERE state NOT IN ('done', 'moot')"
        left = raw.execute(query).fetchall()
        assert not left, f"still to be done after runs on good days: {left}"

    def teardown(self) -> None:
        if not self.broken:
            self.calm_and_check()


class _Pairs(dict[str, tuple[str, str]]):
    """Key -> (rule, opportunity), from what decisions.md makes keys of."""

    def __init__(self, organization: str, opportunities: list[str]) -> None:
        super().__init__()
        self.digests = {
            key_of(organization, one, rule_, 1).rpartition(":")[2]: (rule_, one)
            for one in opportunities
            for rule_ in PHASES
        }

    def __missing__(self, key: str) -> tuple[str, str]:
        self[key] = self.digests.get(key.rpartition(":")[2], ("unknown", key))
        return self[key]


def n_of(key: str) -> int:
    return int(key.split(":")[1])


def machine(plant: Plant, events: Counter[str]) -> type[Once]:
    """Return the machine for one CRM in one mode."""
    name = f"{plant.crm.title()}{'Unique' if plant.unique else 'Query'}"
    made = {"plant": plant, "events": events, "protects_changes": plant.crm == "hubspot"}
    return type(name, (Once,), made)


__all__ = ["Once", "machine"]
