import pytest

from cytally import errors
from cytally.errors import ConfigError, CytallyError, ImageError, UsageError


@pytest.mark.parametrize(
    ("file", "cure", "line"),
    [
        (None, None, "is empty"),
        ("a.tif", None, "a.tif: is empty"),
        (None, "export it again", "is empty; export it again"),
        ("a.tif", "export it again", "a.tif: is empty; export it again"),
    ],
)
def test_an_error_is_one_line(file, cure, line):
    error = ImageError("is empty", file=file, cure=cure)
    assert str(error) == error.line() == line
    assert (error.message, error.file, error.cure) == ("is empty", file, cure)


def test_line_breaks_from_elsewhere_do_not_break_the_line():
    assert str(CytallyError("the library says:\n  no", cure="try\nagain")) == "the library says: no; try again"


def test_paths_are_kept_as_text(tmp_path):
    assert CytallyError("is empty", file=tmp_path).file == str(tmp_path)


def test_every_error_is_a_cytally_error_and_a_wrong_configuration_is_wrong_usage():
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    assert len(classes) > 5
    assert all(issubclass(each, CytallyError) for each in classes)
    assert issubclass(ConfigError, UsageError)
    assert all(each.__doc__ for each in classes)
