"""The words on papers, in both languages; labels of fields come from their declarations."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "service_sheet": ("维修服务单", "Service sheet"),
    "survey_report": ("现场勘查报告", "Survey report"),
    "number": ("编号", "No."),
    "part.job": ("报修与到场", "Report and arrival"),
    "part.sheet": ("处理情况", "What was found, told and done"),
    "part.pairs": ("施工前后对比", "Before and after"),
    "part.others": ("其他照片", "Other photos"),
    "part.signature": ("客户确认", "Customer's confirmation"),
    "part.visit": ("预约与到场", "Appointment and arrival"),
    "part.findings": ("勘查结果", "Findings"),
    "part.sketch": ("草图", "Sketch"),
    "part.photos": ("照片", "Photos"),
    "used.name": ("用料", "Part"),
    "used.quantity": ("数量", "Quantity"),
    "used.price": ("单价（{currency}）", "Price ({currency})"),
    "cost": ("告知费用", "Cost told"),
    "told": (
        "{at} {way}告知{to}：{minutes} 分钟、{cost}，{agreed}",
        "{at}, told {to} ({way}): {minutes} min, {cost}, {agreed}",
    ),
    "agreed": ("同意", "agreed"),
    "not_agreed": ("不同意", "did not agree"),
    "verify": ("扫码核对真伪", "Scan to verify"),
    "hash": ("服务单哈希 SHA-256", "Sheet's SHA-256"),
    "not_signed": ("客户未签字", "Not signed by the customer"),
    "changed": (
        "签字之后工单内容有改动：下面是客户所签的原文",
        "The job has changed since it was signed: below is what the customer signed",
    ),
    "other": ("这个签名属于另一张工单", "This signature belongs to another job"),
    "voided": ("已作废：{reason}", "Voided: {reason}"),
    "doubtful": ("签名存疑：请联系供水单位核实", "The signature is in doubt: ask the utility"),
    "not_reported": ("报告尚未出具", "Not reported yet"),
    "punctual": ("到场与约定相差", "Arrival against appointment"),
    "minutes": ("{minutes} 分钟", "{minutes} min"),
    "yes": ("是", "Yes"),
    "no": ("否", "No"),
    "not_arrived": ("照片尚未传到", "The picture has not arrived yet"),
    "not_ready": ("照片正在处理", "The picture is being prepared"),
    "not_shown": ("原件已保存，但不能显示", "Kept as received; it cannot be shown"),
    "not_readable": ("照片文件读不出来", "The picture's file cannot be read"),
    "no_picture": ("没有照片", "No picture"),
    "cell_map": ("网格图", "Map of cells"),
    "map.valid": ("{on} 有效", "Valid on {on}"),
    "map.count": ("共 {count} 个网格", "{count} cells"),
    "map.none": ("这一天没有网格", "There are no cells on this day"),
    "map.all": ("全图", "The whole"),
    "map.part": ("分图：全图中的 {page} 号框", "A larger view: frame {page} of the whole"),
    "map.larger": (
        "虚线框见第 2 至 {last} 页：这里放不下名称的网格在那里放大",
        "Dashed frames are pages 2 to {last}, with the names that find no room here",
    ),
    "map.larger_one": (
        "虚线框见第 2 页：这里放不下名称的网格在那里放大",
        "The dashed frame is page 2, with the names that find no room here",
    ),
    "map.scale": ("1 : {scale}", "1 : {scale}"),
    "map.list": ("网格一览", "List of cells"),
    "map.note": (
        "颜色只用来区分相邻的网格。边界取自本单位的网格档案（WGS-84），粗线是单位界线，无底图。户数和工作量为打印时的数。按原尺寸打印时比例尺有效，上方为北。",
        "Colours only tell neighbours apart. Outlines are of the house's own records (WGS-84), thick "
        "lines are units' borders; there is no base map. "
        "Customers and work as of printing. The scale holds at 100 % size; north is up.",
    ),
    "map.key": ("号", "No."),
    "map.code": ("编号", "Code"),
    "map.name": ("名称", "Name"),
    "map.unit": ("单位", "Unit"),
    "map.representative": ("客户代表", "Representative"),
    "map.stand_in": ("替班", "Stand-in"),
    "map.phone": ("工作电话", "Work phone"),
    "map.customers": ("户数", "Customers"),
    "map.work": ("工作量", "Work"),
    "map.area": ("km²", "km²"),
    "map.page": ("页", "Page"),
    "map.standing_in": ("{who}（替班）", "{who} (stand-in)"),
    "map.nobody": ("无客户代表", "no representative"),
    "map.customers_of": ("{count} 户", "{count} customers"),
    "map.work_of": ("工作量 {work}", "work {work}"),
    "missing": ("字体中没有的字符，以 □ 代替：", "Signs that no font has, shown as □:"),
    "foot": ("{utility} · {title} {number} · 打印于 {at}", "{utility} · {title} {number} · printed {at}"),
}


def word(name: str, language: str, **figures: object) -> str:
    """One of WORDS in `zh` or `en`."""
    zh, en = WORDS[name]
    return (zh if language == "zh" else en).format(**figures)
