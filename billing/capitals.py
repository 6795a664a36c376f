"""An amount of money in the Chinese capitals (大写) that stand on receipts, so that no digit can be added to it."""

from billing.amounts import to_fen

# What stands before it on a receipt, so that nothing can be put there.
YUAN = "人民币"
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿")


def capitals(amount):
    """Return `amount` yuan (not below nothing, under a thousand billion) in capitals: 326.03 is 叁佰贰拾陆元零叁分, and
    whole yuan or jiao end with 整 (正确填写票据和结算凭证的基本规定, 中国人民银行). Raises ValueError for others."""
    fen = int(to_fen(amount) * 100)
    if not 0 <= fen < 10**14:
        raise ValueError(amount)
    yuan, rest = divmod(fen, 100)
    jiao, fen = divmod(rest, 10)
    text = f"{_whole(yuan)}元" if yuan else ""
    if not rest:
        return (text or "零元") + "整"
    if jiao:
        # 第三条: a nought of the yuan before a jiao is written, so that none can be put there.
        text += ("零" if yuan and yuan % 10 == 0 else "") + f"{_DIGITS[jiao]}角"
    elif yuan:
        text += "零"
    return text + (f"{_DIGITS[fen]}分" if fen else "整")


def _whole(number):
    """Return a whole number above nothing in capitals, groups of four digits at a time."""
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    text, gap = "", False
    for place in reversed(range(len(groups))):
        group = groups[place]
        if not group:
            gap = bool(text)
            continue
        if text and (gap or group < 1000):
            text += "零"
        text, gap = text + _group(group) + _GROUPS[place], group % 10 == 0
    return text


def _group(group):
    """Return one to four digits in capitals: noughts between digits are one 零, those at the end none."""
    text, gap = "", False
    for place in reversed(range(4)):
        digit = group // 10**place % 10
        if not digit:
            gap = bool(text)
            continue
        text, gap = text + ("零" if gap else "") + _DIGITS[digit] + _PLACES[place], False
    return text
