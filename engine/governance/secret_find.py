"""Finding secrets in plain bytes: by form (the table), by the name before a random value, by a password's name.

Most texts hold none, so everything begins with what is cheap: the long words of a text that hold a digit are about one
in a hundred bytes of source code, and only those are looked at closely.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.governance.secret_checks import holds, proof_of
from engine.governance.secret_rules import index
from engine.governance.secret_values import is_password, looks_random

if TYPE_CHECKING:
    from collections.abc import Iterator

NEAR = 240  # bytes between a provider's name and a token that only that name tells from other text
_LOOK_BACK = 140
_BACK = 96  # bytes of a token before the text it is known by

_PLACES = 64  # of one word; a secret that stands there more often has been told
_SHORTEST = 12
_LONG = 30  # a word without a digit is only looked at from here on


def _table(signs: str) -> bytes:
    """For `bytes.translate`: a blank for all but ASCII letters, digits and these signs."""
    return bytes(c if c < 128 and (chr(c).isalnum() or chr(c) in signs) else 32 for c in range(256))


_WIDE = _table("_-.~|!+:/%=@$")
_NARROW = _table("_-")
_DIGIT = re.compile(rb"[0-9]").search
_EDGE = re.compile(rb"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))\S|:")
_VALUE = re.compile(rb"[A-Za-z0-9+/=_.\-~:|%!@#^&*$]{1,400}")

_NAMES = (
    rb"token|secret|passw(?:or)?d|passwd|passphrase|credential|bearer|auth[_\-.]?key|api[_\-. ]?key|"
    rb"(?:access|private|signing|encryption|account|shared|license|master|deploy|stream|server|service|consumer|query|"
    rb"insert|write|admin|app|application|client|user|jwt|hmac|session|storage|sas|webhook|io|client[_\-.]?id)"
    rb"[_\-. ]?key|client[_\-.]?id|apikey|pwd|creds|[a-z]_auth|x-[a-z\-]{2,20}-key|[a-z0-9]_key"
)
# Providers whose keys have no form of their own: only the name before the value tells.
_PROVIDERS = (
    rb"adafruit|adobe|airtable|algolia|alibaba|asana|atlassian|auth0|beamer|bitbucket|bitly|bittrex|blynk|braintree|"
    rb"bugsnag|clearbit|cloudflare|cloudinary|cohere|codecov|coinbase|confluence|confluent|contentful|contentstack|"
    rb"datadog|dd_api|deepgram|deepl|discord|dropbox|elastic|etherscan|etsy|eventbrite|facebook|fastly|"
    rb"finicity|finnhub|firebase|flickr|foursquare|freshbooks|freshdesk|giphy|gitter|gocardless|godaddy|"
    rb"helpscout|heroku|hotjar|hubspot|infura|instagram|intercom|ipinfo|ipstack|jenkins|jfrog|artifactory|jira|"
    rb"keen|klaviyo|kraken|kucoin|bitfinex|launchdarkly|linkedin|logdna|loggly|looker|mailchimp|"
    rb"mailjet|mandrill|mapbox|mapquest|mattermost|maxmind|messagebird|mixpanel|moralis|nasdaq|netlify|"
    rb"new[_\-]?relic|nexmo|vonage|nytimes|okta|onelogin|onesignal|openweather|owm|optimizely|pagerduty|papertrail|"
    rb"plaid|plivo|postmark|pubnub|pusher|quandl|rapidapi|recaptcha|rollbar|salesforce|sauce|sendbird|"
    rb"sendinblue|sentry|shodan|snyk|sonar(?:qube|cloud)?|spotify|squarespace|splunk|statuspage|strava|sumo(?:logic|_)|"
    rb"telegram|tmdb|travis(?:ci)?|trello|twilio|twitch|twitter|typeform|unsplash|virustotal|vultr|wakatime|"
    rb"weatherstack|webex|wordpress|yandex|yelp|zendesk|zoom|zuora|meraki|npmrc|octopus|duffel|etoro|tomtom|here_api"
)
# Between a name and its value: closing quotes, the type of a declaration, a sign that assigns, an opening quote.
_ASSIGNS = (
    rb"[\"'`\]\\)]{0,3}\s{0,6}(?:[A-Za-z]{2,12}\s{1,4})?"
    rb"(?:[:.?+|]{0,3}=>?|:{1,3}=?|=>|,|>|\(|\|\||-{1,2}>|value\s{0,2}=|--?[a-z]{0,12}=?)"
    rb"\s{0,24}[\"'`\\<(]{0,4}(?P<value>[A-Za-z0-9+/=_.\-~:|%!@#^&*$]{0,120})\Z"
)
_NAMED = re.compile(
    rb"(?i:(" + _NAMES + rb")|((?<![A-Za-z])(?:" + _PROVIDERS + rb")))([A-Za-z0-9_.\-/]{0,40})" + _ASSIGNS
)
# A cheap look before the expression: one of these must stand before the value.
_STEMS = (
    b"adafruit adobe airtable algolia alibaba artifactory asana atlassian auth beamer bearer bitbucket bitfinex "
    b"bitly bittrex blynk braintree bugsnag clearbit client cloudflare cloudinary codecov cohere coinbase "
    b"confluence confluent contentful contentstack cred datadog dd_api deepgram deepl discord dropbox duffel "
    b"elastic etherscan etoro etsy eventbrite facebook fastly finicity finnhub firebase flickr foursquare "
    b"freshbooks freshdesk giphy gitter gocardless godaddy helpscout here_api heroku hotjar hubspot infura "
    b"instagram intercom ipinfo ipstack jenkins jfrog jira keen key klaviyo kraken kucoin launchdarkly linkedin "
    b"logdna loggly looker mailchimp mailjet mandrill mapbox mapquest mattermost maxmind meraki messagebird "
    b"mixpanel moralis nasdaq netlify new nexmo npmrc nytimes octopus okta onelogin onesignal openweather "
    b"optimizely owm pagerduty papertrail pass plaid plivo postmark pubnub pusher pwd quandl rapidapi recaptcha "
    b"rollbar salesforce sauce secret sendbird sendinblue sentry shodan snyk sonar splunk spotify squarespace "
    b"statuspage strava sumo telegram tmdb token tomtom travis trello twilio twitch twitter typeform unsplash "
    b"virustotal vonage vultr wakatime weatherstack webex wordpress yandex yelp zendesk zoom zuora "
).split()
# A value under one of these names is random and no secret.
_HARMLESS = re.compile(
    rb"(?i:sha-?[0-9]|md5|digest|checksum|hash|etag|revision|commit|fingerprint|integrity|nonce|uuid|guid|public|"
    rb"thumbprint|version|blake|crc|signature_|keyid|key_id|kid\b|token_?type|cursor|page_?token|csrf|xsrf|authenticity|credentials?_?id|secrets?_?id|urn:|resolved)"
)
_PASSWORD_WORDS = (b"pass", b"pwd", b"secret", b"credential")
_PASSWORD = re.compile(
    rb"(?i:passw(?:or)?d|passwd|pwd|passphrase|secret|credentials?|(?<![a-z])pass(?![a-z]))(?i:[A-Za-z0-9_\-]{0,20})[\"'\]\\]{0,3}\s{0,6}"
    rb"(?:[A-Za-z]{2,10}\s{1,3})?(?::=|=>|[!=]?==?|[:>])\s{0,6}"
    rb"(?:\"([^\"\s]{6,150})\"|'([^'\s]{6,150})'|`([^`\s]{6,150})`|([^\s\"'`,;<>(){}\[\]\\]{8,150})(?![(\[\w]))"
)
_K8S = re.compile(rb"(?im)^\s{0,8}kind:\s{1,4}[\"']?secret[\"']?\s{0,20}$")
_K8S_DATA = re.compile(rb"(?m)^(?:string)?[dD]ata:\s{0,8}$")
_K8S_LINE = re.compile(
    rb"(?m)^[ \t]{1,12}[A-Za-z0-9_.\-]{1,80}:[ \t]{0,4}(?:[>|]-?\s{1,20})?[\"']?([A-Za-z0-9+/]{8,8000}={0,2})"
)


@dataclass(frozen=True, slots=True)
class Span:
    """A find: the bytes from `start` up to `end`, the rule, the encoding it stood in (empty: none), what the token
    proves about itself, and the secret where it is not simply those bytes."""

    start: int
    end: int
    rule: str
    form: str = ""
    proof: str = ""
    secret: bytes = b""


def find(data: bytes, words: bytes, *, generic: bool = True) -> list[Span]:
    """Secrets in plain bytes, in order, not overlapping. `words` is `long_words(data)`. Without `generic` only what has
    a form of its own counts: in a lock file every line has a random value."""
    lowered = data.lower()
    found = list(formed(data, lowered, words, generic=generic))
    if generic:
        found += _named(data, _long_words(words, _NARROW))
        found += _passwords(data, lowered)
        found += _kubernetes(data)
    return apart(found)


def long_words(data: bytes) -> bytes:
    """The words that could be, or hold, a token: 12 characters or more with a digit, or 30. One a line, each once."""
    return b"\n".join(_long_words(data, _WIDE))


def _long_words(data: bytes, table: bytes) -> list[bytes]:
    return [
        word
        for word in set(data.translate(table).split())
        if len(word) >= _SHORTEST and (len(word) >= _LONG or _DIGIT(word))
    ]


def apart(found: list[Span]) -> list[Span]:
    """Without those that overlap one that was found earlier."""
    kept: list[Span] = []
    for _, span in sorted(enumerate(found), key=lambda pair: (pair[1].start, pair[0])):
        if kept and span.start < kept[-1].end:
            last = kept[-1]
            if found.index(span) >= found.index(last):
                if span.end > last.end and span.start > last.start:
                    kept[-1] = replace(last, end=span.end)
                continue
            kept.pop()
        kept.append(span)
    return kept


_BY_CONTEXT = frozenset({"password", "odbc", "uuid"})


def formed(data: bytes, lowered: bytes, words: bytes, *, generic: bool) -> Iterator[Span]:
    """Secrets that the table knows by their form."""
    known = index()
    hopeful = {n for word, n in known.words if word in words} if words else set()
    hopeful.update(n for text, n in known.texts if text in lowered)
    close = {n for name, n in known.near if name in lowered}
    for number in sorted(hopeful | close):
        rule = known.rules[number]
        if not generic and rule.check in _BY_CONTEXT:
            continue
        if number in hopeful:
            matches = _around(rule.regex(), _places(rule.words, data, _places(rule.texts, lowered)), data)
        else:
            matches = _after(rule.regex(), rule.near, data, lowered)
        for match in matches:
            group = match.lastindex or 0
            secret = match.group(group).decode("utf-8", "replace")
            if holds(rule.check, secret):
                yield Span(*match.span(group), rule.name, "", proof_of(rule.check, secret))


def _around(regex: re.Pattern[bytes], places: list[int], data: bytes) -> Iterator[re.Match[bytes]]:
    """Matches that begin at most `_BACK` bytes before an anchor. Every beginning is tried once, in order, so that the
    work grows with the text and not with its square."""
    tried = 0
    for place in places:
        for edge in _EDGE.finditer(data, max(place - _BACK, tried), place + 1):
            if edge.start() < tried:
                continue
            tried = edge.start() + 1
            match = regex.match(data, edge.start())
            if match:
                tried = match.end()
                yield match
                break


def _after(regex: re.Pattern[bytes], near: tuple[bytes, ...], data: bytes, lowered: bytes) -> Iterator[re.Match[bytes]]:
    """Matches close behind one of the names, each place once."""
    done = 0
    for place in _places(near, lowered):
        for match in regex.finditer(data, max(place, done), min(place + NEAR, len(data))):
            done = match.end()
            yield match


def _places(keywords: tuple[bytes, ...], text: bytes, more: list[int] | None = None) -> list[int]:
    """Where the keywords stand, in order, and the places that are known already."""
    places = list(more or ())
    for keyword in keywords:
        at = text.find(keyword)
        while at >= 0:
            places.append(at)
            at = text.find(keyword, at + len(keyword))
    return sorted(places)


def _named(data: bytes, words: list[bytes]) -> Iterator[Span]:
    """Random values that a name calls a secret."""
    for word in words:
        if not looks_random(word.decode("ascii")) and not _part_of_random(data, word):
            continue
        at = data.find(word)
        for _ in range(_PLACES):
            if at < 0:
                break
            span = _under_a_name(data, at)
            if span:
                yield span
            at = data.find(word, at + len(word))


def _part_of_random(data: bytes, word: bytes) -> bool:
    """Whether the word is the beginning of a longer value that looks random as a whole."""
    match = _VALUE.match(data, max(data.find(word), 0))
    return match is not None and match.end() - match.start() > len(word) and looks_random(match.group().decode("ascii"))


def _under_a_name(data: bytes, at: int) -> Span | None:
    begin = max(at - _LOOK_BACK, 0)
    left = data[begin:at].lower()
    if not any(stem in left for stem in _STEMS):
        return None
    named = _NAMED.search(data, begin, at)
    if named is None or _HARMLESS.search(data, max(named.start() - 16, begin), at):
        return None
    start = named.start("value")
    value = _VALUE.match(data, start)
    end = value.end() if value else at
    text = data[start:end].decode("ascii", "replace")
    if not looks_random(text.rstrip(".,:;")) or (text.startswith("/") and text.count("/") > 2):
        return None
    if data[start - 1 : start] not in _QUOTES and _CODE.search(text):
        return None
    provider = named.group(2)
    rule = f"{provider.decode().lower().strip('_')}-key" if provider else "generic-secret"
    return Span(start, end, rule)


_QUOTES = frozenset((b'"', b"'", b"`"))
# An unquoted value with one of these in it is a name in a program.
_CODE = re.compile(
    r"(?:Key|Token|Name|Type|Error|Class|Config|Param|Value|Index|List)(?![a-z])|[a-z]_[a-z]+\Z|\.[a-z_]{4,}\Z"
)


def _passwords(data: bytes, lowered: bytes) -> Iterator[Span]:
    done = 0
    for place in _places(_PASSWORD_WORDS, lowered):
        if place < done:
            continue
        match = _PASSWORD.match(data, place)
        if match is None:
            continue
        group = match.lastindex or 0
        value = match.group(group).decode("utf-8", "replace")
        bare = group == 4
        if is_password(value, quoted=not bare) and (not bare or _is_bare_password(value)):
            done = match.end()
            yield Span(*match.span(group), "password")


def _is_bare_password(value: str) -> bool:
    """Without quotes it could be code: then both letters and digits are asked for, and no sign that code has."""
    return sum(c.isdigit() for c in value) >= 2 and any(c.isalpha() for c in value) and "." not in value[1:-1]


def _kubernetes(data: bytes) -> Iterator[Span]:
    """What stands under `data:` in a manifest of the kind Secret."""
    if not (b"ecret" in data and b"kind:" in data and _K8S.search(data)):
        return
    for heading in _K8S_DATA.finditer(data):
        end = re.compile(rb"(?m)^[^\s#]").search(data, heading.end())
        for line in _K8S_LINE.finditer(data, heading.end(), end.start() if end else len(data)):
            yield Span(*line.span(1), "kubernetes-secret")
