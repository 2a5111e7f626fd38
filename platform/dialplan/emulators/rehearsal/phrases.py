"""The sentences that every vertical shares. It must not hold a word about any line of business."""

from __future__ import annotations

from dialplan.emulators.rehearsal.toolbox import Tool

ANYTHING_ELSE = "Is there anything else I can help with?"
WHICH_ONE = "Which one would you like?"
THAT_ONE = "Would you like that one?"
ANOTHER_DAY = "Is there another day I should look at?"
NOT_HEARD = "Sorry, I did not get that."
NOT_UNDERSTOOD = "Sorry, I did not understand that. Could you say it another way?"
CANNOT = "I am sorry, that is something I cannot help with."
NOT_FOUND = "I could not find that."
FAILED = "I am sorry, I could not do that just now."
DECLINED = "All right, I will leave that."
HOW_HELP = "How can I help you?"
NO_HUMAN = "I am sorry, I cannot put you through to a person from here."
UNSURE = "I am not sure that I can help with that myself."
SUMMARY = "The caller says: "
CONNECTING = "I am putting you through now."
TAKE_TIME = "Of course, take your time."
WELCOME = "You are welcome."
GOODBYE = "Thank you for calling. Goodbye."
STILL_THERE = "Are you still there?"
OFFER_HUMAN = "Would you like me to put you through to somebody?"
APOLOGIES = (NOT_HEARD, NOT_UNDERSTOOD)


def offer(tool: Tool) -> str:
    """Return the question that offers a tool; also how an offer made is recognised."""
    if tool.transfers or tool.is_handoff:
        return OFFER_HUMAN
    return f"Would you like me to {tool.words[0]} a new {tool.thing}?"
