"""How the platform's dashboards look: the few kinds of panel they are built from, each with one set of choices.

Widths and heights are Grafana's grid units (24 across, about 38 pixels down). Expressions are PromQL; the labels they
may rely on stand in ``README.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    gauge,
    heatmap,
    prometheus,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import heatmap as heatmap_model
from grafana_foundation_sdk.models import prometheus as prometheus_model

SOURCE = model.DataSourceRef(type_val="prometheus", uid="prometheus")

Panel = Builder[model.Panel]
Variable = Builder[model.VariableModel]
#: Steps of (from this value on, colour); the first step's value is ignored, it holds from below.
Steps = Sequence[tuple[float, str]]

GOOD_WHEN_HIGH: Steps = ((0, "red"), (0.95, "orange"), (0.999, "green"))
BAD_WHEN_FULL: Steps = ((0, "green"), (0.75, "orange"), (0.9, "red"))
BAD_WHEN_ANY: Steps = ((0, "green"), (1, "red"))
SLOW_MILLISECONDS: Steps = ((0, "green"), (500, "orange"), (2000, "red"))
NEUTRAL: Steps = ((0, "blue"),)


@dataclass(frozen=True)
class Query:
    """One target: ``legend`` names its series, with ``{{label}}`` filled in."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Row:
    """A heading and the panels below it, in order; ``build`` places them."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Column:
    """One column of a table: what is asked, its title and its unit."""

    title: str
    expr: str
    unit: str = "short"
    steps: Steps = ()


def _range(query: Query) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query.expr).legend_format(query.legend or "__auto").range().datasource(SOURCE)


def _instant(query: Query) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query.expr).legend_format(query.legend or "__auto").instant().datasource(SOURCE)


def _thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    return (
        dashboard.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value if index else None, color) for index, (value, color) in enumerate(steps)])
    )


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"])


def lines(
    title: str,
    unit: str,
    *queries: Query,
    width: int = 12,
    stacked: bool = False,
    most: float | None = None,
    description: str = "",
) -> Panel:
    """Values over time, with their mean and last value below. ``most`` fixes the upper end of the axis."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .min(0)
        .span(width)
        .height(8)
        .line_width(1)
        .fill_opacity(30 if stacked else 10)
        .show_points(common_model.VisibilityMode.NEVER)
        .stacking(
            common.StackingConfig().mode(
                common_model.StackingMode.NORMAL if stacked else common_model.StackingMode.NONE
            )
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_model.TooltipDisplayMode.MULTI)
            .sort(common_model.SortOrder.DESCENDING)
        )
        .legend(
            common.VizLegendOptions()
            .display_mode(common_model.LegendDisplayMode.TABLE)
            .placement(common_model.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["mean", "lastNotNull"])
        )
    )
    if most is not None:
        panel.max(most)
    for query in queries:
        panel.with_target(_range(query))
    return panel


def number(
    title: str,
    unit: str,
    expr: str,
    *,
    steps: Steps = NEUTRAL,
    width: int = 4,
    height: int = 4,
    decimals: float | None = None,
    description: str = "",
) -> Panel:
    """One number, coloured by ``steps``, over a line of how it came about."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .span(width)
        .height(height)
        .thresholds(_thresholds(steps))
        .color_mode(common_model.BigValueColorMode.VALUE)
        .graph_mode(common_model.BigValueGraphMode.AREA)
        .reduce_options(_last())
        .with_target(_range(Query(expr, title)))
    )
    if decimals is not None:
        panel.decimals(decimals)
    return panel


def dial(title: str, expr: str, *, legend: str = "", width: int = 4, description: str = "") -> Panel:
    """Shares of something that can be full (0 to 1)."""
    return (
        gauge.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit("percentunit")
        .min(0)
        .max(1)
        .span(width)
        .height(6)
        .thresholds(_thresholds(BAD_WHEN_FULL))
        .reduce_options(_last())
        .with_target(_instant(Query(expr, legend)))
    )


def bars(
    title: str,
    unit: str,
    query: Query,
    *,
    steps: Steps = NEUTRAL,
    most: float | None = None,
    width: int = 12,
    height: int = 6,
) -> Panel:
    """One bar a series, as it is now."""
    panel = (
        bargauge.Panel()
        .title(title)
        .datasource(SOURCE)
        .unit(unit)
        .min(0)
        .span(width)
        .height(height)
        .thresholds(_thresholds(steps))
        .orientation(common_model.VizOrientation.HORIZONTAL)
        .display_mode(common_model.BarGaugeDisplayMode.GRADIENT)
        .text(common.VizTextDisplayOptions().title_size(14).value_size(16))
        .reduce_options(_last())
        .with_target(_instant(query))
    )
    return panel.max(most) if most is not None else panel


def durations(title: str, unit: str, buckets: str, *, width: int = 12) -> Panel:
    """How observations spread over a classic histogram's buckets; ``buckets`` is a rate by ``le``."""
    target = (
        prometheus.Dataquery()
        .expr(buckets)
        .legend_format("{{le}}")
        .format(prometheus_model.PromQueryFormat.HEATMAP)
        .range()
        .datasource(SOURCE)
    )
    return (
        heatmap.Panel()
        .title(title)
        .datasource(SOURCE)
        .span(width)
        .height(8)
        .calculate(False)
        .color(heatmap.HeatmapColorOptions().mode(heatmap_model.HeatmapColorMode.SCHEME).scheme("Oranges").steps(64))
        .y_axis(heatmap.YAxisConfig().unit(unit))
        .with_target(target)
    )


def rows(title: str, by: Mapping[str, str], *columns: Column, width: int = 24, height: int = 6) -> Panel:
    """A table as things are now: a row for each combination of the labels ``by`` (label to title), a column a query."""
    letters = [chr(ord("A") + index) for index in range(len(columns))]
    values = ["Value" if len(columns) == 1 else f"Value #{letter}" for letter in letters]
    panel = table.Panel().title(title).datasource(SOURCE).span(width).height(height)
    for letter, column in zip(letters, columns, strict=True):
        panel.with_target(_instant(Query(column.expr)).format(prometheus_model.PromQueryFormat.TABLE).ref_id(letter))
    panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(
        model.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {"Time": True},
                "indexByName": {name: index for index, name in enumerate((*by, *values))},
                "renameByName": {**by, **{name: column.title for name, column in zip(values, columns, strict=True)}},
            },
        )
    )
    for column in columns:
        properties = [model.DynamicConfigValue(id_val="unit", value=column.unit)]
        if column.steps:
            properties += [
                model.DynamicConfigValue(id_val="thresholds", value=_thresholds(column.steps).build()),
                model.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"}),
            ]
        panel.override_by_name(column.title, properties)
    return panel


def rate(counter: str, *by: str) -> str:
    """Increase a second of a counter, summed over all series or by labels."""
    grouped = f" by ({', '.join(by)})" if by else ""
    return f"sum{grouped} (rate({counter}[$__rate_interval]))"


def quantile(share: float, buckets: str) -> str:
    """A quantile over all series of a histogram's buckets."""
    return f"histogram_quantile({share}, {rate(buckets, 'le')})"


def or_none(expr: str, label: str) -> str:
    """Something may have no series yet, rightly: then there is one of zero, called ``none``."""
    return f'{expr} or on () label_replace(vector(0), "{label}", "none", "", "")'


def label_values(name: str, label: str, metric: str, *, multi: bool = False) -> Variable:
    """A variable over the values of ``label`` on ``metric``; ``multi`` ones start with all values."""
    variable = (
        dashboard.QueryVariable(name)
        .datasource(SOURCE)
        .query({"qryType": 1, "query": f"label_values({metric}, {label})", "refId": name})
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(multi)
        .include_all(multi)
    )
    if multi:
        variable.all_value(".+").current(model.VariableOption(text="All", value="$__all"))
    return variable


def build(
    uid: str,
    title: str,
    description: str,
    tags: Sequence[str],
    sections: Sequence[Row],
    variables: Sequence[Variable] = (),
) -> model.Dashboard:
    """The dashboard: panels are placed in reading order and numbered from 1: the same code gives the same JSON."""
    builder = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["gantry", *tags])
        .time("now-1h", "now")
        .refresh("30s")
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .readonly()
    )
    for variable in variables:
        builder.with_variable(variable)
    for section in sections:
        builder.with_row(dashboard.Row(section.title))
        for panel in section.panels:
            builder.with_panel(panel)
    built = builder.build()
    for number_, panel_ in enumerate(built.panels or [], start=1):
        panel_.id_val = number_
    return built
