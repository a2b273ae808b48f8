"""A trace of every run for OpenTelemetry: the run, and under it its steps. An extra: ``otel``.

It is sent in one request when the run is over, to the configured endpoint alone. Nothing is set up
globally, and no variable of the environment switches it on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from crmrules.errors import UsageError
from crmrules.observe.ping import PATIENCE, ToldNobodyError
from crmrules.observe.steps import Steps

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter


def otlp(endpoint: str) -> SpanExporter:
    """Return what sends traces to an endpoint. Raises UsageError where the extra is missing."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - an extra
            OTLPSpanExporter,
        )
    except ModuleNotFoundError as error:
        raise UsageError(
            "traces need OpenTelemetry, which is not installed",
            where="[observe] otlp_endpoint",
            remedy="pip install 'crmrules[otel]', or remove the key.",
        ) from error
    quiet = logging.getLogger("opentelemetry")  # what fails is counted and logged by us
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    return OTLPSpanExporter(endpoint=endpoint, timeout=PATIENCE)


def send(
    exporter: SpanExporter, steps: Steps, version: str, attributes: Mapping[str, str | int]
) -> None:
    """Send the trace of one run. Raises ToldNobodyError where it was not taken."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415
    from opentelemetry.trace import set_span_in_context  # noqa: PLC0415

    ended: list[ReadableSpan] = []

    class Kept(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            ended.append(span)

    resource = Resource({"service.name": "crmrules", "service.version": version})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(Kept())
    tracer = provider.get_tracer("crmrules")

    def at(seconds: float) -> int:
        return int((steps.began + timedelta(seconds=seconds)).timestamp() * 1e9)

    run = tracer.start_span("sync", start_time=at(0), attributes=attributes)
    inside = set_span_in_context(run)
    for name, begin, end in steps.spans():
        tracer.start_span(name, context=inside, start_time=at(begin)).end(at(end))
    run.end(at(steps.end()))
    if exporter.export(ended) is not SpanExportResult.SUCCESS:
        raise ToldNobodyError("the endpoint did not take the trace")
