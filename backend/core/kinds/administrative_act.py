"""Administrative act (管理操作): a record of the audit trail: who changed what, before and after, from where.

An audit trail as records: written by the server alone, sealed with the history of everything else, never
changed, read by administrators and auditors of the unit and of those above it.
"""

from backend.core.kinds.declaration import Record, choice, declare, json, moment, plain_id, scopes_of, words

ACTS = {
    "account_opened": ("开通账号", "Account opened"),
    "account_changed": ("变更账号", "Account changed"),
    "account_closed": ("关闭账号", "Account closed"),
    "invitation_made": ("邀请开通账号", "Invitation to an account made"),
    "invitation_accepted": ("接受邀请", "Invitation accepted"),
    "password_changed": ("修改密码", "Password changed"),
    "password_reset": ("重设密码", "Link to a new password made"),
    "phone_unlock_approved": ("同意手机重设开机码", "New PIN of a phone approved"),
    "phone_unlocked": ("手机重设开机码", "Phone opened with a new PIN"),
    "records_merged": ("合并客户", "Customers merged"),
    "record_voided": ("作废记录", "Record voided"),
    "sign_ins_ended": ("强制下线", "Sign-ins ended"),
    "token_made": ("生成个人令牌", "Personal token made"),
    "token_revoked": ("撤销个人令牌", "Personal token revoked"),
    "device_revoked": ("手机挂失", "Device reported lost"),
    "link_made": ("生成外部链接", "Link for an outsider made"),
    "link_revoked": ("撤销外部链接", "Link for an outsider revoked"),
    "record_created": ("新建基础资料", "Basic record created"),
    "record_changed": ("修改基础资料", "Basic record changed"),
    "record_deleted": ("删除基础资料", "Basic record deleted"),
    "message_sent_again": ("重发外发消息", "Message sent again"),
    "channel_tried": ("试发消息", "Channel of messages tried"),
    "message_settings_changed": ("修改外发消息设置", "Settings of messages changed"),
    "installation_changed": ("修改系统设置", "Installation's settings changed"),
    "alarm_threshold_set": ("修改告警界限", "Threshold of an alarm set"),
    "exported": ("导出数据", "Data exported"),
    "imported": ("导入数据", "Data imported"),
    "key_rotated": ("轮换密钥", "Key rotated"),
    "backup_made": ("备份", "Backup made"),
    "restored": ("恢复备份", "Backup restored"),
    "backup_drilled": ("试恢复备份", "Backup tried"),
    "fact_retried": ("重试后台事项", "Fact of the outbox tried again"),
    "erased": ("依法清除个人信息", "Personal values erased"),
    "set_up": ("系统初始设置", "Installation set up"),
}


class AdministrativeAct(Record):
    """One act. Whoever did it at the machine's own shell has no staff id."""

    __tablename__ = "administrative_act"

    act = choice("操作", "Act", ACTS, required=True, filter=True)
    by_staff_id = plain_id("操作人", "By", filter=True)
    device_id = plain_id("设备", "Device")
    network_address = words("来源地址", "From address", most=60)
    subject_kind = words("对象类型", "Kind of subject", most=60, filter=True)
    subject_id = plain_id("对象", "Subject", filter=True)
    before = json("操作前", "Before")
    after = json("操作后", "After")
    acted_at = moment("时间", "When", required=True)


KIND = declare(
    AdministrativeAct, zh="管理操作", en="Administrative act", scopes=scopes_of(office=False, audit="unit_id")
)
