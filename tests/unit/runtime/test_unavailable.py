"""What callers hear when no agent answers, in the words and the language of their line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from dialplan.config.load import load_vertical
from dialplan.protocols.twilio.twiml import Dial, Hangup, Record, Say
from dialplan.runtime.directory import Line
from dialplan.runtime.unavailable import WayOut, way_out

NUMBER, CALLER, AFTER = "+34915550101", "+34655550102", "https://phone.example/after"
MORNING = datetime(2026, 3, 2, 7, tzinfo=UTC)
BUSY = {"DialCallStatus": "busy"}
TALKED = {"DialCallStatus": "completed"}
WORKSHOP = """\
dialplan: 1
name: taller
title: Taller
voice:
  languages: {default: LANGUAGE}
  greeting: Hola.
  sentences:
    cannot_take_call: Ahora no podemos.
    leave_message: "Deje un mensaje para {{ owner }}."
    message_left: Gracias.
variables:
  owner: {type: string, default: Ruiz}
  boss: {type: phone, default: "+34915550199"}
  timezone: {type: timezone, default: Europe/Madrid}
hours: {mon-fri: "09:00-14:00"}
AWAY
agents: {desk: {entry: true, prompt: Ayude.}}
"""


def of_line(folder: Path, away: str = "", language: str = "es-ES") -> WayOut:
    folder = folder / "taller"
    folder.mkdir()
    (folder / "vertical.yaml").write_text(
        WORKSHOP.replace("LANGUAGE", language).replace("AWAY", away)
    )
    loaded = load_vertical(folder)
    variables = {name: one.default for name, one in loaded.vertical.variables.items()}
    line = Line(NUMBER, "ruiz", loaded, variables, {})
    return way_out(line, AFTER, call_sid="CA1", caller=CALLER, now=lambda: MORNING)


def test_without_a_wish_the_lines_own_sentence_is_said(tmp_path: Path) -> None:
    out = of_line(tmp_path)

    assert out.unavailable() == (Say("Ahora no podemos.", language="es-ES"), Hangup())


def test_a_wish_knows_the_variables_and_the_call(tmp_path: Path) -> None:
    away = 'when_unavailable: {say: "{{ owner }}: {{ call.next_opening }}, {{ call.from }}"}'

    said = of_line(tmp_path, away).unavailable()[0]

    assert said == Say(f"Ruiz: today at 9:00, {CALLER}", language="es-ES")


def test_voicemail_is_asked_for_and_thanked_for_in_the_lines_words(tmp_path: Path) -> None:
    out = of_line(tmp_path, "when_unavailable: {say: No hay nadie., then: voicemail}")

    said = [one.text for one in out.unavailable() if isinstance(one, Say)]
    assert said == ["No hay nadie.", "Deje un mensaje para Ruiz.", "Gracias."]
    assert any(isinstance(one, Record) for one in out.unavailable())
    assert out.after_voicemail() == (Say("Gracias.", language="es-ES"), Hangup())


def test_when_nobody_picks_up_the_line_apologises_in_its_own_words(tmp_path: Path) -> None:
    out = of_line(tmp_path, "when_unavailable: {say: Le paso., then: {dial: boss}}")

    assert Dial("+34915550199", timeout=20, action=AFTER) in out.unavailable()
    assert out.after_dial(BUSY) == (Say("Ahora no podemos.", language="es-ES"), Hangup())
    assert out.after_dial(TALKED) == (Hangup(),)


def test_english_is_said_by_the_voice_that_the_account_has_chosen(tmp_path: Path) -> None:
    said = of_line(tmp_path, language="en-GB").unavailable()[0]

    assert said == Say("Ahora no podemos.")


def test_without_a_line_everybody_hears_the_same_sentence() -> None:
    out = way_out(None, AFTER, call_sid="CA1", caller=CALLER, now=lambda: MORNING)

    assert out.unavailable()[0] == Say(
        "We are sorry, we cannot take your call right now. Please try again later."
    )
    assert out.after_voicemail()[0] == Say("Thank you. Goodbye.")
