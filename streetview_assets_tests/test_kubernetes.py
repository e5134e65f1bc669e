"""The values for Dagster's Helm chart: what they come to is what Dagster and Kubernetes take."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

pytestmark = pytest.mark.skipif(
    find_spec("dagster_k8s") is None, reason="needs the extra `kubernetes`"
)
ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docker" / "kubernetes"
KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "https://127.0.0.1:9"}}]
users: [{name: nobody, user: {token: none}}]
contexts: [{name: none, context: {cluster: none, user: nobody}}]
current-context: none
"""


def values(*overlays: str) -> dict[str, Any]:
    """Read the values with what lies over them, as Helm puts them together."""
    found = yaml.safe_load((FOLDER / "values.yaml").read_text())
    for name in overlays:
        found = over(found, yaml.safe_load((FOLDER / name).read_text()))
    return found


def over(below: Any, above: Any) -> Any:
    """Mappings are merged, all else is replaced."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: over(below.get(key), value) for key, value in above.items()}


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def location(chart: dict[str, Any]) -> dict[str, Any]:
    (found,) = chart["dagster-user-deployments"]["deployments"]
    return found


def job_of_a_run(chart: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """Make the job that the launcher would send, by the code that makes it."""
    from dagster._serdes import ConfigurableClassData
    from dagster_k8s import K8sRunLauncher, construct_dagster_k8s_job
    from dagster_k8s.container_context import K8sContainerContext
    from kubernetes.client import ApiClient

    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    settings = chart["runLauncher"]["config"]["k8sRunLauncher"]
    run_config = {snake(key): value for key, value in settings["runK8sConfig"].items()}
    of_cluster = {
        "load_incluster_config": False,
        "kubeconfig_file": str(tmp_path / "kubeconfig"),
        "service_account_name": "streetview",
        "instance_config_map": "streetview-instance",
        "postgres_password_secret": chart["global"]["postgresqlSecretName"],
        "dagster_home": "/opt/dagster/dagster_home",
        "job_namespace": "default",
        "run_k8s_config": run_config,
    }
    config = {snake(key): value for key, value in settings.items()} | of_cluster
    launcher = ConfigurableClassData(
        "dagster_k8s", "K8sRunLauncher", yaml.safe_dump(config)
    ).rehydrate(as_type=K8sRunLauncher)
    run = dg.DagsterRun(job_name="images", run_id="run-1")
    context = K8sContainerContext.create_for_run(run, launcher, include_run_tags=False)
    code = location(chart)
    of_code = {
        "env_vars": [f"{one['name']}={one['value']}" for one in code["env"]],
        "env_secrets": [one["name"] for one in code["envSecrets"]],
        "volumes": code["volumes"],
        "volume_mounts": code["volumeMounts"],
    }
    context = context.merge(K8sContainerContext.create_from_config({"k8s": of_code}))
    image = f"{code['image']['repository']}:{code['image']['tag']}"
    job = construct_dagster_k8s_job(
        context.get_k8s_job_config(image, launcher),
        ["dagster", "api", "execute_run"],
        "run-1",
        user_defined_k8s_config=context.run_k8s_config,
    )
    made: dict[str, Any] = ApiClient().sanitize_for_serialization(job)
    return made


def test_a_run_is_a_pod_that_sees_the_data_and_has_the_keys(tmp_path):
    job = job_of_a_run(values(), tmp_path)
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    code = location(values())
    assert container["image"].endswith(code["image"]["tag"])
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    told = {one["name"]: one.get("value") for one in container["env"]}
    assert Path(told["STREETVIEW_DATA"]) == Path(mounts["data"])
    assert Path(mounts["data"]) in Path(told["STREETVIEW_STUDY"]).parents
    assert {"secretRef": {"name": "streetview-keys"}} in container["envFrom"]
    claims = {one["persistentVolumeClaim"]["claimName"] for one in pod["volumes"] if
              "persistentVolumeClaim" in one}  # fmt: skip
    assert claims == {"streetview-data"}
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
    assert container["resources"]["limits"]["memory"] == "16Gi"
    assert "nodeSelector" not in pod


def test_a_study_that_buys_runs_where_its_ledger_is(tmp_path):
    pod = job_of_a_run(values("one-buyer.yaml"), tmp_path)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    told = {one["name"]: one.get("value") for one in container["env"]}
    assert told["STREETVIEW_LEDGER"] == mounts["ledger"] == "/ledger"
    assert "data" in mounts
    assert pod["nodeSelector"] == {"streetview/ledger": "here"}
    assert container["securityContext"]["capabilities"]["drop"] == ["ALL"], "the rest stays"


def test_the_volumes_that_are_claimed_are_there_and_of_the_right_kind():
    claims = {
        claim["metadata"]["name"]: claim["spec"]["accessModes"]
        for claim in yaml.safe_load_all((FOLDER / "volumes.yaml").read_text())
    }
    assert claims == {
        "streetview-data": ["ReadWriteMany"],
        "streetview-ledger": ["ReadWriteOnce"],
    }


def test_pools_and_records_are_those_of_the_other_services():
    chart, here = values(), yaml.safe_load((ROOT / "docker" / "dagster.yaml").read_text())
    pools = {snake(key): value for key, value in chart["concurrency"]["pools"].items()}
    assert chart["concurrency"]["enabled"]
    assert pools == here["concurrency"]["pools"]
    monitoring = {
        snake(key): value for key, value in chart["dagsterDaemon"]["runMonitoring"].items()
    }
    assert monitoring.items() <= here["run_monitoring"].items()
    # The chart's own `runRetries` would write the same key a second time, without its last line.
    assert chart["dagsterDaemon"]["runRetries"] == {"enabled": False}
    assert chart["additionalInstanceConfig"] == {"run_retries": here["run_retries"]}
    database = here["storage"]["postgres"]["postgres_db"]
    assert chart["postgresql"]["postgresqlScheme"] == database["scheme"]
    assert not chart["telemetry"]["enabled"]


def test_no_secret_stands_in_the_values():
    said = "".join(path.read_text() for path in FOLDER.iterdir())
    assert "password:" not in said.lower()
    assert not re.search(r"(API_KEY|SECRET|TOKEN)\W*value", said)
    version = re.search(r"--version ([\d.]+)", said)
    assert version
    assert f"\ndagster=={version[1]}\n" in (ROOT / "constraints.txt").read_text()
