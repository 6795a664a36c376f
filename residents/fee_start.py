"""From which day the service fee of a home counts after its handover. Arithmetic on days; the bills come with fees."""

import datetime

# Of a month, by the rule of the half month: until this day the first half.
LAST_OF_FIRST_HALF = 15


def fees_start_on(rule, handed_over_on):
    """Return the first day with fees for a home handed over on `handed_over_on`.

    `next_month`: the first of the month that follows; the month of the handover is the developer's
    (上海市住宅物业管理规定 第四十九条). `half_month`: the fifteenth after a handover in the first half, else the first
    of the next month (a handbook of Shenzhen, custom). `exact_day`: the day itself.
    """
    if rule == "exact_day":
        return handed_over_on
    if rule == "half_month" and handed_over_on.day <= LAST_OF_FIRST_HALF:
        return handed_over_on.replace(day=LAST_OF_FIRST_HALF)
    return (handed_over_on.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)
