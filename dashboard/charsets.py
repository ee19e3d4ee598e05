"""In what encoding a text file is, when it is not UTF-8: what spreadsheets write on systems of many languages.

A list of names has few letters, too few for the statistics of charset-normalizer: of twenty short lists it took twelve for another language.
So each encoding is tried strictly, and its text judged by what its own languages write: letters that they have, common characters, capitals
only where words begin.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from django.utils.translation import gettext_lazy as _

JUDGED = 20_000  # letters beyond ASCII; more tell nothing more
CERTAIN, LIKELY = 0.95, 0.5  # shares of them that fit

# What a person may choose, with the word for it.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "cp1252": _("Windows-1252, Western Europe"),
    "cp1250": _("Windows-1250, Central Europe"),
    "cp1251": _("Windows-1251, Cyrillic"),
    "cp1253": _("Windows-1253, Greek"),
    "cp1254": _("Windows-1254, Turkish"),
    "cp1255": _("Windows-1255, Hebrew"),
    "cp1256": _("Windows-1256, Arabic"),
    "cp1257": _("Windows-1257, Baltic"),
    "cp1258": _("Windows-1258, Vietnamese"),
    "cp874": _("Windows-874, Thai"),
    "koi8-u": _("KOI8, Cyrillic"),
    "mac-roman": _("Mac Roman, Western Europe"),
    "cp437": _("DOS 437"),
    "cp850": _("DOS 850, Western Europe"),
    "gb18030": _("GB 18030, Simplified Chinese"),
    "cp950": _("Big5, Traditional Chinese"),
    "cp932": _("Shift JIS, Japanese"),
    "cp949": _("EUC-KR, Korean"),
}

# Degrees, square and cubic metres, halves. ³ after a unit only: Polish "Michał" in cp1250 ends in it when it is read as cp1252.
_MEASURES = re.compile(r"(?<=[\d ])°|(?<![^\W_])[kcdmµ]?m[²³](?![^\W_])|(?<![^\W_])[½¼¾](?![^\W_])")
_WORD = re.compile(r"[^\W\d_]+")
_QUOTES = "“”’„‚‹›«»–—…¿¡"
_SIGNS = "°€£§©®™ªº´·×\u00a0"
_CYRILLIC = "".join(map(chr, range(0x410, 0x450)))
_GREEK = "".join(map(chr, range(0x391, 0x3CF))) + "ΆΈΉΊΌΎΏ"
# The letters of the languages that each is written for, as far as they are not in ASCII, a language a word.
_WESTERN = "äöüßÄÖÜ éèêëàâçîïôûùœæÉÊÀÂÇÎÔŒ áéíóúñüÁÉÍÓÚÑªº ãâêôáéíóúàçÃÁÉÍÓÚÇ åäöæøéüÅÄÖÆØÉ àèéìòùÀ"
# By themselves, and after the Turkish, whose letters stand in the places of these: "Ayşe Yılmaz" is no "Ayþe Yýlmaz".
_ICELANDIC = "áéíóúýþæðöÁÉÍÓÚÝÞÆÐÖ áíóúýðæøÁÍÓÚÝÐÆØ åäöæøéüÅÄÖÆØÉ"
_LETTERS = {
    "cp1252": _WESTERN,
    "cp1254": "çğıöşüâîÇĞİÖŞÜ",
    "cp1250": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ áčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽ áäčďéíĺľňóôŕšťúýžÁČĎÉÍĽŇÓŠŤÚÝŽ"
    " áéíóöőúüűÁÉÍÓÖŐÚÜŰ ăâîşţĂÂÎŞŢ čćđšžČĆĐŠŽ äöüßÄÖÜ",
    "cp1251": f"{_CYRILLIC}ёЁ {_CYRILLIC}іїєґІЇЄҐ {_CYRILLIC}ўіЎІёЁ {_CYRILLIC}јљњћђџЈЉЊЋЂЏѓќѕ",
    "cp1253": _GREEK,
    "cp1257": "āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ ąčęėįšųūžĄČĘĖĮŠŲŪŽ äõöüšžÄÕÖÜŠŽ",
    "mac-roman": _WESTERN,
    "koi8-u": f"{_CYRILLIC}ёЁіїєґІЇЄҐ",
    "cp850": f"{_WESTERN} {_ICELANDIC}",
}
# ð stands behind any letter, ğ behind a vowel only, and never first: "Sigurður" is no "Sigurğur".
_NO_TURKISH = re.compile("(?<![aeıioöuüâîAEIİOÖUÜ])[ğĞ]")
_VOWELS = set("аеёиоуыэюяіїєўАЕЁИОУЫЭЮЯІЇЄαεηιουωάέήίόύώΑΕΗΙΟΥΩΆΈΉΊΌΎΏ")
# Characters that are in nearly every list or sentence, those of names and offices among them.
_HANZI = set(
    "的一是不了人在有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日于起还发成事只作当想看文"
    "无开手十用主行方又如前所本见经头面公同三已老从动两长知样现分将外但些与高意进法此实二理美点月明其种全工己话者向情部正名定女问力机给等几业最间新什位因重"
    "电四第门相次东海口教西平真世信北少关内加化代产入先山五太水万市体处总场师书员九性通目华报立马命张数件安表原车白应路期常金何更合系计司利光王果京务制任清物"
    "记风干接许八特林题建南度统色字请交爱认论百科元社术结六功指思青管夫远资队花条院联言权展领传红治周保达办运武七城强步品士技程江英基李德黄收设史商志包组刘陈"
    "杨赵吴徐孙朱胡郭罗梁宋郑谢韩唐冯董曹袁邓傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶余潘杜戴夏钟汪田姜范销售采购财研仓库质客户伟芳娜敏静丽磊军洋勇艳杰涛超秀霞刚玲桂娟婷雪琳"
    "陳張劉楊趙吳孫羅鄭謝韓馮蕭鄧許呂蘇盧蔣賈葉閻鍾業務員國個說們為時學對後經點現實長間問門車書報應電開關東動發會來這過還沒從兩樣將進與頭話見機給幾題體處總師產數銷購財質華麗偉傑濤剛黃美怡雅淑志"
)


def _alphabet(encoding: str, letters: str = "") -> Callable[[str], float]:
    """How well a text fits that is written in letters: each word is one of its languages, best all of the same."""
    languages = [frozenset(letters) for letters in (letters or _LETTERS[encoding]).split()]
    foreign = encoding in ("cp1251", "cp1253", "koi8-u")  # alphabets of which whole words are made

    def fit(text: str) -> float:
        text, high = _MEASURES.subn(" ", text)
        vowels, bad = 0, 0.0
        missed = [0] * len(languages)
        for word in _WORD.findall(text.replace("õe", "e")):  # as in Simões; Hungarian has ő in its place
            own = {letter for letter in word if letter > "\x7f"}
            if not own:
                continue
            count = sum(letter > "\x7f" for letter in word)
            high += count
            vowels += sum(letter in _VOWELS for letter in word)
            fits = [own <= letters for letters in languages]
            missed = [before + (not found) * count for before, found in zip(missed, fits, strict=True)]
            # é and ü stand among others: a word made of them, or of a foreign alphabet and others, is one misread.
            mixed = count != len(word) if foreign else count > 1 and count * 3 > len(word) * 2
            if not any(fits) or not _cased(word) or (encoding == "cp1254" and _NO_TURKISH.search(word)):
                bad += count
            elif mixed:
                bad += count * 2 if foreign else count / 4
        for found in re.finditer(r"[^\x00-\x7f]", text):
            if not found[0].isalpha():
                around = text[max(found.start() - 1, 0) : found.end() + 1]
                high += 1
                if found[0] not in _QUOTES and (found[0] not in _SIGNS or any(map(str.isalpha, around))):
                    bad += 3 if foreign else 2
        if not high:
            return 0.0
        if foreign and vowels * 4 < high:
            return 0.0
        return max(0.9 * (1 - bad / high) + 0.1 * (1 - min(missed) / high), 0.0)

    return fit


def _cased(word: str) -> bool:
    """As words are written: small, with a capital first, or all in capitals. "McDonald" may be so in ASCII."""
    pairs = zip(f" {word[:-1]}", word, f"{word[1:]} ", strict=True)
    return not any(
        letter.isupper()
        and before.isalpha()
        and (before.islower() or after.islower())
        and not (before + letter).isascii()
        for before, letter, after in pairs
    )


def _pairs(encoding: str, most: float, *common: tuple[int, int]) -> Callable[[str], float]:
    """How well a text fits that is written in pairs of bytes: the share of characters that are common, by where they stand in the encoding.

    `most` is what it is believed without a character that is in nearly every text.
    """

    def fit(text: str) -> float:
        high = good = known = 0
        for at, letter in enumerate(text):
            if letter <= "\x7f":
                continue
            code = int.from_bytes(letter.encode(encoding), "big")
            high += 1
            # The second byte of what is common is a high one, too, in the encodings that were widened later.
            usual = any(first <= code <= last for first, last in common)
            usual &= encoding in ("cp932", "cp950") or code & 0xFF >= 0xA1
            good += usual and not _within_latin(text, at)
            known += letter in _HANZI
        return (most + (1 - most) * min(2.5 * known / high, 1)) * good / high if high else 0.0

    return fit


def _within_latin(text: str, at: int) -> bool:
    around = text[max(at - 1, 0) : at + 2 : 2]
    return len(around) == 2 and around.isascii() and around.isalpha()


# In the order in which they win when two fit alike.
_FITS: list[tuple[str, Callable[[str], float]]] = [
    ("cp1252", _alphabet("cp1252")),
    ("cp1254", _alphabet("cp1254")),
    ("cp1250", _alphabet("cp1250")),
    ("cp1252", _alphabet("cp1252", _ICELANDIC)),
    ("cp1251", _alphabet("cp1251")),
    ("cp1253", _alphabet("cp1253")),
    ("gb18030", _pairs("gb18030", 0.7, (0xA1A1, 0xA3FE), (0xB0A1, 0xD7F9))),
    (
        "cp932",
        _pairs(
            "cp932",
            0.97,
            (0x8140, 0x8149),
            (0x815B, 0x815B),
            (0x8160, 0x8160),
            (0x8169, 0x816A),
            (0x8175, 0x8178),
            (0x824F, 0x8396),
            (0x889F, 0x9872),
        ),
    ),
    ("cp950", _pairs("cp950", 0.7, (0xA140, 0xA17E), (0xA1A1, 0xA1FE), (0xA440, 0xC67E))),
    ("cp949", _pairs("cp949", 0.9, (0xA1A1, 0xA3FE), (0xB0A1, 0xC8FE))),
    ("cp1257", _alphabet("cp1257")),
    ("mac-roman", _alphabet("mac-roman")),
    ("koi8-u", _alphabet("koi8-u")),
    ("cp850", _alphabet("cp850")),
]


def encoding_of(content: bytes) -> str | None:
    """The encoding that the content is in, or most likely in; None when none fits."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in content:
        return _without_mark(content)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        best, fit = _best(content)
        return None if fit < LIKELY or (fit < CERTAIN and wrong_byte(content) is not None) else best
    return "utf-8"


def _without_mark(content: bytes) -> str | None:
    """UTF-16 without its mark: in what people write every second byte of spaces, commas and line ends is 0."""
    for encoding, zeros in (("utf-16-le", content[1::2]), ("utf-16-be", content[::2])):
        if zeros.count(0) * 4 >= len(zeros) > 3 and content.count(0) == zeros.count(0) and len(content) % 2 == 0:
            return encoding
    return None


def _best(content: bytes) -> tuple[str, float]:
    best, fit = "", 0.0
    for encoding, judge in _FITS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        found = judge(_to_judge(text))
        if found > fit + 0.01:
            best, fit = encoding, found
    return best, fit


def _to_judge(text: str) -> str:
    """The words of the text with letters beyond ASCII, as many as are judged."""
    words, letters = [], 0
    for word in re.findall(r"[^\s,;]+", text) if len(text) < JUDGED else text.split():
        if not word.isascii():
            words.append(word[:200])
            letters += len(word)
            if letters > JUDGED:
                break
    return " ".join(words)


def wrong_byte(content: bytes) -> int | None:
    """Where the first byte is that is no UTF-8 in a text that otherwise is; None in one that is not at all."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        text = content.decode("utf-8", "replace")
        wrong, right = text.count("\ufffd"), sum(letter > "\x7f" for letter in text) - text.count("\ufffd")
        return error.start if right > wrong else None
    return None
