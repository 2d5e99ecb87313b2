import pytest


@pytest.fixture
def file(tmp_path):
    """A file of a text or bytes."""

    def write(content, name="x.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
