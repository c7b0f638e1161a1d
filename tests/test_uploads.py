"""Tables that people upload: kept whole or not at all, under harmless names, for two weeks, up to a limit."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from model.errors import TableError
from service.app import create_app
from service.batch.preview import preview
from service.settings import Settings
from service.store.errors import InvalidValueError, NotFoundError
from service.uploads import KEEP_DAYS, Uploads
from tests.accounts import LOCAL
from tests.conftest import write_csv

SUFFIXES = (".csv", ".csv.gz", ".xlsx")
LIMIT = 100_000


@pytest.mark.parametrize(
    ("name", "kept"),
    {
        "../../etc/积压.CSV": "积压.CSV",
        "C:\\users\\王\\积压.csv": "积压.csv",
        'a"b<c>\n\u202e|?*.csv': "a_b_c______.csv",
        "x" * 300 + ".csv": "x" * 100 + "x" * 16 + ".csv",
    }.items(),
)
def test_a_name_cannot_do_harm(tmp_path: Path, name: str, kept: str) -> None:
    upload = Uploads(tmp_path).receive("batch", name, io.BytesIO(b"text\n"), SUFFIXES, "王")
    assert upload.name == kept
    assert upload.table.parent.parent == tmp_path / "uploads"
    assert Uploads(tmp_path).get(upload.id).table.read_bytes() == b"text\n"


def test_what_is_no_table_leaves_nothing(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    for name, content in (("a.exe", b"MZ"), ("csv", b"x"), ("a.csv", b"")):
        with pytest.raises(InvalidValueError):
            uploads.receive("batch", name, io.BytesIO(content), SUFFIXES, "王")
    assert list((tmp_path / "uploads").glob("*")) == []
    assert uploads.receive("batch", "a.csv.gz", io.BytesIO(b"x"), SUFFIXES, "王").suffix == ".csv.gz"


def test_uploads_are_remembered_removed_and_end(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    one, other = (uploads.receive(kind, "a.csv", io.BytesIO(b"x"), SUFFIXES, "王") for kind in ("batch", "labelled"))
    uploads.remember(one, job="j")
    assert [(upload.id, upload.more) for upload in uploads.everything("batch")] == [(one.id, {"job": "j"})]
    uploads.remove(one.id)
    with pytest.raises(NotFoundError):
        uploads.get(one.id)
    assert (other.ends_on - other.created_at).days == KEEP_DAYS
    other.folder.rename(other.folder.with_name("20200101-000000-000000"))
    uploads.tidy()
    assert list((tmp_path / "uploads").glob("*")) == []


@pytest.fixture(scope="module")
def client(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("uploads")
    (folder / "models").symlink_to(home / "models")
    settings = Settings(home=folder, auth="off", max_upload_bytes=LIMIT, max_body_bytes=1000)
    with TestClient(create_app(settings), base_url=LOCAL, follow_redirects=False) as client:
        yield client


def test_a_table_may_be_longer_than_other_bodies_but_not_without_end(client: TestClient) -> None:
    table = b"text\n" + b"x" * 20_000
    assert client.post("/batch", files={"table": ("a.csv", table)}).status_code == 303
    assert client.post("/v1/route", json={"text": "x" * 2000}).status_code == 413
    assert client.post("/batch", files={"table": ("a.csv", b"x" * 2 * LIMIT)}).status_code == 413


def test_a_column_that_the_table_does_not_have_is_no_argument(client: TestClient) -> None:
    page = client.post("/batch", files={"table": ("a.csv", "内容,--engine\n喂,x\n".encode())}).headers["location"]
    for column in ("", "spark", "--engine=spark"):
        assert client.post(page, data={"column": column}).status_code == 422
    assert client.get(f"{page}/state").status_code == 404
    assert client.get(f"{page}/result").status_code == 404


def test_a_preview_names_the_column_and_shows_little(tmp_path: Path) -> None:
    rows = [["1", "长" * 1000], *([str(n), "短"] for n in range(20))]
    found = preview(write_csv(tmp_path / "a.csv", ["编号", "诉求内容"], *rows, encoding="gbk"))
    assert (found["columns"], found["text"]) == (["编号", "诉求内容"], "诉求内容")
    assert len(found["rows"]) == 5
    assert found["rows"][0] == ["1", "长" * 200]
    assert json.dumps(found)
    assert preview(write_csv(tmp_path / "b.csv", ["x", "tip_desk"], ["y", "z"]))["scored"] == ["tip_desk"]
    (tmp_path / "c.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(TableError, match="not readable"):
        preview(tmp_path / "c.xlsx")
