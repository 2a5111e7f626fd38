"""What a caller hears word for word that no agent, tool or greeting says: the fixed sentences."""

from collections.abc import Iterator

from pydantic import Field

from dialplan.model.shape import Shape, Template

_KNOWN = {
    "open": ("spans",),
    "span": ("opens", "closes"),
    "holiday": ("holiday",),
    "today": ("time",),
    "tomorrow": ("time",),
    "later": ("date", "time"),
}


class HoursWords(Shape):
    """The words of `call.hours_today` and `call.next_opening`.

    Times and dates in them are said in `voice.languages.default`.
    """

    open: Template = Field("open {{ spans }}", examples=["abierto {{ spans }}"])
    """Today is open; `spans` are all stretches of the day, each as in `span`."""
    span: Template = Field(
        "from {{ opens }} to {{ closes }}", examples=["de {{ opens }} a {{ closes }}"]
    )
    """One stretch of a day, from `opens` to `closes`."""
    midnight: Template = Field("midnight", examples=["medianoche"])
    """What `closes` is at the end of the day."""
    all_day: Template = Field("open all day", examples=["abierto todo el día"])
    """Today is open from midnight to midnight, or the line has no `hours`."""
    closed: Template = Field("closed", examples=["cerrado"])
    """Today is not open."""
    holiday: Template = Field("closed for {{ holiday }}", examples=["cerrado por festivo"])
    """Today is a public holiday, by its name `holiday`: in the language of the line where the
    calendar of that country knows it, else in English."""
    today: Template = Field("today at {{ time }}", examples=["hoy a las {{ time }}"])
    """It opens next today, at `time`."""
    tomorrow: Template = Field("tomorrow at {{ time }}", examples=["mañana a las {{ time }}"])
    """It opens next tomorrow, at `time`."""
    later: Template = Field("{{ date }} at {{ time }}", examples=["el {{ date }} a las {{ time }}"])
    """It opens next on a later `date`, at `time`."""

    def words(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Each word with its name and with what it may name."""
        for name in type(self).model_fields:
            yield name, getattr(self, name), _KNOWN.get(name, ())


class Sentences(Shape):
    """What is said word for word beside the greeting; write them in the language of the line.

    They know what the greeting knows: variables bare, `call.` as named.
    """

    still_there: Template = Field("Are you still there?", examples=["¿Sigue ahí?"])
    """Asked after `limits.silence`."""
    silence_goodbye: Template = Field(
        "I cannot hear you, so I will hang up now. Please call again. Goodbye.",
        examples=["No le oigo, así que voy a colgar. Llámenos de nuevo. Adiós."],
    )
    """Said before hanging up on a caller who stays silent."""
    limit_goodbye: Template = Field(
        "I am sorry, we have run out of time for this call. Please call again. Goodbye.",
        examples=["Lo siento, se ha acabado el tiempo. Llámenos de nuevo. Adiós."],
    )
    """Said before hanging up at `limits.call`."""
    cannot_take_call: Template = Field(
        "We are sorry, we cannot take your call right now. Please try again later.",
        examples=["Lo sentimos, ahora no podemos atenderle. Llame más tarde."],
    )
    """Said where `when_unavailable` says nothing, and when nobody picks up."""
    leave_message: Template = Field(
        "Please leave a message after the tone.",
        examples=["Deje un mensaje después de la señal."],
    )
    """Said before a voicemail is recorded."""
    message_left: Template = Field("Thank you. Goodbye.", examples=["Gracias. Adiós."])
    """Said after a voicemail."""
    hours: HoursWords = Field(
        HoursWords(),
        examples=[{"open": "abierto {{ spans }}", "span": "de {{ opens }} a {{ closes }}"}],
    )
    """The words of `call.hours_today` and `call.next_opening`."""

    def of_calls(self) -> Iterator[tuple[str, str]]:
        """The sentences that know what the greeting knows, each with its name."""
        for name in type(self).model_fields:
            if name != "hours":
                yield name, getattr(self, name)
