"""Words that mean the same in every line of business: yes, no, goodbye, and what verbs ask for."""

from __future__ import annotations

import re
from typing import Literal

from dialplan.emulators.rehearsal.numerals import plain

Reply = Literal["yes", "no"]
Small = Literal["greeting", "thanks", "goodbye", "repeat", "wait", "dismiss", "nothing", "human"]

_YES = re.compile(
    r"^(?:(?:um+|uh+|oh|well|okay|ok|great|perfect)[, ]+)*(?:yes|yeah|yep|yup|ya|sure"
    r"|ok|okay|correct|right|exactly|"
    r"absolutely|definitely|certainly|of course|please do|go ahead|go for it|do it|sounds good|"
    r"sounds great|that works|that's right|that is right|that's fine|that is fine|that's good|"
    r"that would be great|that'd be great|perfect|great|fine|confirm|book it|i do|i "
    r"would|i am|works for me|"
    r"that's correct|that is correct|please|alright|all right|agreed|good)\b"
)
_NO = re.compile(
    r"^(?:(?:um+|uh+|oh|well|sorry|hmm)[, ]+)*(?:no|nope|nah|not really|not that|don't"
    r"|do not|never mind|nevermind|"
    r"cancel that|forget it|stop|wrong|incorrect|actually no|i don't|i do not|rather "
    r"not|i'd rather not|"
    r"that's wrong|that's not|negative|neither|none)\b"
)
_NOT_NO = re.compile(r"^no (?:problem|worries|idea|that's fine|that's great)\b")
_SMALL: list[tuple[Small, re.Pattern[str]]] = [
    ("dismiss", re.compile(r"\b(?:never ?mind|forget (?:it|about it|that)|scrap that)\b")),
    (
        "human",
        re.compile(
            r"\b(?:real|actual|live) (?:person|human|agent)\b|\b(?:speak|talk)(?:ing)? (?:to|with) "
            r"(?:a |an |some |the )?(?:human|person|someone|somebody|operator"
            r"|representative|receptionist|"
            r"manager|agent|member of staff)\b|\b(?:operator|representative)\b"
        ),
    ),
    (
        "nothing",
        re.compile(
            r"\b(?:that's all|that is all|that's it|that is it|that'll be all|that will "
            r"be all|nothing else|"
            r"i'm all set|all set|i'm good|i'm done|that's everything|that is "
            r"everything|no thanks|no thank you)\b"
        ),
    ),
    (
        "goodbye",
        re.compile(
            r"\b(?:bye|goodbye|good bye|bye bye|see you|have a (?:good|nice|great)|good "
            r"night|hang up)\b"
        ),
    ),
    (
        "repeat",
        re.compile(
            r"^(?:what|sorry|pardon|huh|excuse me)[?. ]*$|\b(?:say (?:that|it) again"
            r"|repeat|pardon|come again|what did you say"
            r"|didn't (?:catch|hear|get) (?:that|you)|one more time)\b"
        ),
    ),
    (
        "wait",
        re.compile(
            r"^(?:(?:just )?(?:a|one) (?:moment|second|minute|sec)|hold on|hang on|wait"
            r"|let me (?:check|think|see|look))\b"
        ),
    ),
    (
        "thanks",
        re.compile(
            r"^(?:(?:ok|okay|great|perfect|lovely|wonderful|alright|all right|good"
            r"|cool)[,. ]+)*(?:thank you|thanks|cheers)(?: (?:so much|very much|a lot"
            r"|again|for your help|you))*[.! ]*$"
        ),
    ),
    (
        "greeting",
        re.compile(
            r"^(?:(?:hi|hello|hey|good (?:morning|afternoon|evening)|yes hello|are you "
            r"there|can you hear me|there)[,.!? ]*)+$"
        ),
    ),
]

_VERBS: dict[str, str] = {
    "book": r"book(?:ing)?|schedule|reserv\w+|make an? (?:\w+ )?(?:appointment|reservation"
    r"|booking)|set up|"
    r"sign me up for|get an? (?:\w+ )?(?:appointment|slot|table)|come in|drop (?:it|my \w+) off|"
    r"bring (?:it|my \w+) in|(?:need|want|like) to see|appointment (?:for|with)|be seen"
    r"|(?:need|want|like|get|have) (?:an?|the) (?:\w+ )?"
    r"(?:appointment|visit|slot|booking|reservation)",
    "cancel": r"cancel\w*|(?:don't|do not|no longer) need (?:it|the|that|my)|call off|drop my"
    r"|can't make|cannot make|can not make|won't be able"
    r"|unable to come",
    "move": r"mov(?:e|ing)|reschedul\w*|chang(?:e|ing)|push(?: \w+)? back|postpone|different "
    r"(?:time|day)|"
    r"another (?:time|day)|switch|bring (?:\w+ )?forward",
    "check": r"check\w*|status|verif\w+|is (?:it|my \w+) (?:ready|done|active|covered|in|valid"
    r"|back)|"
    r"(?:are|were) my|come back|ready yet|look(?:ing)? up|find out|whether|track\w*"
    r"|how(?:'s| is) my|where is|where's|"
    r"updates? on",
    "list": r"list|which|what (?:kinds?|types?|sort|do you)|accept\w*|take (?:my )?\w+ "
    r"insurance|do you (?:take|have|offer|sell|accept)",
    "find": r"find|search|look(?:ing)? for|availab\w+|openings?|free|got anything|have anything"
    r"|any (?:slots?|times?|space|room)|"
    r"how soon|when can|next (?:slot|appointment)|earliest|soonest",
    "register": r"register\w*|sign up|new (?:patient|customer|client|member|account)|never been"
    r"|first time|enrol\w*|create an?|join|set me up",
    "send": r"send|text me|texted|email me|by text|sms|text message",
    "transfer": r"transfer\w*|put me through|connect me|(?:speak|talk) (?:to|with)|human"
    r"|operator|representative|real person",
    "request": r"request|refill\w*|renew\w*|order\w*|run(?:ning)? out|ran out|almost out|out of "
    r"my|buy|purchase",
    "pay": r"pay\w*|settle|charge\w*|bills?|invoice\w*",
    "hours": r"hours?|open\w*|clos(?:e|ed|ing)|located|address|directions?|where are you"
    r"|parking|park|how do i get|find you",
    "message": r"leave (?:a |the )?(?:\w+ )?(?:a )?message|leave word|pass (?:on|along)|take a "
    r"message|message for|tell (?:him|her|them|the|dr|doctor)|let (?:\w+ )?know",
    "hang_up": r"hang up|end (?:the |this )?call|goodbye|bye",
    "update": r"updat\w+|correct\w*|new (?:address|phone|number|email)|add\b",
    "complain": r"complain\w*|unhappy|refund",
}
_VERB_PATTERNS = {verb: re.compile(rf"\b(?:{pattern})\b") for verb, pattern in _VERBS.items()}
_TOOL_WORDS: dict[str, frozenset[str]] = {
    verb: frozenset(words.split())
    for verb, words in {
        "book": "book schedule reserve",
        "cancel": "cancel",
        "move": "move reschedule change",
        "check": "check status verify lookup track result results eligibility",
        "list": "list accepted",
        "find": "find search available availability slots free",
        "register": "register create enrol enroll signup",
        "send": "send text sms email",
        "transfer": "transfer connect escalate human operator",
        "request": "request refill order renew buy",
        "pay": "pay payment bill billing charge invoice",
        "hours": "hours directions opening location address",
        "message": "message leave",
        "hang_up": "hang hangup goodbye",
        "update": "update change add correct",
        "complain": "complaint refund",
    }.items()
}
ACTIONS = frozenset({"book", "cancel", "move", "register", "send", "transfer", "request", "pay"})
_PASTS = {
    "book": "booked", "schedule": "scheduled", "reserve": "reserved", "cancel": "cancelled",
    "move": "moved", "reschedule": "rescheduled", "change": "changed", "register": "registered",
    "create": "created", "send": "sent", "request": "requested", "order": "ordered", "pay": "paid",
    "take": "taken", "leave": "left", "update": "updated", "add": "added", "open": "opened",
    "make": "made", "set": "set", "save": "saved", "record": "recorded", "refill": "refilled",
    "renew": "renewed", "submit": "submitted", "report": "reported", "delete": "deleted",
    "remove": "removed", "confirm": "confirmed", "start": "started", "place": "placed",
}  # fmt: skip
_DONE = frozenset(_PASTS.values()) - {"left", "open", "opened", "set", "made", "taken"}
_NEGATED = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|without|cannot)\b|\b(?:do|does|did|is|are|was|were"
    r"|wo|would|ca|could|should|have|has|had)n't\b"
)
_DISPLEASED = re.compile(
    r"\b(?:ridiculous|terrible|horrible|awful|unacceptable|disgrace\w*|useless|rude|appall\w*"
    r"|outrag\w*|disgust\w*|dreadful|shameful|hopeless|incompetent|nonsense|a joke"
    r"|furious|angry|annoy\w*|frustrat\w*|disappoint\w*|unhappy|upset|complain\w*|fed up"
    r"|worst|waste of|sick of|tired of|had enough)\b"
)
_PLEASED = re.compile(
    r"\b(?:wonderful|fantastic|excellent|amazing|lovely|brilliant|awesome|delighted|pleased"
    r"|so helpful|very helpful|that's great|that is great|so much|really appreciate|you've been)\b"
)


def reply(text: str) -> Reply | None:
    """Return whether `text` agrees or declines, or None when it does neither."""
    words = re.sub(r"[.!?]", "", plain(text)).strip()
    if _NOT_NO.match(words):
        return "yes"
    if _NO.match(words):
        return "no"
    return "yes" if _YES.match(words) else None


def small_talk(text: str) -> Small | None:
    """Return the kind of talk every call has, or None."""
    words = plain(text).strip()
    return next((kind for kind, pattern in _SMALL if pattern.search(words)), None)


def verbs_said(text: str) -> frozenset[str]:
    """Return the kinds of action that a caller's words ask for."""
    words = plain(text)
    return frozenset(verb for verb, pattern in _VERB_PATTERNS.items() if pattern.search(words))


def verbs_named(words: frozenset[str]) -> frozenset[str]:
    """Return the kinds of action that the words of a tool's name stand for."""
    return frozenset(verb for verb, known in _TOOL_WORDS.items() if words & known)


def negated(text: str) -> bool:
    """Return whether a sentence says that something is not so."""
    return _NEGATED.search(plain(text)) is not None


def tone(text: str) -> Literal["good", "bad"] | None:
    """Return whether somebody is pleased or displeased, None where neither shows."""
    words = plain(text)
    if _DISPLEASED.search(words):
        return "bad"
    return "good" if _PLEASED.search(words) else None


def verbs_done(words: frozenset[str]) -> frozenset[str]:
    """Return the kinds of action that words say were done: `booked`; empty where none was."""
    return verbs_named(frozenset(verb for verb, done in _PASTS.items() if done in words & _DONE))


def past(verb: str) -> str | None:
    """Return the past participle of a verb that changes something, or None."""
    return _PASTS.get(verb)
