"""Random values that stand behind a name which calls them a secret: `vendor_key = "…"`, `--token …`, `<apiToken>…`.

Names are found by the automaton (secret_find.py); from there one expression reads on to the value. So a token whose
provider nobody wrote down is found where its name says what it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.governance.secret_pairs import is_drawn
from engine.governance.secret_values import is_dense, looks_random

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NAME, PROVIDER = -1, -2  # numbers for the automaton
_NUMBER = 120  # bytes of a resource's number before a name that is part of it
_HEAD = 24  # bytes before a name that may say it is none


def _words(text: str) -> tuple[bytes, ...]:
    return tuple(text.encode().split())


# In small letters. The first say by themselves that a secret follows, the others only with a value that is very random.
_SAYING = _words(
    "token secret passw passphrase pwd credential creds bearer apikey api_key api-key api.key accesskey access_key "
    "access-key privatekey private_key private-key signingkey signing_key encryptionkey encryption_key sharedkey "
    "shared_key accountkey account_key licensekey license_key authkey auth_key auth-key masterkey master_key deploykey "
    "deploy_key clientkey client_key appkey app_key servicekey service_key serverkey server_key insertkey insert_key "
    "writekey write_key adminkey admin_key userkey user_key streamkey stream_key consumerkey consumer_key hmackey "
    "hmac_key storagekey storage_key sessionkey session_key webhookkey client_id clientid client-id access_id accessid"
)
_OF_WHAT = (b"api ", b"access ", b"secret ", b"private ", b"auth ")  # before `key`, as people write in a sentence
_HINTING = _words("key _api -api auth cookie webhook session jwt _pat hmac license sas_ dsn salt")
NAMES = (*_SAYING, *_HINTING)
# Providers whose keys have no form of their own: only the name tells, and the value must be very random.
PROVIDERS = _words(
    "adafruit adobe airtable algolia alibaba aliyun amplitude asana atlassian auth0 beamer binance bitbucket bitly "
    "bittrex bitfinex blynk braintree bugsnag clearbit clerk cloudflare cloudinary cohere codecov coinbase "
    "confluence confluent contentful contentstack datadog deepgram deepl discord doppler dropbox duffel "
    "etherscan etsy eventbrite facebook fastly finicity finnhub firebase flickr foursquare freshbooks freshdesk "
    "fullstory giphy gitter gocardless godaddy helpscout heroku hotjar hubspot infura instagram intercom ipinfo "
    "ipstack jenkins jfrog artifactory jira keen_ klaviyo kraken kucoin launchdarkly linkedin linode logdna loggly "
    "mailchimp mailjet mandrill mapbox mapquest mattermost maxmind meraki messagebird mixpanel moralis "
    "netlify newrelic new_relic new-relic nexmo vonage nytimes okta onelogin onesignal openweather optimizely "
    "pagerduty papertrail pingdom plaid plivo postmark pubnub pusher quandl rapidapi recaptcha rollbar salesforce "
    "saucelabs sauce_ segment sendbird sendinblue shodan snyk sonar spotify squarespace splunk "
    "statuspage strava sumologic telegram tmdb tomtom travis trello twilio twitch twitter typeform unsplash "
    "virustotal vultr wakatime weatherstack webex wepay yandex yelp zendesk zuora"
)
_VALUE = rb"[A-Za-z0-9+/=_.\-~:|%!@#^&*$]"
# From a name to its value: the rest of the name, closing quotes, the type of a declaration, what assigns, quotes.
_TO_VALUE = re.compile(
    rb"[A-Za-z0-9_.\-/]{1,64}+(?:\[[0-9A-Za-z\"']{1,20}\])?(?P<close>[\"'`\]\\)*]{0,4}\s{0,6})"
    rb"(?:(?:[A-Za-z]{2,12}\s{1,4})?(?P<sign>[:.?+|]{0,3}=>?|[=!]={1,2}|:{1,3}=?|,|>|\(|\|\||-{1,2}>)"
    rb"|(?P<word>[\"']?,?\s{0,60}[\"']?value[\"']?\s{0,2}[:=]|\{\s{0,40}[\"']?(?:default|value)[\"']?\s{0,4}[=:]"
    rb"|</[A-Za-z]{1,12}>\s{0,40}<[A-Za-z]{1,12}>|(?:is|was)\s)"
    rb"|(?P<blank>\s))"
    rb"[ \t\r\n]{0,24}(?P<quote>[\"'`\\<(\[]{0,4})(?P<value>" + _VALUE + rb"{10,400}+)"
)
_REST = re.compile(_VALUE + rb"{0,4000}+")
_SHORTEST = 10
_OVERLAPPING = 8
_INSIDE = frozenset((b"_", b"-", b".", b"/"))  # of a name, besides letters and digits
_CLOSING = re.compile(rb"\s{0,24}</")
_QUERY = re.compile(rb"&(?:amp;)?[A-Za-z_.\-]{1,40}=")
# A value under one of these names is random and no secret.
_HARMLESS = re.compile(
    rb"(?i:[a-z0-9]::[a-z0-9]{1,60}[\"']|_path|(?:request|change|action|lock|sequence|purchase)[_-]?token|sha-?[0-9]|md5|digest|checksum|(?<!pass)(?<!password_)hash(?!icorp)|websocket|etag|revision|commit|fingerprint|integrity|nonce|uuid|guid|public|"
    rb"thumbprint|version|blake|crc|signature_|keyid|key[_-]?(?:material|pair)?[_-]?id|kid\b|token_?type|cursor|page[_-]?token|next[_-]?[a-z]{0,9}token|csrf|xsrf|"
    rb"authenticity|credentials?_?id|secrets?_?id|urn:|resolved|continuation|paginat|marker|idempoten|request_?id|"
    rb"tokeniz|keyword|monkey|author|authority|authored|partition|primary|foreign|sort_?key|cache_?key|tree|blob)"
)
_OF_RESOURCE = re.compile(rb"arn:[^\s\"'=]*\Z")
_QUOTES = frozenset(b"\"'`")
# An unquoted value with one of these in it is a name in a program.
_CODE = re.compile(
    r"(?:Key|Token|Name|Type|Error|Class|Config|Param|Value|Index|List)(?![a-z])|[a-z]_[a-z]+\Z|\.[a-z_]{4,}\Z"
)


def named(data: bytes, names: Sequence[int], providers: Sequence[int]) -> Iterator[tuple[int, int, str]]:
    """Start, end and rule of the values behind a name. `names` and `providers` are places of `NAMES`, `PROVIDERS`."""
    yield from _read_on(data, names, of_provider=False)
    yield from _read_on(data, providers, of_provider=True)


def _read_on(data: bytes, places: Sequence[int], *, of_provider: bool) -> Iterator[tuple[int, int, str]]:
    """From the last name to the first, since the nearest one says what a value is. A value ends before the next name
    that stands apart and has one, and few values that overlap are judged, so that the work grows with the text."""
    limit = judged = len(data) + 1
    overlapping = 0
    for place in reversed(places):
        if of_provider and data[place - 1 : place].isalpha():
            continue
        match = _TO_VALUE.match(data, place)
        if match is None or data.startswith(b"---", match.start("close") - 3):  # or the first line of a PEM
            continue
        start, end = match.span("value")
        cut = _QUERY.search(data, start, end)
        end = min(cut.start() if cut else end, limit)
        if not data[place - 1 : place].isalnum() and data[place - 1 : place] not in _INSIDE:
            limit = place
        overlapping = overlapping + 1 if end > judged else 0
        if end - start < _SHORTEST or overlapping > _OVERLAPPING:
            continue
        judged = start
        value = data[start:end].decode("ascii").rstrip(".,:;")
        if _OF_RESOURCE.search(data[max(place - _NUMBER, 0) : place]):
            continue
        if _is_secret(value, match, weak=of_provider or not _is_saying(data, place)) and not _HARMLESS.search(
            data, max(place - _HEAD, data.rfind(b"\n", max(place - _HEAD, 0), place) + 1), start
        ):
            limit = min(limit, place)
            rest = _REST.match(data, end) if end == match.end("value") and len(value) == end - start else None
            name = data[place : place + 12].lower().decode("ascii", "replace")
            rule = f"{re.split('[^a-z0-9]', name)[0]}-key" if of_provider else "generic-secret"
            yield start, rest.end() if rest else start + len(value), rule


def _is_saying(data: bytes, place: int) -> bool:
    name = data[place : place + 16].lower()
    before = data[max(place - 8, 0) : place].lower()
    return name.startswith(_SAYING) or (name.startswith(b"key") and before.endswith(_OF_WHAT))


def _is_secret(value: str, match: re.Match[bytes], *, weak: bool) -> bool:
    quoted = bool(match["quote"]) and match["quote"][-1] in _QUOTES
    quoted = quoted or (match["sign"] == b">" and _CLOSING.match(match.string, match.end()) is not None)
    if weak or match["blank"] is not None or (match["sign"] in (b"(", b",", b">") and not quoted):
        if not is_dense(value):
            return False
    elif not looks_random(value):
        return False
    if is_drawn(value):
        return True
    if value.startswith(("/", "./", "arn:", "http:", "https:")) or value.count("/") > 4 + len(value) // 16:
        return False
    called = match.string[match.end() : match.end() + 1] in (b"(", b"[")
    return quoted or not (called or _CODE.search(value))
