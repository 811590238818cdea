"""Names of many countries are found by each of their parts, typed on any keyboard."""

# ruff: noqa: RUF001  # the letters of other scripts that look like Latin ones are meant

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.folding import fold, spellings
from shared.domain.search import MAX_TOKENS, matches, order_tokens, query_words

ORDER = "ord_4711"
DEMO = Path(__file__).parents[2] / "infra" / "local" / "demo" / "orders.jsonl"


def finds(query: str, name: str) -> bool:
    words = query_words(query)
    return bool(words) and matches(order_tokens(ORDER, [name]), words)


# Each name, and what people type to find it.
FOUND = [
    # Initials and short words, with and without periods and spaces.
    ("J. R. Tolkien", ["J.R. Tolkien", "JR Tolkien", "jr", "J R", "J.R.Tolkien", "tolkien j r"]),
    ("J.R. Tolkien", ["J. R. Tolkien", "JR Tolkien", "J R Tolkien", "r tolkien"]),
    ("JR Tolkien", ["J.R. Tolkien", "JR", "Tolkien JR"]),
    ("J R R Tolkien", ["J.R.R. Tolkien", "JRR", "J. R. R."]),
    ("Tolkien, J. R. R.", ["JRR Tolkien", "J.R.R.", "tolkien jr"]),
    ("St. John Smith", ["St.John", "St John", "stjohn", "St. John", "john smith"]),
    ("St John Smith", ["St.John", "St. John", "stjohn", "st", "john"]),
    ("De La Cruz", ["delacruz", "de la cruz", "DeLaCruz", "la cruz", "cruz", "lacruz"]),
    ("Dr. Ana Ruiz", ["Dr.Ana", "dr ana", "ana ruiz"]),
    ("O Brien", ["O'Brien", "obrien", "brien"]),
    ("Li Wei", ["liwei", "wei", "li wei", "wei li"]),
    # Korean, with the family name first or alone.
    ("김민수", ["민수", "김 민수", "김", "김민수", "민수 김"]),
    ("김 민수", ["김민수", "민수", "김 민수"]),
    ("남궁 민", ["남궁민", "민", "남궁"]),
    (unicodedata.normalize("NFD", "김민수"), ["민수"]),
    # Umlauts and other letters that are typed as two.
    ("Müller", ["Mueller", "Muller", "Müller", "MÜLLER", "mue", "mu", "Mu\u0308ller"]),
    ("Mueller", ["Müller", "Muller", "Mueller"]),
    ("Muller", ["Müller", "Muller"]),
    ("Groß", ["Gross", "GROSS", "groß", "GRO\u1e9e"]),
    ("Jörg Schäfer", ["Joerg Schaefer", "Jorg Schafer", "schäfer jörg"]),
    ("Åse Aas", ["Aase", "Ase", "Åse", "Ås", "Aas", "AASE ÅS"]),
    ("Bjørn Læssøe", ["Bjoern Laessoe", "Bjorn Lasso", "Björn Lässö", "bjørn læssøe"]),
    ("Søren Kierkegård", ["Soren Kierkegaard", "Soeren", "kierkegard"]),
    ("Kierkegaard", ["Kierkegård"]),
    ("Đoković", ["Djokovic", "Dokovic", "Đoković"]),
    ("Bauer", ["Bauer", "bau", "baue"]),
    ("Goethe", ["Goethe", "Göthe", "goe"]),
    ("Joel Aaron", ["Joel", "Aaron", "joe", "aar"]),
    ("Michael Samuel", ["michael", "samuel"]),
    # Arabic, Persian and Urdu letters and digits.
    ("أحمد الإبراهيم", ["احمد", "أحمد", "الابراهيم"]),
    ("ٱلحسن آمنة", ["الحسن", "امنه", "آمنة"]),
    ("علي مصطفى", ["علی", "مصطفي", "مصطفی"]),
    ("کیان کریمی", ["كيان", "كريمي", "کریمی"]),
    ("فاطمة", ["فاطمه", "فاطمة", "فَاطِمَة"]),
    ("محمـــد", ["محمد", "مُحَمَّد"]),
    ("ﻣﺤﻤﺪ", ["محمد"]),
    ("علی\u200cرضا", ["علیرضا", "علی رضا", "رضا", "علی\u200cرضا"]),
    ("علیرضا", ["علی\u200cرضا", "علیرضا"]),
    ("Team ١٢", ["12", "۱۲", "team 12"]),
    ("Team 12", ["١٢", "۱۲", "१२", "１２"]),
    # Hebrew with points, hyphen and apostrophe.
    ("שָׁלוֹם כהן", ["שלום", "כהן שלום"]),
    ("ג׳ורג׳ בן\u05beדוד", ["ג'ורג'", "גורג", "ג׳ורג׳", "דוד", "בן דוד"]),
    # Thai, Lao, Khmer and Myanmar.
    (
        "สมชาย陳陈邊辺边 ใจดี",
        ["สมชาย陳陈邊辺边", "ใจดี", "สมชาย陳陈邊辺边ใจดี", "ใจดี สมชาย陳陈邊辺边"],
    ),
    ("นายสมชาย陳陈邊辺边ใจดี", ["สมชาย陳陈邊辺边", "ใจดี", "สมชาย陳陈邊辺边 ใจดี"]),
    ("น้ำฝน", ["นำฝน", "น้ำ", "ฝน"]),
    ("ສົມສັກ", ["ສົມ", "ສັກ"]),
    ("សុខ វិបុល", ["វិបុល", "សុខ", "សុខវិបុល"]),
    ("အောင်ဆန်း", ["ဆန်း", "အောင်"]),
    # Indic scripts.
    ("प्रिया शर्मा", ["प्रिया", "शर्मा", "शर्मा प्रिया"]),
    ("ශ්\u200dරී ලංකා", ["ශ්රී", "ශ්\u200dරී", "ලංකා"]),
    # Turkish, Vietnamese, Greek and Cyrillic.
    ("IŞIK İpek", ["isik", "ipek", "\u0131şık", "ISIK IPEK", "Ipek"]),
    ("Nguyễn Thị Hương", ["nguyen", "huong", "Nguyễn", "thi"]),
    ("Γιώργος Παπάς", ["γιωργος", "ΠΑΠΑΣ", "παπας", "Γιώργοσ"]),
    ("Фёдор Алёшин", ["Федор", "алешин", "ФЁДОР"]),
    ("Ґалаґан Їжак", ["Галаган", "ґалаґан", "їжак"]),
    # Japanese, in each of its scripts and widths, and old forms of Kanji.
    ("ガブリエル", ["がぶりえる", "ｶﾞﾌﾞﾘｴﾙ", "ガブ", "リエル"]),
    ("さくら ゆうこ", ["サクラ", "ユウコ", "さくらゆうこ", "ゆうこ"]),
    ("ジョン・スミス", ["ジョン スミス", "すみす", "ジョンスミス"]),
    ("髙橋 﨑子", ["高橋", "崎子", "髙橋"]),
    ("渡邊 澤", ["渡辺", "沢", "渡邉"]),
    ("齋藤 濱", ["斎藤", "浜", "濵"]),
    ("ＡＢＣ Ｔａｎａｋａ", ["tanaka", "ABC"]),
    ("Yuto 佐藤", ["佐藤", "yuto 佐藤", "Yuto佐藤", "佐藤 yuto"]),
    # Chinese, with and without spaces and middle dots.
    ("陳慧嫻", ["陈慧娴", "陈", "慧娴", "陳慧嫻"]),
    ("郑 龙", ["鄭龍", "龍", "郑龙"]),
    ("鍾 復", ["钟复", "钟", "鐘"]),
    ("王 小明", ["王小明", "小明", "小明 王"]),
    ("阿布都·热西提", ["阿布都热西提", "热西提", "阿布都・热西提", "阿布都 热西提"]),
    # Accents, hooks and strokes.
    ("Łukasz Żółć", ["lukasz", "zolc"]),
    ("Ɗanjuma Ƙofa", ["danjuma", "kofa"]),
    ("Zoë Gonçalves", ["zoe", "goncalves"]),
    ("D\u2019Angelo-Núñez", ["d'angelo", "dangelo", "angelo", "nunez", "D Angelo Nunez"]),
    # Punctuation between a letter and its vowel sign.
    ("राम\u200cा", ["रामा", "राम\u200cा", "राम"]),
    ("A.ा B", ["A.ा", "aाb", "A.ा B", "b"]),
]


@pytest.mark.parametrize(("name", "queries"), FOUND, ids=[ascii(name)[:30] for name, _ in FOUND])
def test_a_name_is_found_as_people_type_it(name: str, queries: list[str]) -> None:
    assert [query for query in queries if not finds(query, name)] == []


@pytest.mark.parametrize(("name", "_"), FOUND, ids=[ascii(name)[:30] for name, _ in FOUND])
def test_a_name_is_found_by_itself_and_by_each_spelling_of_it(name: str, _: list[str]) -> None:
    assert finds(name, name)
    for spelling in spellings(name):
        assert finds(spelling, name)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        # A digraph is a letter only where a name has it.
        ("joe", "John"),
        ("sue", "Susan"),
        ("mae", "Maria"),
        ("zoe", "Zola"),
        ("bauer", "Baur"),
        ("muelle", "Mulligan"),
        # Vowel signs and voicing are letters.
        ("रमा", "राम"),
        ("กิ", "กุ"),
        ("か", "ガク"),
        ("ハ", "パク"),
        # A query must begin a part.
        ("olkien", "J. R. Tolkien"),
        ("수민", "김민수"),
        ("jt", "J. R. Tolkien"),
        ("annaruiz", "Anna Ruiz"),
        ("حمد", "أحمد"),
    ],
)
def test_an_unrelated_name_is_not_found_through_folding(query: str, name: str) -> None:
    assert not finds(query, name)


def test_each_name_of_the_demo_is_found_by_each_of_its_words_in_ascii_too() -> None:
    orders = [json.loads(line) for line in DEMO.read_text(encoding="utf-8").splitlines()]
    people = [each["parent"]["name"] for each in orders]
    people += [subject["name"] for each in orders for subject in each["subjects"]]
    assert len(people) > 80
    for name in people:
        for word in name.split():
            plain = unicodedata.normalize("NFD", word).encode("ascii", "ignore").decode()
            assert finds(word, name)
            assert not plain or finds(plain, name)


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
SPECIAL = st.text(
    "äöüåøæßđaeouj'. -ıİşğñ김민수山田がガสมชาย陳陈邊辺边\u200cऱमा", min_size=1, max_size=16
)


@given(NAMES | SPECIAL)
def test_folding_is_done_after_one_time(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    for spelling in spellings(text):
        assert fold(spelling) == spelling


# Not assigned, half of a pair, or of private use.
_NO_CHARACTERS = {"Cn", "Cs", "Co"}


def test_each_character_is_folded_after_one_time() -> None:
    assigned = (
        chr(code)
        for code in range(0x110000)
        if unicodedata.category(chr(code)) not in _NO_CHARACTERS
    )
    assert [char for char in assigned if fold(fold(char)) != fold(char)] == []


@given(NAMES | SPECIAL)
def test_a_query_finds_only_what_a_spelling_of_the_name_contains(text: str) -> None:
    contained = [_letters(each) for each in spellings(text)]
    for token in order_tokens("1", [text]):
        assert token == "1" or any(_letters(token) in each for each in contained)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


@given(NAMES | SPECIAL, NAMES | SPECIAL)
def test_any_two_names_find_their_order(first: str, second: str) -> None:
    tokens = order_tokens(ORDER, [first, second])
    assert len(tokens) <= MAX_TOKENS
    assert matches(tokens, query_words(f"{second} {first}"))
    assert matches(tokens, query_words(fold(first)))


def test_no_token_begins_another() -> None:
    tokens = order_tokens(ORDER, ["Sue Susan Su", "J. R. Tolkien", "Müller Mueller"])
    for token in tokens:
        assert [each for each in tokens if each.startswith(token)] == [token]


def test_usual_names_need_few_tokens() -> None:
    assert len(order_tokens(ORDER, ["Maria Garcia-Lopez", "Ana Garcia-Lopez"])) == 6
    assert len(order_tokens(ORDER, ["Jürgen Müller"])) == 6
    assert len(order_tokens(ORDER, ["김민수"])) == 5
