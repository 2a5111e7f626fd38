"""What the outside is known to offer: models that speak, and languages that are understood.

New ones appear without a release of ours, so an unknown one is a warning, never an error.
"""

from __future__ import annotations

REALTIME_MODELS = (
    "gpt-realtime-2.1",
    "gpt-realtime-2.1-mini",
    "gpt-realtime-2",
    "gpt-realtime-1.5",
)
"""Models of the `realtime` engine, by OpenAI's documents."""

ENDING = (
    "gpt-realtime",
    "gpt-realtime-2025-08-28",
    "gpt-realtime-mini",
    "gpt-realtime-mini-2025-10-06",
    "gpt-realtime-mini-2025-12-15",
)
"""Models that OpenAI shuts down on `END`."""
END = "2027-01-20"

VOICES = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse",
)  # fmt: skip
"""Voices of the `realtime` engine."""

LANGUAGES = frozenset(
    "af ar az be bg bs ca cs cy da de el en es et fa fi fr gl he hi hr hu hy id is it ja kk kn ko "
    "lt lv mi mk mr ms ne nl no pl pt ro ru sk sl sr sv sw ta th tl tr uk ur vi zh".split()
)
"""The 57 languages that transcription is documented for (speech to text, Supported languages)."""

ALSO = {"nb": "no", "nn": "no", "fil": "tl", "iw": "he", "in": "id"}
"""Other tags of the same languages."""

COUNTRIES = frozenset(
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG "
    "TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UK UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT "
    "ZA ZM ZW".split()
)
"""Countries whose public holidays the `holidays` package knows. Its own list takes 35 ms to import,
which every check of a vertical that keeps holidays would pay; a test compares the two."""


def is_known(tag: str) -> bool:
    """Whether the language of a BCP 47 tag is among those that are understood."""
    language = tag.partition("-")[0].lower()
    return ALSO.get(language, language) in LANGUAGES
