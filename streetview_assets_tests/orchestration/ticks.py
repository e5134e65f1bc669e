"""The automation of a study, evaluated tick by tick on an instance, without waiting for clocks."""

import logging
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (  # noqa: TID251
    AssetCheckEvaluationTargetMaterializationData,
)

from streetview_assets.orchestration.automation.sensors import study_sensors
from streetview_assets.orchestration.automation.source_sensor import SENSOR
from streetview_assets.orchestration.sql import PUBLISHED
from streetview_assets.study_state.lineage import specs

EAST, WEST = "X01000001", "X01000002"
WEDNESDAY = datetime(2026, 5, 6, 10, 5, tzinfo=UTC)
SUNDAY = datetime(2026, 5, 10, 3, 1, tzinfo=UTC)
FETCH_IMAGES, REFRESH = "fetch_images", "refresh"


class Automation:
    """The automation of a study, tick by tick."""

    def __init__(self, town):
        self.town = town
        self.cursors = {}
        self.targets = {
            sensor.name: sensor.asset_selection
            for sensor in study_sensors(town.opened)
            if isinstance(sensor, dg.AutomationConditionSensorDefinition)
        }

    def tick(self, now: datetime, sensor: str = REFRESH) -> set[tuple[str, str | None]]:
        """Evaluate a sensor once; give the assets and authorities that it starts."""
        result = dg.evaluate_automation_conditions(
            defs=self.town.definitions,
            instance=self.town.instance,
            asset_selection=self.targets[sensor],
            evaluation_time=now,
            cursor=self.cursors.get(sensor),
        )
        self.cursors[sensor] = result.cursor
        graph = self.town.definitions.resolve_asset_graph()
        return {
            (key.to_user_string(), authority)
            for key in graph.materializable_asset_keys
            for authority in result.get_requested_partitions(key)
        }

    def made(self, asset: str, authority: str | None, version: str) -> None:
        """Report that an asset was made, with a data version."""
        self.town.instance.report_runless_asset_event(
            dg.AssetMaterialization(
                dg.AssetKey.from_user_string(asset),
                partition=authority,
                tags={"dagster/data_version": version},
            )
        )

    def all_made(self, version: str) -> None:
        """Report that everything was made."""
        for asset, spec in specs().items():
            for authority in (None,) if spec.study_wide else (EAST, WEST):
                self.made(asset, authority, version)
        self.all_published(version)

    def all_published(self, version: str) -> None:
        """Report that all marts and the published database were made."""
        for key in self.town.definitions.resolve_asset_graph().materializable_asset_keys:
            if key.path[0] in ("mart", PUBLISHED):
                self.made(key.to_user_string(), None, version)

    def checked(self, asset: str, check: str, authority: str, passed: bool) -> None:
        """Report what came of a check."""
        records = self.town.instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey(asset), asset_partitions=[authority]), limit=1
        ).records
        self.town.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(asset),
                target_materialization_data=AssetCheckEvaluationTargetMaterializationData(
                    storage_id=records[0].storage_id,
                    run_id=records[0].run_id,
                    timestamp=records[0].timestamp,
                ),
                check_name=check,
                passed=passed,
                blocking=check == "images_fetched",
                partition=authority,
            )
        )

    def under_way(self, asset: str, authority: str) -> dg.DagsterRun:
        """Start a run of an asset that does not end."""
        return self.town.instance.create_run_for_job(
            self.town.definitions.resolve_job_def("authority"),
            status=dg.DagsterRunStatus.STARTED,
            tags={"dagster/partition": authority},
            asset_selection=frozenset({dg.AssetKey(asset)}),
        )


class SourceWatch:
    """The sensor that watches the sources of a study, look by look."""

    def __init__(self, town, cursor: str | None = None):
        self.town, self.cursor, self.reason = town, cursor, ""
        self.told: list[str] = []
        self.study = town.opened.study.path
        (self.sensor,) = (s for s in town.definitions.sensors if s.name == SENSOR)

    def look(self, origin: object = None) -> set[tuple[str, str | None]]:
        """Let the sensor look once; give what it asks for, by asset and authority."""
        context = dg.build_sensor_context(
            instance=self.town.instance,
            cursor=self.cursor,
            repository_def=self.town.definitions.get_repository_def(),
        )
        context._code_location_origin = origin
        listener = logging.Handler()
        listener.emit = lambda record: self.told.append(record.getMessage())
        context.log.addHandler(listener)
        found = self.sensor.evaluate_tick(context)
        self.cursor, self.reason = found.cursor or self.cursor, found.skip_message or ""
        return {
            (key.to_user_string(), request.partition_key)
            for request in found.run_requests
            for key in request.asset_selection
        }

    def again(self) -> str:
        """Look once more; give why it asks for nothing."""
        assert self.look() == set()
        return self.reason


def minutes(count: int) -> timedelta:
    """Give a time to go by."""
    return timedelta(minutes=count)
