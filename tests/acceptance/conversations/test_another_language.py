"""A line in Spanish: no English sentence in a call, and hours as a Spaniard says them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

WORKSHOP = """\
dialplan: 1
name: taller
title: Taller Ruiz
voice:
  languages: {default: es-ES, accept: [es-ES]}
  greeting: "Taller {{ owner }}, buenos días. Hoy es {{ call.now | spoken_date }}."
  sentences:
    still_there: "¿Sigue ahí? Le escucha el taller {{ owner }}."
    silence_goodbye: No le oigo, así que voy a colgar. Adiós.
    limit_goodbye: Se ha acabado el tiempo. Adiós.
    cannot_take_call: Ahora no podemos atenderle.
    hours:
      open: "abiertos {{ spans }}"
      span: "de {{ opens }} a {{ closes }}"
      closed: cerrados
      holiday: "cerrados por {{ holiday }}"
      today: "hoy a las {{ time }}"
      tomorrow: "mañana a las {{ time }}"
      later: "el {{ date }} a las {{ time }}"
variables:
  owner: {type: string, default: Ruiz}
  timezone: {type: timezone, default: Europe/Madrid}
hours: {mon-fri: "09:00-14:00, 17:00-20:00", holidays: ES}
agents:
  mostrador: {entry: true, prompt: Ayude a quien llama., tools: [horario, precio]}
tools:
  horario:
    description: Decir cuándo está abierto el taller.
    say: "Hoy estamos {{ call.hours_today }}, y abrimos {{ call.next_opening }}."
    builtin: answer
    result: {hoy: "{{ call.hours_today }}"}
  precio:
    description: Decir cuánto cuesta una revisión.
    say: "Una revisión cuesta {{ '89.50 EUR' | money }}."
    builtin: answer
    result: {precio: "89,50 euros"}
conversations: conversations/*.yaml
"""
ASKS = "{caller: ¿Cuándo abren?, model: [{tool: horario}, {say: ¿Algo más?}], expect: {says: [%s]}}"
CONVERSATIONS = {
    "silencio": f"""\
given: {{now: "2026-03-02 10:00"}}
turns:
  - {{silence: 20s, expect: {{says: ["¿Sigue ahí? Le escucha el taller Ruiz.", {{not: still}}]}}}}
  - {ASKS % "Hoy estamos abiertos de 9:00 a 14:00 y de 17:00 a 20:00, abrimos hoy a las 17:00"}
  - caller: ¿Cuánto cuesta una revisión?
    model: [{{tool: precio}}, {{say: ¿Algo más?}}]
    expect: {{says: ["Una revisión cuesta 89,50 euros."]}}
  - silence: 90s
    expect: {{says: ["¿Sigue ahí?", No le oigo, Adiós, {{not: goodbye}}], ends: true}}
then: [{{call: {{ended_by: limit, errors: 0, says: [Hoy es lunes]}}}}]
""",
    "festivo": f"""\
given: {{now: "2026-10-12 10:00"}}
turns: [{ASKS % "cerrados por Fiesta Nacional de España, abrimos mañana a las 9:00"}]
""",
    "viernes": f"""\
given: {{now: "2026-03-06 21:00"}}
turns: [{ASKS % "abrimos el lunes, 9 de marzo a las 9:00"}]
""",
}


def test_a_caller_of_a_spanish_line_hears_spanish_alone(
    hold: Callable[..., list[Any]], tmp_path: Path
) -> None:
    folder = tmp_path / "taller"
    (folder / "conversations").mkdir(parents=True)
    (folder / "vertical.yaml").write_text(WORKSHOP)
    for name, text in CONVERSATIONS.items():
        (folder / "conversations" / f"{name}.yaml").write_text(f"name: {name}\n{text}")

    results = hold(folder)

    assert [(one.failures, one.transcript) for one in results if not one.passed] == []
    assert len(results) == len(CONVERSATIONS)
