/** What the console says of what stands round every page, in Chinese. */
export const frame = {
  app: {
    name: "网格 · 调度台",
    language: "English",
    signOut: "退出",
    signIn: "登录",
    login: "工号或手机号",
    password: "密码",
    live: "实时",
    polling: "每 30 秒刷新",
    stale: "数据已过时：{age}",
    ok: "确定",
    cancel: "取消",
    save: "保存",
    done: "已完成",
    when: "时间",
    who: "人员",
    noMap: "这台电脑不能画地图；列表和时间轴照常可用。",
    notHere: "客户代表和班组请用手机端 /m/",
  },
  notices: {
    title: "通知",
    none: "没有未读通知",
    all: "全部已读",
    urgent: "紧急通知",
    several: "{count} 条，其中：{first}",
  },
};
