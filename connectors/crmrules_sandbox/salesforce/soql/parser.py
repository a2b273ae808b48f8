"""Tokens of a query to its nodes.

Know before changing: AND and OR may not be mixed without parentheses, as in the real language; what
the sandbox does not understand is refused with MALFORMED_QUERY, never ignored.

Does not do: HAVING, TYPEOF, FIELDS(), WITH, USING SCOPE, FOR VIEW, ALL ROWS (Apex only), toLabel().
"""

from __future__ import annotations

from functools import lru_cache

from crmrules_sandbox.salesforce.soql.errors import SoqlError, malformed
from crmrules_sandbox.salesforce.soql.lexer import Token, pieces, tokens
from crmrules_sandbox.salesforce.soql.literals import is_range_name
from crmrules_sandbox.salesforce.soql.nodes import (
    Call,
    Column,
    Comparison,
    Condition,
    Expression,
    Junction,
    Literal,
    Not,
    Order,
    Path,
    Query,
    SemiJoin,
)

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG"})
DATE_PARTS = frozenset(
    {"CALENDAR_YEAR", "CALENDAR_QUARTER", "CALENDAR_MONTH", "DAY_IN_MONTH", "DAY_ONLY"}
)
_SYMBOL_OPERATORS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_CLAUSES = frozenset({"WHERE", "GROUP", "ORDER", "LIMIT", "OFFSET", "FOR", "WITH", "USING"})
_MAX_OFFSET = 2000
_MAX_DEPTH = 100
"""Nested conditions; a limit of the sandbox, so that no query can exhaust the stack."""


@lru_cache(maxsize=512)
def parse(text: str) -> Query:
    """Parse a whole query; raises SoqlError. Cached: a connector sends the same texts again."""
    parser = _Parser(text)
    query = parser.query(nested=False)
    parser.expect_end()
    return query


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.index = 0
        self.depth = 0

    # -- tokens --------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def unexpected(self, token: Token | None = None) -> SoqlError:
        bad = token or self.token
        return malformed(self.text, bad.position, f"unexpected token: '{bad.text}'")

    def advance(self) -> Token:
        token = self.token
        self.index += 1
        return token

    def word(self, *words: str) -> bool:
        """Take the next keywords if they are all there."""
        upcoming = self.tokens[self.index : self.index + len(words)]
        if [t.text.upper() for t in upcoming if t.kind == "name"] != list(words):
            return False
        self.index += len(words)
        return True

    def symbol(self, symbol: str) -> bool:
        if self.token.kind == "symbol" and self.token.text == symbol:
            self.index += 1
            return True
        return False

    def expect(self, symbol: str) -> None:
        if not self.symbol(symbol):
            raise self.unexpected()

    def expect_word(self, *words: str) -> None:
        if not self.word(*words):
            raise self.unexpected()

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self.unexpected()

    def name(self) -> Token:
        if self.token.kind != "name":
            raise self.unexpected()
        return self.advance()

    def whole_number(self) -> int:
        if self.token.kind != "number" or not self.token.text.isdigit():
            raise self.unexpected()
        return int(self.advance().text)

    # -- query ---------------------------------------------------------------------------------

    def query(self, *, nested: bool) -> Query:
        self.expect_word("SELECT")
        columns, children = self.select_list(nested=nested)
        self.expect_word("FROM")
        source = self.name()
        alias = None
        if self.token.kind == "name" and self.token.text.upper() not in _CLAUSES:
            self.word("AS")
            alias = self.name().text
        where = self.condition() if self.word("WHERE") else None
        group_by = self.group_by() if self.word("GROUP", "BY") else ()
        order_by = self.order_by() if self.word("ORDER", "BY") else ()
        limit = self.whole_number() if self.word("LIMIT") else None
        offset = self.offset() if self.word("OFFSET") else 0
        return Query(
            columns=columns,
            children=children,
            source=source.text,
            position=source.position,
            where=where,
            group_by=group_by,
            order_by=order_by,
            limit=limit,
            offset=offset,
            alias=alias,
        )

    def offset(self) -> int:
        token = self.token
        number = self.whole_number()
        if number > _MAX_OFFSET:
            raise malformed(
                self.text, token.position, f"Maximum SOQL offset allowed is {_MAX_OFFSET}"
            )
        return number

    def select_list(self, *, nested: bool) -> tuple[tuple[Column, ...], tuple[Query, ...]]:
        columns: list[Column] = []
        children: list[Query] = []
        while True:
            if self.token.kind == "symbol" and self.token.text == "(":
                if nested:
                    raise self.unexpected()
                self.advance()
                children.append(self.query(nested=True))
                self.expect(")")
            else:
                columns.append(self.column())
            if not self.symbol(","):
                return tuple(columns), tuple(children)

    def column(self) -> Column:
        expression = self.expression()
        alias = None
        if self.token.kind == "name" and self.token.text.upper() != "FROM":
            alias = self.advance().text
        return Column(expression, alias)

    def expression(self) -> Expression:
        token = self.name()
        if not self.symbol("("):
            parts = tuple(part.strip() for part in token.text.split("."))
            return Path(parts, token.position)
        function = token.text.upper()
        if function not in AGGREGATES | DATE_PARTS:
            raise self.unexpected(token)
        if function == "COUNT" and self.symbol(")"):
            return Call(function, None, token.position)
        inner = self.expression()
        if not isinstance(inner, Path):
            raise self.unexpected(token)
        self.expect(")")
        return Call(function, inner, token.position)

    def group_by(self) -> tuple[Expression, ...]:
        found = [self.expression()]
        while self.symbol(","):
            found.append(self.expression())
        return tuple(found)

    def order_by(self) -> tuple[Order, ...]:
        found = [self.order()]
        while self.symbol(","):
            found.append(self.order())
        return tuple(found)

    def order(self) -> Order:
        expression = self.expression()
        descending = self.word("DESC")
        if not descending:
            self.word("ASC")
        nulls_last = self.word("NULLS", "LAST")
        if not nulls_last:
            self.word("NULLS", "FIRST")
        return Order(expression, descending, nulls_last)

    # -- conditions ----------------------------------------------------------------------------

    def condition(self) -> Condition:
        parts = [self.term()]
        operator = ""
        while self.token.kind == "name" and self.token.text.upper() in ("AND", "OR"):
            this = self.token.text.upper()
            if operator and this != operator:
                raise self.unexpected()  # a AND b OR c needs parentheses
            operator = this
            self.advance()
            parts.append(self.term())
        return parts[0] if len(parts) == 1 else Junction(operator, tuple(parts))

    def term(self) -> Condition:
        position = self.token.position
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise malformed(self.text, position, "The filter is nested too deeply")
        found = self.one_condition(position)
        self.depth -= 1
        return found

    def one_condition(self, position: int) -> Condition:
        if self.word("NOT"):
            return Not(self.term(), position)
        if self.symbol("("):
            inner = self.condition()
            self.expect(")")
            return inner
        return self.comparison()

    def comparison(self) -> Condition:
        left = self.expression()
        token = self.token
        if token.kind == "symbol" and token.text in _SYMBOL_OPERATORS:
            self.advance()
            return Comparison(left, _SYMBOL_OPERATORS[token.text], (self.literal(),))
        if self.word("LIKE"):
            return Comparison(left, "LIKE", (self.literal(),))
        for words in (("IN",), ("NOT", "IN")):
            if self.word(*words):
                return self.membership(left, " ".join(words))
        for word in ("INCLUDES", "EXCLUDES"):
            if self.word(word):
                self.expect("(")
                return Comparison(left, word, self.literals())
        raise self.unexpected()

    def membership(self, left: Expression, operator: str) -> Condition:
        self.expect("(")
        if self.token.kind == "name" and self.token.text.upper() == "SELECT":
            if not isinstance(left, Path):
                raise self.unexpected()
            inner = self.query(nested=True)
            self.expect(")")
            return SemiJoin(left, inner, operator == "NOT IN")
        return Comparison(left, operator, self.literals())

    def literals(self) -> tuple[Literal, ...]:
        found = [self.literal()]
        while self.symbol(","):
            found.append(self.literal())
        self.expect(")")
        return tuple(found)

    def literal(self) -> Literal:
        token = self.advance()
        kind, position = token.kind, token.position
        if kind == "string":
            marked = tuple(pieces(self.text, token))
            return Literal("string", "".join(c for c, _ in marked), position, pieces=marked)
        if kind == "number":
            return Literal("number", float(token.text), position)
        if kind in ("date", "datetime"):
            return Literal(kind, token.text, position)
        return self.word_literal(token)

    def word_literal(self, token: Token) -> Literal:
        name, _, count = token.text.upper().partition(":")
        if token.kind == "name" and name in ("TRUE", "FALSE"):
            return Literal("boolean", name == "TRUE", token.position)
        if token.kind == "name" and name == "NULL":
            return Literal("null", None, token.position)
        if token.kind in ("name", "range") and is_range_name(name, counted=bool(count)):
            number = int(count) if count else None
            return Literal("range", name, token.position, number)
        raise self.unexpected(token)
