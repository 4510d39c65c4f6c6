"""Lines as people write them, with a secret in its usual place, and the same lines with a reference or a word there."""

from __future__ import annotations

import pytest

from engine.governance.secrets import redact, scan

PASSWORD = "Tr0ub4dor" + "&3x"
HEX = "9a1b75eae487515172ac" + "c27e"
LINES = (
    "mysqli_connect('db.internal', 'admin', '{}', 'shop');",
    'my $dbh = DBI->connect("dbi:Pg:dbname=shop", "admin", "{}");',
    "conn = connect('host=db.internal user=admin password={} dbname=shop')",
    "CREATE USER 'admin'@'%' IDENTIFIED BY '{}';",
    'schtasks /create /tn "Backup" /ru admin /rp {}',
    "cmdkey /add:server01 /user:admin /pass:{}",
    "Connect-VIServer -Server 192.0.2.7 -User admin -Password {}",
    "restic backup --password {} /srv",
    "<AdministratorPassword><Value>{}</Value></AdministratorPassword>",
    "<AutoLogon>\n  <Password>\n    <Value>{}</Value>",
)
REFERENCES = ("$password", "${DB_PASSWORD}", "<password>")
OF_A_NAME = (
    "the api key: {}",
    "ACME_KEY: {}",
    "acme_api = '{}'",
    "https://reader:{}@db.example.net/x",
)


@pytest.mark.parametrize("line", LINES)
def test_a_password_in_its_usual_place_is_found_and_hidden(line: str) -> None:
    text = line.format(PASSWORD) + "\n"
    assert scan(text.encode())
    assert PASSWORD not in redact(text)


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("line", LINES)
def test_a_reference_in_the_same_place_is_none(line: str, reference: str) -> None:
    assert not scan((line.format(reference) + "\n").encode())


@pytest.mark.parametrize("line", OF_A_NAME)
def test_a_key_of_hexadecimal_digits_is_found_where_little_announces_it(line: str) -> None:
    assert scan((line.format(HEX * 2) + "\n").encode())
    assert scan((line.format(HEX) + "\n").encode())


def test_what_kind_of_key_it_is_may_stand_in_a_word_of_its_own() -> None:
    assert scan(b"the api key: huuomulocjch05\n")
    assert not scan(b"the sort key: huuomulocjch05\n")


def test_base64_that_begins_like_a_path_is_no_path() -> None:
    assert scan(b"quorvex_token = '/L9WXuHM/G1cON+Ks9dp4FLfrYb9JF8e'\n")
    assert not scan(b"quorvex_token = '/srv/tokens/current/default.pem'\n")


def test_numbers_with_points_behind_a_name_are_no_secret() -> None:
    for numbers in ("1.3.6.1.5.5.7.3.1", "2.16.840.1.101.3.4.2.1", "10.12.14.16:8080"):
        assert not scan(f"token_key = '{numbers}'\n".encode())


@pytest.mark.parametrize(
    "line",
    [
        '"AWS::SecretsManager::Secret": "c85175a4ebcce361",',
        '"AWS::Route53::KeySigningKey": "a9a67ae6c371fcf4",',
        '"pattern": "^arn:aws:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[a-zA-Z0-9/_+=.@-]{1,512}$"',
        '"SecretArn": "arn:aws:secretsmanager:us-west-2:123456789123:secret:proxysecret1-Abcd1e",',
        "TOKEN_EXPIRATION_FORMAT = '%Y-%m-%dT%H:%M:%SZ'",
        '"SessionToken": "AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT"',
        "aws glue get-jobs --next-token 9f4d1c7be0a3520846b1",
        '"NextLockToken": "0674c84b-0304-47fe-8728-c6bff46af8fc"',
        "aws kms sign --key-id 7c1d4e92-12ab-34cd-56ef-8b07f3a95d21",
    ],
)
def test_what_is_named_like_a_secret_and_is_a_type_a_form_or_a_number_is_none(line: str) -> None:
    assert not scan(f"{line}\n".encode())
