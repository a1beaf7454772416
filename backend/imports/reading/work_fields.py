"""What can be imported of jobs and visits of the past."""

from __future__ import annotations

from backend.core.kinds.vocabulary import URGENCY
from backend.customers.kinds.visit import METHODS, STATES
from backend.imports.reading.customer_fields import ADDRESS_CALLED, NUMBER_CALLED
from backend.imports.reading.people_fields import STAFF_NUMBER_CALLED
from backend.imports.reading.shapes import Field

_URGENCY_WORDS = {
    "urgent": ("特急", "紧急工单", "急", "抢修", "emergency", "1级", "一级"),
    "high": ("较紧急", "加急", "优先", "priority", "2级", "二级"),
    "normal": ("普通", "正常", "常规", "low", "3级", "三级"),
}
_METHOD_WORDS = {
    "door": ("上门走访", "入户", "实地", "现场", "走访", "面访", "on site", "in person", "visit"),
    "phone": ("电话回访", "电话走访", "电访", "call", "telephone"),
}
_VISIT_WORDS = {
    "done": ("完成", "已完成", "已走", "走访完成", "成功", "completed", "complete"),
    "not_met": ("无人", "家中无人", "未见", "未遇到", "无人在家", "nobody home", "absent"),
    "cancelled": ("已取消", "作废", "canceled"),
}
# What a past job ended as; open ones are no past.
ENDED = {
    "closed": ("办结", "Closed"),
    "cancelled": ("作废", "Cancelled"),
    "failed": ("未能完成", "Could not be done"),
    "refused": ("不予受理", "Refused"),
    "partly_done": ("部分完成", "Partly done"),
}
_ENDED_WORDS = {
    "closed": (
        "已办结",
        "已完成",
        "完成",
        "已关闭",
        "关闭",
        "归档",
        "已归档",
        "结案",
        "已结案",
        "done",
        "completed",
        "complete",
    ),
    "cancelled": ("已作废", "取消", "已取消", "撤销", "canceled"),
    "failed": ("未完成", "失败", "无法处理", "not done"),
    "refused": ("不受理", "退单", "驳回", "rejected", "declined"),
    "partly_done": ("部分办结", "partial"),
}
_METER_CALLED = ("水表编号", "水表号", "meter no.", "meter no", "meter number")

JOB = (
    Field("number", "工单号", "Number", "number", "work_order", "number", True, 40,
          called=("工单编号", "工单", "单号", "任务号", "任务编号", "受理单号", "受理编号", "派工单号", "work order no.", "work order",
                  "job no.", "job no", "job number", "order no.", "ticket", "ticket no.")),
    Field("matter", "事项", "Matter", "text", "work_order", "matter_id", True, refers="matter",
          called=("工单类型", "事项名称", "业务类型", "报修类型", "维修类型", "类型", "工单类别", "故障类型", "job type", "type",
                  "category", "problem")),
    Field("state", "状态", "State", "choice", "work_order", "state", choices=ENDED, words=_ENDED_WORDS,
          default="closed", called=("工单状态", "处理状态", "办理状态", "status")),
    Field("urgency", "紧急程度", "Urgency", "choice", "work_order", "urgency", choices=URGENCY,
          words=_URGENCY_WORDS, called=("紧急级别", "优先级", "等级", "priority", "severity")),
    Field("description", "情况说明", "Description", "text", "work_order", "description", most=2000,
          called=("内容", "报修内容", "工单内容", "问题描述", "描述", "故障描述", "受理内容", "details", "issue")),
    Field("address", "地址", "Address", "text", "work_order", "address",
          called=(*ADDRESS_CALLED, "报修地址", "维修地址", "发生地址", "故障地址", "事发地址")),
    Field("customer", "户号", "Customer number", "number", "work_order", "customer_id", most=30,
    refers="customer",
          called=NUMBER_CALLED),
    Field("meter", "表号", "Meter", "number", "work_order", "service_point_id", most=40, refers="service_point",
          called=_METER_CALLED),
    Field("reporter_name", "报修人", "Reporter", "text", "work_order", "reporter.name", most=50,
          called=("报修人姓名", "联系人", "来电人", "反映人", "申请人", "reported by", "caller", "contact")),
    Field("reporter_phone", "报修电话", "Reporter's phone", "phone", "work_order", "reporter.phone", most=30,
          called=("联系电话", "来电号码", "电话", "报修人电话", "手机", "phone", "caller phone", "tel")),
    Field("crew", "班组", "Crew", "text", "work_order", "crew_id", refers="crew",
          called=("维修班组", "处理班组", "施工班组", "承办班组", "班组名称", "crew name", "team")),
    Field("done_by", "完成人", "Done by", "number", "work_order", "done_by_id", most=20, refers="staff",
          called=("处理人", "维修人", "维修人员", "处理人员", "处理人工号", "完成人工号", "technician", "fitter")),
    Field("received_at", "受理时间", "Received", "moment", "work_order", "received_at", True,
          called=("报修时间", "创建时间", "登记时间", "来电时间", "接单时间(受理)", "受理日期", "报修日期", "created", "created at",
                  "reported at", "opened", "date")),
    Field("dispatched_at", "派单时间", "Dispatched", "moment", "work_order", "dispatched_at",
          called=("派工时间", "下派时间", "dispatched at")),
    Field("arrived_at", "到场时间", "Arrived", "moment", "work_order", "arrived_at",
          called=("到达时间", "到达现场时间", "arrived at", "on site at")),
    Field("done_at", "完成时间", "Done", "moment", "work_order", "done_at",
          called=("处理时间", "修复时间", "完工时间", "完成日期", "done at", "completed at", "finished")),
    Field("closed_at", "办结时间", "Closed", "moment", "work_order", "closed_at",
          called=("关闭时间", "回访时间", "归档时间", "办结日期", "closed at")),
    Field("diagnosis", "诊断", "Diagnosis", "text", "work_order", "diagnosis", most=2000,
          called=("原因", "故障原因", "漏水原因", "cause", "finding")),
    Field("result", "处理结果", "Result", "text", "work_order", "result", most=2000,
          called=("结果", "处理情况", "维修结果", "办理结果", "处理意见", "resolution", "outcome", "work done")),
    Field("told_cost_fen", "告知费用", "Cost told", "amount_fen", "work_order", "told_cost_fen", least_value=0,
          called=("费用", "维修费用", "维修费", "收费金额", "金额", "费用（元）", "cost", "amount", "charge")),
)  # fmt: skip

VISIT = (
    Field("number", "走访编号", "Visit number", "number", "visit", "number", most=40,
          called=("走访单号", "走访记录编号", "记录编号", "编号", "序列号", "visit no.", "visit no", "visit id")),
    Field("customer", "户号", "Customer number", "number", "visit", "customer_id", True, 30, refers="customer",
          called=NUMBER_CALLED),
    Field("meter", "表号", "Meter", "number", "visit", "service_point_id", most=40, refers="service_point",
          called=_METER_CALLED),
    Field("representative", "客户代表", "Representative", "number", "visit", "representative_id", most=20,
          refers="staff", called=(*STAFF_NUMBER_CALLED, "工号", "走访人", "走访人员", "走访人工号", "代表工号", "网格员",
          "visitor")),
    Field("state", "状态", "State", "choice", "visit", "state",
          choices={code: STATES[code] for code in ("done", "not_met", "cancelled")}, words=_VISIT_WORDS,
          default="done", called=("走访状态", "走访结果状态", "status")),
    Field("method", "方式", "Method", "choice", "visit", "method", choices=METHODS, words=_METHOD_WORDS,
          default="door", called=("走访方式", "走访形式", "visit type", "how")),
    Field("started_at", "开始", "Started", "moment", "visit", "started_at",
          called=("开始时间", "到达时间", "签到时间", "started at")),
    Field("ended_at", "走访时间", "Ended", "moment", "visit", "ended_at", True,
          called=("走访日期", "结束", "结束时间", "完成时间", "时间", "日期", "ended at", "visited at", "visit date", "date")),
    Field("summary", "走访记录", "Summary", "text", "visit", "summary", most=2000,
          called=("走访内容", "走访情况", "记录", "内容", "走访结果", "备注", "notes", "result")),
    Field("absent_reason", "未遇原因", "Why nobody was met", "text", "visit", "absent_reason", most=500,
          called=("未见原因", "未遇说明")),
    Field("materials", "发放资料", "Materials handed out", "text", "visit", "materials", most=500,
          called=("宣传资料", "发放物品", "资料", "handouts")),
    Field("is_satisfied", "是否满意", "Satisfied", "flag", "visit", "is_satisfied",
          called=("满意", "满意度", "客户满意", "satisfaction")),
)  # fmt: skip
