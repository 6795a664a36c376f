"""What cities say of deposits, as data with its source (ruling 17): offered to the administrator, chosen by nobody."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models import DepositKind, DepositRule

Verdict = DepositRule.Verdict


@dataclass(frozen=True)
class Pack:
    """The rules of one place: its key, its name, and the facts of each DepositRule. The sources are quotations."""

    key: str
    name: Promise
    rules: tuple


def _renovation(verdict, source):
    kinds = (DepositKind.RENOVATION_OWNER, DepositKind.RENOVATION_CONTRACTOR)
    return tuple({"kind": kind, "verdict": verdict, "most": None, "source": source} for kind in kinds)


PACKS = [
    Pack(
        "beijing",
        _("Beijing: no renovation deposit"),
        _renovation(
            Verdict.FORBIDDEN,
            "北京市住宅装修不得收取装修管理费、装修押金、保证金（新华社报道，2023-08-24；请核对现行文件）",
        ),
    ),
    Pack(
        "shandong",
        _("Shandong: as the covenant says"),
        _renovation(
            Verdict.ALLOWED,
            "按管理规约约定收取：山东省物业管理条例（2021-12-03）第四十条第（五）项；请对照本小区管理规约",
        ),
    ),
]
BY_KEY = {pack.key: pack for pack in PACKS}
