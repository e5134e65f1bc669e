"""Which version of a study's model is its champion, and when another takes its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

ALIAS = "champion"
SCORE_TAG = "spatial_r2"
REASON_TAG = "promotion"
COMPARED_WITHIN = {
    "target": "the target",
    "target_values": "the target's values",
    "areas": "the areas",
    "encoder": "the encoder",
    "encoder_identity": "the encoder's weights, preprocessing or precision",
    "features": "the features",
    "vectors": "the vectors",
    "headline": "the validation that counts",
    "validation": "how areas are held out",
    "blocks": "the blocks or their buffer",
    "folds": "the folds",
    "synthetic": "whether images are synthetic",
}
"""Tags, with their meanings: two scores are compared only where all are the same, names and content
(`judged_on`); else they answer different questions."""


@dataclass(frozen=True)
class Version:
    """A registered version of a model.

    Attributes
    ----------
    name, number
        Of the registered model, and of this version of it.
    spatial_r2
        R² of the model `tuned` under the validation that counts; None where the areas allow none.
    run_id
        Of the MLflow run that it comes from.
    tags
        What it predicts, from what, and what its score was reckoned on: `COMPARED_WITHIN`.
    """

    name: str
    number: int
    spatial_r2: float | None
    run_id: str
    tags: Mapping[str, str]

    @property
    def uri(self) -> str:
        """Where `mlflow.pyfunc.load_model` finds just this version."""
        return f"models:/{self.name}/{self.number}"


@dataclass(frozen=True)
class Promotion:
    """Whether a version takes the champion's place, and why."""

    is_champion: bool
    reason: str


def champion_of(client: "MlflowClient", name: str) -> Version | None:
    """Find the champion of a name; None where there is none."""
    for model in client.search_registered_models(f"name='{name}'"):
        if ALIAS in model.aliases:
            return _version(client.get_model_version(name, model.aliases[ALIAS]))
    return None


def should_promote(challenger: Version, champion: Version | None) -> Promotion:
    """Decide whether a version takes the champion's place: only a better spatial score does it."""
    if champion is None or champion.number == challenger.number:
        return Promotion(True, "there was no champion")
    old = f"version {champion.number}"
    if other := _differences(challenger, champion):
        return Promotion(True, f"not compared with {old}, which differs in {', '.join(other)}")
    mine, its = challenger.spatial_r2, champion.spatial_r2
    if mine is None:
        return Promotion(False, f"no spatial score, so that it cannot beat {old}")
    if its is None:
        return Promotion(True, f"spatial R² {mine:.3f}, where {old} has none")
    if mine > its:
        return Promotion(True, f"spatial R² {mine:.3f} beats {its:.3f} of {old}")
    return Promotion(False, f"spatial R² {mine:.3f} does not beat {its:.3f} of {old}")


def promote(client: "MlflowClient", challenger: Version, *, shared: bool) -> Promotion:
    """Give the alias to a version that deserves it.

    Parameters
    ----------
    client
        Of the registry that has the version.
    challenger
        A version just registered.
    shared
        Whether other machines may register at the same time. Callers on one machine take turns
        under a lock; among machines there is none, so that whoever moved the alias looks whether
        a better version was registered meanwhile: the best has it in the end.
    """
    before = champion_of(client, challenger.name)
    promotion = should_promote(challenger, before)
    if not promotion.is_champion:
        return promotion
    client.set_registered_model_alias(challenger.name, ALIAS, str(challenger.number))
    if not shared:
        return promotion
    best = max(
        _registered_since(client, challenger, before),
        key=lambda one: (-1e9 if one.spatial_r2 is None else one.spatial_r2, -one.number),
    )
    if best.number == challenger.number or not should_promote(best, challenger).is_champion:
        return promotion
    client.set_registered_model_alias(best.name, ALIAS, str(best.number))
    return Promotion(False, f"version {best.number}, registered at the same time, is better")


def last_promotion(client: "MlflowClient", name: str) -> str | None:
    """Say what became of the newest version of a name; None where there is none."""
    newest = client.search_model_versions(
        f"name='{name}'", max_results=1, order_by=["version_number DESC"]
    )
    reasons = [version.tags.get(REASON_TAG) for version in newest]
    return reasons[0] if reasons else None


def register(
    client: "MlflowClient",
    name: str,
    source: str,
    run_id: str,
    model_id: str | None,
    tags: dict[str, str],
) -> Version:
    """Make a logged model the newest version of a registered one.

    Its tags come with it in one step: a version is never without what it is judged by.

    Parameters
    ----------
    client
        Of the registry.
    name
        Of the registered model; it is made where there is none.
    source
        URI of the logged model.
    run_id, model_id
        The run that it comes from, and MLflow's id of it.
    tags
        What it predicts, from what, and what its score was reckoned on.
    """
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return _version(client.create_model_version(name, source, run_id, tags=tags, model_id=model_id))


def _registered_since(
    client: "MlflowClient", challenger: Version, before: Version | None
) -> list[Version]:
    """List the versions after the last champion that the challenger may be compared with."""
    found = [_version(one) for one in client.search_model_versions(f"name='{challenger.name}'")]
    last = before.number if before else 0
    since = [one for one in found if one.number > last and not _differences(one, challenger)]
    return [challenger, *since]


def _differences(one: Version, other: Version) -> list[str]:
    """Say in what two versions differ, so that their scores cannot be compared.

    What an older version does not tell is not known to be the same.
    """
    return [
        meaning
        for key, meaning in COMPARED_WITHIN.items()
        if one.tags.get(key) is None or one.tags.get(key) != other.tags.get(key)
    ]


def _version(found: "ModelVersion") -> Version:
    score = found.tags.get(SCORE_TAG)
    return Version(
        name=found.name,
        number=int(found.version),
        spatial_r2=float(score) if score else None,
        run_id=found.run_id or "",
        tags=dict(found.tags),
    )
