"""Which test file is run when, and by which worker."""

from streetview_assets_tests.turns import FIRST, ROOT, WAITING, suitable


def test_every_name_is_of_a_file():
    files = [file.relative_to(ROOT).as_posix() for file in ROOT.rglob("test_*.py")]
    for name in (*WAITING, *FIRST):
        assert any(file.startswith(name) or file.endswith(f"/{name}") for file in files), name


def test_one_worker_waits_and_the_others_compute():
    computing, waiting = ["models/test_gains.py", "test_charts.py"], ["images/test_client.py"]
    scopes = [f"{ROOT.name}/{file}" for file in (computing[0], *waiting, computing[1])]
    first, client, last = scopes
    assert suitable(scopes, waits=False) == first
    assert suitable(scopes, waits=True) == client
    assert suitable([client, last], waits=False) == last
    assert suitable([first, last], waits=True) == last, "the short ones are at the end"
    assert suitable([client], waits=False) == client
