import re

import pytest

from vmp.book.mathematics import Katex, TexError, split_number


@pytest.fixture(scope="module")
def katex():
    with Katex() as running:
        yield running


def elements(mathml):
    return re.sub(r"<annotation.*?</annotation>", "", mathml)


def test_a_formula_becomes_mathml_that_keeps_its_tex(katex):
    mathml = katex.mathml(r"\frac{1}{1+e^{-x}}")
    assert mathml.startswith("<math ")
    assert 'display="block"' not in mathml
    assert "<mfrac>" in mathml
    assert r'<annotation encoding="application/x-tex">\frac{1}{1+e^{-x}}</annotation>' in mathml
    assert 'display="block"' in katex.mathml("x", display=True)


@pytest.mark.parametrize(
    ("tex", "letters"),
    [
        (r"\mathbf{D}", "\U0001d403"),
        (r"\mathcal{V}", "\U0001d4b1"),
        (r"\mathcal{L}", "\u2112"),
        (r"\mathbb{R}", "\u211d"),
        (r"\boldsymbol{\theta}", "\U0001d73d"),
        (r"\mathbf{3}", "\U0001d7d1"),
    ],
)
def test_alphabets_are_characters_since_browsers_know_no_other_variant(katex, tex, letters):
    mathml = elements(katex.mathml(tex))
    assert f">{letters}</" in mathml
    assert set(re.findall(r'mathvariant="([^"]*)"', mathml)) <= {"normal"}


def test_columns_are_aligned_by_style(katex):
    mathml = elements(katex.mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", display=True))
    sides = re.findall(r'<mtd style="text-align:(\w+)', mathml)
    assert sides == ["right", "left", "right", "left"]
    assert "columnalign" not in mathml
    inner = elements(katex.mathml(r"\begin{cases} \begin{matrix} a & b \end{matrix} & 1 \\ 2 & 3 \end{cases}"))
    assert re.findall(r"<mtd[^>]*>", inner) == [
        '<mtd style="text-align:left">', "<mtd>", "<mtd>", *['<mtd style="text-align:left">'] * 3,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tex", "reason"),
    [
        (r"\unknown{x}", r"Undefined control sequence: \\unknown"),
        (r"\frac{1}{", "Unexpected end of input"),
        ("x_", "Expected group"),
    ],
)
def test_tex_that_katex_does_not_read_is_an_error(katex, tex, reason):
    with pytest.raises(TexError, match=rf"expected TeX that KaTeX reads, came .*{reason}"):
        katex.mathml(tex)


def test_the_papers_number_is_taken_out_of_the_tex():
    assert split_number(r"x = 1 \tag{7}") == ("x = 1", "7")
    assert split_number(r"x \tag{C.2} = 1") == ("x  = 1", "C.2")
    assert split_number("x = 1") == ("x = 1", None)
