"""The files around the code: what starts the services, installs the versions, runs the checks."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import dagster as dg
import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DIGEST = "@sha256:[0-9a-f]{64}"
OURS = {name: service for name, service in SERVICES.items() if name != "postgres"}
SECRETS = ("POSTGRES_PASSWORD", "GOOGLE_MAPS_API_KEY", "GOOGLE_MAPS_SIGNING_SECRET",
           "MAPILLARY_TOKEN")  # fmt: skip


def settings(path: str) -> dict:
    return yaml.safe_load((ROOT / path).read_text())


def test_dagster_takes_the_settings_of_the_repository(tmp_path, monkeypatch):
    (tmp_path / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.get() as instance:
        assert not instance.telemetry_enabled
        assert instance.run_monitoring_enabled
        concurrency = instance.get_concurrency_config()
        assert concurrency.pool_config.default_pool_limit == 1
        assert concurrency.run_queue_config.max_concurrent_runs == 2
        storage = instance.event_log_storage
        storage.initialize_concurrency_limit_to_default("encoder")
        assert storage.get_concurrency_info("encoder").slot_count == 1


def test_dagster_in_containers_differs_only_in_where_it_keeps_its_records():
    here, there = settings("dagster.yaml"), settings("docker/dagster.yaml")
    places = {"storage", "compute_logs", "local_artifact_storage"}
    assert {key: value for key, value in there.items() if key not in places} == here
    assert places <= set(there)


def test_the_database_driver_is_the_one_that_is_installed():
    """SQLAlchemy 2.1 takes `postgresql://` for psycopg 3; dagster-postgres brings psycopg2."""
    database = settings("docker/dagster.yaml")["storage"]["postgres"]["postgres_db"]
    assert database["scheme"] == "postgresql+psycopg2"
    assert "psycopg2-binary" in constraints()


def test_the_workspace_finds_the_definitions_without_an_installation():
    (target,) = settings("workspace.yaml")["load_from"]
    module = target["python_module"]
    assert module["working_directory"] == "."
    assert (ROOT / (module["module_name"].replace(".", "/") + ".py")).is_file()


def test_the_workspace_of_the_containers_names_the_code_server_as_it_listens():
    (target,) = settings("docker/workspace.yaml")["load_from"]
    server = target["grpc_server"]
    assert server["host"] == SERVICES["code"]["hostname"] == "code"
    assert f"--port={server['port']}" in SERVICES["code"]["command"]
    assert (
        server["location_name"]
        == (settings("workspace.yaml")["load_from"][0]["python_module"]["location_name"])
    )


def test_the_services_are_those_that_the_platform_needs():
    assert set(SERVICES) == {"postgres", "code", "webserver", "daemon", "mlflow"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_watched_comes_back_and_is_not_root(name):
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"
    assert service["user"] not in ("root", "0", "0:0")
    assert service["cap_drop"] == ["ALL"]
    if "build" in service:
        version = service["build"]["args"]["VERSION"]
        assert service["image"] == f"streetview-assets:{version}"
    else:
        assert re.fullmatch(rf"[a-z-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?{DIGEST}", service["image"])
    assert re.fullmatch(r"(\$\{[A-Z_]+:-)?\d+g\}?", service["mem_limit"]), "no limit of memory"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_until_those_it_needs_are_healthy(name):
    waited_for = SERVICES[name].get("depends_on", {})
    assert all(on["condition"] == "service_healthy" for on in waited_for.values())
    if name in ("code", "webserver", "daemon"):
        assert "postgres" in waited_for
    if name in ("webserver", "daemon"):
        assert "code" in waited_for


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_from_the_environment_alone(name):
    for key, value in SERVICES[name].get("environment", {}).items():
        if key in SECRETS:
            assert re.fullmatch(rf"\$\{{{key}:[-?][^}}]*\}}", value), f"{key} is written out"
            assert not re.fullmatch(rf"\$\{{{key}:-.+\}}", value), f"{key} has a default"


def test_only_the_code_server_knows_the_keys_of_paid_services():
    knowing = {
        name
        for name, service in SERVICES.items()
        if {"GOOGLE_MAPS_API_KEY", "MAPILLARY_TOKEN"} & set(service.get("environment", {}))
    }
    assert knowing == {"code"}


def test_the_data_lie_in_one_volume_and_ports_are_open_to_this_machine_alone():
    for service in OURS.values():
        assert "data:/data" in service["volumes"]
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert set(COMPOSE["volumes"]) == {"data", "records"}


def test_the_image_runs_as_the_user_that_owns_the_data():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == [service["user"] for service in OURS.values()][:1]
    assert lines[-1].startswith("CMD")
    bases = [line for line in lines if line.startswith("FROM ")]
    assert all(re.fullmatch(rf"FROM python:3\.11\.\d+-[a-z-]+{DIGEST}", base) for base in bases)


def test_every_file_that_the_image_copies_is_let_through():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = [
        source
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ")
        for source in line.split()[1:-1]
        if not source.startswith("--")
    ]
    assert ignored[0] == "*"
    for source in copied:
        assert (ROOT / source).exists(), source
        assert f"!{source.removeprefix('./')}" in ignored, source


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_requirement_has_one_exact_version_for_any_machine():
    pinned = {canonical(name) for name in constraints()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(line for extra in extras for line in extra)]
    missing = [
        requirement
        for requirement in wanted
        if canonical(re.match(r"[\w.-]+", requirement)[0]) not in pinned
    ]
    assert not missing
    for name, exact in constraints().items():
        assert re.fullmatch(r"\d[\w.]*", exact), f"{name}=={exact} belongs to one machine"


def test_what_is_installed_is_what_was_written_down():
    differing = {}
    for name, exact in constraints().items():
        try:
            installed = version(name).split("+")[0]
        except PackageNotFoundError:
            continue
        if installed != exact:
            differing[name] = (installed, exact)
    assert not differing, "installed, written down"


def locked() -> dict[str, tuple[str, list[str]]]:
    """Read what the image installs: version and hashes by name."""
    found: dict[str, tuple[str, list[str]]] = {}
    name = ""
    for line in (ROOT / "docker/requirements.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        if pin := re.match(r"([\w.-]+)==([\w.]+)", line):
            name = canonical(pin[1])
            found[name] = (pin[2], [])
        else:
            found[name][1].extend(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", line))
    return found


def needed(requirement: str, seen: set[str]) -> set[str]:
    """Name what a requirement brings with it here, by what is installed."""
    one = Requirement(requirement)
    name = canonical(one.name)
    if (one.marker and not one.marker.evaluate({"extra": ""})) or name in seen:
        return seen
    seen.add(name)
    try:
        brought = distribution(name).requires or ()
    except PackageNotFoundError:
        return seen
    for line in brought:
        inner = Requirement(line)
        if inner.marker is None or any(
            inner.marker.evaluate({"extra": extra}) for extra in ("", *one.extras)
        ):
            needed(str(Requirement(f"{inner.name}[{','.join(inner.extras)}]")), seen)
    return seen


def test_the_image_installs_what_was_written_down_each_file_by_its_hash():
    """Where this fails after a change of pyproject.toml or constraints.txt: make lock."""
    pinned = {canonical(name): exact for name, exact in constraints().items()}
    lock = locked()
    assert all(hashes for _, hashes in lock.values())
    differing = {
        name: (version, pinned[name])
        for name, (version, _) in lock.items()
        if name in pinned and version != pinned[name]
    }
    assert not differing, "locked, written down"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["postgres"]]
    everything: set[str] = set()
    for requirement in wanted:
        exact = Requirement(requirement)
        if exact.marker and not exact.marker.evaluate({"sys_platform": "linux"}):
            continue  # of another system than the image's
        assert exact.specifier.contains(lock[canonical(exact.name)][0]), requirement
        needed(requirement, everything)
    assert everything <= set(lock)
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    for requirement in build:
        assert canonical(Requirement(requirement).name) in lock, "it builds the project there"


def test_nothing_comes_into_the_image_without_a_hash():
    installs = [
        line.strip().removeprefix("RUN ")
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if "pip install" in line
    ]
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert {"--no-deps", "--no-build-isolation", "--no-index"} <= set(installs[1].split())


def test_dagsters_own_command_finds_the_code_location(tmp_path):
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dg"]
    module = told["project"]["code_location_target_module"]
    assert (ROOT / f"{module.replace('.', '/')}.py").is_file()
    command = Path(sys.executable).with_name("dg")
    if not command.exists():
        pytest.skip("dagster-dg-cli is not installed")
    said = subprocess.run(
        [command, "list", "defs", "--json"],
        cwd=ROOT,
        env={**os.environ, "STREETVIEW_STUDY": "", "STREETVIEW_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    listed = {asset["asset_key"] for asset in json.loads(said.stdout)["assets"]}
    assert {"areas", "model_selection", "mart/area_profile", "published_database"} <= listed
