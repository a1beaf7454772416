/** What the console says of records of any kind, in Chinese. */
export const records = {
  records: {
    menu: "数据",
    title: "数据",
    kinds: "记录种类",
    none: "这里没有你能看的记录",
    more: "再看一页",
    history: "历史",
  },
};
