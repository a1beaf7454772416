"""What can be imported of staff with their accounts, crews and who represents a cell."""

from __future__ import annotations

from backend.core.actor import ROLE_LABELS
from backend.core.installation import USUAL_POSTS, installed
from backend.core.kinds.vocabulary import SKILLS
from backend.imports.reading.shapes import Field
from backend.people.kinds.staff import EMPLOYMENT
from backend.territory.kinds.cell_assignment import DUTIES

STAFF_NUMBER_CALLED = (
    "员工编号", "员工号", "职工号", "职工编号", "人员编号", "工作证号", "工牌号", "编号", "staff no.", "staff no", "staff id",
    "employee no.", "employee no", "employee id", "employee number", "badge",
)  # fmt: skip
PHONE_CALLED = (
    "电话", "联系电话", "手机", "手机号", "手机号码", "移动电话", "办公电话", "phone", "mobile", "tel", "telephone",
    "phone number",
)  # fmt: skip
_ACTIVE_CALLED = (
    "是否在岗",
    "在职",
    "是否在职",
    "在岗状态",
    "在职状态",
    "启用",
    "是否启用",
    "is active",
    "enabled",
)
_POST_WORDS = {
    "customer_representative": ("客服代表", "网格员", "网格客户代表", "网格代表", "representative", "rep"),
    "service_clerk": ("客服员", "服务员", "客服专员", "clerk"),
    "arrears_collector": ("催费员", "收费员", "催缴员", "欠费催缴", "collector"),
    "hall_agent": ("营业员", "坐席", "窗口人员", "大厅坐席", "counter"),
    "account_steward": ("客户经理", "管家", "客户专员", "客户管家", "account manager"),
    "area_manager": ("片区长", "片区经理", "网格长", "片长", "manager"),
    "network_inspector": ("巡检员", "管网巡线员", "巡线员", "inspector"),
    "water_quality_tester": ("水质员", "化验员", "检测员", "tester"),
    "works_manager": (
        "施工员",
        "施工管理",
        "现场管理员",
        "维修工",
        "维修员",
        "抢修工",
        "fitter",
        "technician",
    ),
    "pump_station_patroller": ("泵站巡护员", "二供巡检员", "泵房巡检员", "patroller"),
    "hotline_agent": ("热线坐席", "热线员", "话务员", "接线员", "call agent"),
}
_EMPLOYMENT_WORDS = {
    "own": (
        "正式",
        "正式工",
        "在编",
        "合同制",
        "自有",
        "本单位",
        "编制内",
        "全民",
        "employee",
        "permanent",
        "in-house",
    ),
    "outsourced": (
        "三方",
        "外包",
        "劳务派遣",
        "派遣",
        "外委",
        "劳务",
        "临时工",
        "contractor",
        "agency",
        "third party",
    ),
}
_ROLE_WORDS = {
    "admin": ("管理员", "系统管理", "超级管理员", "administrator"),
    "dispatcher": ("调度", "派单员", "调度中心"),
    "supervisor": ("主任", "经理", "所长", "班长主管", "领导", "manager"),
    "representative": ("代表", "网格员", "客服代表", "客户经理", "rep"),
    "crew_leader": ("班长", "组长", "维修班长", "队长", "leader", "foreman"),
    "crew_member": ("维修工", "维修员", "抢修工", "班组成员", "member", "fitter"),
    "hotline_agent": ("热线", "坐席", "话务员", "热线坐席", "agent"),
    "auditor": ("审计", "稽查", "稽核", "audit"),
}
SKILL_WORDS = {
    "pipe_repair": ("维修", "管道", "管道抢修", "管网维修", "管道修理", "漏水维修"),
    "large_main": ("抢修", "大管抢修", "大口径", "主管抢修", "大口径管道"),
    "meter": ("换表", "水表更换", "表务", "水表维修", "装表", "meter"),
    "valve": ("阀门维修", "阀门操作", "启闭阀门", "valve"),
    "survey": ("勘察", "现场勘查", "查勘"),
    "water_quality": ("水质检测", "检测", "化验"),
    "pump": ("泵", "水泵", "泵房", "二次供水", "加压", "pump"),
}
_DUTY_WORDS = {
    "deputy": ("协办", "副代表", "副网格员", "B角", "assistant"),
    "representative": ("代表", "主责", "网格员", "负责人", "责任人", "A角", "主", "owner"),
    "stand_in": ("替班人", "顶班", "临时", "代班", "standin", "substitute"),
}
_ROLES = {str(role): label for role, label in ROLE_LABELS.items()}

STAFF = (
    Field("staff_number", "工号", "Staff number", "number", "staff", "staff_number", True, 20,
          called=STAFF_NUMBER_CALLED),
    Field("name", "姓名", "Name", "text", "staff", "name", True, 50,
          called=("员工姓名", "名字", "人员姓名", "员工", "full name", "staff name", "employee name", "employee")),
    Field("work_phone", "工作电话", "Work phone", "phone", "staff", "work_phone", most=30, called=PHONE_CALLED),
    Field("post", "岗位", "Post", "choice", "staff", "post", True, choices=USUAL_POSTS, words=_POST_WORDS,
          own_choices=lambda: installed().posts,
          called=("职务", "职位", "工种", "岗位名称", "岗位类别", "job title", "position", "title")),
    Field("employment", "用工性质", "Employment", "choice", "staff", "employment", choices=EMPLOYMENT,
          words=_EMPLOYMENT_WORDS, default="own",
          called=("用工形式", "用工类型", "人员性质", "编制", "员工类型", "employment type", "contract type")),
    Field("qualifications", "资格", "Qualifications", "text", "staff", "qualifications", most=500,
          called=("资质", "证书", "资格证书", "持证情况", "certificates")),
    Field("exam_passed_until", "考试合格有效期", "Exam valid until", "date", "staff", "exam_passed_until",
          called=("证书有效期", "资格有效期", "有效期", "合格有效期", "certificate expires", "valid until")),
    Field("skills", "技能", "Skills", "choices", "staff", "skills", choices=SKILLS, words=SKILL_WORDS,
          called=("专业", "擅长", "技能特长", "skill")),
    Field("working_hours", "服务时间", "Hours", "text", "staff", "working_hours", most=100,
          called=("工作时间", "上班时间", "working hours")),
    Field("is_active", "在岗", "Active", "flag", "staff", "is_active", default=True, called=_ACTIVE_CALLED),
    Field("roles", "角色", "Roles", "choices", "account", "roles", choices=_ROLES, words=_ROLE_WORDS,
          called=("系统角色", "账号角色", "权限", "用户角色", "role", "permissions")),
    Field("login", "登录名", "Login", "number", "account", "login", most=40,
          called=("账号", "帐号", "登录账号", "用户名", "系统账号", "username", "user name", "login name")),
)  # fmt: skip

CREW = (
    Field("name", "名称", "Name", "text", "crew", "name", True,
          called=("班组", "班组名称", "队伍", "队伍名称", "维修班组", "抢修队", "crew", "crew name", "team", "team name")),
    Field("leader", "班组长", "Leader", "number", "crew", "leader_id", True, 20, refers="staff",
          called=("班长", "组长", "队长", "负责人", "班组长工号", "班长工号", "leader no.", "leader id", "foreman",
          "crew leader")),
    Field("members", "成员", "Members", "names", "crew", "member_ids", most=2000, refers="staff",
          called=("组员", "班组成员", "成员工号", "队员", "人员", "人员工号", "crew members", "member ids", "staff")),
    Field("skills", "技能", "Skills", "choices", "crew", "skills", True, choices=SKILLS, words=SKILL_WORDS,
          called=("专业", "业务范围", "擅长", "skill")),
    Field("shift_start", "上班", "Shift start", "clock", "crew", "shift_start", default="08:00",
          called=("上班时间", "开始时间", "班次开始", "start", "start time")),
    Field("shift_end", "下班", "Shift end", "clock", "crew", "shift_end", default="17:30",
          called=("下班时间", "结束时间", "班次结束", "end", "end time")),
    Field("break_from", "休息最早开始", "Break from", "clock", "crew", "break_from", called=("午休开始",)),
    Field("break_until", "休息最晚开始", "Break until", "clock", "crew", "break_until", called=("午休最晚开始",)),
    Field("break_minutes", "休息时长（分钟）", "Break (min)", "whole", "crew", "break_minutes", most_value=480,
          least_value=0, called=("休息时长", "午休时长", "午休分钟", "break minutes")),
    Field("most_jobs", "每班最多工单", "Most jobs a shift", "whole", "crew", "most_jobs", least_value=1,
          most_value=100, called=("最多工单", "日最大工单数", "max jobs")),
    Field("vehicle", "车辆", "Vehicle", "text", "crew", "vehicle", most=40,
          called=("车牌", "车牌号", "车号", "抢修车", "plate", "licence plate", "license plate")),
    Field("phone", "联系电话", "Phone", "phone", "crew", "phone", most=30,
          called=("值班电话", "班组电话", *PHONE_CALLED)),
    Field("is_active", "在岗", "Active", "flag", "crew", "is_active", default=True, called=_ACTIVE_CALLED),
)  # fmt: skip

CELL_REPRESENTATIVE = (
    Field("cell", "网格", "Cell", "text", "cell_assignment", "cell_id", True, refers="cell",
          called=("网格编号", "网格名称", "所属网格", "网格号", "片区", "片区名称", "责任区", "责任网格", "cell code", "grid", "zone")),
    Field("staff", "工号", "Staff number", "number", "cell_assignment", "staff_id", True, 20, refers="staff",
          called=(*STAFF_NUMBER_CALLED, "客户代表工号", "代表工号", "网格员工号", "客户代表", "网格员", "representative")),
    Field("duty", "责任", "Duty", "choice", "cell_assignment", "duty", choices=DUTIES, words=_DUTY_WORDS,
          default="representative", called=("职责", "责任类型", "角色", "role")),
    Field("valid_from", "开始日期", "From", "date", "cell_assignment", "valid_from",
          called=("起始日期", "生效日期", "启用日期", "开始", "start date", "since", "valid from")),
    Field("valid_until", "结束日期", "Until", "date", "cell_assignment", "valid_until",
          called=("截止日期", "终止日期", "失效日期", "结束", "end date", "valid until")),
)  # fmt: skip
