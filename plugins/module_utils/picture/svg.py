"""Draws a Picture as SVG: dark on light, no script, no font to fetch, the same text for the same picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from itertools import groupby

from ansible_collections.gantry.platform.plugins.module_utils.picture.model import AREAS, Component, Node, Picture

WIDTH, MARGIN, GAP, PAD = 1280, 32, 20, 16
CHIP, LINE, ROUTE = 24, 18, 30
COLUMNS = 3
INK, SOFT, EDGE, PAPER, PANEL = "#1b242d", "#5b6570", "#c3cbd4", "#ffffff", "#f6f8fa"
FILLS = ("#e3ebf5", "#e6e3f7", "#fbe6e1", "#fdf0d2", "#ddf0ee", "#dff2df")
"""Of the areas, in their order."""
STYLE = (
    "text{font-family:'DejaVu Sans',Verdana,Arial,sans-serif;fill:" + INK + ";font-size:12px}"
    ".title{font-size:24px;font-weight:bold}.head{font-size:14px;font-weight:bold}.soft{fill:" + SOFT + "}"
    ".small{font-size:11px}.mono{font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:12px}"
)


def width(text: str, size: float = 12) -> float:
    """About how wide a text is, rather too much than too little."""
    return len(text) * size * 0.6


@dataclass(frozen=True)
class Chip:
    """A component as it is drawn."""

    label: str
    fill: str

    @classmethod
    def of(cls, one: Component, counted: bool) -> Chip:
        """With the number of its pods, where it is more than one and counts."""
        return cls(one.name + (f" ×{one.count}" if counted and one.count > 1 else ""), FILLS[one.area])

    @property
    def wide(self) -> float:
        """Its width."""
        return width(self.label) + 16


@dataclass
class Sheet:
    """What has been drawn so far."""

    parts: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        """One line; `y` is its base line."""
        more = f' class="{kind}"' if kind else ""
        more += f' text-anchor="{anchor}"' if anchor != "start" else ""
        self.parts.append(f'<text x="{x:.0f}" y="{y:.0f}"{more}>{escape(words)}</text>')

    def box(self, x: float, y: float, w: float, h: float, fill: str = PANEL, edge: str = EDGE, radius: int = 8) -> None:
        """A rounded box."""
        self.parts.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{w:.0f}" height="{h:.0f}" rx="{radius}" '
            f'fill="{fill}" stroke="{edge}"/>'
        )

    def arrow(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """From one point to another, by way of the middle."""
        middle = (x1 + x2) / 2
        self.parts.append(
            f'<path d="M{x1:.0f} {y1:.0f} C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2 - 2:.0f} {y2:.0f}" '
            f'fill="none" stroke="{SOFT}" stroke-width="1.5" marker-end="url(#tip)"/>'
        )

    def chips(self, x: float, y: float, room: float, some: tuple[Component, ...], counted: bool = True) -> float:
        """Components by namespace, namespaces side by side, wrapped to `room`; returns the y below them."""
        at, bottom = x, y
        for namespace, members in groupby(some, key=lambda one: one.namespace):
            chips = [Chip.of(one, counted) for one in members]
            wide = max(width(namespace, 11), sum(chip.wide + 6 for chip in chips) - 6)
            if at > x and at + wide > x + room:
                at, y = x, bottom + 10
            self.text(at, y + LINE - 5, namespace, "small soft")
            end = self._row(at, y + LINE, x + room - at, chips)
            bottom = max(bottom, end)
            at += min(wide, room) + GAP
        return bottom

    def _row(self, x: float, y: float, room: float, chips: list[Chip]) -> float:
        """Chips one after the other, wrapped to `room`."""
        at = x
        for chip in chips:
            if at > x and at + chip.wide > x + room:
                at, y = x, y + CHIP + 4
            self.box(at, y, chip.wide, CHIP, chip.fill, "none", 6)
            self.text(at + 8, y + 16, chip.label)
            at += chip.wide + 6
        return y + CHIP


def draw(picture: Picture) -> str:
    """The whole SVG."""
    sheet = Sheet()
    sheet.text(MARGIN, 48, f"Environment {picture.environment}", "title")
    sheet.text(MARGIN, 72, "  ·  ".join(picture.facts), "soft")
    y = _flow(sheet, picture, 96)
    y = _nodes(sheet, picture.nodes, y + 28)
    y = _everywhere(sheet, picture.everywhere, y + GAP)
    y = _footer(sheet, picture.host, y + GAP)
    body = "\n".join(sheet.parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" '
        f'width="{WIDTH}" height="{y:.0f}" role="img">\n'
        f"<title>Architecture of environment {escape(picture.environment)}</title>\n<style>{STYLE}</style>\n"
        f'<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0 L8 4 L0 8 Z" fill="{SOFT}"/></marker></defs>\n'
        f'<rect width="{WIDTH}" height="{y:.0f}" fill="{PAPER}"/>\n{body}\n</svg>\n'
    )


def _flow(sheet: Sheet, picture: Picture, top: float) -> float:
    """The way of a request: client, gateway, and what answers on each path."""
    sheet.text(MARGIN, top + 10, "The way of a request", "head")
    top += 24
    height = max(3, len(picture.routes)) * ROUTE
    middle = top + height / 2
    client, gateway, route = MARGIN, MARGIN + 220, MARGIN + 640
    sheet.box(client, middle - 27, 120, 54)
    sheet.text(client + 60, middle - 3, "Client", "head", "middle")
    sheet.text(client + 60, middle + 15, "browser, curl", "soft", "middle")
    sheet.arrow(client + 120, middle, gateway, middle)
    sheet.text(client + 170, middle - 8, "HTTPS", "small soft", "middle")
    sheet.box(gateway, middle - 36, 290, 72, FILLS[1])
    sheet.text(gateway + 145, middle - 14, "The one address", "head", "middle")
    sheet.text(gateway + 145, middle + 5, picture.address, "mono", "middle")
    sheet.text(gateway + 145, middle + 24, picture.gateway, "soft", "middle")
    sheet.text(gateway + 345, top - 4, "mutual TLS in the mesh", "small soft", "middle")
    for number, one in enumerate(picture.routes):
        line = top + number * ROUTE + ROUTE / 2
        sheet.arrow(gateway + 290, middle, route, line)
        sheet.box(route, line - 12, WIDTH - MARGIN - route, CHIP, radius=6)
        sheet.text(route + 10, line + 4, one.path, "mono")
        sheet.text(WIDTH - MARGIN - 10, line + 4, one.service, anchor="end")
    return top + height


def _nodes(sheet: Sheet, nodes: tuple[Node, ...], top: float) -> float:
    """A panel for each node, in rows."""
    sheet.text(MARGIN, top, "Nodes, by pool", "head")
    top += 14
    columns = min(COLUMNS, max(1, len(nodes)))
    wide = (WIDTH - 2 * MARGIN - GAP * (columns - 1)) / columns
    for start in range(0, len(nodes), columns):
        row = nodes[start : start + columns]
        bottom = max(_node(Sheet(), node, 0, top, wide) for node in row)
        for number, node in enumerate(row):
            x = MARGIN + number * (wide + GAP)
            sheet.box(x, top, wide, bottom - top)
            _node(sheet, node, x, top, wide)
        top = bottom + GAP
    return top - GAP


def _node(sheet: Sheet, node: Node, x: float, top: float, wide: float) -> float:
    """What stands in a node's panel; returns the y below it."""
    sheet.text(x + PAD, top + 26, node.name, "head")
    sheet.text(x + wide - PAD, top + 26, f"pool {node.pool}" if node.pool else "", "soft", "end")
    sheet.text(x + PAD, top + 46, node.kind, "soft")
    sheet.text(x + wide - PAD, top + 46, "  ·  ".join(filter(None, (node.address, node.size))), "soft", "end")
    return sheet.chips(x + PAD, top + 58, wide - 2 * PAD, node.components) + PAD


def _everywhere(sheet: Sheet, daemons: tuple[Component, ...], top: float) -> float:
    """What runs on every node."""
    if not daemons:
        return top
    room = WIDTH - 2 * MARGIN - 2 * PAD
    bottom = Sheet().chips(0, top + 30, room, daemons, counted=False) + PAD
    sheet.box(MARGIN, top, WIDTH - 2 * MARGIN, bottom - top)
    sheet.text(MARGIN + PAD, top + 26, "On every node", "head")
    sheet.chips(MARGIN + PAD, top + 30, room, daemons, counted=False)
    return bottom


def _footer(sheet: Sheet, host: tuple[str, ...], top: float) -> float:
    """What the host has, and what the colours mean."""
    sheet.text(MARGIN, top + 8, "  ·  ".join(host), "small soft")
    x: float = MARGIN
    for (title, _), fill in zip(AREAS.values(), FILLS, strict=True):
        sheet.box(x, top + 20, 14, 14, fill, "none", 3)
        sheet.text(x + 20, top + 32, title, "small")
        x += 20 + width(title, 11) + 24
    return top + 34 + MARGIN
