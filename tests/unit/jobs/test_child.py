from dialplan.jobs.child import child_of
from dialplan.runtime.peers import Peers
from dialplan.settings import Settings
from dialplan.store.database import Database

PEERS = Peers(
    public_url="https://voice.example.com",
    realtime_url="wss://model.example.com",
    realtime_key="a key",
    account="AC1",
    token="a token",
    twilio_url="https://api.twilio.com",
    twilio_user="AC1",
    twilio_password="a token",
    services={("clinic", "ehr"): "http://127.0.0.1:9/clinic.ehr"},
    text_url="http://127.0.0.1:9/v1",
    text_key="rehearsal",
)


def test_the_child_has_the_servers_files_database_and_peers_whatever_the_environment_says() -> None:
    settings = Settings.model_validate(
        {"data": "here", "verticals": "ours", "jobs_at_once": 3, "private_hosts": "crm.lan,b:80"}
    )
    environ = {
        "PATH": "/bin",
        "EHR_TOKEN": "secret",
        "DIALPLAN_VERTICALS": "theirs",
        "OPENAI_API_KEY": "of the voice",
    }
    database = Database("postgresql://postgres@/dialplan?host=/data/postgres&port=5432")

    child = child_of(settings, environ, PEERS, database, log_format="json")

    assert child.environ == {
        "PATH": "/bin",
        "EHR_TOKEN": "secret",
        "DIALPLAN_DATA": "here",
        "DIALPLAN_VERTICALS": "ours",
        "DIALPLAN_TENANTS": "ours/tenants.yaml",
        "DIALPLAN_DATABASE_URL": (
            "postgresql://postgres@/dialplan?host=%2Fdata%2Fpostgres&port=5432"
        ),
        "DIALPLAN_PRIVATE_HOSTS": "crm.lan,b:80",
        "DIALPLAN_JOBS_AT_ONCE": "3",
        "DIALPLAN_LOG_PII": "false",
        "OPENAI_API_KEY": "rehearsal",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    }
    assert child.arguments == (
        "--child",
        "--log=json",
        "--emulated=clinic.ehr=http://127.0.0.1:9/clinic.ehr",
    )
    assert "secret" not in repr(child)


def test_without_a_log_it_is_silent() -> None:
    database = Database("postgresql://user:word@host/name")

    child = child_of(Settings(), {}, PEERS, database, log_format=None)

    assert child.silent
    assert child.environ["DIALPLAN_DATABASE_URL"] == "postgresql://user:word@host/name"
