"""The oracle's Access Paths: every shortest chain that explains a right, in the words of insights.md 3.12."""

from __future__ import annotations

from collections.abc import Iterable

from tests.semantics.brute_force import LINK_WORDS, Grant, inside
from tests.semantics.small_tenant import Principal, Securable

Chain = tuple[Principal, ...]


def shortest_chains(subject: Principal, top: Principal) -> set[Chain]:
    """All chains of fewest memberships that lead from `subject` up to `top`, both included."""
    level: set[Chain] = {(top,)}
    seen: set[Principal] = set()
    while level:
        done = {chain for chain in level if chain[0] is subject}
        if done:
            return done
        seen |= {chain[0] for chain in level}
        level = {(m, *chain) for chain in level for m in inside(chain[0]) if m not in seen}
    return set()


def _place(on: Securable) -> str:
    kind = {"root": "site", "web": "subsite"}.get(on.kind, on.kind)
    return kind if on.parent is None else f'{kind} "{on.name}"'


def _step(p: Principal) -> str:
    if p.link is not None:
        return f'link "{LINK_WORDS[p.link.scope]}"'
    if p.kind == "sp_group":
        return f'SharePoint group "{p.name}"'
    if p.of_group is not None:
        return f"owner of {p.of_group.name}"
    return f"member of {p.name}"


def path_text(chain: Chain, grant: Grant) -> str:
    """One chain from a person or group to what it is granted, as a cell shows it."""
    subject = chain[0]
    steps = [f"Owners of {subject.of_group.name}" if subject.of_group else subject.name]
    steps += [_step(p) for p in chain[1:]]
    steps += ["site administrator"] if grant.is_admin else []
    return " -> ".join([*steps, f"{grant.level} on {_place(grant.on)}"])


def true_paths(subject: Principal | str, grants: Iterable[Grant]) -> set[str]:
    """What an Access Path may say: a shortest chain for each of these grants."""
    if isinstance(subject, str):
        return {f'{subject} -> link "Anyone" -> {g.level} on {_place(g.on)}' for g in grants}
    return {path_text(chain, g) for g in grants for chain in shortest_chains(subject, g.principal)}
