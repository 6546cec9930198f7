import pytest
from reading_html import shown_text

from maildesk.letters.render import Templates, template_dir
from maildesk.letters.samples import samples

OUR_FIRST_WORDS = "Thank you for telling us."


def acknowledgement(language="en"):
    return next(sample for sample in samples(language) if sample.name == "acknowledgement")


def render(templates, language="en"):
    sample = acknowledgement(language)
    return templates.render(sample.letter, sample.desk, sample.case, sample.reply_address)


@pytest.fixture
def own(tmp_path):
    folder = tmp_path / "own"
    (folder / "en").mkdir(parents=True)
    return folder


def test_a_users_template_wins_and_the_others_stay_ours(own):
    (own / "en" / "acknowledgement.txt.j2").write_text("Subject: Got it\n\nWe have it, {{ name }}.\n")
    (own / "en" / "acknowledgement.html.j2").write_text(
        '{% extends "_layout.html.j2" %}{% block body %}<p class="notice">We have it, {{ name }}.</p>{% endblock %}'
    )
    templates = Templates((own, template_dir()))
    letter = render(templates)
    assert letter.subject == "Got it"
    assert letter.text == "We have it, Ana Morel.\n"
    assert 'class="notice" style="' in letter.html
    assert "Danke" in render(templates, "de").text
    assert templates.problems == ()
    assert templates.check() == []


def test_a_text_alone_makes_its_own_html(own):
    (own / "en" / "acknowledgement.txt.j2").write_text("Subject: Got it\n\nWe have <it>, {{ name }}.\nBye\n")
    letter = render(Templates((own,)))
    assert shown_text(letter.html).split() == ["We", "have", "<it>,", "Ana", "Morel.", "Bye"]
    assert OUR_FIRST_WORDS not in letter.html


def test_a_users_layout_frames_our_letters(own):
    (own / "_layout.html.j2").write_text("<html><body><h1>Ours</h1>{% block body %}{% endblock %}</body></html>")
    html = render(Templates((own,))).html
    assert "<h1" in html
    assert OUR_FIRST_WORDS in html


@pytest.mark.parametrize(
    ("name", "source", "line", "words"),
    [
        ("acknowledgement.txt.j2", "Subject: x\n\nHello\n{{ nmae }}\n", 4, "nmae"),
        ("acknowledgement.txt.j2", "Subject: x\n\n{% if case %}\nHello\n", 4, "endif"),
        ("acknowledgement.txt.j2", "Subject: x\n\n\n{{ case.subject|upperr }}\n", 4, "upperr"),
        ("acknowledgement.txt.j2", "Hello\n\nno subject\n", 1, "Subject"),
        ("acknowledgement.txt.j2", "Subject: \n\nempty subject\n", 1, "Subject"),
        ("acknowledgement.txt.j2", "Subject: x\n\n{{ 1 / 0 }}\n", 3, "division"),
        ("acknowledgement.txt.j2", "Subject: x\n\n{{ case.no_such_field }}\n", 3, "no_such_field"),
        ("acknowledgement.txt.j2", "Subject: x\n\n{% include 'missing.j2' %}\n", 3, "missing.j2"),
    ],
)
def test_a_mistake_in_a_users_template_is_named_with_file_and_line_and_ours_is_used(own, name, source, line, words):
    file = own / "en" / name
    file.write_text(source)
    templates = Templates((own,))
    assert OUR_FIRST_WORDS in render(templates).text
    [problem] = templates.problems
    assert (problem.file, problem.line) == (str(file), line)
    assert words in problem.what
    assert str(file) in {found.file for found in Templates((own,)).check()}


def test_a_mistake_in_a_users_html_is_found_on_its_line_although_styles_move_lines(own):
    (own / "en" / "acknowledgement.txt.j2").write_text("Subject: x\n\nHello\n")
    file = own / "en" / "acknowledgement.html.j2"
    file.write_text(
        '<!DOCTYPE html>\n\n<html\n lang="en">\n\n<body>\n<p\n class="notice">\n{{ nmae }}</p></body></html>\n'
    )
    templates = Templates((own,))
    assert OUR_FIRST_WORDS in render(templates).text
    assert [(problem.file, problem.line) for problem in templates.problems] == [(str(file), 9)]


def test_a_template_that_is_not_utf8_is_reported_and_ours_is_used(own):
    file = own / "en" / "acknowledgement.txt.j2"
    file.write_bytes("Subject: x\n\nschön\n".encode("latin-1"))
    templates = Templates((own,))
    assert OUR_FIRST_WORDS in render(templates).text
    assert "utf-8" in str(templates.problems[0]).lower()


def test_a_users_template_cannot_reach_into_the_program(own):
    (own / "en" / "acknowledgement.txt.j2").write_text(
        "Subject: x\n\n{{ ''.__class__.__mro__[1].__subclasses__()|length }}\n"
    )
    templates = Templates((own,))
    assert OUR_FIRST_WORDS in render(templates).text
    assert "unsafe" in templates.problems[0].what


def test_a_users_template_that_runs_for_ever_is_stopped(own):
    (own / "en" / "acknowledgement.txt.j2").write_text("Subject: x\n\n{% for i in range(10**9) %}x{% endfor %}\n")
    templates = Templates((own,))
    assert OUR_FIRST_WORDS in render(templates).text
    assert templates.problems


def test_a_mistake_in_our_own_template_is_raised_and_not_hidden(monkeypatch, tmp_path, own):
    del own
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "phrases.toml").write_text((template_dir() / "en" / "phrases.toml").read_text())
    (tmp_path / "en" / "acknowledgement.txt.j2").write_text("Subject: x\n\n{{ nmae }}\n")
    (tmp_path / "_plain.html.j2").write_text("{{ text }}")
    monkeypatch.setattr("maildesk.letters.render.template_dir", lambda: tmp_path)
    with pytest.raises(Exception, match="nmae"):
        render(Templates())


def test_files_that_no_letter_uses_are_reported(own):
    (own / "en" / "acknowlegement.txt.j2").write_text("Subject: x\n\ny\n")
    (own / "en" / "reply.html.j2").write_text("<p>x</p>")
    (own / "en" / "_mine.txt.j2").write_text("x")
    found = {problem.file for problem in Templates((own,)).check()}
    assert found == {str(own / "en" / "acknowlegement.txt.j2"), str(own / "en" / "reply.html.j2")}


def test_a_folder_that_does_not_exist_is_reported_and_ours_serves(tmp_path):
    templates = Templates((tmp_path / "nowhere",))
    assert OUR_FIRST_WORDS in render(templates).text
    assert [problem.file for problem in templates.check()] == [str(tmp_path / "nowhere")]


def test_a_users_own_language_says_what_it_has_and_english_says_the_rest(own):
    (own / "fr").mkdir()
    (own / "fr" / "acknowledgement.txt.j2").write_text("Subject: Merci\n\n{{ case.due_at|date }}\n")
    (own / "fr" / "phrases.toml").write_text('locale = "fr_FR"\n')
    templates = Templates((own,))
    letter = render(templates, "fr-FR")
    assert letter.subject == "Merci"
    assert letter.text == "vendredi 18 décembre 2026\n"
    assert templates.problems == ()
    sample = next(each for each in samples("fr") if each.name == "probe")
    assert "test letter" in templates.render(sample.letter, sample.desk, sample.case, "").text
    assert [problem.file for problem in templates.problems] == ["fr/probe.txt.j2"]


def test_a_block_between_attributes_is_reported_with_its_file_and_line(own):
    (own / "en" / "acknowledgement.txt.j2").write_text("Subject: x\n\nHello\n")
    file = own / "en" / "acknowledgement.html.j2"
    file.write_text("<p>\n<b {% if name %}class='notice'{% endif %}>Hello</b></p>\n")
    templates = Templates((own,))
    assert OUR_FIRST_WORDS in render(templates).text
    assert [(problem.file, problem.line) for problem in templates.problems] == [(str(file), 2)]
