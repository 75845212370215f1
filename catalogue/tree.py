"""The range as a tree, per language, kept in memory: every page shows it, and it changes a few times a year.

A change in this process is seen at once (signals), one in another process within KEPT_S seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import get_language

from shop.kernel.memory import Memory

from .models import Category, CategoryPicture
from .pictures import Picture, as_shown

KEPT_S = 60  #: seconds until a change made by another process is seen


@dataclass
class Node:
    """A category as pages need it."""

    id: int
    slug: str
    name_local: str
    description_local: str
    url: str
    in_menu: bool
    names: str = ""  #: in every language, in small letters: what a shopper may type
    image: str = ""  #: the name of its picture's file
    widths: tuple[int, ...] = ()  #: the sizes made of it
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)

    @property
    def picture(self) -> Picture | None:
        """Its picture as templates need it; made when asked for, few pages show one."""
        if not self.image:
            return None
        storage = Category._meta.get_field("image").storage
        return as_shown(storage, self.image, self.widths, alt=self.name_local)

    @property
    def trail(self) -> list[Node]:
        """From the root down to this node."""
        above = self.parent.trail if self.parent else []
        return [*above, self]

    @property
    def ids_below(self) -> list[int]:
        """Its own id and those of everything below."""
        return [self.id, *(i for child in self.children for i in child.ids_below)]


@dataclass(frozen=True)
class Tree:
    """All public categories of one language."""

    roots: list[Node]
    by_id: dict[int, Node]


_memory: Memory[Tree] = Memory(KEPT_S)
forget = _memory.forget


def tree() -> Tree:
    """The range in the reader's language: no SQL while it is remembered, else one query."""
    return _memory.get(_read, get_language() or "")


def menu() -> list[Node]:
    """The roots for the navigation."""
    return [node for node in tree().roots if node.in_menu]


def _names(row: Category) -> str:
    others = (str(texts.get("name") or "") for texts in row.texts.values())
    return " ".join([row.name, *others]).lower()


def _read() -> Tree:
    by_path: dict[str, Node] = {}
    roots: list[Node] = []
    made = CategoryPicture.objects.filter(original=OuterRef("image")).values("widths")
    for row in Category.objects.browsable().annotate(widths=Subquery(made)).order_by("path"):
        parent = by_path.get(row.path[: -Category.steplen])
        if parent is None and row.depth > 1:
            continue  # its parent is hidden, so it is too
        node = Node(
            id=row.pk,
            slug=row.slug,
            name_local=row.name_local,
            names=_names(row),
            description_local=row.description_local,
            url=reverse("catalogue:category", kwargs={"slug": row.slug, "pk": row.pk}),
            in_menu=not row.exclude_from_menu,
            image=row.image.name if row.image else "",
            widths=tuple(row.widths or ()),
            parent=parent,
        )
        by_path[row.path] = node
        (parent.children if parent else roots).append(node)
    return Tree(roots, {node.id: node for node in by_path.values()})
