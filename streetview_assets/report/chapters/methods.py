"""Chapters "Methods and limits", "Made from", "Attribution": the study in plain words."""

from streetview_assets.images.providers.registry import provider_class
from streetview_assets.models.evaluations.selection import HEADLINE
from streetview_assets.report.database import Published
from streetview_assets.report.further import chapters_left_out
from streetview_assets.report.html import Section, facts, heading, listed, paragraph, table
from streetview_assets.study.study_file import Study
from streetview_assets.tables.registry import TABLES

CANDIDATES = {
    "ridge": "ridge regression",
    "kernel_ridge": "kernel ridge regression",
    "pls": "partial least squares",
    "gradient_boosting": "gradient boosting",
    "svr": "support vector regression",
    "gaussian_process": "a Gaussian process",
    "nearest_neighbours": "nearest neighbours",
    "random_forest": "a random forest",
    "xgboost": "XGBoost",
    "published": "XGBoost by the published recipe",
    "stack": "a weighted mean of the others",
}


def methods_section(published: Published) -> Section:
    """Say how it was done, from the study file, and what it does not tell."""
    study = published.study
    html = (
        heading("How it was done")
        + listed(_how(published))
        + heading("What it does not tell")
        + listed(_limits(study))
    )
    return Section("methods", "Methods and limits", html)


def _how(published: Published) -> list[str]:
    study = published.study
    steps = [_points(study), _images(study), _encoder(published)]
    if study.areas:
        until = (
            f", captured up to {study.pooling.as_of:%B %Y}"
            if study.pooling.as_of
            else ", of the newest capture at each place"
        )
        steps.append(
            f"Pooling: the vectors of an area's images{until}, become one by the "
            f"{study.pooling.statistic} of each dimension."
        )
    if study.target:
        steps += [
            _target(published),
            _models(study),
            *_validations(study),
            *_hold_out(study),
            _intervals(study),
            *_ordinal(study),
        ]
    return steps


def _points(study: Study) -> str:
    if study.points.origin == "images":
        return "Points: where the images say that they were taken."
    if study.points.path:
        return f"Points: those of the file {study.points.path.name}."
    how = (
        f"{study.points.count:,} drawn at random along the streets"
        if study.points.count
        else f"one on every {study.points.spacing_m:g} m of road, wider where streets lie too close"
    )
    least = study.points.min_per_area
    floor = f", at least {least} in every area that has a road" if least and study.areas else ""
    drivable = (
        ", footways and the like left out" if study.roads and study.roads.drivable_only else ""
    )
    return f"Points: {how}{drivable}{floor}."


def _images(study: Study) -> str:
    images = study.images
    if study.is_synthetic:
        return (
            "Images: drawn by a program from made-up data. They are there to try the machinery; "
            "no score of them says anything of real places."
        )
    if provider_class(images.provider).as_taken:
        return "Images: one's own, taken as they are."
    first, last = images.captured_between
    between = (
        f", captured from {first or 'the first'} to {last or 'today'}" if first or last else ""
    )
    return (
        f"Images: of {images.provider}, the newest within {images.radius_m:g} m of a point"
        f"{between}, in {len(images.headings_deg)} directions."
    )


def _encoder(published: Published) -> str:
    encoder = published.study.encoder
    rows = published.table("encoders", f"encoder = '{published.opened.encoder}'")
    length = f", {rows['dimension'][0]:,} numbers each" if rows.height else ""
    what = (
        "vectors made elsewhere and imported"
        if encoder.name == "import"
        else "statistics of colour and texture, which know nothing of what things are"
        if encoder.name == "colour-texture"
        else f"the network {encoder.name}, trained by others on other images"
    )
    return f"Encoder: every image becomes a vector by {what}{length}."


def _target(published: Published) -> str:
    target = published.study.target
    assert target is not None
    shape = {"value": "as it stands there", "rank": "as a rank among the study's areas",
             "decile": "as a decile among the study's areas"}[target.given_as]  # fmt: skip
    columns = target.value or " + ".join(target.share or ())
    return (
        f"Target: {target.name}, from {target.path.name} ({columns}), {shape}; "
        f"higher is {target.more_is}."
    )


def _models(study: Study) -> str:
    settings = study.models
    names = [CANDIDATES.get(name, name.replace("_", " ")) for name in settings.candidates]
    reduced = (
        f", reduced to {settings.components} principal components inside the fold"
        if settings.components
        else ""
    )
    return (
        f"Models: {', '.join(names)}. Each sees {', '.join(settings.features).replace('_', ' ')} "
        f"of an area{reduced}. Their settings are searched ({settings.trials} trials) and the best "
        "of them is taken inside every fold anew, without the areas held out: the model that the "
        "page calls tuned pays for the choice."
    )


def _validations(study: Study) -> list[str]:
    settings = study.models
    return [
        f"Spatial blocks, the headline: the map is cut into squares of {settings.block_km:g} km; "
        f"whole squares are held out together, in {settings.folds} folds{_buffer(study)}.",
        "Authorities: each authority is predicted by models that saw only the others; the "
        "strictest of all.",
        f"Random folds: areas are dealt to {settings.folds} folds by chance{_repeats(study)}. "
        "They flatter: an area is then predicted by a model that learned from its neighbours, "
        "which are much like it whether or not the images tell anything. They stand here to be "
        "compared with others' work.",
        "Baselines: the mean, coordinates alone, the number of images, the mean colour, and "
        "colour and texture beside any other encoder; what does not beat them has learned nothing "
        "from what is seen.",
    ]


def _buffer(study: Study) -> str:
    km = study.models.buffer_km
    return f"; areas nearer than {km:g} km to those held out are not learned from" if km else ""


def _repeats(study: Study) -> str:
    return f", {study.models.repeats} times anew" if study.models.repeats > 1 else ""


def _hold_out(study: Study) -> list[str]:
    share = study.models.holdout
    if share is None:
        return []
    return [
        f"Hold-out: {share:.0%} of the areas are drawn once and held out; neighbours are learned "
        "from here too."
    ]


def _intervals(study: Study) -> str:
    return (
        f"Intervals: prediction intervals are to hold {study.models.interval_level:.0%} of the "
        "areas; they are made from the errors on areas of the other folds (cross-conformal). The "
        "intervals of scores come from drawing areas anew a thousand times (bootstrap), whole "
        f"blocks at a time where {HEADLINE} are held out."
    )


def _ordinal(study: Study) -> list[str]:
    if study.ordinal is None:
        return []
    trained = (
        "a network trained in another study is used as it is"
        if study.ordinal.apply
        else f"a network learns them in at most {study.ordinal.epochs} passes, and stops by areas "
        f"kept aside ({study.ordinal.validation_share:.0%} of those learned from)"
    )
    return [f"Deciles: {trained}; it sees the images of each point, areas are held out whole."]


def _limits(study: Study) -> list[str]:
    limits = []
    if study.is_synthetic:
        limits.append(
            "The images are synthetic. Nothing on this page may be said of any real place."
        )
    if study.target:
        limits += [
            "A score says how far the look of a place goes along with the target in this study, "
            "not why, and not what would change if a place looked otherwise.",
            "A prediction is of an area, never of a house or of those who live in it.",
            "Prediction intervals hold on average over areas that are alike; over areas of another "
            "kind, or far away, they may hold less often than they say.",
            "The map of the final fit (table area_predictions) has seen each area's own value; "
            "it is never a score, and is not on this page.",
        ]
        limits.append(
            "Images were taken over years and seasons, and the target in another year; a "
            "difference may be one of time."
        )
    limits.append("What has no road, no imagery or only old imagery is not seen: see Coverage.")
    if study.encoder.name not in ("colour-texture", "import"):
        limits.append(
            "The network was trained on images of the internet, and sees what is common there."
        )
    return limits


def provenance_section(published: Published) -> Section:
    """Say what the page was made from: versions, hashes, dates, rows."""
    about = published.about
    pairs = [
        ("study", about["study"]),
        ("published", f"{about['built_at']:%d %B %Y, %H:%M} UTC"),
        ("program", f"streetview-assets {about['code_version']}"),
        ("encoder", about["encoder"]),
        ("seed", str(published.study.seed)),
    ]
    texts = [
        f"Study hash (study file and the files it names): {about['study_hash']}",
        f"Build of the published database: {about['build_id']}",
    ]
    html = facts(pairs) + listed(texts)
    html += _rows(published) + _sources(published) + chapters_left_out(published)
    return Section("made-from", "Made from", html)


def _rows(published: Published) -> str:
    there = [name for name in TABLES if name in published.names]
    if not there:
        return ""
    counts = published.opened.sql(
        " union all ".join(f"select '{name}' as name, count(*) as n from {name}" for name in there)
    )
    found = dict(counts.iter_rows())
    rows = [[name, TABLES[name].meaning, found[name]] for name in there]
    return table("Tables of the published database", ("table", "a row", "rows"), rows)


def _sources(published: Published) -> str:
    targets = published.table("targets")
    if targets.is_empty() or "source" not in targets.columns:
        return ""
    sources = targets.select("target", "source").drop_nulls().unique().sort("target", "source")
    if sources.is_empty():
        return ""
    return table("Where the targets come from", ("target", "source"), sources.rows())


def attribution_section(published: Published) -> Section:
    """Name whom the imagery and the data belong to."""
    about = published.about
    named = [*about["attributions"]]
    parts = [paragraph(published.credit)]
    if named:
        parts += [heading("Whom to name"), listed(named)]
    if about["licences"]:
        parts += [heading("Licences"), listed(about["licences"])]
    study = published.study
    files = sorted(
        {one.path.name for one in study.targets}
        | ({study.areas.path.name} if study.areas else set())
        | ({study.roads.path.name} if study.roads and study.roads.path else set())
    )
    if files:
        parts += [heading("Data files"), listed(files)]
        parts.append(
            paragraph(
                "Boundaries, roads and targets are under the terms of whoever published these "
                "files; name them where you show this page.",
                "quiet",
            )
        )
    return Section("attribution", "Attribution", "".join(parts))
