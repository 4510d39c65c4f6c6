"""What secrets look like: one line of data for each kind.

`keywords` are lower-case texts of which one must stand in the file before the expression is tried, so that most files
cost a few plain searches and nothing more. Every repetition is bounded: no input can make an expression slow.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SecretRule:
    """One kind of secret. Group 1 of `pattern` is the secret itself, or the whole match when there is no group. With
    `entropy` (bits for each character) the value must look random and must not be a placeholder; `near` rules are only
    tried around their keywords."""

    name: str
    keywords: tuple[bytes, ...]
    pattern: bytes
    entropy: float = 0.0
    near: bool = False


_END = rb"(?![A-Za-z0-9_\-])"
_START = rb"(?<![A-Za-z0-9_\-])"

_NAMES = (
    rb"api[_\-. ]?key|api[_\-.]?secret|access[_\-. ]?key|secret[_\-. ]?key|auth[_\-. ]?key|client[_\-.]?secret|"
    rb"private[_\-. ]?key|access[_\-. ]?token|auth[_\-. ]?token|app[_\-.]?secret|signing[_\-.]?key|"
    rb"encryption[_\-.]?key|account[_\-.]?key|passw(?:or)?d|passphrase|passwd|pwd|secret|token|credentials?|bearer"
)
_NAME_KEYWORDS = (b"key", b"passw", b"pwd", b"secret", b"token", b"credential", b"bearer", b"passphrase")


def _rule(name: str, keywords: str, pattern: bytes, entropy: float = 0.0) -> SecretRule:
    return SecretRule(name, tuple(word.encode() for word in keywords.split()), pattern, entropy)


RULES: tuple[SecretRule, ...] = (
    _rule(
        "private-key",
        "-----begin",
        rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?:[^-]|-(?!----)){16,8000}-----END [A-Z0-9 ]{0,40}"
        rb"PRIVATE KEY(?: BLOCK)?-----|[\s\\nr\"']{1,12}[A-Za-z0-9+/=]{16,80})",
    ),
    _rule("putty-key", "putty-user-key-file", rb"PuTTY-User-Key-File-[23]: [a-z0-9\-]{3,30}"),
    _rule("age-key", "age-secret-key-", rb"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    _rule(
        "aws-access-key",
        "akia asia abia acca",
        _START + rb"((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}|AKIA[A-Z0-9]{16})" + _END,
    ),
    _rule("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", _START + rb"(gh[pousr]_[A-Za-z0-9]{36,255})" + _END),
    _rule("github-token", "github_pat_", rb"(github_pat_[A-Za-z0-9_]{22,255})"),
    _rule(
        "gitlab-token",
        "glpat- glptt- gldt- glrt- glcbt- glsoat- glft- glimt- glagent-",
        rb"(gl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|agent)-[A-Za-z0-9_\-.]{20,300})",
    ),
    _rule("gitlab-token", "gr1348941", rb"(GR1348941[A-Za-z0-9_\-]{20})"),
    _rule("jwt", "eyj", _START + rb"(eyJ[A-Za-z0-9_\-]{10,2000}\.eyJ[A-Za-z0-9_\-]{10,4000}\.[A-Za-z0-9_\-]{10,1000})"),
    _rule(
        "slack-token",
        "xoxb- xoxp- xoxa- xoxr- xoxs- xoxo- xoxe- xoxe. xoxc- xoxd-",
        rb"(xox[abcdeoprs](?:\.xox[bp])?-[A-Za-z0-9%\-]{10,300})",
    ),
    _rule("slack-token", "xapp-", rb"(xapp-[0-9]-[A-Za-z0-9\-]{20,200})"),
    _rule(
        "slack-webhook",
        "hooks.slack.com",
        rb"(https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{20,120})",
    ),
    _rule(
        "discord-webhook",
        "discord.com/api/webhooks discordapp.com/api/webhooks",
        rb"(https://(?:[a-z]{1,10}\.)?discord(?:app)?\.com/api/webhooks/[0-9]{10,25}/[A-Za-z0-9_\-]{40,100})",
    ),
    _rule(
        "discord-token",
        "discord bot",
        rb"(?<![A-Za-z0-9_\-.])([MNO][A-Za-z0-9_\-]{23,27}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,40})" + _END,
        3.5,
    ),
    _rule(
        "teams-webhook",
        "webhook.office.com",
        rb"(https://[a-z0-9]{1,40}\.webhook\.office\.com/webhookb2/[A-Za-z0-9@\-/]{60,250})",
    ),
    _rule("google-api-key", "aiza", _START + rb"(AIza[A-Za-z0-9_\-]{35})" + _END),
    _rule("google-oauth", "gocspx- ya29.", rb"(GOCSPX-[A-Za-z0-9_\-]{28}|ya29\.[A-Za-z0-9_\-]{30,400})"),
    _rule(
        "stripe-key",
        "sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ rk_prod_ whsec_",
        rb"((?:[sr]k_(?:live|test|prod)|whsec)_[A-Za-z0-9]{16,120})" + _END,
    ),
    _rule("npm-token", "npm_", _START + rb"(npm_[A-Za-z0-9]{36})" + _END),
    _rule("npm-token", "_authtoken", rb"_authToken\s{0,4}=\s{0,4}[\"']?([A-Za-z0-9+/=_\-]{20,200})"),
    _rule("pypi-token", "pypi-ageichlwas5vcmc", rb"(pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_\-]{50,1000})"),
    _rule("pypi-token", "pypi-agenihlwas testpypi", rb"(pypi-AgEN[A-Za-z0-9_\-]{50,1000})"),
    _rule(
        "openai-key",
        "sk-",
        _START + rb"(sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_\-]{20,250}|"
        rb"sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|sk-[A-Za-z0-9]{48})" + _END,
    ),
    _rule("anthropic-key", "sk-ant-", rb"(sk-ant-(?:api|admin|sid|oat)[0-9]{2}-[A-Za-z0-9_\-]{20,200})"),
    _rule("huggingface-token", "hf_ api_org_", _START + rb"((?:hf|api_org)_[A-Za-z]{34})" + _END),
    _rule("sendgrid-key", "sg.", _START + rb"(SG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43})" + _END),
    _rule("twilio-key", "twilio", _START + rb"(SK[0-9a-f]{32})" + _END, 3.0),
    _rule("mailgun-key", "key- pubkey-", _START + rb"((?:pub)?key-[0-9a-f]{32})" + _END, 3.0),
    _rule("telegram-token", "bot telegr", rb"(?<![0-9])([0-9]{8,10}:AA[A-Za-z0-9_\-]{33})" + _END),
    _rule("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", rb"(do[opr]_v1_[a-f0-9]{64})"),
    _rule("shopify-token", "shpat_ shpca_ shppa_ shpss_", rb"(shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32})"),
    _rule(
        "square-token", "eaaa sq0", _START + rb"(sq0(?:atp|csp)-[A-Za-z0-9_\-]{22,43}|EAAA[A-Za-z0-9_\-]{60})" + _END
    ),
    _rule("terraform-token", ".atlasv1.", rb"([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9\-_=]{60,70})"),
    _rule("vault-token", "hvs. hvb.", _START + rb"(hv[sb]\.[A-Za-z0-9_\-]{24,300})" + _END),
    _rule("databricks-token", "dapi", _START + rb"(dapi[a-f0-9]{32}(?:-[0-9])?)" + _END),
    _rule(
        "grafana-token", "glc_ glsa_", _START + rb"(glc_[A-Za-z0-9+/]{32,400}={0,3}|glsa_[A-Za-z0-9]{32}_[a-f0-9]{8})"
    ),
    _rule("newrelic-key", "nrak- nrjs-", _START + rb"(NRAK-[A-Z0-9]{27}|NRJS-[a-f0-9]{19})" + _END, 2.5),
    _rule("linear-token", "lin_api_", rb"(lin_api_[A-Za-z0-9]{40})"),
    _rule("postman-key", "pmak-", rb"(PMAK-[a-f0-9]{24}-[a-f0-9]{34})"),
    _rule("doppler-token", "dp.pt. dp.st.", rb"(dp\.(?:pt|st)\.[A-Za-z0-9._\-]{40,60})"),
    _rule("dockerhub-token", "dckr_pat_ dckr_oat_", rb"(dckr_[po]at_[A-Za-z0-9_\-]{27,40})"),
    _rule("rubygems-key", "rubygems_", rb"(rubygems_[a-f0-9]{48})"),
    _rule(
        "onepassword-key",
        "a3- ops_eyj",
        _START + rb"(A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}|"
        rb"ops_eyJ[A-Za-z0-9+/]{250,1000}={0,3})",
    ),
    _rule("azure-storage-key", "accountkey", rb"AccountKey\s{0,4}=\s{0,4}([A-Za-z0-9+/]{86}==)"),
    _rule(
        "aws-secret-key",
        "aws",
        (
            rb"(?i:aws[a-z0-9_\-. ]{0,30}(?:secret|"
            rb"sk)[a-z0-9_\-. ]{0,30})[\"']?\s{0,4}[=:]{1,2}>?\s{0,4}[\"']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
        ),
        3.5,
    ),
    _rule(
        "connection-string",
        "://",
        (
            rb"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.\-]{1,25}://[^\s:/?#@\"'<>`\\]{0,120}:([^\s@/\"'<>`\\]{3,120})@[A-Za-z0-9\[]"
            rb"[^\s\"'<>`]{1,200}"
        ),
        0.1,
    ),
    SecretRule(
        "bearer-token",
        (b"authorization",),
        rb"(?i:authorization)[\"']?\s{0,4}[:=,]\s{0,4}[\"']?(?i:bearer)\s{1,4}([A-Za-z0-9_\-.~+/]{20,1000}={0,2})",
        3.5,
        near=True,
    ),
    SecretRule(
        "generic-secret",
        _NAME_KEYWORDS,
        rb"(?i:(?:" + _NAMES + rb")[A-Za-z0-9_.\-]{0,20})[\"'\]]{0,2}\s{0,8}(?::=|=>|[:=])\s{0,8}"
        rb"(?:\"([^\"\s]{8,150})\"|'([^'\s]{8,150})'|`([^`\s]{8,150})`|([A-Za-z0-9_\-+/=.~!#%^&*]{10,150}))",
        3.3,
        near=True,
    ),
)
