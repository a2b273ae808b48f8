"""The operations of HubSpot's API that we use, one function each.

Know before changing: the paths carry the version as a date. A batch read answers 207 when some ids
do not exist; which they were is told by what is missing. A batch read of associations answers only
for records that have any, says of the others that none were found, pages a record with very many,
and its ids may be numbers. ``null`` in a write is refused: "" clears.

It knows no watermark and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from crmrules.errors import RetryableError
from crmrules_hubspot.errors import RefusedError, category, parts
from crmrules_hubspot.kinds import ASSOCIATIONS
from crmrules_hubspot.transport import Answer, Transport

Record = Mapping[str, Any]
SEARCH_PAGE = 200
LIST_PAGE = 100
OWNERS_PAGE = 500


class Link(NamedTuple):
    """One association: the other record, the type ids, and the labels people gave it."""

    id: str
    types: frozenset[int]
    labels: tuple[str, ...]


class Api:
    """The operations, through one transport."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._version = transport.config.api_version

    def account(self) -> Record:
        """Return which portal the token belongs to."""
        found = self._get(f"/account-info/{self._version}/details")
        if "portalId" not in found:
            raise _foreign()
        return found

    def pipelines(self) -> list[Record]:
        """Return the pipelines of deals with their stages."""
        return _results(self._get(f"/crm/pipelines/{self._version}/deals"))

    def owners(self) -> Iterator[Record]:
        """Yield the owners who are not deactivated."""
        params = {"limit": str(OWNERS_PAGE)}
        while True:
            page = self._get(f"/crm/owners/{self._version}", params)
            yield from _results(page)
            after = next_page(page)
            if after is None:
                return
            params = {**params, "after": after}

    def properties(self, object_: str, *, archived: bool = False) -> list[Record]:
        """Return the definitions of all properties of an object: those in use, or the archived."""
        path = f"/crm/properties/{self._version}/{object_}"
        return _results(self._get(path, {"archived": "true"} if archived else None))

    def search(self, object_: str, body: Mapping[str, Any]) -> Record:
        """Return one page of a search."""
        path = f"/crm/objects/{self._version}/{object_}/search"
        page = _mapping(self.transport.call("POST", path, body, search=True))
        _results(page)
        return page

    def read(
        self,
        object_: str,
        ids: Sequence[str],
        properties: Sequence[str],
        *,
        history: Sequence[str] = (),
        archived: bool = False,
        id_property: str | None = None,
    ) -> dict[str, Record]:
        """Return the records of one batch by id (by value of ``id_property`` where that is given).

        An id that is not there is absent. At most 100 ids, 50 with history.
        """
        body: dict[str, Any] = {
            "inputs": [{"id": one} for one in ids],
            "properties": list(properties),
            "propertiesWithHistory": list(history),
        }
        if id_property is not None:
            body["idProperty"] = id_property
        path = f"/crm/objects/{self._version}/{object_}/batch/read"
        params = {"archived": "true"} if archived else None
        page = _mapping(self.transport.call("POST", path, body, params=params))
        _only_missing(page, f"reading {object_}")
        if id_property is None:
            return {str(one["id"]): one for one in _results(page)}
        return {str(one["properties"].get(id_property)): one for one in _results(page)}

    def get(
        self, object_: str, id_: str, properties: Sequence[str], history: Sequence[str] = ()
    ) -> Record | None:
        """Return one record, or None. An id that was merged away answers the record it is in now.

        (Batch reads need not follow a merge.) What is no number is no id and gets into no path.
        """
        if not (id_.isascii() and id_.isdecimal()):
            return None
        params = {"properties": ",".join(properties)}
        if history:
            params["propertiesWithHistory"] = ",".join(history)
        try:
            return self._get(f"/crm/objects/{self._version}/{object_}/{id_}", params)
        except RefusedError as error:
            if error.status == 404:
                return None
            raise

    def archived(self, object_: str, properties: Sequence[str]) -> Iterator[Record]:
        """Yield the deleted records of an object that HubSpot still keeps (90 days)."""
        params = {
            "archived": "true",
            "limit": str(LIST_PAGE),
            "properties": ",".join(properties),
        }
        while True:
            page = self._get(f"/crm/objects/{self._version}/{object_}", params)
            yield from _results(page)
            after = next_page(page)
            if after is None:
                return
            params = {**params, "after": after}

    def links(self, from_: str, to: str, ids: Sequence[str]) -> dict[str, list[Link]]:
        """Return the associations of up to 1,000 records, those without any included."""
        path = f"/crm/associations/{self._version}/{from_}/{to}/batch/read"
        found: dict[str, list[Link]] = {one: [] for one in ids}
        inputs: list[dict[str, str]] = [{"id": one} for one in ids]
        while inputs:
            part, inputs = inputs[:ASSOCIATIONS], inputs[ASSOCIATIONS:]
            answer = self.transport.call("POST", path, {"inputs": part}, exempt=True)
            page = _mapping(answer)
            _only_missing(page, f"reading associations of {from_} to {to}")
            for result in _results(page):
                one = str(result["from"]["id"])
                found.setdefault(one, []).extend(_link(to) for to in result["to"])
                after = next_page(result)
                if after is not None:
                    inputs.append({"id": one, "after": after})
        return found

    def create(self, object_: str, inputs: Sequence[Record]) -> Answer:
        """Create up to 100 records; never repeated where they may have been made."""
        path = f"/crm/objects/{self._version}/{object_}/batch/create"
        return self.transport.call("POST", path, {"inputs": list(inputs)}, repeat="unsent")

    def update(self, object_: str, inputs: Sequence[Record]) -> Answer:
        """Update up to 100 records by id; the same again is the same."""
        path = f"/crm/objects/{self._version}/{object_}/batch/update"
        return self.transport.call("POST", path, {"inputs": list(inputs)})

    def archive(self, object_: str, ids: Sequence[str]) -> None:
        """Put up to 100 records into the bin; one that is there already, or gone, is no error."""
        path = f"/crm/objects/{self._version}/{object_}/batch/archive"
        self.transport.call("POST", path, {"inputs": [{"id": one} for one in ids]})

    def groups(self, object_: str) -> list[Record]:
        """Return the property groups of an object."""
        return _results(self._get(f"/crm/properties/{self._version}/{object_}/groups"))

    def create_group(self, object_: str, body: Record) -> None:
        """Make a property group."""
        path = f"/crm/properties/{self._version}/{object_}/groups"
        self.transport.call("POST", path, body, repeat="unsent")

    def create_properties(self, object_: str, inputs: Sequence[Record]) -> None:
        """Make properties, all or none."""
        path = f"/crm/properties/{self._version}/{object_}/batch/create"
        self.transport.call("POST", path, {"inputs": list(inputs)}, repeat="unsent")

    def update_property(self, object_: str, name: str, body: Record) -> None:
        """Change the definition of a property; only the given parts."""
        self.transport.call("PATCH", self._property(object_, name), body)

    def archive_property(self, object_: str, name: str) -> None:
        """Put a property into the bin, with its values."""
        self.transport.call("DELETE", self._property(object_, name))

    def delete_group(self, object_: str, name: str) -> None:
        """Remove a property group."""
        path = f"/crm/properties/{self._version}/{object_}/groups/{quote(name, safe='')}"
        self.transport.call("DELETE", path)

    def _property(self, object_: str, name: str) -> str:
        return f"/crm/properties/{self._version}/{object_}/{quote(name, safe='')}"

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Record:
        return _mapping(self.transport.call("GET", path, params=params))


def _mapping(answer: Answer) -> Record:
    _, body = answer
    if not isinstance(body, Mapping):
        raise _foreign()
    return body


def _results(page: Record) -> list[Record]:
    found = page.get("results")
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise _foreign()
    return found


def _foreign() -> RetryableError:
    return RetryableError(
        "the answer is JSON, but none of HubSpot's: something between us replaced it",
        remedy="check proxies and sign-in pages of this network",
    )


def next_page(page: Record) -> str | None:
    """Return the cursor of the next page, None after the last; its length says nothing of that."""
    paging = page.get("paging")
    following = paging.get("next") if isinstance(paging, Mapping) else None
    after = following.get("after") if isinstance(following, Mapping) else None
    return None if after is None else str(after)


def _link(to: Record) -> Link:
    kinds = to.get("associationTypes") or ()
    labels = (str(kind["label"]) for kind in kinds if kind.get("label"))
    return Link(
        str(to["toObjectId"]),
        frozenset(int(kind["typeId"]) for kind in kinds),
        tuple(sorted(set(labels))),
    )


def _only_missing(page: Record, where: str) -> None:
    """Raise unless every error of a batch says that a record, or an association, is not there."""
    for error in page.get("errors") or ():
        words = " ".join(str(part.get("subCategory") or "") for part in parts(error))
        if category(error) != "OBJECT_NOT_FOUND" and "NO_ASSOCIATIONS_FOUND" not in words:
            raise RetryableError(
                f"a batch was answered in part: {error.get('message') or category(error)}",
                remedy="try again later; see status.hubspot.com",
                where=where,
            )
