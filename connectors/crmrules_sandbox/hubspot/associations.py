"""The associations API: read, create, archive, default, labels.

Know before changing: an id without associations is an error entry of a 207, not an empty result
(seen in several public clients); so is an id nobody knows. Long lists of one record come in pages
of their own, each input carrying its cursor.

Does not do: associations within a create (``linking``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmrules_sandbox.hubspot import linking
from crmrules_sandbox.hubspot.batches import answer
from crmrules_sandbox.hubspot.failure import ApiError, bad_json, invalid, not_found
from crmrules_sandbox.hubspot.kinds import PLAIN
from crmrules_sandbox.hubspot.messages import Request, text_of
from crmrules_sandbox.hubspot.schema import TYPE_IDS, singular
from crmrules_sandbox.wire.messages import Response

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal

MOST_READ, MOST_WRITTEN, PAGE = 1_000, 2_000, 500


def read(portal: Portal, pair: tuple[str, str], request: Request) -> Response:
    """Read the associations of up to a thousand records."""
    results, errors = [], []
    for each in request.inputs(MOST_READ):
        from_id = text_of(each.get("id"), "id")
        found = _targets(portal, (pair[0], from_id), pair[1])
        if not found:
            errors.append(_none_found(pair, from_id))
            continue
        page, cursor = _page(found, each.get("after"), portal.quirks.association_page)
        result: dict[str, Any] = {"from": {"id": _id(portal, from_id)}, "to": page}
        if cursor is not None:
            link = f"{request.url}?after={cursor}"
            result["paging"] = {"next": {"after": cursor, "link": link}}
        results.append(result)
    return answer(portal, results, errors if portal.quirks.report_no_associations else [])


def of_one(portal: Portal, pair: tuple[str, str], request: Request) -> Response:
    """Read the associations of one record, a page at a time."""
    from_id = request.found["id"]
    if not portal.is_live(pair[0], from_id):
        raise not_found()
    limit = request.number("limit", PAGE, PAGE)
    page, cursor = _page(
        _targets(portal, (pair[0], from_id), pair[1]), request.exchange.query.get("after"), limit
    )
    body: dict[str, Any] = {"results": page}
    if cursor is not None:
        link = f"{request.url}?limit={limit}&after={cursor}"
        body["paging"] = {"next": {"after": cursor, "link": link}}
    return Response(200, body)


def create(portal: Portal, pair: tuple[str, str], request: Request) -> Response:
    """Associate records by the types told."""
    links = []
    for each in request.inputs(MOST_WRITTEN):
        from_id, to_id = _ends(each)
        if not portal.is_live(pair[0], from_id):
            raise invalid(f"{singular(pair[0])} {from_id} does not exist")
        types = each.get("types")
        if not isinstance(types, list) or not types:
            raise bad_json("Some required fields were not set: [types]")
        links.append(linking.link(portal, (pair[0], from_id), (pair[1], to_id), types))
    results = []
    for link in links:
        portal.link_as_told(link)
        results.append(
            {
                "fromObjectTypeId": TYPE_IDS[link.from_type],
                "fromObjectId": _id(portal, link.from_id),
                "toObjectTypeId": TYPE_IDS[link.to_type],
                "toObjectId": _id(portal, link.to_id),
                "labels": [*link.labels],
            }
        )
    return answer(portal, results, [], 201)


def create_default(portal: Portal, pair: tuple[str, str], request: Request) -> Response:
    """Associate records by the plain type; doing it again changes nothing."""
    back = (pair[1], pair[0])
    ends = [_ends(each) for each in request.inputs(MOST_WRITTEN)]
    results, errors = [], []
    for from_id, to_id in ends:
        if not (portal.is_live(pair[0], from_id) and portal.is_live(pair[1], to_id)):
            error = ApiError(404, "One of the objects does not exist", "OBJECT_NOT_FOUND")
            errors.append(error.item({"fromObjectId": [from_id], "toObjectId": [to_id]}))
            continue
        portal.link(pair[0], from_id, pair[1], to_id)
        for direction, start, end in ((pair, from_id, to_id), (back, to_id, from_id)):
            spec = {
                "associationCategory": "HUBSPOT_DEFINED",
                "associationTypeId": PLAIN[direction],
            }
            results.append(
                {
                    "from": {"id": _id(portal, start)},
                    "to": {"id": _id(portal, end)},
                    "associationSpec": spec,
                }
            )
    return answer(portal, results, errors)


def archive(portal: Portal, pair: tuple[str, str], request: Request) -> Response:
    """Take associations away, labels and all; one that is not there is no error."""
    for each in request.inputs(MOST_WRITTEN):
        start, targets = each.get("from"), each.get("to")
        if not isinstance(start, dict) or not isinstance(targets, list):
            raise bad_json("Some required fields were not set: [from, to]")
        for target in targets:
            from_id, to_id = _ends({"from": start, "to": target})
            portal.unlink(pair[0], from_id, pair[1], to_id)
    return Response(204)


def labels(portal: Portal, pair: tuple[str, str], _: Request) -> Response:
    """List the association types of a pair."""
    return Response(200, {"results": [*portal.kinds.of(*pair)]})


def _targets(portal: Portal, start: tuple[str, str], to_type: str) -> list[dict[str, Any]]:
    return [
        {
            "toObjectId": _id(portal, to_id),
            "associationTypes": portal.kinds.describe(
                start[0], to_type, link.labels, primary=link.primary
            ),
        }
        for to_id, link in portal.live_links(*start, to_type).items()
    ]


def _page(found: list[dict[str, Any]], after: Any, size: int) -> tuple[list[Any], str | None]:
    start = 0
    if after is not None:
        ids = [str(each["toObjectId"]) for each in found]
        start = next((n for n, each in enumerate(ids) if int(each) >= int(str(after))), len(ids))
    end = start + size
    return found[start:end], str(found[end]["toObjectId"]) if end < len(found) else None


def _ends(each: dict[str, Any]) -> tuple[str, str]:
    ends = [each.get(key) for key in ("from", "to")]
    if not all(isinstance(end, dict) for end in ends):
        raise bad_json("Some required fields were not set: [from, to]")
    start, end = (text_of(end.get("id"), "id") for end in ends if isinstance(end, dict))
    return start, end


def _none_found(pair: tuple[str, str], from_id: str) -> dict[str, Any]:
    start, end = singular(pair[0]), singular(pair[1])
    error = ApiError(
        404,
        f"No {end} is associated with {start} {from_id}.",
        "OBJECT_NOT_FOUND",
        subCategory="crm.associations.NO_ASSOCIATIONS_FOUND",
    )
    context = {"fromObjectId": [from_id], "fromObjectType": [start], "toObjectType": [end]}
    return error.item(context)


def _id(portal: Portal, record_id: str) -> str | int:
    return int(record_id) if portal.quirks.integer_association_ids else record_id
