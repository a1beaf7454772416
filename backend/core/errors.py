"""Everything that can go wrong, once: code, HTTP status, sentence and remedy in both languages.

`mobile_api_spec/errors.md` is made from this catalogue. Reasons for parking a phone's work stand here too: they are
never sent as an HTTP error, a phone's work is never refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One way to fail."""

    code: str
    status: int
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


PARKED = 0

_ROWS = (
    # code, status, sentence zh, sentence en, remedy zh, remedy en
    ("bad_json", 400, "请求正文不是可读的 JSON", "The body is not readable JSON", "检查正文的编码和括号", "Check the body's encoding and brackets"),
    ("invalid", 422, "有字段不符合要求", "Some fields break their rules", "逐项改正后重交", "Correct each field and send again"),
    ("check_failed", 422, "记录整体不符合规则", "The record as a whole breaks a rule", "按 faults 补全或更正", "Complete or correct what faults names"),
    ("not_signed_in", 401, "没有登录或登录已过期", "You are not signed in, or the sign-in has ended", "用刷新令牌换新令牌，或重新登录", "Use the refresh token, or sign in again"),
    ("wrong_credentials", 401, "工号（手机号）或密码不对", "Staff number (or phone) or password is wrong", "检查后重试；忘记密码请找管理员", "Check and try again; an administrator can set a new password"),
    ("refresh_ended", 401, "刷新令牌已失效", "The refresh token is no longer valid", "重新登录；本机未上传的记录不会丢失", "Sign in again; unsent work on the phone is kept"),
    ("demo_from_outside", 403, "演示账号只能在本机登录", "Demo accounts sign in from this machine only", "在运行服务的机器上打开页面", "Open the page on the machine that runs the server"),
    ("not_allowed", 403, "您的角色不能做这件事", "Your role may not do this", "请有权限的同事办理", "Ask a colleague who may"),
    ("read_only_token", 403, "这个令牌只能读取", "This token may only read", "用本人登录来修改", "Sign in yourself to change things"),
    ("device_revoked", 403, "这台手机已挂失，只能交回未上传的记录", "This phone was reported lost; it may only hand in its unsent work", "交回后清空本机", "Hand in, then wipe this phone"),
    ("not_found", 404, "没有这个对象，或不在您的范围内", "There is no such thing, or it is not in your scope", "核对编号；需要时请上级调整范围", "Check the id; ask for a wider scope if you need it"),
    ("method_not_allowed", 405, "这个地址不支持这种操作", "This address does not take this method", "查看接口文档 /docs", "See the API documents at /docs"),
    ("start_compare", 409, "同步位置无法继续", "This sync position cannot be continued", "保留全部记录和未上传的内容，用 /sync/compare 核对", "Keep all records and unsent work, and compare by /sync/compare"),
    ("changed_meanwhile", 412, "记录已被别人修改", "Somebody else has changed the record", "重新读取，核对后再保存", "Read it again, check, and save once more"),
    ("version_needed", 428, "修改需要 If-Match 版本号", "A change needs the version in If-Match", "先读取记录，把 ETag 放进 If-Match", "Read the record and send its ETag as If-Match"),
    ("too_large", 413, "请求太大", "The request is too large", "分批发送（每批最多 500 条或 2 MiB）", "Send less at once (500 mutations or 2 MiB at most)"),
    ("empty_file", 422, "文件是空的，里面没有内容", "The file is empty: there is nothing in it", "重新拍照或另选文件；这一个放在一边，别的照常发送", "Take the picture again or choose another file; this one is set aside and holds up nothing"),
    ("unsupported_media", 415, "内容类型不支持", "This content type is not supported", "按接口文档设置 Content-Type", "Set Content-Type as the documents say"),
    ("too_many", 429, "请求太频繁", "Too many requests", "过一会儿再试", "Wait a little and try again"),
    ("too_many_tries", 429, "尝试次数太多，请稍候", "Too many wrong tries; please wait", "过了这段时间再试；登录过的手机和浏览器不受别人的错误影响", "Try again once that time is over; a phone or browser that signed in before is not held up by others' errors"),
    ("quota_exceeded", 429, "这台手机今天上传的记录超过了限额", "This phone has handed in more than a day's share", "记录留在手机里，明天会再传；请管理员检查这台手机", "Keep the work, it is sent again tomorrow; an administrator should look at the phone"),
    ("outside_territory", 422, "位置不在服务区域内", "The place lies outside the territory", "检查经纬度顺序（先经后纬）和坐标系（WGS-84）", "Check the order (longitude first) and the datum (WGS-84)"),
    ("no_place", 422, "不知道工单在哪里", "Nothing says where the job is", "写明客户、用水点、档案里的地址、位置或网格中的一项", "Name a customer, a service point, an address of the ledger, a place or a cell"),
    ("which_point", 422, "这个客户（地址）有几个用水点，不知道是哪一个", "There are several service points, and nothing says which", "从 choices 中选一个填入 service_point_id，或给出位置", "Choose one of choices as service_point_id, or give a place"),
    ("anothers_ground", 422, "这个位置由别的单位负责", "The place is another unit's ground", "请转给 unit 写明的单位受理", "Pass it on to the unit named"),
    ("cells_overlap", 422, "边界与别的网格重叠", "The outline overlaps other cells", "按 faults 改好边界，或先请对方让出这块地方", "Mend the outline as faults says, or let the other cell give the ground up first"),
    ("no_representative", 404, "这里还没有客户代表", "Nobody is responsible for this place yet", "请拨打服务热线", "Please call the hotline"),
    ("address_not_found", 404, "没有找到这个地址", "This address is not known here", "请核对路名和门牌号，或用定位查找；新地址请拨打服务热线", "Check the street and the house number, or use your position; for a new address please call the hotline"),
    ("address_unclear", 422, "这些字对得上好几处地方", "These words fit several places", "请写明路名和门牌号（楼号、单元），或用定位查找", "Give the street and the house number (building, entrance), or use your position"),
    ("action_does_not_fit", 409, "当前状态不能执行这个操作", "This step does not fit the present state", "重新读取，按 fits_in 列出的状态办理", "Read it again; fits_in names the states it fits"),
    ("own_job", 403, "做这个工单的人不能拿到客户的确认链接", "Whoever did the job does not get the customer's link", "把链接发到客户登记的号码，或请没有参与的办公室人员转交", "Send it to the number on the ledger, or let somebody of the office who was no part of it hand it on"),
    ("cannot_send", 409, "没有接入短信网关，链接发不出去", "There is no gateway to send the link by", "请办公室人员生成并转交链接；管理员可设置 WANGGE_NOTIFY_CHANNEL 和 WANGGE_PUBLIC_URL", "Let the office hand the link on; an operator sets WANGGE_NOTIFY_CHANNEL and WANGGE_PUBLIC_URL"),
    ("no_ledger_number", 409, "客户档案里没有可用的号码，或号码是做工单的人改的", "The ledger has no number to use, or who did the job wrote it", "请办公室人员核对号码，或转交链接", "Let the office check the number, or hand the link on"),
    ("unknown_action", 422, "没有这个操作", "There is no such action", "查看该类记录的操作表", "See the kind's table of actions"),
    ("record_deleted", 409, "记录已被删除", "The record has been deleted", "请有权限的人决定是否恢复", "Somebody with the right must decide whether it comes back"),
    ("id_taken", 409, "这个编号已被使用", "This id is taken", "换一个新的 UUIDv7", "Use a new UUIDv7"),
    ("device_taken", 409, "这个设备编号是别人登记的", "This device id was registered by somebody else", "换一个新的设备编号再登录；本机未上传的记录不受影响", "Make a new device id and sign in with it; unsent work stays as it is"),
    ("reference_missing", 422, "引用的对象不存在", "It points at something that is not there", "核对 faults 里的编号", "Check the ids in faults"),
    ("in_use", 409, "还有别的记录在使用它", "Other records still use it", "先处理引用它的记录", "Deal with the records that point at it first"),
    ("field_not_writable", 422, "有字段由系统填写，不能修改", "Some fields are written by the system alone", "去掉 fields 列出的字段", "Leave out the fields that are listed"),
    ("due_day_kept", 409, "期限由系统确定，不能随手改动", "A due day is the house's: it is not moved in passing", "请主管改期并写明原因（预约由办公室改），原期限会保留", "A supervisor moves it with a reason (an appointment: the office); the old one is kept"),
    ("untold_change", 409, "时间或费用有改动，但没有新的告知记录", "The time or cost changed without being told anew", "先告知客户，再记录：告知谁、何时、何种方式、是否同意、新的时间和费用", "Tell the customer first, then note it: to whom, when, how, whether they agreed, and the new time and cost"),
    ("same_person", 403, "办这件事的人不能自己办结", "Whoever did the work does not close it", "请另一位同事回访后办结；本单位没有别人时由上级单位办结", "A colleague asks the customer and closes it; where there is nobody else, the unit above does"),
    ("already_decided", 409, "这件事已经有人处理过", "Somebody has decided this already", "刷新收件箱", "Refresh the inbox"),
    ("reason_needed", 422, "需要写明理由", "A reason is needed", "填写 reason", "Give a reason"),
    ("wrong_offset", 409, "上传位置不对", "The upload stands at another offset", "先 HEAD 查询偏移量再续传", "Ask with HEAD for the offset, then go on from there"),
    ("wrong_hash", 460, "文件内容与声明的哈希不符", "The bytes do not have the hash that was declared", "从头重新上传这个文件", "Upload the file again from the start"),
    ("wrong_checksum", 460, "这一段内容与 Upload-Checksum 不符，没有保存", "These bytes do not have their Upload-Checksum and were not kept", "从同一偏移量重发这一段", "Send the same bytes again at the same offset"),
    ("upload_taken_over", 423, "同一个上传有了更新的连接", "A newer connection goes on with this upload", "先 HEAD 查询偏移量再续传", "Ask with HEAD for the offset, then go on from there"),
    ("upload_expired", 410, "这个上传已经结束或过期", "This upload has ended", "重新开始上传；手机里的文件还在", "Begin the upload anew; the phone still has the file"),
    ("pieces_missing", 409, "要合并的分片还没有传完", "Not all pieces of this file are here", "先传完每一片，再合并", "Send every piece to its end, then put them together"),
    ("disk_full", 507, "服务器的磁盘满了", "The server's disk is full", "文件留在手机里，稍后续传；请通知管理员", "Keep the file and go on later; tell an administrator"),
    ("not_shown", 422, "这个文件不能显示为图片，原件已保存", "This file cannot be shown as a picture; it is kept as received", "按原件下载（size=original）", "Fetch it as received (size=original)"),
    ("link_used", 410, "这个链接已经用过", "This link has been used", "需要改动请联系发链接的单位", "To change anything, ask whoever sent it"),
    ("fonts_missing", 503, "服务器没有中文字体，不能出纸质单据", "The server has no Chinese font to print with", "安装 fonts-noto-cjk，或用 WANGGE_FONTS 指明字体目录", "Install fonts-noto-cjk, or name its folder in WANGGE_FONTS"),
    ("has_account", 409, "这个班组有自己的账号", "People of this crew have accounts of their own", "请他们用手机应用办理；外协链接只给没有账号的班组", "They work with the app; links are for crews without accounts"),
    ("link_ended", 410, "这个链接已经失效", "This link has ended", "请向发链接的人要一个新的", "Ask whoever sent it for a new one"),
    ("range_not_there", 416, "请求的范围超出文件", "The range lies outside the file", "按 Content-Range 给出的大小重新请求", "Ask again within the size in Content-Range"),
    ("tus_version", 412, "不支持这个 tus 版本", "This version of tus is not spoken here", "使用 Tus-Resumable: 1.0.0", "Send Tus-Resumable: 1.0.0"),
    ("password_too_weak", 422, "密码太弱", "The password is too weak", "按 faults 写明的要求换一个密码", "Choose another as faults says"),
    ("cannot_draw", 422, "按这些要求画不出网格", "Cells cannot be drawn as asked", "改好数量、范围、文件或坐标系后重试", "Change the number, the extent, the file or its coordinate system and try again"),
    ("plan_not_ready", 409, "方案还没有算好，或已经处理过", "The plan is not ready, or was decided already", "看 state；算好后再确认", "See state; decide once it is ready"),
    ("ground_changed", 409, "方案算好后网格又被改过", "The cells have changed since the plan was made", "重新生成方案再确认", "Make the plan anew and decide then"),
    ("ground_has_gaps", 409, "方案会留下没有网格的地方", "The plan would leave ground without a cell", "补上空缺，或确认后带 accept_gaps 再提交", "Close the gaps, or send accept_gaps when they are meant"),
    ("ground_far_away", 409, "方案里的网格离现有范围很远", "The plan's cells lie far away from the ground", "看导入报告，核对坐标系后重新导入；确实在那里就勾选确认（accept_far）再启用", "See what the import found, check the system and import again; confirm (accept_far) where they do lie there"),
    ("no_crew", 409, "没有能接这张工单的班组在岗或值班", "No crew that can take this job is at work or on call", "打电话联系班组；必要时指定班组", "Call a crew; name one if it must be"),
    ("emergency_not_sent", 409, "这张工单没有可撤回的紧急派单", "This job was not sent as an emergency, or that was taken back", "刷新后再看一遍", "Read it again"),
    ("emergency_begun", 409, "班组已经出发或到场，不能撤回", "The crew has left for it or begun", "请打电话联系班组", "Call the crew"),
    ("plan_stale", 409, "排班方案已过时：日期或时间已过，班组有变动，或由旧版本生成", "The plan is out of date: its hours have passed, a crew has changed, or an older release made it", "重新排班再发布", "Plan the day anew and publish then"),
    ("plan_not_published", 409, "这个方案没有发布，或已经撤回", "The plan is not published, or was taken back already", "看 state；只有已发布的方案可以撤回", "See state; only a published plan can be taken back"),
    ("day_over", 409, "这一天的班次都已结束", "Every shift of that day is over", "排下一天；没做完的工单会一并列入", "Plan the next day: what was left over comes along"),
    ("jobs_changed", 409, "方案算好后有工单变动", "Jobs have changed since the plan was made", "重新排班再发布", "Plan the day anew and publish then"),
    ("server_error", 500, "服务器出错，已记录", "The server failed; it has been noted", "稍后重试；仍不行请提供请求编号", "Try later; if it stays, tell us the request id"),
    ("not_ready", 503, "服务暂不可用", "The service is not ready", "稍后自动重试", "Retry a little later"),
    ("unknown_kind", PARKED, "服务器还不认识这类记录", "The server does not know this kind (yet)", "服务器升级后由人工处理", "A person deals with it after the server's upgrade"),
    ("unreadable", PARKED, "记录无法读取，已原样保存", "It could not be read and is kept as it came", "请技术人员查看原文", "A technician should look at the bytes"),
    ("id_reused", PARKED, "同一编号发来了不同内容", "The same id came with different content", "两份内容都在，请人工核对", "Both are kept; a person must compare them"),
    ("outside_scope", PARKED, "不在您的负责范围内", "Outside your scope", "由负责该网格的人决定", "Whoever is responsible there decides"),
    ("predecessor_parked", PARKED, "它依赖的前一条还在等人处理", "What it builds on waits for a person", "前一条处理了，或由您更正了，它会一并办理", "It follows when that is decided, or when you correct it"),
    ("cycle", PARKED, "几条记录互相等待", "Some mutations wait for each other", "请人工决定先后", "A person must set the order"),
    ("from_file", PARKED, "由办公室从导出文件代交", "Handed in by the office from an exported file", "核对后采纳", "Check it, then apply it"),
    ("waits_for", PARKED, "等待它依赖的记录到达", "Waits for what it builds on", "72 小时内到达会自动办理", "It goes on by itself when that arrives within 72 hours"),
    ("deadline_passed", PARKED, "等了 72 小时，依赖的记录仍未到达", "What it builds on did not arrive in 72 hours", "请人工处理", "A person must deal with it"),
    ("refused_by_database", PARKED, "数据库不接受这条记录", "The database did not accept it", "请技术人员查看", "A technician should look at it"),
)  # fmt: skip

CATALOGUE = {row[0]: Entry(*row) for row in _ROWS}


class Problem(Exception):
    """Something a person can act on, with a code from the catalogue and what they must know in `detail`."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.entry = CATALOGUE[code]
        self.detail = detail

    @property
    def code(self) -> str:
        """The catalogue's code."""
        return self.entry.code


class WrongSecret(Problem):
    """A token or link that was never given out (or is long forgotten): counted as a guess by whoever answers.

    `secret` is told to nobody.
    """

    def __init__(self, code: str, secret: str) -> None:
        super().__init__(code)
        self.secret = secret


def as_document(problem: Problem, instance: str = "") -> dict[str, Any]:
    """The RFC 9457 problem document."""
    entry = problem.entry
    return {
        "type": f"urn:wangge:error:{entry.code}",
        "status": entry.status or 409,
        "code": entry.code,
        "title": entry.zh,
        "title_en": entry.en,
        "remedy": entry.remedy_zh,
        "remedy_en": entry.remedy_en,
        "instance": instance,
        **problem.detail,
    }
