import dbm
import os
import subprocess
import time

import pytest
import yaml

from vqflow.processes import PROJECT, commands, environment

OURS = {"migrate", "web", "worker", "beat", "dispatch", "dicom", "mail"}
SERVERS = {"postgres", "redis"}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((PROJECT / "docker-compose.yml").read_text())


def test_each_service_runs_the_command_that_the_supervisor_and_the_tests_run(compose):
    table = commands(
        web_bind="0.0.0.0:8000",
        mail_bind="0.0.0.0:1025",
        dicom_bind="0.0.0.0:11112",
        var="/var/lib/vqflow",
    )
    assert {name: compose["services"][name]["command"] for name in OURS} == table


def test_there_are_no_other_services(compose):
    assert set(compose["services"]) == OURS | SERVERS


def test_only_the_web_port_is_published_and_that_for_cameras_where_it_is_asked_for(compose):
    published = [name for name, service in compose["services"].items() if "ports" in service]
    assert published == ["web", "dicom"]
    assert compose["services"]["dicom"]["profiles"] == ["dicom"]


def test_every_service_that_stays_has_a_health_check(compose):
    lasting = set(compose["services"]) - {"migrate"}
    assert {name for name in lasting if "healthcheck" in compose["services"][name]} == lasting


@pytest.mark.parametrize(("minutes_ago", "is_well"), [(1, True), (11, False)])
def test_beat_is_well_while_it_writes_its_schedule_whatever_python_calls_the_file(
    compose, tmp_path, minutes_ago, is_well
):
    (_, *command) = compose["services"]["beat"]["healthcheck"]["test"]
    command[-1] = command[-1].replace("/var/lib/vqflow", str(tmp_path))
    with dbm.open(str(tmp_path / "beat-schedule"), "c") as schedule:  # Celery keeps a shelf in one
        schedule["entries"] = b""
    at = time.time() - 60 * minutes_ago
    for file in tmp_path.iterdir():
        os.utime(file, (at, at))
    done = subprocess.run(command, env=environment(), check=False, capture_output=True)
    assert (done.returncode == 0) is is_well


def test_every_volume_is_named_and_declared(compose):
    used = {
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
    }
    assert used == set(compose["volumes"])


def test_secrets_come_from_the_environment_and_are_required(compose):
    settings = compose["services"]["web"]["environment"]
    assert settings["SECRET_KEY"].startswith("${SECRET_KEY:?")
    for name in ("DATABASE_URL", "REDIS_URL"):
        assert "_PASSWORD:?" in settings[name]


def test_only_the_migration_knows_the_owners_password(compose):
    knowing = [name for name in OURS if "OWNER" in str(compose["services"][name].get("environment"))]
    assert knowing == ["migrate"]


def test_the_application_waits_for_the_migration(compose):
    for name in ("web", "worker", "beat", "dispatch", "dicom"):
        assert compose["services"][name]["depends_on"]["migrate"] == {
            "condition": "service_completed_successfully"
        }


def test_the_second_path_does_not_wait_for_redis(compose):
    for name in ("dispatch", "dicom"):
        assert "redis" not in compose["services"][name]["depends_on"]


def test_the_image_does_not_run_as_root():
    instructions = (PROJECT / "Dockerfile").read_text().splitlines()
    assert [line for line in instructions if line.startswith("USER ")] == ["USER vqflow"]
    assert len([line for line in instructions if line.startswith("FROM ")]) == 2


def test_every_variable_of_the_file_is_explained_in_the_example():
    example = (PROJECT / ".env.example").read_text()
    names = set()
    for part in (PROJECT / "docker-compose.yml").read_text().replace("$$", "").split("${")[1:]:
        names.add(part.split("}")[0].split(":")[0])
    assert {name for name in names if f"{name}=" not in example} == set()
