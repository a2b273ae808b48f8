"""A run on paper: findings and writes spooled while it decides, then printed in one piece.

They are spooled to disk, so that a run over a million records prints in constant memory. JSON has
the contract's shape; text is for people: it has names beside ids, and adds which rules ask most, of
whom, and where.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import IO, Any, Self

from crmrules.cli.names import MetNames, called
from crmrules.findings.hold import IN_WORDS, SILENT, HeldBack
from crmrules.outcome import Report, Show
from crmrules.plan import Finding, Judged, PlannedWrite, stamp
from crmrules.rule import Rule, Verdict
from crmrules.signals import Unknown
from crmrules.state import Spool
from crmrules.state.columns import dumps
from crmrules.writeback import Failure

_SHOWN = 25  # lines of each kind on a terminal
_MOST = 10  # rules, owners and opportunities named as those with the most


class Printer:
    """Collects one run for printing. ``verdicts`` "all" adds the quiet and unknown ones."""

    def __init__(
        self,
        output: str,
        rules: Iterable[Rule] = (),
        *,
        verdicts: str = "findings",
        private: bool = False,
    ) -> None:
        shown = [rule for rule in rules if private or not rule.private]
        self._used = {r.id: dict.fromkeys(c.signal for c in r.condition.clauses()) for r in shown}
        self._json, self._all, self._private = output == "json", verdicts == "all", private
        self._spool = Spool()
        self._names = MetNames(self._spool)
        self._tasks: dict[str, Counter[str]] = {"rule": Counter(), "owner": Counter()}
        self._open: Counter[str] = Counter()  # rule -> findings that set a flag

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._spool.close()

    def show(self) -> Show:
        """Return the receiver to hand to a run."""
        return Show(self._judged, self._finding, self._write, self._settled_write)

    def _judged(self, judged: Judged) -> None:
        if not self._json:
            self._names.learn(judged.opportunity)
        if not self._all:
            return
        for rule, judgement in judged.judgements.items():
            if judgement.verdict is Verdict.FIRES or rule not in self._used:
                continue
            entry: dict[str, Any] = {"rule": rule, "opportunity": judged.opportunity.id}
            entry["verdict"] = str(judgement.verdict)
            if judgement.verdict is Verdict.UNKNOWN:
                entry["missing"] = {
                    name: reading.reason
                    for name in self._used[rule]
                    if isinstance(reading := judged.readings.get(name), Unknown)
                }
            self._spool.add("findings", entry)

    def _finding(self, finding: Finding) -> None:
        if self._private or not finding.rule.private:
            self._spool.add("findings", finding.json())
            self._open[finding.rule.id] += finding.held_back not in SILENT

    def _write(self, write: PlannedWrite) -> None:
        if self._private or not write.private:
            self._spool.add("writes", write.json())
            if write.action != "set_flags":
                self._tasks["rule"][write.rule or "no rule"] += 1
                self._tasks["owner"][write.owner or "no owner"] += 1

    def _settled_write(self, write: PlannedWrite) -> None:
        if self._private or not write.private:
            self._spool.add("once_settled", write.json())

    def finish(self, report: Report, out: IO[str], *, stopped: bool = False) -> None:
        """Print the run; ``stopped``: a guard stopped it, so nothing of it happened."""
        if self._json:
            self._print_json(report, out)
            return
        if stopped:
            out.write("stopped by a guard, nothing was written; it would have been:\n")
        self._print_text(report, out)

    def _print_json(self, report: Report, out: IO[str]) -> None:
        head = {
            "as_of": stamp(report.as_of),
            "connector": report.connector,
            "organization": report.organization.id,
            "opportunities": report.opportunities,
        }
        out.write(dumps(head).decode()[:-1])
        for name in ("findings", "writes", "once_settled"):
            out.write(f',"{name}":[')
            for number, item in enumerate(self._spool.read(name)):
                out.write(("," if number else "") + dumps(item).decode())
            out.write("]")
        tail = {
            "failed": [failure.json() for failure in report.failed],
            "problems": [
                {"level": p.level, "what": p.what, "remedy": p.remedy} for p in report.problems
            ],
            "done": self._all_of(report.done, report.private_done),
            "api_calls": report.usage.calls,
            "api_floor": report.usage.floor,
        }
        out.write("," + dumps(tail).decode()[1:] + "\n")

    def _print_text(self, report: Report, out: IO[str]) -> None:
        findings = self._all_of(report.findings, report.private_findings)
        out.write(
            f"{report.connector} {report.organization.id}, as of {stamp(report.as_of)}: "
            f"{report.opportunities} opportunities judged, {findings} findings\n"
        )
        self._held(report, out)
        self._listed(out)
        now = self._all_of(report.writes, report.private_writes)
        settled = self._all_of(report.settled_writes, report.private_settled)
        out.write(f"next sync:    {_sum(now)}\nonce settled: {_sum(settled)}\n")
        self._most(out)
        for problem in report.problems:
            out.write(f"{problem.level}: {problem.what}\n  -> {problem.remedy}\n")
        if report.read_only:
            out.write("read-only: this connector, as it is, takes no write; a sync only counts\n")
        done = self._all_of(report.done, report.private_done)
        if done or report.failed:
            out.write(f"written: {done}; failed: {len(report.failed)}\n")
        self._failed(report.failed[:_SHOWN], out)
        usage = report.usage
        out.write(f"calls: {usage.calls} (the least that could do: {usage.floor})\n")

    def _failed(self, failed: Sequence[Failure], out: IO[str]) -> None:
        names = self._names.opportunities([one.opportunity for one in failed])
        for one in failed:
            again = "tried again by the next sync" if one.retry else "fails until it is mended"
            where = "a private one" if one.private else called(one.opportunity, names)
            out.write(f"  {one.action} {where}: {one.error} ({again})\n    -> {one.remedy}\n")

    def _all_of(self, open_: Any, private: Any) -> Any:
        """Return a count, with what private rules add to it where somebody asked for them."""
        return open_ + private if self._private else open_

    def _held(self, report: Report, out: IO[str]) -> None:
        held = {reason: n for reason, n in report.held_back.items() if reason}
        if held:
            out.write("held back:\n")
            width = max(map(len, held))
            for reason, n in sorted(held.items()):
                why = IN_WORDS[HeldBack(reason)]
                out.write(f"  {n:>5} {reason:<{width}}  {why}\n")

    def _most(self, out: IO[str]) -> None:
        """Say which rules, people and opportunities have the most of it."""
        most = self._spool.most("writes", "opportunity", _MOST + 1, but=("action", "set_flags"))
        opportunities = Counter({name: n for name, n in most if name})  # a digest is about several
        known = self._names.opportunities(opportunities)
        for title, counted, names in (
            ("task writes by rule", self._tasks["rule"], {}),
            ("task writes by owner", self._tasks["owner"], self._names.people),
            ("most affected opportunities", opportunities, known),
            ("findings with a flag by rule", self._open, {}),
        ):
            found = [f"{called(id_, names)} {n}" for id_, n in counted.most_common(_MOST) if n]
            more = sum(n > 0 for n in counted.values()) - len(found)
            if found:
                rest = f", and {more} more" if more else ""
                out.write(f"{title}: {', '.join(found)}{rest}\n")

    def _listed(self, out: IO[str]) -> None:
        """List the writes, tasks first: they are what people will notice; what sets no flag last.

        Those without a flag are summed up by what they set: there may be one for every opportunity.
        """
        listed: list[dict[str, Any]] = []
        more, alike = 0, Counter[str]()
        for about_tasks in (True, False):
            for write in self._spool.read("writes"):
                if (write["action"] != "set_flags") is not about_tasks:
                    continue
                if not about_tasks and not write["fields"].get("flags"):
                    alike[_said(write["fields"])] += 1
                elif len(listed) == _SHOWN:
                    more += 1
                else:
                    listed.append(write)
        names = self._names.opportunities([write["opportunity"] for write in listed])
        lines = [_line(write, names, self._names.people) for write in listed]
        lines += [f"... and {more} more: --format json"] if more else []
        lines += [
            f"set_flags    {n} opportunit{'y' if n == 1 else 'ies'}  {what}"
            for what, n in alike.most_common(_MOST)
        ]
        out.write("writes:\n" if lines else "")
        out.writelines(f"  {line}\n" for line in lines)


def _said(fields: dict[str, Any]) -> str:
    told = ", ".join(
        f"{name}={', '.join(value) if isinstance(value, list) else value}"
        for name, value in fields.items()
        if name in ("status", "flags")
    )
    return told or ", ".join(fields)


def _line(
    write: dict[str, Any],
    opportunities: Mapping[str, str | None],
    people: Mapping[str, str | None],
) -> str:
    fields = write["fields"]
    where = called(write["opportunity"], opportunities) if write["opportunity"] else "several"
    if write["action"] == "create_task":
        return f"create_task  {where}  {called(write['owner'], people)}  {fields['subject']}"
    if write["action"] == "set_flags":
        return f"set_flags    {where}  {_said(fields)}"
    return f"{write['action']:<12} {where}  {write['rule']}"


def _sum(counted: Counter[str]) -> str:
    if not counted:
        return "nothing to write"
    return ", ".join(f"{n} {action}" for action, n in sorted(counted.items()))
