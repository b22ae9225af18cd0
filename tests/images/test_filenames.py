"""What is a file called, whatever was sent as its name?"""

from __future__ import annotations

import unicodedata

import pytest

from jobs.images import ImageError, clean_filename, make_unique_names


def clean(raw: str, extension: str = "jpg") -> str:
    return clean_filename(raw, extension=extension)


@pytest.mark.parametrize("name", ["chair.jpg", "IMG_0001.JPG", "a.jpeg", "Stuhl (2).jpg", "椅子.jpg", "кресло.jpg"])
def test_it_works(name: str) -> None:
    assert clean(name) == name


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("..\\..\\x.jpg", "x.jpg"),
        ("/etc/x.jpg", "x.jpg"),
        ("C:\\x.jpg", "x.jpg"),
        ("~/.ssh/x.jpg", "x.jpg"),
        ("a/b\\c/x.jpg", "x.jpg"),
    ],
)
def test_only_the_last_component_is_left(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@pytest.mark.parametrize(
    ("raw", "extension", "shown"),
    [
        ("photo", "jpg", "photo.jpg"),
        ("a.jfif", "jpg", "a.jpg"),
        ("a.jpg.exe", "jpg", "a.jpg"),
        ("a.jpeg.exe", "jpg", "a.jpeg"),
        ("chair.png", "jpg", "chair.jpg"),
        ("chair.jpg", "webp", "chair.webp"),
        ("photo\u202egpj.exe", "jpg", "photogpj.jpg"),
        ("chair v1.2", "png", "chair v1.2.png"),
        ("archive.tar.gz", "png", "archive.tar.png"),
        ("chair...jpg", "jpg", "chair.jpg"),
        (".jpg", "jpg", "picture.jpg"),
        (".htaccess.jpg", "jpg", ".htaccess.jpg"),
        ("a.php.jpg", "jpg", "a.php.jpg"),
        ("web.config.jpg", "jpg", "web.config.jpg"),
    ],
)
def test_the_content_names_the_extension(raw: str, extension: str, shown: str) -> None:
    assert clean(raw, extension) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\u202eb.jpg", "ab.jpg"),
        ("\u2066a\u2069\u200e\u061c.jpg", "a.jpg"),
        ("a\x00b\x07\x7f\x9b.jpg", "ab.jpg"),
        ("a\r\nX-Evil: 1.jpg", "a X-Evil: 1.jpg"),
        ("a\u2028\t  b.jpg", "a b.jpg"),
        ("\ufeffa\ud800.jpg", "a.jpg"),
        ("  chair .jpg", "chair.jpg"),
    ],
)
def test_characters_that_deceive_go(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>.jpg",
        "&lt;b&gt;.jpg",
        "{{7*7}}.jpg",
        "${7*7}.jpg",
        "-rf.jpg",
        "$(id).jpg",
        "`id`.jpg",
        ";rm.jpg",
        "|x.jpg",
        "👩\u200d🚀.jpg",
    ],
)
def test_characters_that_only_need_escaping_stay(name: str) -> None:
    assert clean(name) == name


@pytest.mark.parametrize("raw", ["", ".", "..", "...", "/", "a/", "a\\", "../..", " ", "\u202e", "\x00", "a/. ."])
def test_it_refuses_no_name(raw: str) -> None:
    with pytest.raises(ImageError) as caught:
        clean(raw)
    assert caught.value.code == "invalid_filename"
    assert caught.value.hint


@pytest.mark.parametrize("raw", ["x" * 300, "x" * 300 + ".jpg", "é" * 200 + ".jpg", "e\u0301" * 200, "🪑" * 200])
def test_a_long_name_keeps_its_extension(raw: str) -> None:
    shown = clean(raw)
    assert shown.endswith(".jpg")
    assert 60 <= len(shown) <= 120
    assert len(shown.encode()) <= 240


def test_a_character_is_not_cut_from_its_marks() -> None:
    marked = "x\u0334\u0323"  # has no composed form
    stem = clean(marked * 50).removesuffix(".jpg")
    assert len(stem) <= 116
    assert stem == marked * (len(stem) // 3)
    family = "👩\u200d👩\u200d👧"
    assert not clean(family * 60).removesuffix(".jpg").endswith("\u200d")


def test_one_spelling_for_one_name() -> None:
    assert clean(unicodedata.normalize("NFD", "Möbel é.jpg")) == "Möbel é.jpg"


def test_names_become_unique() -> None:
    assert make_unique_names(["chair.png", "chair.png", "vase.png", "chair.png"]) == [
        "chair.png",
        "chair (2).png",
        "vase.png",
        "chair (3).png",
    ]


@pytest.mark.parametrize(
    "names",
    [
        ["CHAIR.png", "chair.PNG"],
        ["Straße.png", "STRASSE.png"],
        ["é.png", "e\u0301.png"],
        ["chair.png", "chair (2).png", "chair.png", "chair (2).png"],
        ["chair", "chair", ".png", ".png"],
    ],
)
def test_no_system_sees_one_file(names: list[str]) -> None:
    unique = make_unique_names(names)
    folded = {unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()) for name in unique}
    assert len(folded) == len(names)
    assert unique[0] == names[0]


def test_many_same_names_are_quick() -> None:
    assert make_unique_names(["a.png"] * 25)[-1] == "a (25).png"
