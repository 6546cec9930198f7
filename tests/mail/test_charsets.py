import pytest

from maildesk.mail.charsets import clean, codec, decode


@pytest.mark.parametrize(
    ("label", "charset", "text"),
    [
        ("utf-8", "utf-8", "Größe"),
        ("UTF8", "utf-8", "Größe"),
        ("iso-8859-1", "cp1252", "“Größe” €"),
        ("gb2312", "gb18030", "投诉镕"),
        ("shift_jis", "cp932", "①苦情"),
        ("ks_c_5601-1987", "cp949", "불만"),
        ("iso-2022-jp", "iso2022_jp", "苦情"),
        ("koi8-r", "koi8-r", "жалоба"),
        ("windows-874", "cp874", "ร้องเรียน"),
        ("utf-16", "utf-16", "Größe"),
        ("utf-7", "utf-7", "Größe"),
        ('"utf-8"', "utf-8", "Größe"),
        ("utf-8; format=flowed", "utf-8", "Größe"),
    ],
)
def test_text_is_read_by_the_label_that_mailers_write(label: str, charset: str, text: str):
    assert decode(text.encode(charset), label) == (text, None)


@pytest.mark.parametrize("label", [None, "", "x-martian", "us-ascii", "base64", "undefined"])
def test_without_a_usable_label_utf_8_is_tried(label: str | None):
    assert decode("Größe und Straße".encode(), label)[0] == "Größe und Straße"


@pytest.mark.parametrize("label", ["hex", "rot13", "unicode_escape", "zip", "idna"])
def test_a_codec_that_is_no_charset_is_none(label: str):
    assert codec(label) is None


def test_no_byte_is_lost_whatever_the_label():
    every = bytes(range(1, 256))
    assert len(decode(every, "iso-8859-1")[0]) == 255


def test_clean_text_can_be_stored_anywhere():
    text = clean("a\x00b\ud800c\x1b[31md\te\nf")
    assert text == "ab\ufffdc[31md\te\nf"
    assert text.encode()
