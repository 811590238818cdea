"""Names are found by the beginnings of their words, in any spelling."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.folding import fold, is_mark
from shared.domain.search import (
    MAX_QUERY_WORDS,
    MAX_TOKEN_LENGTH,
    MAX_TOKENS,
    first_match,
    matches,
    order_tokens,
    query_words,
)

ORDER = "ord_4711"

LETTERS = "aáäåbcçdđeéèfghiíjklłmnñoóöøpqrsßtuüvwxyzAÁÇĐŁÑØÜŽşğ\u0131İ"
WORDS = st.text(st.sampled_from(LETTERS + "авгдкмнαβγδ김철수محمد"), min_size=1, max_size=12)
NAMES = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)
MARKS = ["'", "\u2019", "\u2018", "\u02bb", "\u02bc", "\u00b4", "`", "\u2032", "-", ".", "_"]


def is_word(text: str) -> bool:
    """Return whether the text is a letter or digit, then letters, digits and their marks."""
    return text[0].isalnum() and all(char.isalnum() or is_mark(char) for char in text)


def finds(query: str, *names: str) -> bool:
    words = query_words(query)
    return bool(words) and matches(order_tokens(ORDER, names), words)


@given(NAMES, NAMES, st.data())
def test_any_beginning_of_any_word_finds_the_order(
    parent: str, subject: str, data: st.DataObject
) -> None:
    word = data.draw(st.sampled_from([*parent.split(), *subject.split(), ORDER]))
    start = word[: data.draw(st.integers(1, len(word)))]
    assert finds(start, parent, subject)


@given(NAMES, NAMES, st.data())
def test_words_of_parent_and_subject_find_it_in_any_order(
    parent: str, subject: str, data: st.DataObject
) -> None:
    words = [*parent.split(), *subject.split(), ORDER]
    assert finds(" ".join(data.draw(st.permutations(words))), parent, subject)


@given(NAMES, st.data())
def test_case_accents_and_their_encoding_make_no_difference(name: str, data: st.DataObject) -> None:
    spelled = data.draw(
        st.sampled_from(
            [
                name.upper(),
                name.lower(),
                name.swapcase(),
                unicodedata.normalize("NFD", name),
                fold(name),
            ]
        )
    )
    assert finds(spelled, name)
    assert finds(name, spelled)


@given(st.lists(WORDS, min_size=2, max_size=4), st.sampled_from(MARKS), st.sampled_from(MARKS))
def test_punctuation_inside_a_word_makes_no_difference(
    parts: list[str], written: str, typed: str
) -> None:
    name = written.join(parts)
    assert finds(typed.join(parts), name)
    assert finds(" ".join(parts), name)
    assert finds("".join(parts), name)
    assert all(finds(part, name) for part in parts)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_finds_itself_if_it_has_a_word(first: str, second: str) -> None:
    tokens = order_tokens(ORDER, [first, second])
    assert matches(tokens, query_words(first))
    assert matches(tokens, query_words(f"{second} {first}"))


@given(st.text())
def test_folded_twice_is_folded_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.lists(st.text(max_size=200), max_size=100))
def test_tokens_are_few_and_short_and_have_no_separator_of_a_key(names: list[str]) -> None:
    tokens = order_tokens(ORDER, names)
    assert len(tokens) == len(set(tokens)) <= MAX_TOKENS
    for token in tokens:
        assert 1 <= len(token) <= MAX_TOKEN_LENGTH
        assert is_word(token)


@given(st.text(max_size=400))
def test_a_query_has_few_words_and_none_is_redundant(query: str) -> None:
    words = query_words(query)
    assert len(words) <= MAX_QUERY_WORDS
    assert words == sorted(words, key=lambda word: (-len(word), word))
    for word in words:
        assert is_word(word)
        assert not any(other != word and other.startswith(word) for other in words)


@given(NAMES, st.data())
def test_a_list_shows_an_order_at_exactly_one_of_its_tokens(name: str, data: st.DataObject) -> None:
    tokens = order_tokens(ORDER, [name])
    word = data.draw(st.sampled_from(query_words(name)))
    assert [token for token in tokens if token == first_match(tokens, word)] == [
        min(token for token in tokens if token.startswith(word))
    ]


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("José García", ["jose", "JOSE garcia", "garcía jose", "gar jo", "Jose\u0301"]),
        (
            "Siobhan O'Brien",
            ["O'Brien", "obrien", "o brien", "O\u2019Brien", "brien o"],
        ),
        ("Pieter van der Berg", ["van der", "der van", "berg pieter", "VAN DER BERG"]),
        ("Nguyễn Thị Hương", ["nguyen", "Nguyễn", "nguyen huong", "thi ng"]),
        ("山田太郎", ["山田", "太郎", "山田太郎", "山田 太郎", "太郎 山田"]),
        ("山田 太郎", ["山田太郎", "山田", "太郎"]),
        ("ジョン・スミス", ["ジョン", "スミス", "ジョン・スミス", "ジョンスミス", "ｼﾞｮﾝ"]),
        ("Anne-Marie Smith-Jones", ["anne", "marie", "annemarie", "jones smith", "smith-jones"]),
        ("Ka\u02bbahumanu Kealoha", ["Ka'ahumanu", "kaahumanu", "ka\u02bbahu", "ahumanu"]),
        ("Đặng Łukasz Strauß", ["dang", "lukasz", "strauss", "STRAUSS"]),
        ("IŞIK İpek", ["isik", "ipek", "\u0131ş\u0131k"]),
        ("김철수", ["김", "김철수"]),
        ("J.R. Tolkien", ["jr", "J.R.", "j r tolkien"]),
        ("D\u2019Angelo, Maria (Mom)", ["d'angelo", "maria", "mom", "Maria D'Angelo"]),
    ],
)
def test_names_are_found_as_people_type_them(name: str, queries: list[str]) -> None:
    assert [query for query in queries if not finds(query, name)] == []


@pytest.mark.parametrize("query", ["ose", "josefa", "jose garciaz", "jose smith", "カ", "4711x"])
def test_a_text_that_begins_no_word_finds_nothing(query: str) -> None:
    assert not finds(query, "José García", "ガブリエル")


@pytest.mark.parametrize("query", ["ord_4711", "ORD_4711", "ord_47", "4711", "ord 4711 jose"])
def test_the_orders_id_finds_it(query: str) -> None:
    assert finds(query, "José García")


@pytest.mark.parametrize("query", ["", " ", "!?", "'", "___", "\u0301", "🙂", "\ud800"])
def test_a_text_without_letter_or_digit_is_no_word(query: str) -> None:
    assert query_words(query) == []


def test_of_too_many_tokens_whole_words_come_before_parts() -> None:
    long_name = "".join(chr(0x5000 + number) for number in range(100))
    tokens = order_tokens(ORDER, [long_name, *(f"{n}th" for n in range(30))])
    assert len(tokens) == MAX_TOKENS
    assert matches(tokens, [f"{n}th" for n in range(30)])
