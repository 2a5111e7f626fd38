"""What is heard: how long it takes to say, who says it, and when nobody answers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dialplan.config.lint.notes import Notes
from dialplan.config.lint.texts import TemplateText
from dialplan.config.problem import did_you_mean
from dialplan.config.steps import Steps
from dialplan.model.known import END, ENDING, REALTIME_MODELS, VOICES
from dialplan.model.vertical import Vertical
from dialplan.model.voice import Voice

LONGEST_GREETING_S = 15
LONGEST_SENTENCE_S = 12
LONGEST_QUESTION_S = 20
WORDS_A_SECOND = 2.5
CHARACTERS_A_SECOND = 15
LONGEST_PROMPT_TOKENS = 4_000
CHARACTERS_A_TOKEN = 4

_CUSTOM_VOICE = re.compile(r"voice_\w+")
_MARKUP = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_VALUE = re.compile(r"\{\{.*?\}\}", re.DOTALL)


def spoken_seconds(template: str) -> float:
    """About how long a text takes to say; a value in it counts as two words."""
    text = _VALUE.sub("some value", _MARKUP.sub(" ", template))
    words = len(text.split())
    return max(words / WORDS_A_SECOND, len(text) / CHARACTERS_A_SECOND)


def check_speech(
    notes: Notes, vertical: Vertical, prompts: Mapping[str, str], texts: list[TemplateText]
) -> None:
    """Note what is too long, and what nobody says."""
    for text in texts:
        _length(notes, text)
    for name in vertical.agents:
        prompt = prompts.get(name, "")
        tokens = len(prompt) // CHARACTERS_A_TOKEN
        if tokens > LONGEST_PROMPT_TOKENS:
            message = f"about {tokens} tokens: it is read anew before every answer"
            hint = f"keep it below {LONGEST_PROMPT_TOKENS}: split the agent, or move facts to tools"
            notes.at(("agents", name, "prompt"), "W432", message, hint)
    _voice(notes, vertical.voice)
    _times(notes, vertical)
    _absence(notes, vertical)


def _length(notes: Notes, text: TemplateText) -> None:
    match text.steps:
        case ("voice", "greeting"):
            code, most = "W430", LONGEST_GREETING_S
        case ("tools", _, "confirm", "say"):
            code, most = "W431", LONGEST_QUESTION_S
        case (
            ("tools", _, "say", _)
            | ("agents", _, "handoffs", _, "announce")
            | ("voice", "sentences", _)
        ):
            code, most = "W431", LONGEST_SENTENCE_S
        case _:
            return
    length = spoken_seconds(text.words)
    if length > most:
        message = f"about {length:.0f} seconds to say: callers listen for {most}"
        notes.at(text.steps, code, message, "say less at once")


def _voice(notes: Notes, voice: Voice) -> None:
    if voice.model in ENDING:
        message = f"`{voice.model}` is shut down on {END}"
        notes.at(("voice", "model"), "W435", message, f"write `{REALTIME_MODELS[0]}`")
    if voice.voice not in VOICES and not _CUSTOM_VOICE.fullmatch(voice.voice):
        listed = ", ".join(f"`{one}`" for one in VOICES)
        hint = did_you_mean(voice.voice, VOICES) or f"known: {listed}"
        notes.at(("voice", "voice"), "W434", f"no voice named `{voice.voice}` is known", hint)
    accept = voice.languages.accept
    if accept != "all":
        own = voice.languages.default.lower()
        tags = [tag.lower() for tag in accept]
        if not any(own == tag or own.split("-")[0] == tag for tag in tags):
            message = f"calls start in `{voice.languages.default}`, which `accept` leaves out"
            notes.at(("voice", "languages"), "W436", message, "add it to `accept`", key=True)


def _times(notes: Notes, vertical: Vertical) -> None:
    limits, turn = vertical.limits, vertical.voice.turn_detection
    if limits.silence <= turn.silence:
        message = "callers are taken for silent before the end of their turn is heard"
        hint = "make it longer than `voice.turn_detection.silence`"
        notes.at(("limits", "silence"), "W437", message, hint)
    if limits.silence >= limits.call:
        message = "`silence` is not shorter than the longest call, so it never counts"
        notes.at(("limits", "silence"), "W438", message, "shorten it, or allow longer calls")
    for name, tool in vertical.tools.items():
        if tool.timeout >= limits.call:
            steps: Steps = ("tools", name, "timeout")
            message = "it may take as long as the longest call"
            notes.at(steps, "W438", message, "shorten it")


def _absence(notes: Notes, vertical: Vertical) -> None:
    phones = [name for name, one in vertical.variables.items() if one.type == "phone"]
    if vertical.when_unavailable is None and phones:
        message = "when the AI cannot answer, callers hear an apology and nothing more"
        hint = f"add `when_unavailable: {{say: ..., then: {{dial: {phones[0]}}}}}`"
        notes.at(("variables", phones[0]), "W439", message, hint, key=True)
    if vertical.hours is not None and not any(vertical.hours.week.values()):
        notes.at(("hours",), "W440", "it is never open", "give a day its hours", key=True)
